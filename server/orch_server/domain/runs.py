"""Flow runs as values, and what is decided about them when something happens. The store applies the decisions."""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import IntEnum
from uuid import UUID

from orch_server.domain.leases import LeasePhase
from orch_server.domain.policies import RecoveryPolicy, RetryPolicy
from orch_server.domain.results import Result
from orch_server.domain.states import LEASED, TERMINAL, Failure, State, StateType, default_name
from orch_server.domain.transitions import Event, Transition, transition
from orch_server.domain.values import value


class ReportVerdict(IntEnum):
    """What became of a report, numbered as on the wire."""

    ACCEPTED = 1
    DUPLICATE = 2
    LOST = 3
    INVALID = 4


@value
class RunFacts:
    """All of a run that decisions look at, and that they change."""

    id: UUID
    state: State
    version: int
    token: int
    report_sequence: int
    attempt: int
    retries_used: int
    crash_restarts_used: int
    lost_from: StateType | None
    """The state in which contact to the holder was lost; None where it was not. While nobody else has the run since,
    that holder may have it back."""
    retry_policy: RetryPolicy
    recovery_policy: RecoveryPolicy
    scheduled_time: datetime
    start_time: datetime | None
    end_time: datetime | None
    work_pool_id: UUID | None
    """None for a run that its own process started: no worker is ever granted it."""


@value
class RunReport:
    """A state of a run, as its holder reports it. `sequence` is the reporter's own rising count under this token."""

    flow_run_id: UUID
    token: int
    sequence: int
    type: StateType
    name: str = ""
    message: str = ""
    failure: Failure | None = None
    result: Result | None = None
    age: timedelta = timedelta(0)
    """How long ago the run entered the state: not nothing for a report that had to wait."""


@value
class ReportDecision:
    """What becomes of a report: the verdict, the run from now on, and all that it passed through on the way."""

    verdict: ReportVerdict
    facts: RunFacts
    passed: tuple[RunFacts, ...] = ()
    message: str = ""


_REPORTED: dict[StateType, Event] = {
    StateType.PENDING: Event.PROGRESS,
    StateType.RUNNING: Event.START,
    StateType.PAUSED: Event.PAUSE,
    StateType.COMPLETED: Event.COMPLETE,
    StateType.FAILED: Event.FAIL,
    StateType.CANCELLED: Event.STOP,
    StateType.CRASHED: Event.CRASH,
}
"""What a holder may report, and what it means before retries, restarts and cancellation are considered."""

REPORTABLE = frozenset(_REPORTED)
_BAD_ENDS = frozenset({Event.FAIL, Event.CRASH})


def decide_report(run: RunFacts, report: RunReport, *, now: datetime, chance: float) -> ReportDecision:
    """What becomes of a holder's report. A stale token is LOST whatever it says; a repeat is DUPLICATE."""
    if report.token != run.token:
        return ReportDecision(ReportVerdict.LOST, run, message="Another grant of this run is newer.")
    if report.sequence <= run.report_sequence:
        return ReportDecision(ReportVerdict.DUPLICATE, run)
    passed: tuple[RunFacts, ...] = ()
    if run.state.type not in LEASED:
        back = reclaim(run, now=now)
        if back is None:
            return _after_the_end(run, report)
        run, passed = back[0], (back[0],)
    event = _event_of(run, report)
    step = transition(run.state.type, event)
    if step is None:
        text = f"A run that is {run.state.type.name} cannot be reported {report.type.name}."
        return ReportDecision(ReportVerdict.INVALID, run, message=text)
    entered = max(now - report.age, min(run.state.time, now))
    moved = apply(run, step, now=entered, chance=chance, report=report)
    return ReportDecision(ReportVerdict.ACCEPTED, moved, passed=(*passed, moved))


def _after_the_end(run: RunFacts, report: RunReport) -> ReportDecision:
    if run.state.type not in TERMINAL:
        return ReportDecision(ReportVerdict.LOST, run, message="The lease was given back; the run is queued again.")
    if run.state.type == report.type:
        return ReportDecision(ReportVerdict.DUPLICATE, run)
    text = f"The run has ended as {run.state.type.name}; it cannot become {report.type.name}."
    return ReportDecision(ReportVerdict.INVALID, run, message=text)


def _event_of(run: RunFacts, report: RunReport) -> Event:
    """What a report means for this run: cancellation wins over failure, retries and restarts over their ends."""
    event = _REPORTED[report.type]
    if event not in _BAD_ENDS:
        return event
    if run.state.type == StateType.CANCELLING:
        return Event.STOP
    if event == Event.CRASH:
        return Event.RESTART if _may_restart(run) else Event.CRASH
    retryable = report.failure is None or report.failure.retryable is not False
    return Event.RETRY if retryable and run.retries_used < run.retry_policy.max_retries else Event.FAIL


def _may_restart(run: RunFacts) -> bool:
    """Also one that is PENDING: its process may have run code, and ended before it could tell."""
    return run.crash_restarts_used < run.recovery_policy.allowed_restarts


