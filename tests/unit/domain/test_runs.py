"""Decisions about runs: what becomes of a report, of lost contact, of a holder that comes back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from orch_server.domain.leases import LeasePhase
from orch_server.domain.policies import RecoveryPolicy, RetryPolicy
from orch_server.domain.runs import (
    REPORTABLE,
    ReportDecision,
    ReportVerdict,
    RunFacts,
    RunReport,
    apply,
    contact_lost,
    decide_report,
    fall_silent,
    lose,
    reclaim,
)
from orch_server.domain.states import LEASED, TERMINAL, Failure, StateType
from orch_server.domain.transitions import Event, transition
from tests.unit.domain.run_support import NOW, report_of, run_in

S = StateType
LATER = NOW + timedelta(seconds=7)


def decide(run: RunFacts, report: RunReport, *, chance: float = 0.0) -> ReportDecision:
    return decide_report(run, report, now=LATER, chance=chance)


@pytest.mark.parametrize("state", StateType, ids=lambda state: state.name)
@pytest.mark.parametrize("reported", sorted(REPORTABLE), ids=lambda state: state.name)
@pytest.mark.parametrize("token", [0, 2, 4])
def test_another_token_is_lost_whatever_it_says(state: StateType, reported: StateType, token: int) -> None:
    for lost_from in (None, S.RUNNING):
        run = run_in(state, lost_from=lost_from)

        decision = decide(run, report_of(reported, token=token, sequence=99))

        assert (decision.verdict, decision.facts, decision.passed) == (ReportVerdict.LOST, run, ())


@pytest.mark.parametrize("state", StateType, ids=lambda state: state.name)
@pytest.mark.parametrize("reported", sorted(REPORTABLE), ids=lambda state: state.name)
def test_a_repeat_is_a_duplicate_and_changes_nothing(state: StateType, reported: StateType) -> None:
    run = run_in(state, report_sequence=4)
    for sequence in (1, 4):
        decision = decide(run, report_of(reported, sequence=sequence))

        assert (decision.verdict, decision.facts, decision.passed) == (ReportVerdict.DUPLICATE, run, ())


@pytest.mark.parametrize("ended", sorted(TERMINAL), ids=lambda state: state.name)
@pytest.mark.parametrize("reported", sorted(REPORTABLE), ids=lambda state: state.name)
def test_the_end_absorbs(ended: StateType, reported: StateType) -> None:
    run = run_in(ended)

    decision = decide(run, report_of(reported))

    expected = ReportVerdict.DUPLICATE if reported == ended else ReportVerdict.INVALID
    assert (decision.verdict, decision.facts, decision.passed) == (expected, run, ())


def test_a_run_that_was_given_back_is_lost_to_its_holder() -> None:
    run = run_in(S.SCHEDULED)

    assert decide(run, report_of(S.RUNNING)).verdict == ReportVerdict.LOST


REPORTED_IN = {
    (S.PENDING, S.PENDING): S.PENDING,
    (S.PENDING, S.RUNNING): S.RUNNING,
    (S.PENDING, S.PAUSED): S.PAUSED,
    (S.PENDING, S.COMPLETED): S.COMPLETED,
    (S.PENDING, S.FAILED): S.FAILED,
    (S.PENDING, S.CANCELLED): S.CANCELLED,
    (S.PENDING, S.CRASHED): S.CRASHED,
    (S.RUNNING, S.PENDING): None,
    (S.RUNNING, S.RUNNING): S.RUNNING,
    (S.RUNNING, S.PAUSED): S.PAUSED,
    (S.RUNNING, S.COMPLETED): S.COMPLETED,
    (S.RUNNING, S.FAILED): S.FAILED,
    (S.RUNNING, S.CANCELLED): S.CANCELLED,
    (S.RUNNING, S.CRASHED): S.CRASHED,
    (S.PAUSED, S.PENDING): None,
    (S.PAUSED, S.RUNNING): S.RUNNING,
    (S.PAUSED, S.PAUSED): S.PAUSED,
    (S.PAUSED, S.COMPLETED): S.COMPLETED,
    (S.PAUSED, S.FAILED): S.FAILED,
    (S.PAUSED, S.CANCELLED): S.CANCELLED,
    (S.PAUSED, S.CRASHED): S.CRASHED,
    (S.CANCELLING, S.PENDING): S.CANCELLING,
    (S.CANCELLING, S.RUNNING): S.CANCELLING,
    (S.CANCELLING, S.PAUSED): S.CANCELLING,
    (S.CANCELLING, S.COMPLETED): S.COMPLETED,
    (S.CANCELLING, S.FAILED): S.CANCELLED,
    (S.CANCELLING, S.CANCELLED): S.CANCELLED,
    (S.CANCELLING, S.CRASHED): S.CANCELLED,
}


def test_the_cases_are_all_there() -> None:
    assert set(REPORTED_IN) == {(state, reported) for state in LEASED for reported in REPORTABLE}


@pytest.mark.parametrize(("state", "reported"), REPORTED_IN, ids=lambda state: state.name)
def test_what_a_holder_reports_without_retries_and_restarts(state: StateType, reported: StateType) -> None:
    run = run_in(state)

    decision = decide(run, report_of(reported))

    destination = REPORTED_IN[state, reported]
    if destination is None:
        assert (decision.verdict, decision.facts, decision.passed) == (ReportVerdict.INVALID, run, ())
        return
    assert decision.verdict == ReportVerdict.ACCEPTED
    assert decision.facts.state.type == destination
    assert (decision.facts.version, decision.facts.token, decision.facts.report_sequence) == (6, 3, 2)
    assert decision.passed == (decision.facts,)


def test_a_holders_words_are_kept() -> None:
    failure = Failure("ValueError", "no rows", "trace")

    state = decide(run_in(S.RUNNING), report_of(S.FAILED, name="NoRows", message="m", failure=failure)).facts.state

    assert (state.name, state.message, state.failure, state.time) == ("NoRows", "m", failure, LATER)


def test_times_and_attempts() -> None:
    running = decide(run_in(S.PENDING), report_of(S.RUNNING)).facts
    ended = decide(running, report_of(S.COMPLETED, sequence=3)).facts

    assert (running.attempt, running.start_time, running.end_time) == (1, LATER, None)
    assert (ended.attempt, ended.start_time, ended.end_time) == (1, LATER, LATER)


def test_a_run_that_never_reported_its_start_has_spent_an_attempt_when_it_ends() -> None:
    assert decide(run_in(S.PENDING), report_of(S.COMPLETED)).facts.attempt == 1
    assert decide(run_in(S.PENDING), report_of(S.CRASHED)).facts.attempt == 0


def test_failures_are_retried_until_the_cap() -> None:
    policy = RetryPolicy(max_retries=2, delays=(timedelta(seconds=10), timedelta(seconds=20)), jitter_factor=0.5)
    run = run_in(S.RUNNING, retry_policy=policy)

    first = decide(run, report_of(S.FAILED), chance=0.5).facts
    second = decide(replace(run, retries_used=1), report_of(S.FAILED)).facts
    third = decide(replace(run, retries_used=2), report_of(S.FAILED)).facts

    assert (first.state.type, first.state.name, first.retries_used) == (S.SCHEDULED, "AwaitingRetry", 1)
    assert first.scheduled_time == LATER + timedelta(seconds=12.5)
    assert (second.retries_used, second.scheduled_time) == (2, LATER + timedelta(seconds=20))
    assert (third.state.type, third.retries_used) == (S.FAILED, 2)


@pytest.mark.parametrize(("retryable", "state"), [(None, S.SCHEDULED), (True, S.SCHEDULED), (False, S.FAILED)])
def test_a_failure_that_trying_again_cannot_help_is_final(retryable: bool | None, state: StateType) -> None:
    run = run_in(S.RUNNING, retry_policy=RetryPolicy(max_retries=1))

    decision = decide(run, report_of(S.FAILED, failure=Failure("E", retryable=retryable)))

    assert decision.facts.state.type == state


def test_crashes_are_restarted_until_the_cap_and_counted_apart() -> None:
    recovery = RecoveryPolicy(crash_restarts=1)
    run = run_in(S.RUNNING, retry_policy=RetryPolicy(max_retries=5), recovery_policy=recovery, retries_used=3)

    first = decide(run, report_of(S.CRASHED)).facts
    second = decide(replace(run, crash_restarts_used=1), report_of(S.CRASHED)).facts

    assert (first.state.type, first.state.name) == (S.SCHEDULED, "AwaitingRestart")
    assert (first.crash_restarts_used, first.retries_used, first.scheduled_time) == (1, 3, LATER)
    assert (second.state.type, second.crash_restarts_used, second.retries_used) == (S.CRASHED, 1, 3)


@pytest.mark.parametrize("reported", [S.FAILED, S.CRASHED, S.CANCELLED], ids=lambda state: state.name)
def test_cancel_wins_over_failures_retries_and_restarts(reported: StateType) -> None:
    run = run_in(
        S.CANCELLING, retry_policy=RetryPolicy(max_retries=5), recovery_policy=RecoveryPolicy(crash_restarts=5)
    )

    after = decide(run, report_of(reported)).facts

    assert after.state.type == S.CANCELLED
    assert (after.retries_used, after.crash_restarts_used) == (0, 0)


@pytest.mark.parametrize("state", [S.PENDING, S.RUNNING, S.PAUSED], ids=lambda state: state.name)
def test_a_crash_that_is_reported_is_restarted_where_that_is_allowed(state: StateType) -> None:
    """Also before the process could say that it runs: its code may have."""
    run = run_in(state, recovery_policy=RecoveryPolicy(crash_restarts=1))

    once = decide(run, report_of(S.CRASHED)).facts
    twice = decide(replace(run, crash_restarts_used=1), report_of(S.CRASHED)).facts

    assert (once.state.type, once.state.name, once.crash_restarts_used) == (S.SCHEDULED, "AwaitingRestart", 1)
    assert (twice.state.type, twice.crash_restarts_used) == (S.CRASHED, 1)


def test_a_run_that_finished_before_the_stop_reached_it_has_completed() -> None:
    assert decide(run_in(S.CANCELLING), report_of(S.COMPLETED)).facts.state.type == S.COMPLETED


LOST = {
    (S.PENDING, 0): Event.REQUEUE,
    (S.RUNNING, 0): Event.CRASH,
    (S.PAUSED, 0): Event.CRASH,
    (S.CANCELLING, 0): Event.STOP,
    (S.PENDING, 2): Event.REQUEUE,
    (S.RUNNING, 2): Event.RESTART,
    (S.PAUSED, 2): Event.RESTART,
    (S.CANCELLING, 2): Event.STOP,
}


@pytest.mark.parametrize(("state", "restarts"), LOST)
def test_losing_contact_is_not_failing(state: StateType, restarts: int) -> None:
    recovery = RecoveryPolicy(crash_restarts=restarts)
    run = run_in(state, recovery_policy=recovery, retry_policy=RetryPolicy(max_retries=9))

    assert contact_lost(run) == LOST[state, restarts]
    after, step = lose(run, now=LATER, message="silence")
    assert step.event == LOST[state, restarts]
    assert after.lost_from == (None if state == S.CANCELLING else state)
    assert (after.token, after.retries_used, after.state.message) == (3, 0, "silence")


@pytest.mark.parametrize("state", [S.SCHEDULED, *sorted(TERMINAL)], ids=lambda state: state.name)
def test_who_has_no_holder_cannot_lose_it(state: StateType) -> None:
    with pytest.raises(ValueError, match="no holder"):
        lose(run_in(state), now=LATER, message="")


@pytest.mark.parametrize("phase", LeasePhase)
@pytest.mark.parametrize("restarts", [0, 2])
def test_a_process_that_was_alive_has_begun_though_nobody_reported_it(phase: LeasePhase, restarts: int) -> None:
    run = run_in(S.PENDING, recovery_policy=RecoveryPolicy(crash_restarts=restarts))

    passed = fall_silent(run, phase, now=LATER, message="silence")

    if phase == LeasePhase.STARTING:
        assert [(each.state.type, each.attempt, each.lost_from) for each in passed] == [(S.SCHEDULED, 0, S.PENDING)]
        return
    lost = S.SCHEDULED if restarts else S.CRASHED
    assert [(each.state.type, each.attempt) for each in passed] == [(S.RUNNING, 1), (lost, 1)]
    assert (passed[-1].lost_from, passed[-1].crash_restarts_used) == (S.RUNNING, 1 if restarts else 0)
    # Who comes back has it again, and its report counts.
    back = decide_report(passed[-1], report_of(S.RUNNING), now=LATER, chance=0.0)
    assert (back.verdict, back.facts.state.type, back.facts.attempt) == (ReportVerdict.ACCEPTED, S.RUNNING, 1)


def test_a_run_given_back_keeps_its_place_and_its_attempts() -> None:
    run = run_in(S.PENDING, scheduled_time=NOW - timedelta(hours=1))

    after, _ = lose(run, now=LATER, message="")

    assert (after.scheduled_time, after.attempt, after.retries_used, after.crash_restarts_used) == (
        run.scheduled_time,
        0,
        0,
        0,
    )


@pytest.mark.parametrize(
    ("state", "restarts", "back"),
    [
        (S.PENDING, 0, S.PENDING),
        (S.RUNNING, 0, S.RUNNING),
        (S.PAUSED, 0, S.RUNNING),
        (S.RUNNING, 1, S.RUNNING),
        (S.PAUSED, 1, S.RUNNING),
    ],
)
def test_a_holder_that_comes_back_has_its_run_again(state: StateType, restarts: int, back: StateType) -> None:
    run = run_in(state, recovery_policy=RecoveryPolicy(crash_restarts=restarts))
    lost, _ = lose(run, now=LATER, message="")

    returned = reclaim(lost, now=LATER)

    assert returned is not None
    again = returned[0]
    assert (again.state.type, again.token, again.lost_from, again.end_time) == (back, 3, None, None)
    assert (again.crash_restarts_used, again.attempt) == (0, run.attempt)
    assert again.version == run.version + 2


@pytest.mark.parametrize("state", StateType, ids=lambda state: state.name)
def test_who_was_not_lost_is_not_reclaimed(state: StateType) -> None:
    assert reclaim(run_in(state), now=LATER) is None


@pytest.mark.parametrize("event", [Event.RERUN, Event.REQUEST_CANCEL, Event.GRANT], ids=lambda event: event.name)
def test_what_happens_since_to_a_lost_run_ends_its_holders_claim(event: Event) -> None:
    restarts = 0 if event == Event.RERUN else 1
    run = run_in(S.RUNNING, recovery_policy=RecoveryPolicy(crash_restarts=restarts))
    lost, _ = lose(run, now=LATER, message="")
    step = transition(lost.state.type, event)
    assert step is not None

    since = apply(lost, step, now=LATER)

    assert since.lost_from is None
    assert reclaim(since, now=LATER) is None
    assert decide(since, report_of(S.COMPLETED)).verdict in {ReportVerdict.LOST, ReportVerdict.INVALID}


@pytest.mark.parametrize(("reported", "passed"), [(S.COMPLETED, 2), (S.FAILED, 2), (S.RUNNING, 2), (S.PENDING, 0)])
def test_a_report_of_a_lost_holder_reclaims_first(reported: StateType, passed: int) -> None:
    lost, _ = lose(run_in(S.RUNNING), now=LATER, message="")

    decision = decide(lost, report_of(reported))

    assert len(decision.passed) == passed
    if passed:
        assert decision.verdict == ReportVerdict.ACCEPTED
        assert [facts.state.type for facts in decision.passed] == [S.RUNNING, reported]
        assert [facts.version for facts in decision.passed] == [lost.version + 1, lost.version + 2]
    else:
        assert decision.verdict == ReportVerdict.INVALID


def test_a_grant_raises_the_token_and_begins_a_new_count_of_reports() -> None:
    run = run_in(S.SCHEDULED, report_sequence=8)
    step = transition(S.SCHEDULED, Event.GRANT)
    assert step is not None

    granted = apply(run, step, now=LATER)

    assert (granted.token, granted.report_sequence, granted.attempt) == (4, 0, 0)


def test_a_rerun_keeps_the_first_start_and_is_due_at_once() -> None:
    run = run_in(S.FAILED, start_time=NOW, scheduled_time=NOW - timedelta(days=1))
    step = transition(S.FAILED, Event.RERUN)
    assert step is not None

    again = apply(run, step, now=LATER)

    assert (again.state.type, again.start_time, again.end_time, again.scheduled_time) == (S.SCHEDULED, NOW, None, LATER)


def test_a_report_that_had_to_wait_counts_from_when_its_state_was_entered() -> None:
    run = run_in(S.RUNNING)
    late = replace(report_of(S.COMPLETED), age=timedelta(seconds=3))

    decision = decide(run, late)

    assert decision.facts.end_time == decision.facts.state.time == LATER - timedelta(seconds=3)


def test_no_report_counts_from_before_the_state_that_it_follows() -> None:
    run = run_in(S.RUNNING)
    older = replace(report_of(S.COMPLETED), age=timedelta(days=1))

    assert decide(run, older).facts.end_time == run.state.time
