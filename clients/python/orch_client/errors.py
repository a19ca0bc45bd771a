"""What a call raises when it does not succeed.

    OrchClientError
    ├── ConfigurationError        the address, the key or a TLS file cannot be right; nothing was sent
    ├── InvalidArgumentError      the request is wrong in itself; `violations` names each wrong field
    ├── NotFoundError             a named thing is not there
    ├── AlreadyExistsError        a thing of that name is there
    ├── FailedPreconditionError   the thing is not in a state that allows this
    ├── ConflictError             somebody else changed it meanwhile: read it again
    ├── UnauthenticatedError      no API key, or one that the control plane does not know
    ├── PermissionDeniedError     the key does not allow this
    ├── OverloadedError           too much at once; nothing was done
    ├── UnavailableError          the control plane cannot be reached, or its database is away
    ├── DeadlineError             no answer in time; the call may still have been carried out
    ├── CallCancelledError        the call was cut short: its client was closed, or the server stopped
    ├── IncompatibleServerError   the server does not know this call
    └── ServerError               the control plane failed; a bug, or something that its log tells

Each says what happened, why, and what to do next. `reason` is for programs (UPPER_SNAKE, stable, from the control
plane's google.rpc.ErrorInfo), the text for people. All can be pickled.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One wrong field: its path in the request ("schedule.cron.expression") and what is wrong with it."""

    field: str
    description: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A gRPC status as data, with what its details say."""

    code: str
    """The canonical code's name: "NOT_FOUND"."""
    message: str
    """What the status says, unchanged."""
    reason: str = ""
    """ErrorInfo's reason; empty where the control plane did not make the status."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """ErrorInfo's metadata: the things involved, by kind."""
    violations: tuple[FieldViolation, ...] = ()
    """BadRequest's violations."""
    retry_after_seconds: float | None = None
    """RetryInfo's delay; None where there is none."""


class OrchClientError(Exception):
    """Base of everything that this package raises on purpose. `failure` is None where no call was made."""

    def __init__(self, message: str, failure: Failure | None = None) -> None:
        super().__init__(message, failure)
        self.message = message
        self.failure = failure

    def __str__(self) -> str:
        return self.message

    @property
    def code(self) -> str:
        """The canonical gRPC code's name; empty where no call was made."""
        return self.failure.code if self.failure else ""

    @property
    def reason(self) -> str:
        """The control plane's reason, for programs; empty where it gave none."""
        return self.failure.reason if self.failure else ""

    @property
    def metadata(self) -> Mapping[str, str]:
        """The things involved, by kind, as the control plane names them."""
        return self.failure.metadata if self.failure else {}

    @property
    def retry_after_seconds(self) -> float | None:
        """When trying again may help, from now; None where the control plane did not say."""
        return self.failure.retry_after_seconds if self.failure else None


class ConfigurationError(OrchClientError):
    """The address, the key or a TLS file cannot be right. Nothing was sent."""


class InvalidArgumentError(OrchClientError):
    """The request is wrong in itself, whatever the state of the control plane."""

    @property
    def violations(self) -> tuple[FieldViolation, ...]:
        """Each wrong field."""
        return self.failure.violations if self.failure else ()


class NotFoundError(OrchClientError):
    """A thing that the request names is not there."""


class AlreadyExistsError(OrchClientError):
    """A thing of that name is there already."""


class FailedPreconditionError(OrchClientError):
    """The thing is not in a state that allows what was asked."""


class ConflictError(OrchClientError):
    """Somebody else changed the thing since its etag was read. Read it again and repeat the change."""


class UnauthenticatedError(OrchClientError):
    """No API key was sent, or one that the control plane does not know."""


class PermissionDeniedError(OrchClientError):
    """The API key does not allow this call."""


class OverloadedError(OrchClientError):
    """Too much at once, or a limit is reached. Nothing was done."""


class UnavailableError(OrchClientError):
    """The control plane cannot be reached, or cannot reach its database."""


class DeadlineError(OrchClientError):
    """No answer came in time. The call may still have been carried out."""


class CallCancelledError(OrchClientError):
    """The call was cut short: its client was closed, or the server stopped. It may still have been carried out."""


class IncompatibleServerError(OrchClientError):
    """What answers at the address does not know this call."""


class ServerError(OrchClientError):
    """The control plane failed."""


ERRORS: Mapping[str, type[OrchClientError]] = {
    "INVALID_ARGUMENT": InvalidArgumentError,
    "OUT_OF_RANGE": InvalidArgumentError,
    "NOT_FOUND": NotFoundError,
    "ALREADY_EXISTS": AlreadyExistsError,
    "FAILED_PRECONDITION": FailedPreconditionError,
    "ABORTED": ConflictError,
    "UNAUTHENTICATED": UnauthenticatedError,
    "PERMISSION_DENIED": PermissionDeniedError,
    "RESOURCE_EXHAUSTED": OverloadedError,
    "UNAVAILABLE": UnavailableError,
    "DEADLINE_EXCEEDED": DeadlineError,
    "CANCELLED": CallCancelledError,
    "UNIMPLEMENTED": IncompatibleServerError,
}
"""Which error stands for which canonical code; ServerError for all others."""
