"""States: what a run is doing. The type decides; the name and the message are for people."""

from datetime import datetime
from enum import IntEnum

from orch_server.domain.values import value


class StateType(IntEnum):
    """The kinds of state, numbered as on the wire and in the database."""

    SCHEDULED = 1
    PENDING = 2
    RUNNING = 3
    PAUSED = 4
    CANCELLING = 5
    COMPLETED = 6
    FAILED = 7
    CANCELLED = 8
    CRASHED = 9

    __hash__ = int.__hash__
    """Every decision looks states up in tables; an enumeration's own hash is a function in Python."""


TERMINAL = frozenset({StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED, StateType.CRASHED})
"""Nothing follows by itself. Only a person's retry, or a lost holder that comes back, leads out of these."""

LEASED = frozenset({StateType.PENDING, StateType.RUNNING, StateType.PAUSED, StateType.CANCELLING})
"""A flow run in one of these states has a lease, and in no other state has it one."""


@value
class Failure:
    """What the user's code raised. `retryable=False`: trying again cannot help; None leaves it to the policy."""

    type: str
    message: str = ""
    stack_trace: str = ""
    retryable: bool | None = None


@value
class State:
    """One state of a run, entered at `time` (UTC)."""

    type: StateType
    name: str
    time: datetime
    message: str = ""
    failure: Failure | None = None


@value
class StateChange:
    """One entry of a run's history: versions rise by one; `token` is 0 where no lease was involved."""

    version: int
    state: State
    token: int = 0


def default_name(type_: StateType) -> str:
    """The name of a state that has no name of its own: the type's, as people write it."""
    return _DEFAULT_NAMES[type_]


_DEFAULT_NAMES = {each: each.name.capitalize() for each in StateType}
