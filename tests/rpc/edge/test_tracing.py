"""Spans and durations of calls, and the port's other methods, as OpenTelemetry's in-memory exporters see them."""

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
from opentelemetry.sdk.metrics.export import HistogramDataPoint, NumberDataPoint
from opentelemetry.trace import SpanKind, StatusCode

from orch_proto.v1.log_service_pb2 import WatchLogsRequest, WatchLogsResponse
from orch_proto.v1.server_service_pb2 import GetServerInfoRequest, GetServerInfoResponse
from orch_server.application.errors import NotFound
from orch_server.application.telemetry import (
    LEASES_GRANTED,
    QUEUE_DEPTH,
    SPAN_GRANT,
    SPAN_TRANSACTION,
    TRANSACTION_DURATION,
    Observation,
)
from orch_server.rpc.auth import ApiKeyInterceptor
from orch_server.rpc.handlers import Context
from orch_server.rpc.tracing import TracingInterceptor
from tests.rpc.edge.refusals import refusal_of
from tests.rpc.edge.serving import Scripted, serve
from tests.support.seen_telemetry import Seen, attributes, seen

__all__ = ["seen"]

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"


async def test_a_call_is_a_server_span_with_a_duration(seen: Seen) -> None:
    async with serve(interceptors=[TracingInterceptor(seen.telemetry)]) as edge:
        await edge.info.GetServerInfo(GetServerInfoRequest())

    (span,) = seen.spans()
    expected = {
        "rpc.system": "grpc",
        "rpc.service": "orch.v1.ServerService",
        "rpc.method": "GetServerInfo",
        "rpc.grpc.status_code": 0,
    }
    assert (span.name, span.kind) == ("orch.v1.ServerService/GetServerInfo", SpanKind.SERVER)
    assert attributes(span) == expected
    (point,) = seen.points("rpc.server.duration")
    assert isinstance(point, HistogramDataPoint)
    assert (point.count, dict(point.attributes or {})) == (1, expected)


async def test_the_callers_span_is_the_parent_and_the_servicers_a_child(seen: Seen) -> None:
    async def info(request: GetServerInfoRequest, context: Context) -> GetServerInfoResponse:
        with seen.telemetry.span(SPAN_TRANSACTION):
            return GetServerInfoResponse(version=seen.telemetry.traceparent() or "")

    metadata = (("traceparent", TRACEPARENT), ("tracestate", "vendor=1"))
    async with serve(Scripted(info=info), interceptors=[TracingInterceptor(seen.telemetry)]) as edge:
        answer = await edge.info.GetServerInfo(GetServerInfoRequest(), metadata=metadata)

    inner, call = seen.spans()
    assert call.parent is not None
    assert call.context is not None
    assert inner.parent is not None
    assert f"{call.context.trace_id:032x}" == TRACE
    assert f"{call.parent.span_id:016x}" == PARENT
    assert call.context.trace_state.get("vendor") == "1"
    assert inner.parent.span_id == call.context.span_id
    assert inner.context is not None
    assert answer.version == f"00-{TRACE}-{inner.context.span_id:016x}-01"


async def test_a_traceparent_that_is_none_is_ignored(seen: Seen) -> None:
    async with serve(interceptors=[TracingInterceptor(seen.telemetry)]) as edge:
        await edge.info.GetServerInfo(GetServerInfoRequest(), metadata=(("traceparent", "nonsense"),))

    (span,) = seen.spans()
    assert span.parent is None


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (NotFound("flow run", "r-1"), grpc.StatusCode.NOT_FOUND, StatusCode.UNSET),
        (ZeroDivisionError(), grpc.StatusCode.INTERNAL, StatusCode.ERROR),
    ],
)
async def test_only_the_servers_own_fault_is_a_failed_span(
    seen: Seen, error: Exception, code: grpc.StatusCode, status: StatusCode
) -> None:
    async def info(request: GetServerInfoRequest, context: Context) -> GetServerInfoResponse:
        raise error

    async with serve(Scripted(info=info), interceptors=[TracingInterceptor(seen.telemetry)]) as edge:
        await refusal_of(edge.info.GetServerInfo(GetServerInfoRequest()))

    (span,) = seen.spans()
    assert attributes(span)["rpc.grpc.status_code"] == code.value[0]
    assert span.status.status_code is status


