"""Runs that a process runs itself: how they begin, and who may take them up again."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch_server.domain.lateness import mark_late
from orch_server.domain.leases import LeasePhase, ProcessHolder, process_lease
from orch_server.domain.policies import RecoveryPolicy
from orch_server.domain.process_runs import ResumeRefusal, begin, create_time_near, refuse_resume, resume
from orch_server.domain.runs import lose
from orch_server.domain.states import LEASED, StateType
from tests.unit.domain.run_support import NOW, RUN_ID, run_in

S = StateType
SPANS = st.timedeltas(timedelta(days=-10), timedelta(days=10))
HOLDER = ProcessHolder(UUID(int=9), "host/boot/7/100", timedelta(seconds=40))


def test_it_begins_running_under_its_first_token() -> None:
    recovery = RecoveryPolicy(crash_restarts=2)

    run = begin(RUN_ID, recovery, begin_time=NOW)

    assert (run.state.type, run.state.name, run.state.time) == (S.RUNNING, "Running", NOW)
    assert (run.version, run.token, run.attempt, run.report_sequence) == (1, 1, 1, 0)
    assert (run.start_time, run.scheduled_time, run.end_time) == (NOW, NOW, None)
    assert (run.work_pool_id, run.recovery_policy, run.retry_policy.max_retries) == (None, recovery, 0)


def test_its_lease_is_its_processes_alone() -> None:
    lease = process_lease(RUN_ID, 3, HOLDER, now=NOW)

    assert (lease.token, lease.adopter_id, lease.session_id, lease.phase) == (3, HOLDER.id, None, LeasePhase.RUNNING)
    assert (lease.work_pool_id, lease.work_queue_id, lease.deployment_id) == (None, None, None)
    assert (lease.ttl, lease.grant_time, lease.expire_time) == (HOLDER.lease_ttl, NOW, NOW + HOLDER.lease_ttl)


@given(clock=SPANS)
def test_a_run_counts_as_created_when_it_began_and_near_its_id(clock: timedelta) -> None:
    created = create_time_near(NOW + clock, NOW)

    assert abs(created - (NOW + clock)) <= timedelta(seconds=30)
    assert abs(created - NOW) == max(abs(clock) - timedelta(seconds=30), timedelta())


@pytest.mark.parametrize("state", StateType, ids=lambda state: state.name)
def test_who_may_take_a_run_up_again(state: StateType) -> None:
    alone = run_in(state, work_pool_id=None)

    assert refuse_resume(run_in(state), expected_token=3) == ResumeRefusal.POOL_RUN
    assert refuse_resume(alone, expected_token=2) == ResumeRefusal.LEASE_LOST
    assert refuse_resume(alone, expected_token=4) == ResumeRefusal.LEASE_LOST
    ended = state == S.COMPLETED
    assert refuse_resume(alone, expected_token=3) == (ResumeRefusal.RUN_ENDED if ended else None)


@pytest.mark.parametrize("state", [S.SCHEDULED, S.FAILED, S.CANCELLED, S.CRASHED], ids=lambda state: state.name)
def test_a_run_is_taken_up_under_a_new_token_for_one_more_attempt(state: StateType) -> None:
    began = NOW - timedelta(hours=1)
    run = run_in(state, work_pool_id=None, attempt=2, start_time=began, lost_from=S.RUNNING, crash_restarts_used=1)

    again = resume(run, now=NOW)

    assert (again.state.type, again.token, again.attempt, again.version) == (S.RUNNING, 4, 3, 6)
    assert (again.start_time, again.end_time, again.lost_from) == (began, None, None)
    assert (again.report_sequence, again.crash_restarts_used) == (0, 1)


@pytest.mark.parametrize("state", sorted({*LEASED, S.COMPLETED}), ids=lambda state: state.name)
def test_a_run_that_somebody_holds_or_that_is_completed_is_not_taken_up(state: StateType) -> None:
    with pytest.raises(ValueError, match=state.name):
        resume(run_in(state, work_pool_id=None), now=NOW)


@pytest.mark.parametrize("state", sorted(LEASED), ids=lambda state: state.name)
def test_whoever_is_lost_leaves_a_run_that_can_be_taken_up(state: StateType) -> None:
    for recovery in (RecoveryPolicy(), RecoveryPolicy(crash_restarts=1)):
        lost, _ = lose(run_in(state, work_pool_id=None, recovery_policy=recovery), now=NOW, message="")

        assert resume(lost, now=NOW).state.type == S.RUNNING


def test_it_is_never_late() -> None:
    """No worker is to blame."""
    hour = timedelta(hours=1)
    run = run_in(S.SCHEDULED, scheduled_time=NOW - hour)

    assert (
        mark_late(run_in(S.SCHEDULED, scheduled_time=NOW - hour, work_pool_id=None), now=NOW, threshold=hour / 2)
        is None
    )
    assert mark_late(run, now=NOW, threshold=hour / 2) is not None
