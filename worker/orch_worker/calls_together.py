"""Calls of many runs that travel in one (BatchService): what comes while others are under way waits for the next one.

A call that meets no other is sent alone and at once. A control plane that has no batches gets all of them alone.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import grpc
from google.rpc.status_pb2 import Status

from orch_client.relay import RelayedCall
from orch_proto.v1.batch_service_pb2 import BatchedAnswer, BatchedCall, CallBatchRequest, CallBatchResponse

_MOST_UNDER_WAY = 2
_MOST_CALLS = 100
_MOST_BYTES = 1024 * 1024
"""Of one batch. A larger request goes alone."""
_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}
_Metadata = tuple[tuple[str, str], ...]


class RefusedInBatch(Exception):
    """A call of a batch has failed."""

    def __init__(self, code: str, message: str, status: bytes) -> None:
        """`code`: gRPC's name of it, such as NOT_FOUND. `status`: a google.rpc.Status, encoded."""
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


@dataclass(frozen=True, slots=True)
class _Waiting:
    call: RelayedCall
    answer: "asyncio.Future[bytes]"


class CallsTogether:
    """For one event loop."""

    def __init__(
        self, channel: grpc.aio.Channel, alone: Callable[[RelayedCall], Awaitable[bytes]], metadata: _Metadata
    ) -> None:
        self._send = channel.unary_unary(
            "/orch.v1.BatchService/CallBatch",
            request_serializer=CallBatchRequest.SerializeToString,
            response_deserializer=CallBatchResponse.FromString,
        )
        self._alone = alone
        self._metadata = metadata
        self._waiting: deque[_Waiting] = deque()
        self._under_way: set[asyncio.Task[None]] = set()
        self._batches = True
        """Whether the control plane has them, as far as is known."""

    async def call(self, call: RelayedCall) -> bytes:
        """The response. Raises grpc.aio.AioRpcError and RefusedInBatch."""
        if not self._batches or len(call.request) > _MOST_BYTES:
            return await self._alone(call)
        waiting = _Waiting(call, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._go_on()
        return await waiting.answer

    def _go_on(self) -> None:
        while self._waiting and len(self._under_way) < _MOST_UNDER_WAY:
            task = asyncio.create_task(self._carry(self._next()))
            self._under_way.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._under_way.discard(task)
        self._go_on()

    def _next(self) -> Sequence[_Waiting]:
        size = 0
        batch: list[_Waiting] = []
        while self._waiting and len(batch) < _MOST_CALLS and size <= _MOST_BYTES:
            batch.append(self._waiting.popleft())
            size += len(batch[-1].call.request)
        return batch

    async def _carry(self, batch: Sequence[_Waiting]) -> None:
        """Answers all of them, whatever happens."""
        if len(batch) == 1 or not self._batches:
            await asyncio.gather(*(self._carry_alone(each) for each in batch))
            return
        try:
            answers = await self._sent(batch)
        except grpc.aio.AioRpcError as error:
            if error.code() == grpc.StatusCode.UNIMPLEMENTED:
                self._batches = False
                await asyncio.gather(*(self._carry_alone(each) for each in batch))
                return
            for each in batch:
                _fail(each, error)
            return
        for each, answer in zip(batch, answers, strict=True):
            _settle(each, answer)

    async def _sent(self, batch: Sequence[_Waiting]) -> Sequence[BatchedAnswer]:
        calls = [BatchedCall(path=each.call.path, request=each.call.request) for each in batch]
        longest = max(each.call.timeout_seconds for each in batch)
        answer = await self._send(CallBatchRequest(calls=calls), timeout=longest, metadata=self._metadata)
        return answer.answers

    async def _carry_alone(self, waiting: _Waiting) -> None:
        try:
            response = await self._alone(waiting.call)
        except grpc.aio.AioRpcError as error:
            _fail(waiting, error)
        else:
            if not waiting.answer.done():
                waiting.answer.set_result(response)


def _settle(waiting: _Waiting, answer: BatchedAnswer) -> None:
    if waiting.answer.done():
        return  # Whoever asked has left.
    if answer.WhichOneof("outcome") == "response":
        waiting.answer.set_result(answer.response)
        return
    status = Status.FromString(answer.failure)
    waiting.answer.set_exception(RefusedInBatch(_NAMES.get(status.code, "UNKNOWN"), status.message, answer.failure))


def _fail(waiting: _Waiting, error: Exception) -> None:
    if not waiting.answer.done():
        waiting.answer.set_exception(error)
