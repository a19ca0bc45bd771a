"""Many calls in one, for workers, which pass on the calls of their runs; many on one stream, for scripts that wait for
each (ADR 0023).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping

import grpc
from google.rpc.code_pb2 import UNIMPLEMENTED
from google.rpc.status_pb2 import Status

from orch_proto.v1.batch_service_pb2 import (
    BatchedAnswer,
    BatchedCall,
    CallBatchRequest,
    CallBatchResponse,
    StreamCallsRequest,
    StreamCallsResponse,
)
from orch_proto.v1.batch_service_pb2_grpc import BatchServiceServicer
from orch_server.application.errors import InvalidArgument
from orch_server.application.telemetry import Attribute, Telemetry
from orch_server.rpc.errors import Encoded
from orch_server.rpc.handlers import Context
from orch_server.rpc.tracing import note_code

MOST_CALLS = 1000
_CODES = {code.value[0]: code for code in grpc.StatusCode}
# It waits, and would keep all others waiting.
ALONE = frozenset({"/orch.v1.LeaseService/AcquireLeases"})


class BatchServicer(BatchServiceServicer):
    """Carries calls of the other services."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._methods: Mapping[str, Encoded] = {}
        self._attributes: Mapping[str, Mapping[str, Attribute]] = {}
        """Of the methods' spans."""
        self._idle: set[asyncio.Task[object]] = set()
        """Streams whose next call has not come yet."""
        self._drained = asyncio.Event()

    def carry(self, methods: Mapping[str, Encoded]) -> None:
        """These methods, by their paths, may be called from now on; save those that want to be called alone."""
        self._methods = {path: method for path, method in methods.items() if path not in ALONE}
        self._attributes = {path: _attributes_of(path) for path in self._methods}

    def drain(self) -> None:
        """End streams, each once its call is answered."""
        self._drained.set()
        for stream in self._idle:
            stream.cancel()

    async def CallBatch(self, request: CallBatchRequest, context: Context) -> CallBatchResponse:
        """Make many calls at once."""
        if len(request.calls) > MOST_CALLS:
            raise InvalidArgument.of("calls", f"are {len(request.calls)}: at most {MOST_CALLS} fit into one batch.")
        return CallBatchResponse(answers=await asyncio.gather(*(self._one(call, context) for call in request.calls)))

    async def StreamCalls(  # type: ignore[override]  # of two styles that gRPC knows, the stubs know one
        self, requests: AsyncIterator[StreamCallsRequest], context: Context
    ) -> None:
        """Make one call after another, until the caller or this server ends it.

        It reads from the context, and writes to it: with iterators on both sides a small call takes 4 % longer.
        """
        stream = asyncio.current_task()
        if stream is None:
            raise RuntimeError("A stream of calls is served in a task.")
        try:
            while not self._drained.is_set():
                self._idle.add(stream)
                request = await context.read()
                self._idle.discard(stream)
                if request is grpc.aio.EOF:
                    return
                await context.write(StreamCallsResponse(answer=await self._traced(request.call, context)))
        except asyncio.CancelledError:
            if stream not in self._idle or not self._drained.is_set():
                raise
        finally:
            self._idle.discard(stream)

    async def _traced(self, call: BatchedCall, context: Context) -> BatchedAnswer:
        """A call on a stream, in a span like that of a call by itself."""
        attributes = self._attributes.get(call.path)
        if attributes is None:
            return await self._one(call, context)  # no span: anyone could invent names
        name = f"{attributes['rpc.service']}/{attributes['rpc.method']}"
        with self._telemetry.span(name, attributes, kind="server") as span:
            answer = await self._one(call, context)
            note_code(span, _code_of(answer))
        return answer

    async def _one(self, call: BatchedCall, context: Context) -> BatchedAnswer:
        method = self._methods.get(call.path)
        if method is None:
            refusal = Status(code=UNIMPLEMENTED, message=f"There is no {call.path} that a batch could carry.")
            return BatchedAnswer(failure=refusal.SerializeToString())
        outcome = await method(call.request, context)
        if isinstance(outcome, Status):
            return BatchedAnswer(failure=outcome.SerializeToString())
        return BatchedAnswer(response=outcome)


def _attributes_of(path: str) -> Mapping[str, Attribute]:
    service, _, method = path.lstrip("/").partition("/")
    return {"rpc.system": "grpc", "rpc.service": service, "rpc.method": method}


def _code_of(answer: BatchedAnswer) -> grpc.StatusCode:
    number = Status.FromString(answer.failure).code if answer.failure else 0
    return _CODES.get(number, grpc.StatusCode.UNKNOWN)
