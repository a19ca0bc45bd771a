"""The contract over Connect and gRPC-Web, by `connectrpc`: every method, in one ASGI application."""

import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from typing import Any, TypeAlias

from connectrpc.code import Code
from connectrpc.errors import ConnectError, ErrorDetail
from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
from connectrpc.request import RequestContext
from connectrpc.server import ConnectASGIApplication, Endpoint
from google.protobuf.message import Message
from protobuf.wkt import Any as AnyMessage

from orch_client.errors import Failure, OrchClientError
from orch_server.application.telemetry import RPC_CALLS, Attribute, Telemetry
from orch_server.web.codecs import JsonCodec, ProtoCodec
from orch_server.web.methods import EncodeFailure, HttpCall, Method

logger = logging.getLogger(__name__)

Call: TypeAlias = RequestContext[Message, Message]
Refusal: TypeAlias = Callable[[str, Mapping[str, str]], Failure | None]
"""Why a request of that HTTP method with those headers may not call; None where it may."""

_SERVER_FAULTS = frozenset({"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"})
_INTERNAL = Failure(
    code="INTERNAL",
    message="The control plane failed to answer; nothing is known about what was done. Its log says more.",
    reason="INTERNAL",
)


class ConnectApplication(ConnectASGIApplication[None]):
    """Every method of the contract. Takes requests with the paths that `paths` holds."""

    def __init__(
        self,
        methods: Iterable[Method],
        encode: EncodeFailure,
        refusal: Refusal,
        telemetry: Telemetry,
        *,
        max_message_bytes: int,
    ) -> None:
        refuse = _Refuse(encode)
        endpoints = {method.path: _endpoint(method, refuse, telemetry) for method in methods}
        self.paths = frozenset(endpoints)
        super().__init__(
            service=None,
            endpoints=lambda _: endpoints,
            interceptors=[_AtTheDoor(refuse, refusal, telemetry)],
            read_max_bytes=max_message_bytes,
            codecs=[ProtoCodec(refuse), JsonCodec(refuse)],
        )

    @property
    def path(self) -> str:
        """Where it is mounted."""
        return "/"


class _Refuse:
    """Makes of failures what `connectrpc` answers in whichever protocol the caller speaks."""

    def __init__(self, encode: EncodeFailure) -> None:
        self._encode = encode

    def __call__(self, failure: Failure) -> ConnectError:
        status = self._encode(failure)
        details = [ErrorDetail(AnyMessage(type_url=each.type_url, value=each.value)) for each in status.details]
        return ConnectError(_code(failure.code), status.message, details)


class _AtTheDoor:
    """Before a request is read: may it come in? After it is answered: how did it go?"""

    def __init__(self, refuse: _Refuse, refusal: Refusal, telemetry: Telemetry) -> None:
        self._refuse, self._refusal, self._telemetry = refuse, refusal, telemetry

    async def on_start(self, ctx: Call) -> None:
        """Refuses whom it does not know."""
        failure = self._refusal(ctx.http_method, dict(ctx.request_headers.allitems()))
        if failure is not None:
            logger.info("call refused", extra={"reason": failure.reason, "peer": ctx.client_address or ""})
            # Whom `on_start` refuses, `on_end` never hears of.
            self._count(ctx, failure.code)
            raise self._refuse(failure)

    async def on_end(self, token: None, ctx: Call, error: Exception | None) -> None:
        """Counts the call. What nobody has thought of goes to the log, and not to the caller."""
        if error is None or isinstance(error, ConnectError):
            self._count(ctx, "OK" if error is None else error.code.name.replace("CANCELED", "CANCELLED"))
            return
        self._count(ctx, "INTERNAL")
        logger.error("call failed", exc_info=error, extra={"method": ctx.method.name})
        raise self._refuse(_INTERNAL)

    def _count(self, ctx: Call, code: str) -> None:
        method = {"rpc.service": ctx.method.service_name, "rpc.method": ctx.method.name}
        self._telemetry.count(RPC_CALLS, 1, transport="http", **method, code=code)


def _endpoint(method: Method, refuse: _Refuse, telemetry: Telemetry) -> Any:  # noqa: ANN401 - a union of generics
    info = MethodInfo(
        name=method.name,
        service_name=method.service,
        input=method.request,
        output=method.response,
        idempotency_level=IdempotencyLevel.NO_SIDE_EFFECTS if method.safe else IdempotencyLevel.UNKNOWN,
        stream_type=StreamType.SERVER_STREAM if method.streams else StreamType.UNARY,
    )
    if method.streams:
        return Endpoint.server_stream(info, _streaming(method, refuse))
    return Endpoint.unary(info, _unary(method, refuse, _Spans(method, telemetry)))


class _Spans:
    """A server span around each call of a method, a child of the caller's."""

    def __init__(self, method: Method, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._name = f"{method.service}/{method.name}"
        self._attributes: dict[str, Attribute] = {
            "rpc.system": "connect_rpc",
            "rpc.service": method.service,
            "rpc.method": method.name,
        }

    @contextmanager
    def around(self, call: HttpCall) -> Iterator[None]:
        """Marks the span as failed for what is the server's fault; the rest is the caller's."""
        told = dict(call.headers)
        parent, state = told.get("traceparent"), told.get("tracestate")
        with self._telemetry.span(
            self._name, self._attributes, parent=parent, parent_state=state, kind="server"
        ) as span:
            try:
                yield
            except OrchClientError as error:
                span.set("rpc.connect_rpc.error_code", _code(error.code or "INTERNAL").value)
                if error.code in _SERVER_FAULTS:
                    span.fail(error.code)
                raise


def _unary(method: Method, refuse: _Refuse, spans: _Spans) -> Any:  # noqa: ANN401
    async def call(request: Message, ctx: Call) -> Message:
        made = HttpCall.of(ctx.request_headers.allitems())
        try:
            with spans.around(made):
                return await method.call(request, made)
        except OrchClientError as error:
            raise refuse(error.failure or _INTERNAL) from error

    return call


def _streaming(method: Method, refuse: _Refuse) -> Any:  # noqa: ANN401
    async def stream(request: Message, ctx: Call) -> AsyncIterator[Message]:
        made = HttpCall.of(ctx.request_headers.allitems())
        try:
            # Without a span: what a generator puts in force is in force wherever it is read.
            async with aclosing(method.stream(request, made)) as answers:
                async for answer in answers:
                    yield answer
        except OrchClientError as error:
            raise refuse(error.failure or _INTERNAL) from error

    return stream


def _code(name: str) -> Code:
    """The library has one canonical name in another spelling."""
    return Code["CANCELED" if name == "CANCELLED" else name]
