"""A server span and a duration for every call, after OpenTelemetry's conventions for RPC. Added where telemetry is on.

The caller's W3C traceparent and tracestate, from the metadata, become the span's parent.
"""

import asyncio
import time

import grpc

from orch_server.application.telemetry import RPC_SERVER_DURATION, Attribute, Span, Telemetry
from orch_server.rpc.handlers import Behavior, Context, Continuation, Handler, behavior_of, rebuilt
from orch_server.rpc.health import SERVICE as HEALTH

STREAM_OF_CALLS = "/orch.v1.BatchService/StreamCalls"
"""Is no call itself: those that it carries are noted one by one."""

# What the conventions count as the server's fault; the rest is the caller's.
_SERVER_FAULTS = frozenset(
    {
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)


class TracingInterceptor(grpc.aio.ServerInterceptor):
    """Belongs before all other interceptors, so that what they refuse is seen too.

    Health checks are left out, and streams of calls, of which each call has a span of its own.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    async def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> Handler | None:
        """Wraps the handler for this one call. An unknown method gets no span: anyone could invent names."""
        handler = await continuation(handler_call_details)
        service, _, method = handler_call_details.method.lstrip("/").partition("/")
        if handler is None or service == HEALTH or handler_call_details.method == STREAM_OF_CALLS:
            return handler
        metadata = {name: value for name, value in handler_call_details.invocation_metadata if isinstance(value, str)}
        traced = self._traced(behavior_of(handler), service, method, metadata)
        return rebuilt(handler, traced, decode=handler.request_deserializer, encode=handler.response_serializer)

    def _traced(self, behavior: Behavior, service: str, method: str, metadata: dict[str, str]) -> Behavior:
        attributes: dict[str, Attribute] = {"rpc.system": "grpc", "rpc.service": service, "rpc.method": method}

        async def traced(request: object, context: Context) -> object:
            started = time.perf_counter()
            code = grpc.StatusCode.UNKNOWN
            span = self._telemetry.span(
                f"{service}/{method}",
                attributes,
                parent=metadata.get("traceparent"),
                parent_state=metadata.get("tracestate"),
                kind="server",
            )
            with span as under_way:
                try:
                    answer = await behavior(request, context)
                    code = _code(context)
                    return answer
                except asyncio.CancelledError:
                    code = grpc.StatusCode.CANCELLED
                    raise
                except grpc.aio.AbortError:
                    code = _code(context)
                    raise
                finally:
                    note_code(under_way, code)
                    elapsed = 1000 * (time.perf_counter() - started)
                    self._telemetry.record(
                        RPC_SERVER_DURATION, elapsed, **attributes, **{"rpc.grpc.status_code": code.value[0]}
                    )

        return traced


def _code(context: Context) -> grpc.StatusCode:
    """Not a code, whatever its type says, as long as nobody has set one."""
    code: object = context.code()
    return code if isinstance(code, grpc.StatusCode) else grpc.StatusCode.OK


def note_code(span: Span, code: grpc.StatusCode) -> None:
    """How a call has ended, in its span."""
    span.set("rpc.grpc.status_code", code.value[0])
    if code in _SERVER_FAULTS:
        span.fail(code.name)
