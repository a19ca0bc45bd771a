"""The lives of runs of no pool: heartbeats, lost contact, coming back, cancelling. No worker ever gets one."""

from datetime import timedelta
from uuid import uuid4

import pytest

from orch_server.application.errors import FailedPrecondition
from orch_server.application.late_runs import mark_late_runs
from orch_server.application.telemetry import NoTelemetry
from orch_server.background.retention import Retention, RetentionPeriods
from orch_server.domain.leases import LeasePhase, LeaseVerdict
from orch_server.domain.policies import RecoveryPolicy
from orch_server.domain.results import Result
from orch_server.domain.runs import ReportVerdict
from orch_server.domain.states import Failure, StateType
from tests.support.plane import TTL_SECONDS, Plane, new_holder

S = StateType
RESTARTS = RecoveryPolicy(crash_restarts=1)


async def test_a_process_keeps_its_lease_without_a_session(plane: Plane) -> None:
    held = await plane.begun(holder=new_holder(ttl_seconds=3))
    for _ in range(5):
        await plane.pass_time(2)
        synced = await plane.verdict(None, held)
        assert (synced.verdict, synced.ttl) == (LeaseVerdict.OK, timedelta(seconds=3))

    assert await plane.passed(held.run_id) == [S.RUNNING]


async def test_the_answer_paces_by_the_holders_own_ttl(plane: Plane) -> None:
    held = await plane.begun(holder=new_holder(ttl_seconds=60))

    assert timedelta(seconds=20) <= (await plane.beat(None, held)).next_sync <= timedelta(seconds=30)


async def test_its_end_is_reported_like_any_other(plane: Plane) -> None:
    held = await plane.begun()
    result = Result(b"42", "", "application/json", 2)

    assert (await plane.report(held, 1, S.COMPLETED, result=result)).verdict == ReportVerdict.ACCEPTED
    assert (await plane.report(held, 1, S.COMPLETED, result=result)).verdict == ReportVerdict.DUPLICATE

    run = await plane.get(held.run_id)
    assert (run.facts.state.type, run.result) == (S.COMPLETED, result)
    assert await plane.live() == []
    await plane.assert_sound()


async def test_a_failure_is_the_end(plane: Plane) -> None:
    """Retries are made inside the process."""
    held = await plane.begun(recovery_policy=RESTARTS)

    await plane.report(held, 1, S.FAILED, failure=Failure("ValueError", "no", retryable=True))

    assert await plane.state(held.run_id) == S.FAILED


async def test_a_run_that_has_started_cannot_be_given_back(plane: Plane) -> None:
    held = await plane.begun()

    assert (await plane.release(held)).verdict == ReportVerdict.INVALID
    assert await plane.state(held.run_id) == S.RUNNING


async def test_lost_contact_is_a_crash(plane: Plane) -> None:
    held = await plane.begun()

    assert (await plane.pass_time(TTL_SECONDS - 1)).expired == 0
    assert (await plane.pass_time(1)).expired == 1

    assert await plane.state(held.run_id) == S.CRASHED
    await plane.assert_sound()


async def test_lost_contact_awaits_a_restart_where_the_flow_asked_for_that(plane: Plane) -> None:
    held = await plane.begun(recovery_policy=RESTARTS)

    await plane.pass_time(TTL_SECONDS)

    run = await plane.get(held.run_id)
    assert (run.facts.state.type, run.facts.state.name) == (S.SCHEDULED, "AwaitingRestart")
    assert run.facts.crash_restarts_used == 1
    await plane.assert_sound()


async def test_no_worker_gets_a_run_that_awaits_its_process(plane: Plane) -> None:
    held = await plane.begun(recovery_policy=RESTARTS)
    await plane.pass_time(TTL_SECONDS)
    session = await plane.open()

    assert await plane.acquire(session) == []

    queued = await plane.create()
    assert [each.run_id for each in await plane.acquire(session, 5)] == [queued.id]
    assert await plane.state(held.run_id) == S.SCHEDULED


async def test_a_run_that_awaits_its_process_is_never_late(plane: Plane) -> None:
    held = await plane.begun(recovery_policy=RESTARTS)
    queued = await plane.create()
    await plane.pass_time(TTL_SECONDS)
    plane.clock.advance(timedelta(hours=1))

    marked = await plane.store.write(lambda tx: mark_late_runs(tx, threshold=timedelta(seconds=15), limit=10))

    assert marked.marked == 1
    assert (await plane.get(queued.id)).facts.state.name == "Late"
    assert (await plane.get(held.run_id)).facts.state.name == "AwaitingRestart"


async def test_it_counts_in_no_pools_numbers(plane: Plane) -> None:
    await plane.begun()
    await plane.begun(recovery_policy=RESTARTS, holder=new_holder(ttl_seconds=1))
    await plane.pass_time(1)

    depths = await plane.store.read(lambda tx: tx.meters.queue_depths(most=10, queues=10))
    held = await plane.store.read(lambda tx: tx.meters.held_leases(most=10))

    assert [(each.work_pool_name, each.runs) for each in depths] == [("default", 0)]
    assert [(each.work_pool_name, each.leases) for each in held] == [("", 1), ("default", 0)]


