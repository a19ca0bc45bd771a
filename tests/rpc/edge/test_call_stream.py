"""Calls one after another on one stream: as `orch_client` makes them, and as the server ends them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import grpc
import pytest
from opentelemetry.trace import StatusCode

from orch_client.async_client import AsyncClient
from orch_client.call_stream import CallStream
from orch_client.channel import open_async_channel
from orch_client.errors import DeadlineError, NotFoundError, ServerError, UnauthenticatedError, UnavailableError
from orch_client.retry import RetryRule
from orch_client.settings import settings_from
from orch_proto.v1.batch_service_pb2 import BatchedCall, StreamCallsRequest
from orch_proto.v1.batch_service_pb2_grpc import BatchServiceStub
from orch_proto.v1.server_service_pb2 import GetServerInfoRequest, GetServerInfoResponse
from orch_server.application.errors import NotFound
from orch_server.rpc.auth import ApiKeyInterceptor
from orch_server.rpc.handlers import Context, Continuation, Handler
from orch_server.rpc.tracing import TracingInterceptor
from tests.rpc.edge.serving import Edge, Scripted, serve
from tests.support.seen_telemetry import Seen, attributes, seen

if TYPE_CHECKING:
    from orch_proto.v1.batch_service_pb2_grpc import BatchServiceAsyncStub

__all__ = ["seen"]

ALONE = "/orch.v1.ServerService/GetServerInfo"
STREAM = "/orch.v1.BatchService/StreamCalls"
REQUEST = GetServerInfoRequest()
ENOUGH = 20.0


class Opened(grpc.aio.ServerInterceptor):
    """What was called, as gRPC sees it; streams may be unknown, as to an older control plane."""

    def __init__(self, *, knows_streams: bool = True, holds_streams: bool = False) -> None:
        self.paths: list[str] = []
        self._knows_streams = knows_streams
        self._holds_streams = holds_streams

    async def intercept_service(self, continuation: Continuation, details: grpc.HandlerCallDetails) -> Handler | None:
        self.paths.append(details.method)
        if details.method == STREAM and not self._knows_streams:
            return None
        if details.method == STREAM and self._holds_streams:
            await asyncio.Event().wait()
        return await continuation(details)


@asynccontextmanager
async def calling(edge: Edge, *, key: str = "") -> AsyncIterator[CallStream[GetServerInfoResponse]]:
    settings = settings_from({}, address=edge.rpc.url, api_key=key or None, retry=RetryRule(max_attempts=1))
    async with AsyncClient(open_async_channel(settings), settings) as client:
        yield CallStream(client, ALONE, client.server.GetServerInfo, GetServerInfoResponse)


async def test_calls_share_a_stream() -> None:
    opened = Opened()
    async with serve(interceptors=[opened]) as edge, calling(edge) as call:
        answers = [await call(REQUEST, ENOUGH) for _ in range(3)]
    assert [answer.version for answer in answers] == ["1.2.3"] * 3
    assert opened.paths == [STREAM]


async def test_who_finds_the_stream_busy_does_not_wait_for_it() -> None:
    both, opened = asyncio.Barrier(2), Opened()

    async def meet(request: GetServerInfoRequest, context: Context) -> GetServerInfoResponse:
        await both.wait()
        return GetServerInfoResponse()

    async with serve(Scripted(info=meet), interceptors=[opened]) as edge, calling(edge) as call:
        await asyncio.gather(call(REQUEST, ENOUGH), call(REQUEST, ENOUGH))
    assert sorted(opened.paths) == [STREAM, ALONE]


async def test_a_refusal_is_the_one_of_a_call_by_itself_and_leaves_the_stream() -> None:
    refuses, opened = iter([True, False]), Opened()

    async def answer(request: GetServerInfoRequest, context: Context) -> GetServerInfoResponse:
        if next(refuses):
            raise NotFound("flow run", "x")
        return GetServerInfoResponse(version="fine")

    async with serve(Scripted(info=answer), interceptors=[opened]) as edge, calling(edge) as call:
        with pytest.raises(NotFoundError) as refused:
            await call(REQUEST, ENOUGH)
        assert (await call(REQUEST, ENOUGH)).version == "fine"
    assert refused.value.reason == "FLOW_RUN_NOT_FOUND"
    assert opened.paths == [STREAM]


async def test_an_older_control_plane_is_asked_for_a_stream_once() -> None:
    opened = Opened(knows_streams=False)
    async with serve(interceptors=[opened]) as edge, calling(edge) as call:
        for _ in range(3):
            assert (await call(REQUEST, ENOUGH)).version == "1.2.3"
    assert opened.paths == [STREAM, ALONE, ALONE, ALONE]


async def test_an_answer_that_comes_too_late_is_not_taken_for_the_next_calls() -> None:
    late, counted = asyncio.Event(), iter(["late", "next"])

    async def answer(request: GetServerInfoRequest, context: Context) -> GetServerInfoResponse:
        found = next(counted)
        if found == "late":
            await late.wait()
        return GetServerInfoResponse(version=found)

    async with serve(Scripted(info=answer)) as edge, calling(edge) as call:
        with pytest.raises(DeadlineError, match=r"did not answer ServerService\.GetServerInfo in time"):
            await call(REQUEST, 0.2)
        late.set()
        assert (await call(REQUEST, ENOUGH)).version == "next"


async def test_a_caller_who_leaves_spoils_no_other_call() -> None:
    asked, counted = asyncio.Event(), iter(["left", "next"])

    async def answer(request: GetServerInfoRequest, context: Context) -> GetServerInfoResponse:
        found = next(counted)
        if found == "left":
            asked.set()
            await asyncio.Event().wait()
        return GetServerInfoResponse(version=found)

    async with serve(Scripted(info=answer)) as edge, calling(edge) as call:
        leaving = asyncio.create_task(call(REQUEST, ENOUGH))
        await asked.wait()
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        assert (await call(REQUEST, ENOUGH)).version == "next"


async def test_the_key_goes_with_the_stream() -> None:
    opened = Opened()
    async with serve(interceptors=[opened, ApiKeyInterceptor(["secret"])]) as edge:
        async with calling(edge, key="secret") as call:
            await call(REQUEST, ENOUGH)
        assert opened.paths == [STREAM]
        async with calling(edge) as call:
            with pytest.raises(UnauthenticatedError):
                await call(REQUEST, ENOUGH)


async def test_an_idle_stream_does_not_keep_a_server_from_stopping(caplog: pytest.LogCaptureFixture) -> None:
    async with serve() as edge:
        stub: BatchServiceAsyncStub = BatchServiceStub(edge.channel)
        stream = stub.StreamCalls()
        await stream.write(StreamCallsRequest(call=BatchedCall(path=ALONE)))
        await stream.read()
        async with asyncio.timeout(ENOUGH):
            await edge.rpc.stop(60)
        assert await stream.code() == grpc.StatusCode.OK
    assert not caplog.records


async def test_a_server_that_stops_answers_what_it_was_asked() -> None:
    asked, stops = asyncio.Event(), asyncio.Event()

    async def answer(request: GetServerInfoRequest, context: Context) -> GetServerInfoResponse:
        asked.set()
        await stops.wait()
        return GetServerInfoResponse(version="last")

    async with serve(Scripted(info=answer)) as edge, calling(edge) as call:
        under_way = asyncio.create_task(call(REQUEST, ENOUGH))
        await asked.wait()
        stopping = asyncio.create_task(edge.rpc.stop(60))
        await edge.rpc.draining.wait()
        stops.set()
        assert (await under_way).version == "last"
        async with asyncio.timeout(ENOUGH):
            await stopping
        with pytest.raises(UnavailableError):
            await call(REQUEST, ENOUGH)


async def test_a_server_that_cuts_the_stream_short_is_asked_once_more() -> None:
    opened, asked = Opened(), asyncio.Event()

    async def answer(request: GetServerInfoRequest, context: Context) -> GetServerInfoResponse:
        if asked.is_set():
            return GetServerInfoResponse(version="again")
        asked.set()
        await context.abort(grpc.StatusCode.CANCELLED, "cut short")
        raise AssertionError("unreachable")

    async with serve(Scripted(info=answer), interceptors=[opened]) as edge, calling(edge) as call:
        assert (await call(REQUEST, ENOUGH)).version == "again"
    assert opened.paths == [STREAM, ALONE]


async def test_where_something_holds_streams_back_calls_go_by_themselves() -> None:
    opened = Opened(holds_streams=True)
    async with serve(interceptors=[opened]) as edge, calling(edge) as call:
        with pytest.raises(DeadlineError):
            await call(REQUEST, 0.2)
        for _ in range(2):
            assert (await call(REQUEST, ENOUGH)).version == "1.2.3"
    assert opened.paths == [STREAM, ALONE, ALONE]


async def test_after_a_deadline_the_stream_is_tried_again_once_a_call_was_answered() -> None:
    opened, counted = Opened(), iter(["first", "late", "alone", "stream"])

    async def answer(request: GetServerInfoRequest, context: Context) -> GetServerInfoResponse:
        found = next(counted)
        if found == "late":
            await asyncio.Event().wait()
        return GetServerInfoResponse(version=found)

    async with serve(Scripted(info=answer), interceptors=[opened]) as edge, calling(edge) as call:
        await call(REQUEST, ENOUGH)
        with pytest.raises(DeadlineError):
            await call(REQUEST, 0.2)
        assert [(await call(REQUEST, ENOUGH)).version for _ in range(2)] == ["alone", "stream"]
    assert opened.paths == [STREAM, ALONE, STREAM]


async def test_each_call_on_a_stream_has_a_span_and_is_counted_and_the_stream_has_none(seen: Seen) -> None:
    refuses = iter([False, True])

    async def answer(request: GetServerInfoRequest, context: Context) -> GetServerInfoResponse:
        if next(refuses):
            raise ZeroDivisionError
        return GetServerInfoResponse()

    tracing = TracingInterceptor(seen.telemetry)
    serving = serve(Scripted(info=answer), interceptors=[tracing], telemetry=seen.telemetry)
    async with serving as edge, calling(edge) as call:
        await call(REQUEST, ENOUGH)
        with pytest.raises(ServerError):
            await call(REQUEST, ENOUGH)
    spans = [(span.name, attributes(span)["rpc.grpc.status_code"], span.status.status_code) for span in seen.spans()]
    assert spans == [(ALONE[1:], 0, StatusCode.UNSET), (ALONE[1:], 13, StatusCode.ERROR)]
    counted = {tuple(sorted((point.attributes or {}).items())) for point in seen.points("orch.rpc.calls")}
    assert {(dict(each)["rpc.method"], dict(each)["code"]) for each in counted} == {
        ("GetServerInfo", "OK"),
        ("GetServerInfo", "INTERNAL"),
    }
