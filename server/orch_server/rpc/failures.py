"""The one error map: what a use case raises becomes one failure, whichever way it travels.

    raised               code                                    with
    OrchError            its own, see _CODES                     reason, metadata, violations or a delay
    undecodable request  INVALID_ARGUMENT                        reason MALFORMED_REQUEST
    anything else        INTERNAL                                reason INTERNAL, a correlation id; the rest is logged

`errors.py` makes gRPC statuses of failures; the embedded control plane raises them as they are.
"""

import logging
import secrets
from collections.abc import Mapping

from orch_client.errors import Failure
from orch_client.errors import FieldViolation as ClientViolation
from orch_server.application.errors import (
    AlreadyExists,
    Conflict,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    OrchError,
    Overloaded,
    Unavailable,
)

logger = logging.getLogger(__name__)


class MalformedRequest(OrchError):
    """The bytes are not the message that the method takes."""


_CODES: Mapping[type[OrchError], str] = {
    InvalidArgument: "INVALID_ARGUMENT",
    NotFound: "NOT_FOUND",
    AlreadyExists: "ALREADY_EXISTS",
    FailedPrecondition: "FAILED_PRECONDITION",
    Conflict: "ABORTED",
    Overloaded: "RESOURCE_EXHAUSTED",
    Unavailable: "UNAVAILABLE",
    MalformedRequest: "INVALID_ARGUMENT",
}


def failure_for(error: OrchError) -> Failure | None:
    """The failure that stands for an error; None for a kind that is missing in the map."""
    code = next((_CODES[kind] for kind in type(error).__mro__ if kind in _CODES), None)
    if code is None:
        return None
    violations: tuple[ClientViolation, ...] = ()
    if isinstance(error, InvalidArgument):
        violations = tuple(ClientViolation(each.field, each.description) for each in error.violations)
    delay = max(error.retry_after_seconds, 0.0) if isinstance(error, Overloaded | Unavailable) else None
    return Failure(
        code=code,
        message=error.message,
        reason=error.reason,
        metadata=error.metadata,
        violations=violations,
        retry_after_seconds=delay,
    )


def random_correlation_id() -> str:
    """Ties the INTERNAL that a caller saw to the traceback in the log."""
    return secrets.token_hex(8)


def internal_failure(error: Exception, method: str, correlation_id: str) -> Failure:
    """The failure that stands for a bug, which goes to the log. `method` is the call's name there."""
    logger.error("call failed", exc_info=error, extra={"method": method, "correlation_id": correlation_id})
    return Failure(
        code="INTERNAL",
        message=(
            "The control plane failed to answer; nothing is known about what was done. Its log says more under "
            f"{correlation_id}."
        ),
        reason="INTERNAL",
        metadata={"correlation_id": correlation_id},
    )


def failure_of(error: Exception, method: str) -> Failure:
    """The failure that stands for anything that a use case raised; a bug goes to the log under the method's name."""
    known = failure_for(error) if isinstance(error, OrchError) else None
    return known or internal_failure(error, method, random_correlation_id())
