"""Calls of many runs in one: what comes while others are under way travels together."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from google.rpc.code_pb2 import NOT_FOUND
from google.rpc.status_pb2 import Status

from orch_client.relay import RelayedCall
from orch_proto.v1.batch_service_pb2 import BatchedAnswer, CallBatchRequest, CallBatchResponse
from orch_worker.calls_together import CallsTogether, RefusedInBatch

PATH = "/orch.v1.LeaseService/ReportRuns"
Batch = Callable[[CallBatchRequest, Any], Awaitable[CallBatchResponse]]


class Plane:
    """Notes what arrives; answers calls that come alone when `gate` is open."""

    def __init__(self) -> None:
        self.alone: list[bytes] = []
        self.batches: list[list[bytes]] = []
        self.gate = asyncio.Event()
        self.arrived = asyncio.Condition()

    async def one(self, request: bytes, context: object) -> bytes:
        async with self.arrived:
            self.alone.append(request)
            self.arrived.notify_all()
        await self.gate.wait()
        return b"alone " + request

    async def batch(self, request: CallBatchRequest, context: object) -> CallBatchResponse:
        self.batches.append([each.request for each in request.calls])
        return CallBatchResponse(answers=[self._answer(each.request) for each in request.calls])

    def _answer(self, request: bytes) -> BatchedAnswer:
        if request == b"unknown":
            return BatchedAnswer(failure=Status(code=NOT_FOUND, message="not there").SerializeToString())
        return BatchedAnswer(response=b"batched " + request)

    async def has_heard(self, count: int) -> None:
        """Wait until so many calls have come alone."""
        async with self.arrived:
            await self.arrived.wait_for(lambda: len(self.alone) >= count)


@asynccontextmanager
async def together(plane: Plane, *, batches: bool = True) -> AsyncIterator[CallsTogether]:
    server = grpc.aio.server()
    service: dict[str, grpc.RpcMethodHandler[Any, Any]] = {"ReportRuns": grpc.unary_unary_rpc_method_handler(plane.one)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("orch.v1.LeaseService", service),))
    if batches:
        handler: grpc.RpcMethodHandler[Any, Any] = grpc.unary_unary_rpc_method_handler(
            plane.batch, CallBatchRequest.FromString, CallBatchResponse.SerializeToString
        )
        many = grpc.method_handlers_generic_handler("orch.v1.BatchService", {"CallBatch": handler})
        server.add_generic_rpc_handlers((many,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        send: Callable[..., Awaitable[bytes]] = channel.unary_unary(PATH)

        async def alone(call: RelayedCall) -> bytes:
            response: bytes = await send(call.request, timeout=call.timeout_seconds)
            return response

        yield CallsTogether(channel, alone, ())
    await server.stop(None)


def call(request: bytes) -> RelayedCall:
    return RelayedCall(PATH, 10.0, request)


async def test_who_meets_nobody_goes_alone() -> None:
    plane = Plane()
    plane.gate.set()
    async with together(plane) as calls:
        assert await calls.call(call(b"a")) == b"alone a"
    assert plane.batches == []


async def test_what_comes_while_others_are_under_way_travels_together() -> None:
    plane = Plane()
    async with together(plane) as calls:
        first = [asyncio.create_task(calls.call(call(each))) for each in (b"a", b"b")]
        await plane.has_heard(2)
        others = [asyncio.create_task(calls.call(call(each))) for each in (b"c", b"unknown", b"d")]
        await asyncio.sleep(0)
        plane.gate.set()
        found = await asyncio.gather(*first, *others, return_exceptions=True)
    assert found[:3] == [b"alone a", b"alone b", b"batched c"]
    assert found[4] == b"batched d"
    assert isinstance(found[3], RefusedInBatch)
    assert (found[3].code, found[3].message) == ("NOT_FOUND", "not there")
    assert plane.batches == [[b"c", b"unknown", b"d"]]


async def test_a_control_plane_without_batches_gets_them_alone() -> None:
    plane = Plane()
    async with together(plane, batches=False) as calls:
        first = [asyncio.create_task(calls.call(call(each))) for each in (b"a", b"b")]
        await plane.has_heard(2)
        others = [asyncio.create_task(calls.call(call(each))) for each in (b"c", b"d")]
        await asyncio.sleep(0)
        plane.gate.set()
        assert await asyncio.gather(*first, *others) == [b"alone a", b"alone b", b"alone c", b"alone d"]


async def test_a_large_request_keeps_nobody_waiting() -> None:
    plane = Plane()
    large = b"x" * (2 * 1024 * 1024)
    async with together(plane) as calls:
        waiting = [asyncio.create_task(calls.call(call(each))) for each in (b"a", b"b", large)]
        await plane.has_heard(3)
        plane.gate.set()
        assert (await asyncio.gather(*waiting))[2] == b"alone " + large
    assert plane.batches == []


async def test_a_batch_that_fails_fails_each_of_its_calls() -> None:
    class Failing(Plane):
        async def batch(self, request: CallBatchRequest, context: Any) -> CallBatchResponse:  # noqa: ANN401
            await context.abort(grpc.StatusCode.UNAVAILABLE, "going")
            raise AssertionError("abort raises")

    plane = Failing()
    async with together(plane) as calls:
        first = [asyncio.create_task(calls.call(call(each))) for each in (b"a", b"b")]
        await plane.has_heard(2)
        others = [asyncio.create_task(calls.call(call(each))) for each in (b"c", b"d")]
        await asyncio.sleep(0)
        plane.gate.set()
        await asyncio.gather(*first)
        for each in others:
            with pytest.raises(grpc.aio.AioRpcError) as failed:
                await each
            assert failed.value.code() == grpc.StatusCode.UNAVAILABLE
