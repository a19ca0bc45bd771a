"""Calls one after another on one stream, for whoever waits for each: there, a call costs a fraction of a lone one."""

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

import grpc.aio
from google.protobuf.message import Message

from orch_client.errors import Failure
from orch_client.status import error_for, failure_in
from orch_proto.v1.batch_service_pb2 import BatchedAnswer, BatchedCall, StreamCallsRequest, StreamCallsResponse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orch_client.async_client import AsyncClient

    Stream = grpc.aio.StreamStreamCall[StreamCallsRequest, StreamCallsResponse]

ResponseT = TypeVar("ResponseT", bound=Message)


class CallStream(Generic[ResponseT]):
    """One method of a client, whose calls may be repeated. For one event loop.

    Takes the stream where that is free and works. Else, and where the stream broke before the answer came, the call
    goes by itself: so it is answered, or fails, as it would have without the stream.
    """

    def __init__(
        self, client: "AsyncClient", path: str, alone: "Callable[..., Awaitable[ResponseT]]", response: type[ResponseT]
    ) -> None:
        """`path`: of the method, "/orch.v1.TaskRunService/ReportTaskRuns"; `alone`: calls it by itself."""
        self._client = client
        self._path = path
        self._alone = alone
        self._response = response
        self._stream: Stream | None = None
        self._busy = False
        self._unknown = False
        """The control plane is older, or something between does not let streams through."""

    async def __call__(self, request: Message, timeout: float) -> ResponseT:  # noqa: ASYNC109 (as other calls)
        """The answer. Raises OrchClientError; DeadlineError after `timeout` seconds."""
        if not (self._busy or self._unknown):
            self._busy = True
            try:
                answer = await self._on_stream(request, timeout)
            finally:
                self._busy = False
            if answer is not None:
                return answer
        return await self._alone(request, timeout=timeout)

    async def _on_stream(self, request: Message, timeout: float) -> ResponseT | None:  # noqa: ASYNC109
        """The answer; None where the stream gives none."""
        call = StreamCallsRequest(call=BatchedCall(path=self._path, request=request.SerializeToString()))
        answer: BatchedAnswer | None = None
        try:
            async with asyncio.timeout(timeout):
                answer = await self._asked(call)
        except TimeoutError:
            raise self._error(Failure("DEADLINE_EXCEEDED", f"no answer within {timeout:g} s")) from None
        finally:
            if answer is None:
                self._hang_up()  # the next answer on it would be this call's
        if answer is None:
            return None
        if answer.WhichOneof("outcome") == "response":
            return self._response.FromString(answer.response)
        failure = failure_in(answer.failure)
        if failure.code == "UNIMPLEMENTED":
            self._unknown = True
            return None
        raise self._error(failure)

    async def _asked(self, call: StreamCallsRequest) -> BatchedAnswer | None:
        if self._stream is None:
            self._stream = self._client.batches.StreamCalls()
        stream = self._stream
        try:
            await stream.write(call)
            answer = await stream.read()
            return answer.answer if isinstance(answer, StreamCallsResponse) else None
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            # What is wrong the call itself will be told; but only the stream knows that there are no streams.
            self._unknown = stream.done() and await stream.code() == grpc.StatusCode.UNIMPLEMENTED
            return None
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return None  # it is the stream that was cancelled: gRPC says so in this way

    def _hang_up(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.cancel()

    def _error(self, failure: Failure) -> Exception:
        method = ".".join(self._path.rpartition(".")[2].split("/"))
        return error_for(failure, method=method, settings=self._client.settings)
