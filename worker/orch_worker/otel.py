"""The worker's meters on OpenTelemetry. Imported by `telemetry.py` alone, and only where telemetry is on.

Nothing is registered globally. Exporters and intervals follow the standard OTEL_* variables.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from threading import Thread
from typing import cast

from opentelemetry import metrics as otel_metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, MetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_VERSION, Resource

from orch_worker.errors import SettingsError
from orch_worker.meters import METERS, Counter, Gauge, Histogram, Telemetry

_LAST_EXPORT_SECONDS = 3.0
_PACKAGES = {
    "grpc": ("opentelemetry.exporter.otlp.proto.grpc", "orch[otel]"),
    "http/protobuf": ("opentelemetry.exporter.otlp.proto.http", "opentelemetry-exporter-otlp-proto-http"),
}


class OpenTelemetry:
    """Implements `meters.Telemetry`."""

    def __init__(self, meters: otel_metrics.MeterProvider) -> None:
        self._meter = meters.get_meter("orch.worker")
        self._counters = {
            each.name: self._meter.create_counter(each.name, each.unit, each.description)
            for each in METERS
            if isinstance(each, Counter)
        }
        self._histograms = {
            each.name: self._meter.create_histogram(
                each.name, each.unit, each.description, explicit_bucket_boundaries_advisory=each.boundaries
            )
            for each in METERS
            if isinstance(each, Histogram)
        }

    def count(self, counter: Counter, n: int = 1, /, **attributes: str) -> None:
        """See the port."""
        self._counters[counter.name].add(n, attributes)

    def record(self, histogram: Histogram, value: float, /) -> None:
        """See the port."""
        self._histograms[histogram.name].record(value)

    def observe(self, gauge: Gauge, value: Callable[[], float], /) -> None:
        """See the port."""

        def observe(options: otel_metrics.CallbackOptions) -> Iterable[otel_metrics.Observation]:
            return [otel_metrics.Observation(value())]

        self._meter.create_observable_gauge(gauge.name, [observe], gauge.unit, gauge.description)


@contextmanager
def export(*, exporters: tuple[str, ...], version: str, worker: str, environ: Mapping[str, str]) -> Iterator[Telemetry]:
    """Telemetry that leaves through these exporters; at the end what is left is sent, if the collector takes it."""
    readers = [PeriodicExportingMetricReader(_exporter(name, environ)) for name in exporters]
    provider = MeterProvider(
        metric_readers=readers, resource=_resource(version, worker, environ), shutdown_on_exit=False
    )
    try:
        yield OpenTelemetry(provider)
    finally:
        # The exporter alone would try for 10 s: most of what Kubernetes leaves a process to end.
        ending = Thread(target=provider.shutdown, daemon=True)
        ending.start()
        ending.join(_LAST_EXPORT_SECONDS)


def _resource(version: str, worker: str, environ: Mapping[str, str]) -> Resource:
    attributes = {SERVICE_VERSION: version, SERVICE_INSTANCE_ID: worker}
    if not environ.get("OTEL_SERVICE_NAME") and "service.name=" not in environ.get("OTEL_RESOURCE_ATTRIBUTES", ""):
        attributes[SERVICE_NAME] = "orch-worker"
    return Resource.create(attributes)


def _exporter(name: str, environ: Mapping[str, str]) -> MetricExporter:
    if name == "console":
        return ConsoleMetricExporter(out=sys.stdout)
    variables = ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
    protocol = next((found for variable in variables if (found := environ.get(variable, "").strip())), "grpc")
    if protocol not in _PACKAGES:
        raise SettingsError(f"OTEL_EXPORTER_OTLP_PROTOCOL: {protocol!r} is not one of {', '.join(_PACKAGES)}.")
    package, requirement = _PACKAGES[protocol]
    try:
        return cast("MetricExporter", import_module(f"{package}.metric_exporter").OTLPMetricExporter())
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"Telemetry over OTLP with {protocol} needs a package that is not installed: pip install '{requirement}'."
        ) from error
