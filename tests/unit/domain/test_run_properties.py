"""Whatever happens to a run, in whatever order: what must hold of every sequence."""

from dataclasses import dataclass
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from orch_server.domain.policies import RecoveryPolicy, RetryPolicy
from orch_server.domain.runs import REPORTABLE, ReportVerdict, RunFacts, RunReport, apply, decide_report, lose, reclaim
from orch_server.domain.states import LEASED, TERMINAL, Failure, StateType
from orch_server.domain.transitions import Event, transition
from tests.unit.domain.run_support import NOW, RUN_ID, run_in


@dataclass(frozen=True)
class Report:
    """A report; `age` says how old the reporter's token is, `lag` how old its sequence."""

    type: StateType
    age: int = 0
    lag: int = 0
    retryable: bool | None = None


@dataclass(frozen=True)
class Happens:
    """Something that the control plane does to the run where the state machine allows it."""

    event: Event


@dataclass(frozen=True)
class Silence:
    """The holder falls silent."""


@dataclass(frozen=True)
class Return:
    """A holder comes back."""


Step = Report | Happens | Silence | Return

STEPS = st.one_of(
    st.builds(
        Report,
        type=st.sampled_from(sorted(REPORTABLE)),
        age=st.sampled_from([0, 0, 0, 1, -1]),
        lag=st.sampled_from([0, 0, 0, 1]),
        retryable=st.sampled_from([None, True, False]),
    ),
    st.builds(Happens, st.sampled_from([Event.GRANT, Event.GRANT, Event.REQUEUE, Event.REQUEST_CANCEL, Event.RERUN])),
    st.builds(Happens, st.just(Event.RESUME)),
    st.just(Silence()),
    st.just(Return()),
)
RETRIES = st.builds(RetryPolicy, max_retries=st.integers(0, 3))
RECOVERIES = st.builds(RecoveryPolicy, crash_restarts=st.integers(0, 3))


class Run:
    """A run, all that it passed through, and what was asked of it."""

    def __init__(self, retries: RetryPolicy, recovery: RecoveryPolicy) -> None:
        self.facts = run_in(
            StateType.SCHEDULED,
            version=1,
            token=0,
            report_sequence=0,
            retry_policy=retries,
            recovery_policy=recovery,
        )
        self.passed = [(self.facts, "created")]
        self.now = NOW

    def take(self, step: Step) -> None:
        """Let it happen, as far as it can."""
        self.now += timedelta(seconds=1)
        match step:
            case Report():
                self._report(step)
            case Happens(event=event):
                arrow = transition(self.facts.state.type, event)
                if arrow is not None:
                    self._enter(apply(self.facts, arrow, now=self.now), event.value)
            case Silence():
                if self.facts.state.type in LEASED:
                    self._enter(lose(self.facts, now=self.now, message="")[0], "silence")
            case Return():
                back = reclaim(self.facts, now=self.now)
                if back is not None:
                    self._enter(back[0], "reclaim")

    def _report(self, step: Report) -> None:
        before = self.facts
        report = RunReport(
            RUN_ID,
            before.token - step.age,
            before.report_sequence + 1 - step.lag,
            step.type,
            failure=Failure("E", retryable=step.retryable),
        )
        decision = decide_report(before, report, now=self.now, chance=0.5)
        if decision.verdict != ReportVerdict.ACCEPTED:
            assert decision.passed == ()
            assert self.facts.state == before.state
            return
        assert step.age == 0
        assert step.lag == 0
        for facts in decision.passed:
            self._enter(facts, "reclaim" if facts is not decision.passed[-1] else "report")
        again = decide_report(self.facts, report, now=self.now, chance=0.5)
        assert again.verdict == ReportVerdict.DUPLICATE

    def _enter(self, facts: RunFacts, why: str) -> None:
        self.facts = facts
        self.passed.append((facts, why))


@settings(max_examples=400, deadline=None)
@given(retries=RETRIES, recovery=RECOVERIES, steps=st.lists(STEPS, max_size=40))
def test_what_holds_of_every_life(retries: RetryPolicy, recovery: RecoveryPolicy, steps: list[Step]) -> None:
    run = Run(retries, recovery)
    for step in steps:
        run.take(step)

    for (before, _), (after, why) in zip(run.passed, run.passed[1:], strict=False):
        assert after.version == before.version + 1
        assert after.token in {before.token, before.token + 1}
        assert (after.token > before.token) == (why in {Event.GRANT.value, Event.RESUME.value})
        assert after.state.time >= before.state.time
        if before.state.type in TERMINAL:
            assert why in {Event.RERUN.value, Event.RESUME.value, "reclaim"}
            assert why != "reclaim" or before.state.type == StateType.CRASHED
        assert (after.end_time is not None) == (after.state.type in TERMINAL)
        assert after.retries_used <= retries.max_retries
        assert after.crash_restarts_used <= recovery.allowed_restarts
        assert after.attempt >= before.attempt
        if before.state.type == StateType.CANCELLING:
            assert after.state.type in {StateType.CANCELLING, StateType.CANCELLED, StateType.COMPLETED}
        if after.lost_from is not None:
            assert why == "silence"


@settings(max_examples=200, deadline=None)
@given(recovery=RECOVERIES, losses=st.integers(1, 8))
def test_losing_contact_again_and_again_ends(recovery: RecoveryPolicy, losses: int) -> None:
    run = Run(RetryPolicy(), recovery)
    for _ in range(losses):
        run.take(Happens(Event.GRANT))
        run.take(Report(StateType.RUNNING))
        run.take(Silence())

    crashed = losses > recovery.allowed_restarts
    assert run.facts.state.type == (StateType.CRASHED if crashed else StateType.SCHEDULED)
    assert run.facts.crash_restarts_used == min(losses, recovery.allowed_restarts)
