"""The state machine of flow runs, as a table: what may happen to a run in which state, and what becomes of its lease.

Whoever wants to know whether something is allowed asks `transition(source, event)`. Nothing else in the code decides
about states. `docs/state_machine.md` is printed from this table.
"""

from collections.abc import Iterator
from enum import StrEnum

from orch_server.domain.states import StateType
from orch_server.domain.values import value

S = StateType


class Event(StrEnum):
    """What can happen to a flow run."""

    GRANT = "grant"
    """A worker is granted the run; the fencing token rises."""
    PROGRESS = "progress"
    """The holder tells more about a state that goes on."""
    START = "start"
    """The holder reports that the user's code runs."""
    PAUSE = "pause"
    """The holder reports that the run holds still."""
    COMPLETE = "complete"
    """The holder reports that the code returned."""
    FAIL = "fail"
    """The holder reports that the code failed, and no retry is left."""
    RETRY = "retry"
    """The holder reports that the code failed, and a retry is left."""
    CRASH = "crash"
    """The run's surroundings ended it, and no restart is left."""
    RESTART = "restart"
    """The run's surroundings ended it, and a restart is left."""
    REQUEUE = "requeue"
    """The lease was released, or contact was lost, before the run had started."""
    STOP = "stop"
    """The holder reports that it stopped the run on request, or a run being cancelled lost its holder."""
    REQUEST_CANCEL = "request cancel"
    """Somebody asks for a stop."""
    RECLAIM = "reclaim"
    """A lost holder comes back with the newest token to a run it had started, before anyone else got it."""
    REGAIN = "regain"
    """The same, where the run had not started when contact was lost."""
    RERUN = "rerun"
    """Somebody asks for one more attempt of a run that has ended."""
    RESUME = "resume"
    """A process takes a run of no pool up again; the fencing token rises, and one more attempt begins."""

    __hash__ = str.__hash__
    """As of `StateType`."""


class LeaseEffect(StrEnum):
    """What a transition does to the run's lease."""

    NONE = "none"
    """There is none before and none after."""
    GRANTED = "granted"
    """There is one from now on."""
    KEPT = "kept"
    """It goes on."""
    DROPPED = "dropped"
    """It ends, and its slot is free."""


@value
class Transition:
    """One arrow: from `source` by `event` to `destination`, and what becomes of the lease."""

    source: StateType
    event: Event
    destination: StateType
    lease: LeaseEffect


_HELD = (S.PENDING, S.RUNNING, S.PAUSED)

_ROWS: tuple[tuple[tuple[StateType, ...], Event, StateType, LeaseEffect], ...] = (
    ((S.SCHEDULED,), Event.GRANT, S.PENDING, LeaseEffect.GRANTED),
    ((S.PENDING,), Event.PROGRESS, S.PENDING, LeaseEffect.KEPT),
    ((S.PENDING, S.RUNNING, S.PAUSED), Event.START, S.RUNNING, LeaseEffect.KEPT),
    ((S.CANCELLING,), Event.START, S.CANCELLING, LeaseEffect.KEPT),
    ((S.PENDING, S.RUNNING, S.PAUSED), Event.PAUSE, S.PAUSED, LeaseEffect.KEPT),
    ((S.CANCELLING,), Event.PAUSE, S.CANCELLING, LeaseEffect.KEPT),
    ((S.CANCELLING,), Event.PROGRESS, S.CANCELLING, LeaseEffect.KEPT),
    ((*_HELD, S.CANCELLING), Event.COMPLETE, S.COMPLETED, LeaseEffect.DROPPED),
    (_HELD, Event.FAIL, S.FAILED, LeaseEffect.DROPPED),
    (_HELD, Event.RETRY, S.SCHEDULED, LeaseEffect.DROPPED),
    (_HELD, Event.CRASH, S.CRASHED, LeaseEffect.DROPPED),
    (_HELD, Event.RESTART, S.SCHEDULED, LeaseEffect.DROPPED),
    ((S.PENDING,), Event.REQUEUE, S.SCHEDULED, LeaseEffect.DROPPED),
    ((*_HELD, S.CANCELLING), Event.STOP, S.CANCELLED, LeaseEffect.DROPPED),
    ((S.SCHEDULED,), Event.REQUEST_CANCEL, S.CANCELLED, LeaseEffect.NONE),
    (_HELD, Event.REQUEST_CANCEL, S.CANCELLING, LeaseEffect.KEPT),
    ((S.SCHEDULED, S.CRASHED), Event.RECLAIM, S.RUNNING, LeaseEffect.GRANTED),
    ((S.SCHEDULED,), Event.REGAIN, S.PENDING, LeaseEffect.GRANTED),
    ((S.COMPLETED, S.FAILED, S.CANCELLED, S.CRASHED), Event.RERUN, S.SCHEDULED, LeaseEffect.NONE),
    ((S.SCHEDULED, S.FAILED, S.CANCELLED, S.CRASHED), Event.RESUME, S.RUNNING, LeaseEffect.GRANTED),
)

_TABLE = {
    (source, event): Transition(source, event, destination, lease)
    for sources, event, destination, lease in _ROWS
    for source in sources
}


def transition(source: StateType, event: Event) -> Transition | None:
    """The arrow from `source` by `event`; None where the event is not allowed there."""
    return _TABLE.get((source, event))


def all_transitions() -> Iterator[Transition]:
    """Every arrow, in the table's order."""
    return iter(_TABLE.values())
