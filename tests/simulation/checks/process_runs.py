"""What the invariants of leases say of runs that their own processes start: more of the other checks."""

from datetime import timedelta

from orch_server.application.creation import Parent
from orch_server.domain.leases import LeaseVerdict
from orch_server.domain.runs import ReportVerdict
from orch_server.domain.states import StateType
from orch_server.storage.leases import SqlLeases
from tests.simulation.scene import RESTARTED_ONCE, Scene, before_next, refusal, seconds
from tests.support.plane import TTL_SECONDS, Held, Plane, new_holder

S = StateType


async def _taken_up(plane: Plane) -> tuple[Held, Held]:
    """A run as the process knows it that was lost, and as the one does that took it up."""
    old = await plane.begun()
    await plane.pass_time(TTL_SECONDS)
    new = await plane.resume(old)
    return old, Held(old.run_id, new.lease.token)


async def an_old_token_starts_no_run_of_its_own(scene: Scene) -> None:
    """2. The process that was replaced goes on and starts a child run."""
    plane = await scene.plane()
    old, new = await _taken_up(plane)

    child = plane.new_process_run(parent=Parent(old.run_id, old.token, None))

    assert await refusal(plane.begin(child)) == "LEASE_LOST"
    assert [run.id for run in await plane.all_runs()] == [old.run_id]
    await plane.begin(plane.new_process_run(parent=Parent(new.run_id, new.token, None)))


async def an_old_token_takes_nothing_up(scene: Scene) -> None:
    """2. Two processes find the same dead run; the second to come knows of the first one's holder only."""
    plane = await scene.plane()
    old, new = await _taken_up(plane)

    assert await refusal(plane.resume(old, take_over=True)) == "LEASE_LOST"
    assert (await plane.verdict(None, new)).verdict == LeaseVerdict.OK


async def what_was_taken_up_has_a_new_token(scene: Scene) -> None:
    """3. The process that was replaced hears so, whatever it does."""
    plane = await scene.plane()
    old, new = await _taken_up(plane)

    assert (await plane.verdict(None, old)).verdict == LeaseVerdict.LOST
    assert (await plane.report(old, 1, S.COMPLETED)).verdict == ReportVerdict.LOST
    assert (await plane.report(new, 1, S.COMPLETED)).verdict == ReportVerdict.ACCEPTED
    await plane.assert_sound()


async def a_renewal_before_a_resumption_counts(scene: Scene) -> None:
    """3. The holder renews after its lease was seen overdue, and before it ends."""
    plane = await scene.plane()
    held = await plane.begun()
    await plane.pass_time(TTL_SECONDS - 1)
    plane.clock.advance(seconds(1))
    renewal = scene.elsewhere(lambda other: other.verdict(None, held))

    with before_next(SqlLeases, "drop_expired", renewal.go):
        refused = await refusal(plane.resume(held))

    assert refused == ("RUN_HELD" if renewal.results else "")
    await plane.assert_sound()


async def a_process_that_comes_back_has_its_run_again(scene: Scene) -> None:
    """7. The laptop was asleep for longer than its lease; for the next one it has as long as for the first."""
    plane = await scene.plane()
    for recovery in ({}, {"recovery_policy": RESTARTED_ONCE}):
        held = await plane.begun(holder=new_holder(ttl_seconds=40), **recovery)
        await plane.pass_time(41)

        synced = await plane.verdict(None, held)

        assert (synced.verdict, synced.ttl) == (LeaseVerdict.OK, timedelta(seconds=40))
        assert await plane.state(held.run_id) == S.RUNNING
        await plane.assert_sound()


async def an_outage_lets_nobody_be_replaced(scene: Scene) -> None:
    """9. Nobody could renew for an hour: nobody's lease has expired."""
    plane = await scene.plane()
    held = await plane.begun()
    plane.clock.advance(timedelta(hours=1))

    assert await refusal(plane.resume(held)) == "RUN_HELD"
    assert (await plane.verdict(None, held)).verdict == LeaseVerdict.OK