async def test_a_refused_key_is_seen_and_health_is_not(seen: Seen) -> None:
    interceptors = [TracingInterceptor(seen.telemetry), ApiKeyInterceptor(["the-key"])]
    async with serve(interceptors=interceptors) as edge:
        await edge.check()
        await refusal_of(edge.info.GetServerInfo(GetServerInfoRequest()))
        await edge.info.GetServerInfo(GetServerInfoRequest(), metadata=(("x-api-key", "the-key"),))

    assert [attributes(span)["rpc.grpc.status_code"] for span in seen.spans()] == [16, 0]


async def test_an_invented_method_has_no_span(seen: Seen) -> None:
    async with serve(interceptors=[TracingInterceptor(seen.telemetry)]) as edge:
        with pytest.raises(grpc.aio.AioRpcError):
            await edge.call_raw("/orch.v1.Nothing/Here")

    assert seen.spans() == []


async def test_a_stream_is_one_span_to_its_end(seen: Seen) -> None:
    async with serve(interceptors=[TracingInterceptor(seen.telemetry)]) as edge:
        tokens = [response.resume_token async for response in edge.logs.WatchLogs(WatchLogsRequest())]

    (span,) = seen.spans()
    assert tokens == ["a", "b"]
    assert attributes(span)["rpc.method"] == "WatchLogs"


async def test_a_caller_who_leaves_is_cancelled_not_failed(seen: Seen) -> None:
    ended = asyncio.Event()

    async def watch(request: WatchLogsRequest, context: Context) -> AsyncIterator[WatchLogsResponse]:
        try:
            yield WatchLogsResponse(resume_token="a")
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with serve(Scripted(watch=watch), interceptors=[TracingInterceptor(seen.telemetry)]) as edge:
        call = edge.logs.WatchLogs(WatchLogsRequest())
        await call.read()
        call.cancel()
        await ended.wait()

    (span,) = seen.spans()
    assert attributes(span)["rpc.grpc.status_code"] == grpc.StatusCode.CANCELLED.value[0]
    assert span.status.status_code is StatusCode.UNSET


def test_an_exception_that_leaves_an_inner_span_fails_it(seen: Seen) -> None:
    with pytest.raises(ZeroDivisionError), seen.telemetry.span(SPAN_GRANT, {"work_pool": "p"}):
        raise ZeroDivisionError

    (span,) = seen.spans()
    assert span.status.status_code is StatusCode.ERROR
    assert attributes(span) == {"work_pool": "p"}


def test_counts_records_and_gauges_keep_their_attributes(seen: Seen) -> None:
    seen.telemetry.count(LEASES_GRANTED, 3, work_pool="p")
    seen.telemetry.count(LEASES_GRANTED, work_pool="p")
    seen.telemetry.record(TRANSACTION_DURATION, 0.02, name="claim")
    seen.telemetry.observe_gauge(QUEUE_DEPTH, lambda: [Observation(7, {"work_queue": "default"})])

    (granted,), (depth,), (duration,) = (
        seen.points(name) for name in ("orch.leases.granted", "orch.queue.depth", "orch.transaction.duration")
    )
    assert isinstance(granted, NumberDataPoint)
    assert isinstance(depth, NumberDataPoint)
    assert isinstance(duration, HistogramDataPoint)
    assert (granted.value, dict(granted.attributes or {})) == (4, {"work_pool": "p"})
    assert (depth.value, dict(depth.attributes or {})) == (7, {"work_queue": "default"})
    assert duration.explicit_bounds[0] == 0.001
