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

_LEAST_SECONDS = 0.05
"""Left for a call by itself whose stream has taken all the time."""
_IDLE_SECONDS = 60.0
"""So long a stream is kept that nobody uses."""


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
        self._trusted = True
        """The next call may go by stream."""
        self._proven = False
        """A stream has brought an answer: what is wrong with one will pass."""
        self._alarm: asyncio.TimerHandle | None = None
        """Ends a stream that has been idle, or a call that has taken, too long."""
        self._late = False
        """The call under way has taken too long."""

    async def __call__(self, request: Message, timeout: float) -> ResponseT:  # noqa: ASYNC109 (as other calls)
        """The answer. Raises OrchClientError; DeadlineError after `timeout` seconds."""
        time = asyncio.get_running_loop().time
        until = time() + timeout
        if self._trusted and not self._busy:
            self._busy = True
            try:
                answer = await self._on_stream(request, timeout)
            finally:
                self._busy = False
            if answer is not None:
                return answer
        alone = await self._alone(request, timeout=max(until - time(), _LEAST_SECONDS))
        self._trusted = self._trusted or self._proven
        return alone

    async def _on_stream(self, request: Message, timeout: float) -> ResponseT | None:  # noqa: ASYNC109
        """The answer; None where the stream gives none."""
        call = StreamCallsRequest(call=BatchedCall(path=self._path, request=request.SerializeToString()))
        answer: BatchedAnswer | None = None
        self._late = False
        self._set_alarm(timeout, self._give_up)
        try:
            answer = await self._asked(call)
        finally:
            if answer is None:
                self._hang_up()  # the next answer on it would be this call's
        if answer is None and self._late:
            # Something between may hold streams back: the next call shows whether it is that.
            self._trusted = False
            raise self._error(Failure("DEADLINE_EXCEEDED", f"no answer within {timeout:g} s"))
        if answer is None:
            return None
        self._set_alarm(_IDLE_SECONDS, self._hang_up)
        if answer.WhichOneof("outcome") == "response":
            self._proven = True
            return self._response.FromString(answer.response)
        failure = failure_in(answer.failure)
        if failure.code == "UNIMPLEMENTED":
            self._do_without()
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
            if stream.done() and await stream.code() == grpc.StatusCode.UNIMPLEMENTED:
                self._do_without()
            return None
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return None  # it is the stream that was cancelled: gRPC says so in this way

    def _do_without(self) -> None:
        """The control plane does not know streams, or does not carry this method on them."""
        self._trusted = self._proven = False
        self._hang_up()

    def _set_alarm(self, seconds: float, ring: "Callable[[], None]") -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_later(seconds, ring)

    def _give_up(self) -> None:
        self._late = True
        self._hang_up()

    def _hang_up(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.cancel()

    def _error(self, failure: Failure) -> Exception:
        method = ".".join(self._path.rpartition(".")[2].split("/"))
        return error_for(failure, method=method, settings=self._client.settings)
