"""The contract's methods apart from gRPC: the same servicers, called with messages by whoever carries them otherwise.

What fails is raised as an OrchClientError whose failure is the one that gRPC's callers would be told.
"""

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from orch_client.errors import OrchClientError
from orch_server.rpc.context import Context
from orch_server.rpc.failures import failure_of
from orch_server.rpc.handlers import Handler, function_of, is_async


@dataclass(frozen=True, slots=True)
class ServedMethod:
    """One method of the contract, and the servicer's function behind it.

    service: its full name, "orch.v1.FlowRunService". streams: it answers with many messages. safe: it changes nothing.
    """

    service: str
    name: str
    request: type[Message]
    response: type[Message]
    streams: bool
    safe: bool
    function: Any

    @property
    def path(self) -> str:
        """As it is called: "/orch.v1.FlowRunService/GetFlowRun"."""
        return f"/{self.service}/{self.name}"

    async def call(self, request: Message, context: Context) -> Message:
        """The answer of a unary method. Raises OrchClientError."""
        try:
            response: Message = await self.function(request, context)
        except Exception as error:
            raise self._refused(error) from error
        return response

    async def stream(self, request: Message, context: Context) -> AsyncGenerator[Message, None]:
        """The answers of a streaming method. Raises OrchClientError."""
        try:
            async with aclosing(self.function(request, context)) as answers:
                async for answer in answers:
                    yield answer
        except Exception as error:
            raise self._refused(error) from error

    def _refused(self, error: Exception) -> OrchClientError:
        failure = failure_of(error, f"{self.service}/{self.name}")
        return OrchClientError(failure.message, failure)


def served_methods(service: str, handlers: Mapping[str, Handler]) -> Iterable[ServedMethod]:
    """Methods of one service; without those that its servicer lacks, and those whose requests are streams."""
    known = descriptor_pool.Default().FindServiceByName(service).methods_by_name
    for name, handler in handlers.items():
        if is_async(handler) and not handler.request_streaming:
            yield _served(service, known[name], handler)


def _served(service: str, method: MethodDescriptor, handler: Handler) -> ServedMethod:
    return ServedMethod(
        service=service,
        name=method.name,
        request=GetMessageClass(method.input_type),
        response=GetMessageClass(method.output_type),
        streams=handler.response_streaming,
        safe=method.GetOptions().idempotency_level == MethodOptions.NO_SIDE_EFFECTS,
        function=function_of(handler),
    )
