"""Telemetry into memory: what OpenTelemetry's exporters would send. Tests import the fixture `seen`."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from orch_server.application.telemetry import Counter, Gauge, Histogram, Telemetry
from orch_server.otel import OpenTelemetry


@dataclass(frozen=True)
class Seen:
    """Telemetry, and what it was told."""

    telemetry: Telemetry
    spans_exporter: InMemorySpanExporter
    reader: InMemoryMetricReader

    def spans(self, name: str = "") -> list[ReadableSpan]:
        """Spans that have ended, in that order: all, or those of a name."""
        return [span for span in self.spans_exporter.get_finished_spans() if name in {"", span.name}]

    def points(self, name: str) -> list[NumberDataPoint | HistogramDataPoint]:
        """A meter's points, one for each set of attributes."""
        data = self.reader.get_metrics_data()
        metrics = [
            metric
            for resource in (data.resource_metrics if data else [])
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]
        return [
            point
            for metric in metrics
            if metric.name == name
            for point in metric.data.data_points
            if isinstance(point, NumberDataPoint | HistogramDataPoint)
        ]

    def numbers(self, meter: Counter | Gauge) -> dict[tuple[object, ...], float]:
        """What a counter or gauge stands at, by the values of its attributes in the order of their names."""
        return {_values(point): point.value for point in self.points(meter.name) if isinstance(point, NumberDataPoint)}

    def sums(self, meter: Histogram) -> dict[tuple[object, ...], tuple[int, float]]:
        """How often a histogram was recorded, and the sum, by the values of its attributes."""
        points = [point for point in self.points(meter.name) if isinstance(point, HistogramDataPoint)]
        return {_values(point): (point.count, point.sum) for point in points}


def _values(point: NumberDataPoint | HistogramDataPoint) -> tuple[object, ...]:
    named = dict(point.attributes or {})
    return tuple(named[name] for name in sorted(named))


@pytest.fixture
def seen() -> Iterator[Seen]:
    """Telemetry that a test looks into."""
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers = TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    meters = MeterProvider([reader], shutdown_on_exit=False)
    yield Seen(OpenTelemetry(tracers, meters), exporter, reader)
    tracers.shutdown()
    meters.shutdown()


def attributes(span: ReadableSpan) -> dict[str, object]:
    """A span's attributes."""
    return dict(span.attributes or {})
