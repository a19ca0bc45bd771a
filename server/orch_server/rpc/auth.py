"""Who may call: whoever shows one of the API keys, in every call's metadata."""

import logging
from collections.abc import Iterable

import grpc

from orch_client.errors import Failure
from orch_server.application.api_keys import MISSING_KEY, WRONG_KEY, ApiKeys, shown_keys
from orch_server.rpc.errors import error_status
from orch_server.rpc.handlers import Context, Continuation, Handler

logger = logging.getLogger(__name__)

# Whoever balances load or restarts containers asks for health and has no key; the answer tells nothing else.
_OPEN_PREFIX = "/grpc.health.v1.Health/"


class ApiKeyInterceptor(grpc.aio.ServerInterceptor):
    """Refuses calls without one of the keys, before their request is read. Health checks need none."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = ApiKeys(keys)
        if not self._keys:
            raise ValueError("An interceptor without keys would refuse everyone.")
        self._missing, self._wrong = _refusal(MISSING_KEY), _refusal(WRONG_KEY)

    async def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> Handler | None:
        """Lets the call through, or answers UNAUTHENTICATED with reason MISSING_KEY or WRONG_KEY."""
        if handler_call_details.method.startswith(_OPEN_PREFIX):
            return await continuation(handler_call_details)
        shown = tuple(shown_keys(handler_call_details.invocation_metadata))
        if self._keys.know_one_of(shown):
            return await continuation(handler_call_details)
        return self._wrong if shown else self._missing


def _refusal(failure: Failure) -> Handler:
    """Stands in for a handler of any kind: one that streams both ways waits for no request before it answers."""
    status = error_status(grpc.StatusCode[failure.code], failure.message, reason=failure.reason)

    async def refuse(requests: object, context: Context) -> None:
        logger.info("call refused", extra={"reason": failure.reason, "peer": context.peer()})
        await context.abort_with_status(status)

    return grpc.stream_stream_rpc_method_handler(refuse)
