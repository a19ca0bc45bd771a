"""What callers hear when a use case raises."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest

from orch_proto.v1.log_service_pb2 import GetLogOffsetRequest, WatchLogsRequest, WatchLogsResponse
from orch_proto.v1.server_service_pb2 import GetServerInfoRequest, GetServerInfoResponse
from orch_server.application import errors
from orch_server.application.errors import FieldViolation, InvalidArgument, NotFound, OrchError, Overloaded, Unavailable
from orch_server.rpc.errors import guarded, status_of
from orch_server.rpc.handlers import Context
from tests.rpc.edge.refusals import Refusal, refusal, refusal_of
from tests.rpc.edge.serving import Scripted, serve

Behavior = Callable[[GetServerInfoRequest, Context], object]

ONE_OF_EACH: list[tuple[OrchError, grpc.StatusCode, str]] = [
    (InvalidArgument.of("name", "is empty"), grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"),
    (NotFound("flow run", "r-1"), grpc.StatusCode.NOT_FOUND, "FLOW_RUN_NOT_FOUND"),
    (errors.AlreadyExists("work pool", "p"), grpc.StatusCode.ALREADY_EXISTS, "WORK_POOL_ALREADY_EXISTS"),
    (errors.FailedPrecondition("It has ended.", reason="RUN_ENDED"), grpc.StatusCode.FAILED_PRECONDITION, "RUN_ENDED"),
    (errors.Conflict("schedule", "s-1"), grpc.StatusCode.ABORTED, "ETAG_MISMATCH"),
    (Overloaded("Too much.", retry_after_seconds=0.25), grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED"),
    (Unavailable("Away.", retry_after_seconds=1.5), grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE"),
]


def raising(error: BaseException) -> Scripted:
    async def info(request: GetServerInfoRequest, context: Context) -> GetServerInfoResponse:
        raise error

    return Scripted(info=info)


async def heard(error: BaseException) -> Refusal:
    async with serve(raising(error)) as edge:
        return await refusal_of(edge.info.GetServerInfo(GetServerInfoRequest()))


@pytest.mark.parametrize(("error", "code", "reason"), ONE_OF_EACH, ids=lambda value: type(value).__name__)
async def test_each_error_has_its_code_message_and_reason(error: OrchError, code: grpc.StatusCode, reason: str) -> None:
    answer = await heard(error)

    assert answer.code is code
    assert answer.message == error.message
    assert (answer.info.domain, answer.info.reason) == ("orch", reason)
    assert dict(answer.info.metadata) == error.metadata


def test_no_error_of_the_tree_is_missing_in_the_map() -> None:
    assert {type(error) for error, _, _ in ONE_OF_EACH} == {
        kind for kind in vars(errors).values() if isinstance(kind, type) and kind.__base__ is OrchError
    }
    assert all(status_of(error) for error, _, _ in ONE_OF_EACH)


async def test_a_more_special_error_is_answered_like_its_kind() -> None:
    class RunNotFound(NotFound):
        pass

    assert (await heard(RunNotFound("flow run", "r-1"))).code is grpc.StatusCode.NOT_FOUND


async def test_each_wrong_field_is_named() -> None:
    violations = [FieldViolation("name", "is empty"), FieldViolation("schedule.cron", "has four fields")]

    answer = await heard(InvalidArgument(violations))

    assert answer.bad_request == BadRequest(
        field_violations=[
            BadRequest.FieldViolation(field="name", description="is empty"),
            BadRequest.FieldViolation(field="schedule.cron", description="has four fields"),
        ]
    )


@pytest.mark.parametrize("seconds", [0.25, 90.0])
async def test_who_should_try_again_hears_when(seconds: float) -> None:
    assert (await heard(Overloaded("Too much.", retry_after_seconds=seconds))).retry_seconds == seconds
    assert (await heard(Unavailable("Away.", retry_after_seconds=seconds))).retry_seconds == seconds


async def test_errors_of_a_whole_batch_still_reach_the_caller() -> None:
    violations = [FieldViolation(f"runs[{n}].näme", "ist leer 🙁 " * 20) for n in range(1000)]

    answer = await heard(InvalidArgument(violations))

    assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
    assert answer.message.endswith("…")
    *some, last = answer.bad_request.field_violations
    assert last.description == f"and {1000 - len(some)} more"


async def test_text_that_utf8_cannot_say_is_answered_all_the_same() -> None:
    answer = await heard(NotFound("flow run", "\udcff"))

    assert answer.code is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("error", [ValueError("secret detail"), KeyError("secret detail"), TimeoutError()])
async def test_a_bug_is_told_by_a_number_and_explained_in_the_log(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await heard(error)

    assert answer.code is grpc.StatusCode.INTERNAL
    assert "secret" not in answer.message + str(answer.details)
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    assert vars(record)["method"] == "orch.v1.ServerService/GetServerInfo"
    assert vars(record)["correlation_id"] == answer.info.metadata["correlation_id"]
    assert answer.info.metadata["correlation_id"] in answer.message


async def test_an_error_that_nobody_mapped_is_a_bug() -> None:
    assert (await heard(OrchError("?", reason="?"))).code is grpc.StatusCode.INTERNAL


async def test_an_answer_that_cannot_be_encoded_is_a_bug_too(caplog: pytest.LogCaptureFixture) -> None:
    async def info(request: GetServerInfoRequest, context: Context) -> GetServerInfoResponse:
        return None  # type: ignore[return-value]

    async with serve(Scripted(info=info)) as edge:
        answer = await refusal_of(edge.info.GetServerInfo(GetServerInfoRequest()))

    assert answer.code is grpc.StatusCode.INTERNAL


async def test_bytes_that_are_no_request_are_the_callers_mistake() -> None:
    async with serve() as edge:
        answer = await refusal_of(edge.call_raw("/orch.v1.ServerService/GetServerInfo", b"\xff\xff\xff"))

    assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
    assert answer.info.reason == "MALFORMED_REQUEST"


async def test_a_servicers_own_abort_is_left_alone() -> None:
    async def info(request: GetServerInfoRequest, context: Context) -> GetServerInfoResponse:
        await context.abort(grpc.StatusCode.DATA_LOSS, "mine")

    async with serve(Scripted(info=info)) as edge:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await edge.info.GetServerInfo(GetServerInfoRequest())

    assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.DATA_LOSS, "mine")


async def test_an_rpc_that_this_server_lacks_says_so() -> None:
    async with serve() as edge:
        answer = await refusal_of(edge.logs.GetLogOffset(GetLogOffsetRequest()))

    assert answer.code is grpc.StatusCode.UNIMPLEMENTED
    assert "orch.v1.LogService/GetLogOffset" in answer.message


def test_a_handler_that_is_not_async_is_refused_when_it_is_registered() -> None:
    def blocking(request: GetServerInfoRequest, context: grpc.ServicerContext) -> GetServerInfoResponse:
        return GetServerInfoResponse()

    with pytest.raises(TypeError, match="not async"):
        guarded(grpc.unary_unary_rpc_method_handler(blocking), "orch.v1.X/Y")


async def test_a_stream_that_fails_on_the_way_keeps_what_was_sent() -> None:
    async def watch(request: WatchLogsRequest, context: Context) -> AsyncIterator[WatchLogsResponse]:
        yield WatchLogsResponse(resume_token="a")
        raise NotFound("flow run", "r-1")

    async with serve(Scripted(watch=watch)) as edge:
        call = edge.logs.WatchLogs(WatchLogsRequest())
        first = await anext(aiter(call))
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await anext(aiter(call))

    assert first.resume_token == "a"
    assert refusal(caught.value).info.reason == "FLOW_RUN_NOT_FOUND"


async def test_a_caller_who_leaves_ends_the_stream_in_its_own_task(caplog: pytest.LogCaptureFixture) -> None:
    ended = asyncio.get_running_loop().create_future()

    async def watch(request: WatchLogsRequest, context: Context) -> AsyncIterator[WatchLogsResponse]:
        task = asyncio.current_task()
        try:
            yield WatchLogsResponse(resume_token="a")
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.set_result(asyncio.current_task() is task)
            raise

    async with serve(Scripted(watch=watch)) as edge:
        call = edge.logs.WatchLogs(WatchLogsRequest())
        await call.read()
        call.cancel()

        assert await ended
    assert not caplog.records
