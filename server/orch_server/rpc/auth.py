"""Who may call: whoever shows one of the API keys, in every call's metadata."""

import hashlib
import hmac
import logging
from collections.abc import Iterable, Iterator

import grpc

from orch_server.rpc.errors import error_status
from orch_server.rpc.handlers import Context, Continuation, Handler

logger = logging.getLogger(__name__)

# Whoever balances load or restarts containers asks for health and has no key; the answer tells nothing else.
_OPEN_PREFIX = "/grpc.health.v1.Health/"
_HOW = (
    "Set ORCH_API_KEY for Orch's clients, workers and command line; others send the metadata "
    "'authorization: Bearer KEY' or 'x-api-key: KEY'."
)


class ApiKeyInterceptor(grpc.aio.ServerInterceptor):
    """Refuses calls without one of the keys, before their request is read. Health checks need none."""

    def __init__(self, keys: Iterable[str]) -> None:
        # Digests have one length, so that comparing them takes one time whatever is shown.
        self._digests = tuple(_digest(key) for key in keys)
        if not self._digests:
            raise ValueError("An interceptor without keys would refuse everyone.")
        self._missing = _refusal("MISSING_KEY", f"This control plane asks for an API key, and none was sent. {_HOW}")
        self._wrong = _refusal("WRONG_KEY", f"The API key is not one that this control plane knows. {_HOW}")

    async def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> Handler | None:
        """Lets the call through, or answers UNAUTHENTICATED with reason MISSING_KEY or WRONG_KEY."""
        if handler_call_details.method.startswith(_OPEN_PREFIX):
            return await continuation(handler_call_details)
        shown = tuple(_shown_keys(handler_call_details))
        if self._know_one_of(shown):
            return await continuation(handler_call_details)
        return self._wrong if shown else self._missing

    def _know_one_of(self, keys: Iterable[str]) -> bool:
        """Compares all with all, even after one has matched, so that the time taken tells nothing."""
        shown = [_digest(key) for key in keys]
        matches = [hmac.compare_digest(one, known) for one in shown for known in self._digests]
        return any(matches)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", errors="replace")).digest()


def _shown_keys(details: grpc.HandlerCallDetails) -> Iterator[str]:
    for name, value in details.invocation_metadata:
        if isinstance(value, bytes):
            continue
        if name == "x-api-key":
            yield value.strip()
        elif name == "authorization":
            scheme, _, key = value.partition(" ")
            yield key.strip() if scheme.lower() == "bearer" else ""


def _refusal(reason: str, message: str) -> Handler:
    """Stands in for a handler of any kind: one that streams both ways waits for no request before it answers."""
    status = error_status(grpc.StatusCode.UNAUTHENTICATED, message, reason=reason)

    async def refuse(requests: object, context: Context) -> None:
        logger.info("call refused", extra={"reason": reason, "peer": context.peer()})
        await context.abort_with_status(status)

    return grpc.stream_stream_rpc_method_handler(refuse)
