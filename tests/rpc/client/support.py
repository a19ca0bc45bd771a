"""A control plane made of a few lines, that fails as it is told to; and clients of both kinds in one harness."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol, TypeVar

import grpc
import grpc.aio
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from orch_client import AsyncClient, Client, ClientSettings, TlsFiles
from orch_client.calls import Sources
from orch_client.channel import open_async_channel, open_channel
from orch_client.retry import RetryRule
from orch_client.settings import settings_from

T = TypeVar("T")


def retry_info(seconds: int) -> RetryInfo:
    return RetryInfo(retry_delay=Duration(seconds=seconds))


def error_info(reason: str, **metadata: str) -> ErrorInfo:
    return ErrorInfo(reason=reason, domain="orch", metadata=metadata)


def violation(name: str, description: str) -> BadRequest:
    return BadRequest(field_violations=[BadRequest.FieldViolation(field=name, description=description)])


@dataclass(frozen=True)
class Refusal:
    """A status to answer with."""

    code: grpc.StatusCode
    message: str = "not now"
    details: tuple[Message, ...] = ()

    async def abort(self, context: grpc.aio.ServicerContext[Any, Any]) -> NoReturn:
        """Ends the call with it."""
        status = Status(code=self.code.value[0], message=self.message)
        for detail in self.details:
            packed = AnyMessage()
            packed.Pack(detail)
            status.details.append(packed)
        trailing = (("grpc-status-details-bin", status.SerializeToString()),) if self.details else ()
        await context.abort(self.code, self.message, trailing)


UNAVAILABLE = Refusal(grpc.StatusCode.UNAVAILABLE)


@dataclass
class Script:
    """What the server answers, in turn, and what it was asked."""

    answers: list[Message | Refusal | Sequence[Message | Refusal]]
    requests: list[Any] = field(default_factory=list)
    metadata: list[dict[str, str | bytes]] = field(default_factory=list)
    deadlines: list[float] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def unary(self, request: Message, context: grpc.aio.ServicerContext[Any, Any]) -> Message:
        """Answers a unary call."""
        answer = self._next(request, context)
        if isinstance(answer, Refusal):
            await answer.abort(context)
        assert isinstance(answer, Message)
        return answer

    async def stream(self, request: Message, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[Message]:
        """Answers a streaming call: with messages, until a refusal or the end."""
        answers = self._next(request, context)
        assert isinstance(answers, Sequence)
        for answer in answers:
            if isinstance(answer, Refusal):
                await answer.abort(context)
            yield answer

    def _next(
        self, request: Message, context: grpc.aio.ServicerContext[Any, Any]
    ) -> Message | Refusal | Sequence[Message | Refusal]:
        self.requests.append(request)
        self.asked.set()
        self.metadata.append({str(key): value for key, value in context.invocation_metadata() or ()})
        self.deadlines.append(context.time_remaining() or float("inf"))
        return self.answers.pop(0)


def handlers(service: str, scripts: dict[str, Script], messages: object) -> grpc.GenericRpcHandler:
    """Methods of a service, each answered by its script. `messages`: the module that its messages are in."""
    methods = {}
    for name, script in scripts.items():
        request, response = getattr(messages, f"{name}Request"), getattr(messages, f"{name}Response")
        watch = name.startswith("Watch")
        make = grpc.unary_stream_rpc_method_handler if watch else grpc.unary_unary_rpc_method_handler
        methods[name] = make(
            script.stream if watch else script.unary,
            request_deserializer=request.FromString,
            response_serializer=response.SerializeToString,
        )
    return grpc.method_handlers_generic_handler(f"orch.v1.{service}", methods)


@asynccontextmanager
async def serving(
    *given: grpc.GenericRpcHandler, credentials: grpc.ServerCredentials | None = None, port: int = 0
) -> AsyncIterator[int]:
    """Serves on a free port of this machine; gives the port."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(given)
    address = f"127.0.0.1:{port}"
    port = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    await server.start()
    try:
        yield port
    finally:
        await server.stop(None)


class FakeTime:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self.on_sleep: Callable[[], Awaitable[object]] | None = None

    def sleep(self, seconds: float) -> None:
        """Sleeps at once."""
        self.slept.append(seconds)
        self.now += seconds

    async def sleep_async(self, seconds: float) -> None:
        """Sleeps at once; lets a test do something meanwhile."""
        self.sleep(seconds)
        if self.on_sleep:
            await self.on_sleep()

    def sources(self) -> Sources:
        """This clock, no chance, and ids that count."""
        ids = iter(range(1, 1000))
        return Sources(monotonic=lambda: self.now, chance=lambda: 0.0, new_id=lambda: f"id-{next(ids)}")


class Harness(Protocol):
    """A client of either kind, called alike."""

    time: FakeTime

    async def call(self, do: Callable[[Any], Any]) -> Any:  # noqa: ANN401
        """The result of one unary call."""

    async def collect(self, do: Callable[[Any], Any]) -> list[Any]:
        """All that an iterator gives."""

    async def close(self) -> None:
        """Closes the client."""


class SyncHarness:
    """The sync client, in a thread."""

    def __init__(self, settings: ClientSettings) -> None:
        self.time = FakeTime()
        self.client = Client(open_channel(settings), settings, sources=self.time.sources(), sleep=self.time.sleep)

    async def call(self, do: Callable[[Any], Any]) -> Any:  # noqa: ANN401
        return await asyncio.to_thread(do, self.client)

    async def collect(self, do: Callable[[Any], Iterable[Any]]) -> list[Any]:
        return await asyncio.to_thread(lambda: list(do(self.client)))

    async def close(self) -> None:
        await asyncio.to_thread(self.client.close)


class AsyncHarness:
    """The async client."""

    def __init__(self, settings: ClientSettings) -> None:
        self.time = FakeTime()
        self.channel = open_async_channel(settings)
        self.client = AsyncClient(self.channel, settings, sources=self.time.sources(), sleep=self.time.sleep_async)

    async def call(self, do: Callable[[Any], Awaitable[Any]]) -> Any:  # noqa: ANN401
        return await do(self.client)

    async def collect(self, do: Callable[[Any], AsyncIterator[Any]]) -> list[Any]:
        return [item async for item in do(self.client)]

    async def close(self) -> None:
        await self.client.close()


Connector = Callable[..., Harness]


def settings_for(
    port: int, *, scheme: str = "http", api_key: str = "", tls: TlsFiles | None = None, attempts: int | None = None
) -> ClientSettings:
    """Settings for a server on this machine, whatever the environment says."""
    retry = RetryRule(max_attempts=attempts) if attempts else None
    return settings_from({}, address=f"{scheme}://localhost:{port}", api_key=api_key, tls=tls, retry=retry)
