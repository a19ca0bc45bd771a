"""The telemetry port on OpenTelemetry. Imported by `telemetry.py` alone, and only where telemetry is on.

Exporters, samplers and limits follow the standard OTEL_* variables, which OpenTelemetry reads itself. Nothing is
registered globally: whoever embeds the control plane keeps his own providers.
"""

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from threading import Thread
from typing import cast
from uuid import uuid4

from opentelemetry import metrics as otel_metrics
from opentelemetry import trace as otel_trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, MetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from orch_server.application.telemetry import (
    METERS,
    Attribute,
    Counter,
    Gauge,
    Histogram,
    Observation,
    Span,
    SpanKind,
    Telemetry,
)
from orch_server.errors import SettingsError

logger = logging.getLogger(__name__)

_SCOPE = "orch"
_LAST_EXPORT_SECONDS = 3.0
_KINDS = {"internal": otel_trace.SpanKind.INTERNAL, "server": otel_trace.SpanKind.SERVER}
_W3C = TraceContextTextMapPropagator()
_PACKAGES = {
    "grpc": ("opentelemetry.exporter.otlp.proto.grpc", "orch[otel]"),
    "http/protobuf": ("opentelemetry.exporter.otlp.proto.http", "opentelemetry-exporter-otlp-proto-http"),
}


class _OtelSpan:
    """The port's span around OpenTelemetry's."""

    __slots__ = ("_span",)

    def __init__(self, span: otel_trace.Span) -> None:
        self._span = span

    def set(self, name: str, value: Attribute, /) -> None:
        self._span.set_attribute(name, value)

    def fail(self, description: str, /) -> None:
        self._span.set_status(otel_trace.StatusCode.ERROR, description)


class OpenTelemetry:
    """Implements `application.telemetry.Telemetry` on two providers."""

    def __init__(self, tracers: otel_trace.TracerProvider, meters: otel_metrics.MeterProvider) -> None:
        self._tracer = tracers.get_tracer(_SCOPE)
        self._meter = meters.get_meter(_SCOPE)
        self._counters = {
            meter.name: self._meter.create_counter(meter.name, meter.unit, meter.description)
            for meter in METERS
            if isinstance(meter, Counter)
        }
        self._histograms = {
            meter.name: self._meter.create_histogram(
                meter.name, meter.unit, meter.description, explicit_bucket_boundaries_advisory=meter.boundaries
            )
            for meter in METERS
            if isinstance(meter, Histogram)
        }

    @contextmanager
    def span(
        self,
        name: str,
        attributes: Mapping[str, Attribute] | None = None,
        *,
        parent: str | None = None,
        parent_state: str | None = None,
        links: Sequence[str] = (),
        kind: SpanKind = "internal",
    ) -> Iterator[Span]:
        """See the port. A parent that is no traceparent is ignored, as W3C asks.

        A server span is told by its interceptor whether it failed: an answer NOT_FOUND is an exception, but no failure.
        """
        context = None
        if parent is not None:
            context = _W3C.extract({"traceparent": parent, "tracestate": parent_state or ""})
        judges = kind != "server"
        with self._tracer.start_as_current_span(
            name,
            context=context,
            kind=_KINDS[kind],
            attributes=attributes,
            links=[_link(each) for each in links],
            record_exception=judges,
            set_status_on_exception=judges,
        ) as span:
            yield _OtelSpan(span)

    def traceparent(self) -> str | None:
        """See the port."""
        carrier: dict[str, str] = {}
        _W3C.inject(carrier)
        return carrier.get("traceparent")

    def count(self, counter: Counter, n: int = 1, /, **attributes: Attribute) -> None:
        """See the port."""
        self._counters[counter.name].add(n, attributes)

    def record(self, histogram: Histogram, /, *values: float, **attributes: Attribute) -> None:
        """See the port."""
        instrument = self._histograms[histogram.name]
        for value in values:
            instrument.record(value, attributes)

    def observe_gauge(self, gauge: Gauge, callback: Callable[[], Iterable[Observation]], /) -> None:
        """See the port."""

        def observe(options: otel_metrics.CallbackOptions) -> Iterable[otel_metrics.Observation]:
            return [otel_metrics.Observation(seen.value, seen.attributes) for seen in callback()]

        self._meter.create_observable_gauge(gauge.name, [observe], gauge.unit, gauge.description)


def _link(traceparent: str) -> otel_trace.Link:
    context = _W3C.extract({"traceparent": traceparent})
    return otel_trace.Link(otel_trace.get_current_span(context).get_span_context())


@contextmanager
def export(
    *, traces: tuple[str, ...], metrics: tuple[str, ...], version: str, environ: Mapping[str, str]
) -> Iterator[Telemetry]:
    """Telemetry that leaves through these exporters; at the end what is left is sent."""
    resource = _resource(version, environ)
    tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
    for name in traces:
        tracers.add_span_processor(BatchSpanProcessor(_span_exporter(name, environ)))
    readers = [PeriodicExportingMetricReader(_metric_exporter(name, environ)) for name in metrics]
    meters = MeterProvider(metric_readers=readers, resource=resource, shutdown_on_exit=False)
    try:
        yield OpenTelemetry(
            tracers if traces else otel_trace.NoOpTracerProvider(),
            meters if metrics else otel_metrics.NoOpMeterProvider(),
        )
    finally:
        _end(tracers.shutdown, meters.shutdown)


def _end(*shutdowns: Callable[[], None]) -> None:
    """Sends what is left, all signals at once, and gives up on a collector that does not take it.

    The exporters alone would try for 10 s each, one after the other: most of what Kubernetes leaves a process to end.
    """
    threads = [Thread(target=shutdown, daemon=True) for shutdown in shutdowns]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + _LAST_EXPORT_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    if any(thread.is_alive() for thread in threads):
        logger.warning("telemetry lost", extra={"hint": "the collector did not take the rest in time"})


def _resource(version: str, environ: Mapping[str, str]) -> Resource:
    attributes = {SERVICE_VERSION: version}
    given = environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    if not environ.get("OTEL_SERVICE_NAME") and f"{SERVICE_NAME}=" not in given:
        attributes[SERVICE_NAME] = "orch-server"
    if f"{SERVICE_INSTANCE_ID}=" not in given:
        # Several servers of one installation: their counters must not be taken for one that jumps.
        attributes[SERVICE_INSTANCE_ID] = str(uuid4())
    return Resource.create(attributes)


def _span_exporter(name: str, environ: Mapping[str, str]) -> SpanExporter:
    if name == "console":
        return ConsoleSpanExporter(out=sys.stdout)
    return cast("SpanExporter", _otlp("TRACES", "trace_exporter", "OTLPSpanExporter", environ))


def _metric_exporter(name: str, environ: Mapping[str, str]) -> MetricExporter:
    if name == "console":
        return ConsoleMetricExporter(out=sys.stdout)
    return cast("MetricExporter", _otlp("METRICS", "metric_exporter", "OTLPMetricExporter", environ))


def _otlp(signal: str, module: str, exporter: str, environ: Mapping[str, str]) -> object:
    variables = (f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
    protocol = next((found for variable in variables if (found := environ.get(variable, "").strip())), "grpc")
    if protocol not in _PACKAGES:
        raise SettingsError(f"OTEL_EXPORTER_OTLP_PROTOCOL: {protocol!r} is not one of {', '.join(_PACKAGES)}.")
    package, requirement = _PACKAGES[protocol]
    try:
        return getattr(import_module(f"{package}.{module}"), exporter)()
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"Telemetry over OTLP with {protocol} needs a package that is not installed: pip install '{requirement}'."
        ) from error
