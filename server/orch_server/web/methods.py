"""What the edge is handed to serve: methods of the contract, however they are made."""

from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from google.protobuf.message import Message
from google.rpc.status_pb2 import Status

from orch_client.errors import Failure

# Of what comes beside a request, servicers want to know the caller's trace, and nothing that is secret.
_TOLD = ("traceparent", "tracestate")

EncodeFailure = Callable[[Failure], Status]
"""A failure with the details that its callers are told."""


class CallContext(Protocol):
    """What a method may ask about a call."""

    def invocation_metadata(self) -> Iterable[tuple[str, str | bytes]] | None:
        """What came beside the request."""
        ...


class Method(Protocol):
    """One method. What fails is raised as an OrchClientError with a failure."""

    @property
    def service(self) -> str:
        """The service's full name."""
        ...

    @property
    def name(self) -> str:
        """Its own name."""
        ...

    @property
    def path(self) -> str:
        """As it is called: "/orch.v1.FlowRunService/GetFlowRun"."""
        ...

    @property
    def request(self) -> type[Message]:
        """What it takes."""
        ...

    @property
    def response(self) -> type[Message]:
        """What it gives."""
        ...

    @property
    def streams(self) -> bool:
        """Whether it gives many."""
        ...

    @property
    def safe(self) -> bool:
        """Whether it changes nothing."""
        ...

    async def call(self, request: Message, context: CallContext) -> Message:
        """The answer of a unary method."""
        ...

    def stream(self, request: Message, context: CallContext) -> AsyncGenerator[Message, None]:
        """The answers of a streaming method."""
        ...


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A call that came over HTTP."""

    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, headers: Iterable[tuple[str, str]]) -> "HttpCall":
        """With those of its headers that servicers may see."""
        return cls(tuple((name, value) for name, value in headers if name in _TOLD))

    def invocation_metadata(self) -> Iterable[tuple[str, str | bytes]] | None:
        """The caller's trace, where it has one."""
        return self.headers