def contact_lost(run: RunFacts) -> Event:
    """What losing contact to the holder means: losing contact is not failing.

    Before the run had started it is queued again, always. After: restarted where the flow asked for that, else CRASHED.
    A run that was being cancelled has been stopped.
    """
    if run.state.type == StateType.CANCELLING:
        return Event.STOP
    if run.state.type == StateType.PENDING:
        return Event.REQUEUE
    return Event.RESTART if _may_restart(run) else Event.CRASH


_BEGUN = "Its process was alive when contact was lost, and had not been reported yet."


def lose(run: RunFacts, *, now: datetime, message: str) -> tuple[RunFacts, Transition]:
    """The run after its holder fell silent for longer than the lease lasts. See `contact_lost`."""
    step = transition(run.state.type, contact_lost(run))
    if step is None:
        raise ValueError(f"A run that is {run.state.type.name} has no holder to lose.")
    lost_from = None if step.event == Event.STOP else run.state.type
    return replace(apply(run, step, now=now, message=message), lost_from=lost_from), step


def fall_silent(run: RunFacts, phase: LeasePhase, *, now: datetime, message: str) -> tuple[RunFacts, ...]:
    """What a run passes through when its lease ends unrenewed in that phase; the last is what it is from now on.

    A run whose process was said to be alive has begun, even if nobody could report it RUNNING any more: it must not
    begin again unasked.
    """
    if run.state.type == StateType.PENDING and phase != LeasePhase.STARTING:
        step = transition(run.state.type, Event.START)
        if step is None:
            raise ValueError("A run that is PENDING can always start.")
        begun = apply(run, step, now=now, message=_BEGUN)
        return begun, lose(begun, now=now, message=message)[0]
    return (lose(run, now=now, message=message)[0],)


def reclaim(run: RunFacts, *, now: datetime) -> tuple[RunFacts, Transition] | None:
    """The run as its old holder has it again, where contact was lost and nobody else got it; None where not."""
    if run.lost_from is None:
        return None
    step = transition(run.state.type, Event.REGAIN if run.lost_from == StateType.PENDING else Event.RECLAIM)
    if step is None:
        return None
    return apply(run, step, now=now, message="Its holder is back."), step


_CODE_RAN = frozenset({Event.START, Event.PAUSE, Event.COMPLETE, Event.FAIL, Event.RETRY})
_QUEUED_ANEW = frozenset({Event.RESTART, Event.RERUN})
_RAISES_TOKEN = frozenset({Event.GRANT, Event.RESUME})


def apply(
    run: RunFacts,
    step: Transition,
    *,
    now: datetime,
    chance: float = 0.0,
    report: RunReport | None = None,
    message: str = "",
) -> RunFacts:
    """The run after a transition: its new state, counters and times. Leases are the store's to change.

    `chance`, drawn evenly from [0, 1), spreads retries.
    """
    event = step.event
    begins = event == Event.RESUME or (step.source == StateType.PENDING and event in _CODE_RAN)
    # Not `replace`, which takes three times as long: this is what happens most of all.
    return RunFacts(
        id=run.id,
        state=_entered(run, step, now=now, report=report, message=message),
        version=run.version + 1,
        token=run.token + (event in _RAISES_TOKEN),
        report_sequence=_sequence_after(run, event, report),
        attempt=run.attempt + begins,
        retries_used=run.retries_used + (event == Event.RETRY),
        crash_restarts_used=_restarts_after(run, step),
        lost_from=None,
        retry_policy=run.retry_policy,
        recovery_policy=run.recovery_policy,
        scheduled_time=_scheduled_after(run, event, now=now, chance=chance),
        start_time=run.start_time or (now if begins else None),
        end_time=now if step.destination in TERMINAL else None,
        work_pool_id=run.work_pool_id,
    )


def _sequence_after(run: RunFacts, event: Event, report: RunReport | None) -> int:
    """Reports are counted from the start under every token."""
    if report is not None:
        return report.sequence
    return 0 if event in _RAISES_TOKEN else run.report_sequence


def _scheduled_after(run: RunFacts, event: Event, *, now: datetime, chance: float) -> datetime:
    """When the run may start next. A run given back keeps its time, and so its place in the queue."""
    if event == Event.RETRY:
        return now + run.retry_policy.delay(run.retries_used, chance)
    return now if event in _QUEUED_ANEW else run.scheduled_time


def _restarts_after(run: RunFacts, step: Transition) -> int:
    """A restart is charged when it is queued, and given back to a holder that returns before anyone took it."""
    if step.event == Event.RESTART:
        return run.crash_restarts_used + 1
    if step.event == Event.RECLAIM and step.source == StateType.SCHEDULED:
        return max(run.crash_restarts_used - 1, 0)
    return run.crash_restarts_used


_NAMES: dict[Event, str] = {Event.RETRY: "AwaitingRetry", Event.RESTART: "AwaitingRestart"}


def _entered(run: RunFacts, step: Transition, *, now: datetime, report: RunReport | None, message: str) -> State:
    """The state that a transition leads to. A holder's words are kept where the state is the one that it reported."""
    destination = step.destination
    if destination == step.source == StateType.CANCELLING:
        return run.state
    name = _NAMES.get(step.event, default_name(destination))
    if report is None:
        return State(destination, name, now, message)
    if destination == report.type and report.name:
        name = report.name
    return State(destination, name, now, report.message, report.failure)