async def test_a_pools_limit_does_not_count_it(plane: Plane) -> None:
    await plane.limit_pool(1)
    await plane.begun()
    await plane.create()

    assert len(await plane.acquire(await plane.open())) == 1


@pytest.mark.parametrize("recovery", [RecoveryPolicy(), RESTARTS], ids=["crashed", "awaiting restart"])
async def test_a_holder_that_was_asleep_has_its_run_and_its_ttl_again(plane: Plane, recovery: RecoveryPolicy) -> None:
    holder = new_holder(ttl_seconds=40)
    held = await plane.begun(recovery_policy=recovery, holder=holder)
    await plane.pass_time(41)
    assert await plane.live() == []

    synced = await plane.verdict(None, held)

    assert (synced.verdict, synced.ttl) == (LeaseVerdict.OK, timedelta(seconds=40))
    run = await plane.get(held.run_id)
    assert (run.facts.state.type, run.facts.token, run.facts.crash_restarts_used) == (S.RUNNING, 1, 0)
    view = await plane.lease_of(held.run_id)
    assert view is not None
    assert (view.lease.adopter_id, view.lease.work_pool_id, view.lease.phase) == (holder.id, None, LeasePhase.RUNNING)
    await plane.assert_sound()


async def test_a_report_of_a_holder_that_was_asleep_counts(plane: Plane) -> None:
    held = await plane.begun()
    await plane.pass_time(TTL_SECONDS)

    assert (await plane.report(held, 1, S.PAUSED)).verdict == ReportVerdict.ACCEPTED

    assert await plane.passed(held.run_id) == [S.RUNNING, S.CRASHED, S.RUNNING, S.PAUSED]
    await plane.assert_sound()


async def test_an_outage_of_the_control_plane_loses_nobody(plane: Plane) -> None:
    held = await plane.begun()
    plane.clock.advance(timedelta(hours=1))

    assert (await plane.sweep()).extended == 1
    assert await plane.state(held.run_id) == S.RUNNING


async def test_a_cancel_reaches_its_holder_by_the_next_heartbeat(plane: Plane) -> None:
    held = await plane.begun()

    assert (await plane.cancel(held.run_id)).facts.state.type == S.CANCELLING
    assert (await plane.verdict(None, held)).verdict == LeaseVerdict.CANCEL
    await plane.report(held, 1, S.CANCELLED)

    assert await plane.passed(held.run_id) == [S.RUNNING, S.CANCELLING, S.CANCELLED]
    assert (await plane.verdict(None, held)).verdict == LeaseVerdict.FINISHED


async def test_a_cancelled_run_whose_process_dies_is_cancelled(plane: Plane) -> None:
    held = await plane.begun(recovery_policy=RESTARTS)
    await plane.cancel(held.run_id)

    await plane.pass_time(TTL_SECONDS)

    assert await plane.state(held.run_id) == S.CANCELLED


async def test_a_run_that_awaits_its_process_is_cancelled_at_once(plane: Plane) -> None:
    held = await plane.begun(recovery_policy=RESTARTS)
    await plane.pass_time(TTL_SECONDS)

    assert (await plane.cancel(held.run_id)).facts.state.type == S.CANCELLED


async def test_its_process_may_say_again_that_it_holds_it(plane: Plane) -> None:
    """Some launch runs by AdoptLease, whoever started them: for the process it makes no difference."""
    holder = new_holder()
    held = await plane.begun(holder=holder)

    assert (await plane.adopt(held, holder.id)).lease.token == 1
    with pytest.raises(FailedPrecondition) as refused:
        await plane.adopt(held, uuid4())
    assert refused.value.reason == "ALREADY_ADOPTED"


async def test_a_retry_has_no_pool_to_queue_it_in(plane: Plane) -> None:
    held = await plane.begun()
    await plane.report(held, 1, S.FAILED)

    with pytest.raises(FailedPrecondition, match=r"Run the script again.*ResumeFlowRun") as refused:
        await plane.retry(held.run_id)

    assert refused.value.reason == "RUN_HAS_NO_POOL"
    assert await plane.state(held.run_id) == S.FAILED


async def test_it_goes_when_it_is_old(plane: Plane) -> None:
    ended, awaiting = await plane.begun(), await plane.begun(recovery_policy=RESTARTS)
    await plane.report(ended, 1, S.COMPLETED)
    await plane.pass_time(TTL_SECONDS)
    plane.clock.advance(timedelta(days=400))

    await Retention(plane.store, RetentionPeriods(), NoTelemetry()).run_once()

    assert [run.id for run in await plane.all_runs()] == [awaiting.run_id]


async def test_leases_of_one_run_can_be_asked_for(plane: Plane) -> None:
    held, _ = await plane.begun(), await plane.begun()

    found = await plane.store.read(
        lambda tx: tx.leases.page(work_pool_id=None, session_id=None, flow_run_id=held.run_id, before=None, limit=5)
    )

    assert [view.lease.flow_run_id for view in found] == [held.run_id]
