"""Many calls in one: each is answered as if it had come alone."""

import asyncio
from typing import TYPE_CHECKING

import grpc
import pytest
from google.rpc.code_pb2 import INTERNAL, INVALID_ARGUMENT, NOT_FOUND, UNIMPLEMENTED
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from orch_proto.v1.batch_service_pb2 import BatchedAnswer, BatchedCall, CallBatchRequest
from orch_proto.v1.batch_service_pb2_grpc import BatchServiceStub
from orch_proto.v1.lease_service_pb2 import AcquireLeasesRequest
from orch_proto.v1.server_service_pb2 import GetServerInfoRequest, GetServerInfoResponse
from orch_server.application.errors import NotFound
from orch_server.rpc.auth import ApiKeyInterceptor
from orch_server.rpc.handlers import Context
from tests.rpc.edge.serving import Edge, Scripted, serve

if TYPE_CHECKING:
    from orch_proto.v1.batch_service_pb2_grpc import BatchServiceAsyncStub

INFO = "/orch.v1.ServerService/GetServerInfo"


async def answers(edge: Edge, *calls: BatchedCall) -> list[BatchedAnswer]:
    stub: BatchServiceAsyncStub = BatchServiceStub(edge.channel)
    return list((await stub.CallBatch(CallBatchRequest(calls=calls))).answers)


def info() -> BatchedCall:
    return BatchedCall(path=INFO, request=GetServerInfoRequest().SerializeToString())


def failure(answer: BatchedAnswer) -> tuple[int, str]:
    """Code and reason."""
    status, found = Status.FromString(answer.failure), ErrorInfo()
    for detail in status.details:
        detail.Unpack(found)
    return status.code, found.reason


async def test_each_call_has_its_answer_in_the_order_of_the_calls() -> None:
    async with serve() as edge:
        found = await answers(edge, info(), BatchedCall(path="/orch.v1.ServerService/Nothing"), info())
    assert [each.WhichOneof("outcome") for each in found] == ["response", "failure", "response"]
    assert GetServerInfoResponse.FromString(found[0].response).version == "1.2.3"
    assert failure(found[1])[0] == UNIMPLEMENTED


async def test_they_are_made_at_once() -> None:
    both = asyncio.Barrier(2)

    async def meet(request: GetServerInfoRequest, context: Context) -> GetServerInfoResponse:
        await both.wait()
        return GetServerInfoResponse()

    async with serve(Scripted(info=meet)) as edge:
        assert len(await answers(edge, info(), info())) == 2


async def test_a_failure_has_the_details_that_it_would_have_had_alone() -> None:
    async def refuse(request: GetServerInfoRequest, context: Context) -> GetServerInfoResponse:
        raise NotFound("flow run", "x")

    async with serve(Scripted(info=refuse)) as edge:
        [found] = await answers(edge, info())
    assert failure(found) == (NOT_FOUND, "FLOW_RUN_NOT_FOUND")


async def test_a_bug_in_one_spoils_no_other() -> None:
    calls = iter([True, False])

    async def stumble(request: GetServerInfoRequest, context: Context) -> GetServerInfoResponse:
        if next(calls):
            raise ZeroDivisionError
        return GetServerInfoResponse(version="fine")

    async with serve(Scripted(info=stumble)) as edge:
        first, second = await answers(edge, info(), info())
    assert failure(first) == (INTERNAL, "INTERNAL")
    assert GetServerInfoResponse.FromString(second.response).version == "fine"


@pytest.mark.parametrize(
    ("path", "request_bytes", "code"),
    [
        ("/orch.v1.LeaseService/AcquireLeases", AcquireLeasesRequest().SerializeToString(), UNIMPLEMENTED),
        ("/orch.v1.BatchService/CallBatch", CallBatchRequest().SerializeToString(), UNIMPLEMENTED),
        ("/orch.v1.LogService/WatchLogs", b"", UNIMPLEMENTED),
        ("", b"", UNIMPLEMENTED),
        (INFO, b"\xff\xff", INVALID_ARGUMENT),
    ],
    ids=["one that waits", "a batch", "a stream", "no path", "no message"],
)
async def test_what_cannot_be_carried_is_refused_alone(path: str, request_bytes: bytes, code: int) -> None:
    async with serve() as edge:
        refused, answered = await answers(edge, BatchedCall(path=path, request=request_bytes), info())
    assert failure(refused)[0] == code
    assert answered.WhichOneof("outcome") == "response"


async def test_too_many_are_refused_together() -> None:
    async with serve() as edge:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await answers(edge, *(info() for _ in range(1001)))
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "1000" in str(refused.value.details())


async def test_without_the_key_none_is_made() -> None:
    async with serve(interceptors=[ApiKeyInterceptor(["secret"])]) as edge:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await answers(edge, info())
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
