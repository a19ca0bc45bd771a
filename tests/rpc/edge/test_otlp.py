"""Switched on by the environment, telemetry reaches a collector over OTLP."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
import pytest
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from orch_proto.v1.server_service_pb2 import GetServerInfoRequest
from orch_server.application.telemetry import LEASES_GRANTED
from orch_server.errors import SettingsError
from orch_server.rpc.handlers import Context
from orch_server.rpc.tracing import TracingInterceptor
from orch_server.settings import TelemetrySettings
from orch_server.telemetry import open_telemetry
from tests.rpc.edge.serving import serve


@dataclass
class Collected:
    """What reached the collector."""

    spans: dict[str, str] = field(default_factory=dict)
    metrics: set[str] = field(default_factory=set)
    services: set[str] = field(default_factory=set)
    instances: set[str] = field(default_factory=set)


class Traces(trace_service_pb2_grpc.TraceServiceServicer):
    """The collector's service of traces."""

    def __init__(self, collected: Collected) -> None:
        self._collected = collected

    def Export(self, request: ExportTraceServiceRequest, context: Context) -> ExportTraceServiceResponse:
        for resource in request.resource_spans:
            for attribute in resource.resource.attributes:
                if attribute.key == "service.name":
                    self._collected.services.add(attribute.value.string_value)
                if attribute.key == "service.instance.id":
                    self._collected.instances.add(attribute.value.string_value)
            for scope in resource.scope_spans:
                self._collected.spans.update({span.name: span.trace_id.hex() for span in scope.spans})
        return ExportTraceServiceResponse()


class Metrics(metrics_service_pb2_grpc.MetricsServiceServicer):
    """The collector's service of metrics."""

    def __init__(self, collected: Collected) -> None:
        self._collected = collected

    def Export(self, request: ExportMetricsServiceRequest, context: Context) -> ExportMetricsServiceResponse:
        for resource in request.resource_metrics:
            for scope in resource.scope_metrics:
                self._collected.metrics.update(metric.name for metric in scope.metrics)
        return ExportMetricsServiceResponse()


@contextmanager
def collector(collected: Collected) -> Iterator[str]:
    """A collector on a free port, in threads: whoever flushes at the end blocks the loop. Yields its address."""
    server = grpc.server(ThreadPoolExecutor(2))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(Traces(collected), server)  # type: ignore[no-untyped-call]
    metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(Metrics(collected), server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


def use(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> TelemetrySettings:
    """The exporters read the process's own environment, as OpenTelemetry does everywhere."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return TelemetrySettings.from_environment(environ)


async def test_an_endpoint_in_the_environment_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    collected = Collected()
    with collector(collected) as address:
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": address}
        wanted = use(monkeypatch, environ)
        with open_telemetry(
            traces=wanted.traces, metrics=wanted.metrics, version="1.2.3", environ=environ
        ) as telemetry:
            async with serve(interceptors=[TracingInterceptor(telemetry)]) as edge:
                trace = "0af7651916cd43dd8448eb211c80319c"
                metadata = (("traceparent", f"00-{trace}-b7ad6b7169203331-01"),)
                await edge.info.GetServerInfo(GetServerInfoRequest(), metadata=metadata)
            telemetry.count(LEASES_GRANTED, 2, work_pool="p")

    assert collected.spans == {"orch.v1.ServerService/GetServerInfo": trace}
    assert {"rpc.server.duration", "orch.leases.granted"} <= collected.metrics
    assert collected.services == {"orch-server"}


def test_the_service_may_be_named_and_metrics_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    collected = Collected()
    with collector(collected) as address:
        environ = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": address,
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_SERVICE_NAME": "orch-blue",
        }
        wanted = use(monkeypatch, environ)
        with (
            open_telemetry(traces=wanted.traces, metrics=wanted.metrics, version="1", environ=environ) as telemetry,
            telemetry.span("work"),
        ):
            telemetry.count(LEASES_GRANTED)

    assert collected.services == {"orch-blue"}
    assert list(collected.spans) == ["work"]
    assert collected.metrics == set()


def test_servers_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    collected = Collected()
    with collector(collected) as address:
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_METRICS_EXPORTER": "none"}
        for given in ({}, {}, {"OTEL_RESOURCE_ATTRIBUTES": "service.instance.id=blue"}):
            use(monkeypatch, environ | given)
            telemetry = open_telemetry(traces=("otlp",), metrics=(), version="1", environ=environ | given)
            with telemetry as opened, opened.span("work"):
                pass

    assert len(collected.instances) == 3
    assert "blue" in collected.instances


def test_a_collector_that_is_away_does_not_keep_the_server_from_ending(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_METRICS_EXPORTER": "none"}
    use(monkeypatch, environ)
    monkeypatch.setattr("orch_server.otel._LAST_EXPORT_SECONDS", 0.01)

    with (
        open_telemetry(traces=("otlp",), metrics=(), version="1", environ=environ) as telemetry,
        telemetry.span("work"),
    ):
        pass

    assert "telemetry lost" in caplog.messages


@pytest.mark.parametrize(
    ("protocol", "says"),
    [("carrier-pigeon", "is not one of"), ("http/protobuf", "opentelemetry-exporter-otlp-proto-http")],
)
def test_a_protocol_that_cannot_be_spoken_is_told(monkeypatch: pytest.MonkeyPatch, protocol: str, says: str) -> None:
    environ = {"OTEL_EXPORTER_OTLP_PROTOCOL": protocol}
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)
    telemetry = open_telemetry(traces=("otlp",), metrics=(), version="1", environ=environ)

    with pytest.raises(SettingsError, match=says), telemetry:
        pytest.fail("switched on")
