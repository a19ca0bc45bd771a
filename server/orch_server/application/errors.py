"""What a use case raises when it cannot do what was asked. Each becomes one gRPC status (see `rpc/errors.py`).

    OrchError
    ├── InvalidArgument      the request is wrong in itself; names each wrong field
    ├── NotFound             a named thing is not there
    ├── AlreadyExists        a thing of that name is there
    ├── FailedPrecondition   the thing is not in a state that allows this
    ├── Conflict             somebody else changed it meanwhile (etag)
    ├── Overloaded           too much at once; says when to try again
    └── Unavailable          the database is away; says when to try again

Every error says what happened, why, and what to do next. `reason` is for programs (UPPER_SNAKE, stable), the text for
people, `metadata` names the things involved.
"""

from collections.abc import Mapping, Sequence

from orch_server.domain.values import value


@value
class FieldViolation:
    """One wrong field: its path in the request ("schedule.cron.expression") and what is wrong with it."""

    field: str
    description: str


class OrchError(Exception):
    """Base of everything that a use case raises on purpose."""

    def __init__(self, message: str, *, reason: str, metadata: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.metadata = dict(metadata or {})


class InvalidArgument(OrchError):
    """The request is wrong in itself, whatever the state of the control plane."""

    def __init__(self, violations: Sequence[FieldViolation], *, reason: str = "INVALID_FIELD") -> None:
        super().__init__("; ".join(f"{v.field}: {v.description}" for v in violations), reason=reason)
        self.violations = tuple(violations)

    @classmethod
    def of(cls, field: str, description: str, *, reason: str = "INVALID_FIELD") -> "InvalidArgument":
        """The usual case: one wrong field."""
        return cls([FieldViolation(field, description)], reason=reason)

    def within(self, prefix: str) -> "InvalidArgument":
        """The same, of a part of the request."""
        violations = [FieldViolation(prefix + each.field, each.description) for each in self.violations]
        return InvalidArgument(violations, reason=self.reason)


class NotFound(OrchError):
    """A thing that the request names is not there. `resource` is its kind ("flow run"), `key` its id or name."""

    def __init__(self, resource: str, key: str, hint: str = "") -> None:
        super().__init__(
            f"There is no {resource} {key!r}." + (f" {hint}" if hint else ""),
            reason=f"{resource.upper().replace(' ', '_')}_NOT_FOUND",
            metadata={"resource": resource, "key": key},
        )


class AlreadyExists(OrchError):
    """A thing of that name is there already."""

    def __init__(self, resource: str, key: str, hint: str = "") -> None:
        super().__init__(
            f"There is a {resource} {key!r} already." + (f" {hint}" if hint else ""),
            reason=f"{resource.upper().replace(' ', '_')}_ALREADY_EXISTS",
            metadata={"resource": resource, "key": key},
        )


class FailedPrecondition(OrchError):
    """The thing is not in a state that allows what was asked."""


class Conflict(OrchError):
    """Somebody else changed the thing since its etag was read."""

    def __init__(self, resource: str, key: str) -> None:
        super().__init__(
            f"The {resource} {key!r} has changed since it was read. Read it again and repeat the change.",
            reason="ETAG_MISMATCH",
            metadata={"resource": resource, "key": key},
        )


class Overloaded(OrchError):
    """Too much at once. Nothing was done; try again after `retry_after_seconds`."""

    def __init__(self, message: str, *, retry_after_seconds: float, reason: str = "OVERLOADED") -> None:
        super().__init__(message, reason=reason)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(OrchError):
    """The store cannot be reached. It is not known whether it has written; try again after `retry_after_seconds`."""

    def __init__(self, message: str, *, retry_after_seconds: float, reason: str = "DATABASE_UNAVAILABLE") -> None:
        super().__init__(message, reason=reason)
        self.retry_after_seconds = retry_after_seconds
