"""Invariants 1 to 3: one current token, which guards every write, and which a takeover changes."""

import asyncio
from datetime import UTC, datetime

from orch_server.application.creation import Parent
from orch_server.application.task_runs import TaskReports, TaskRuns
from orch_server.domain.leases import LeaseVerdict
from orch_server.domain.runs import ReportVerdict
from orch_server.domain.states import StateType
from orch_server.storage.flow_runs import SqlFlowRuns
from orch_server.storage.leases import SqlLeases
from orch_server.storage.opening import OpenStore, open_store
from tests.conformance.conftest import Server
from tests.simulation.scene import (
    Scene,
    after_next,
    append,
    before_next,
    calm,
    refusal,
    seconds,
    succession,
)
from tests.support.clock import FakeClock
from tests.support.plane import TTL_SECONDS, Plane

S = StateType
V = ReportVerdict


# 1. At most one current token per run; the database decides, and only its clock compares expiry.


async def one_current_token(scene: Scene) -> None:
    """A leased run is granted to nobody else, and each grant has a token of its own, higher than all before."""
    plane = await scene.plane()
    session, tokens = await plane.open(), list[int]()
    run = await plane.create()
    for _ in range(3):
        [held] = await calm(plane.acquire(session))
        assert await calm(plane.acquire(session)) == []
        assert (await plane.get(run.id)).facts.token == held.token
        tokens.append(held.token)
        await plane.assert_sound()
        await plane.release(held)
    assert tokens == sorted(set(tokens))


async def a_run_picked_here_is_not_granted_there(scene: Scene) -> None:
    """Another server that looks for runs between the pick and the grant finds none."""
    plane = await scene.plane()
    here, there = await plane.open("here"), await plane.open("there")
    run = await plane.create()
    rival = scene.elsewhere(lambda other: other.acquire(there))

    with before_next(SqlFlowRuns, "change", rival.go):
        granted = await calm(plane.acquire(here))

    assert [held.run_id for held in granted] == [run.id]
    assert rival.results in ([], [[]])
    await plane.assert_sound()


async def racing_servers_grant_each_run_once(scene: Scene) -> None:
    """Many workers of two servers, at once, round after round."""
    planes = [await scene.plane(), await scene.plane()]
    sessions = [await plane.open() for plane in planes for _ in range(3)]
    for _ in range(8):
        runs = {run.id for run in await planes[0].create_many(12)}
        polls = [planes[n % 2].acquire(session, 4) for n, session in enumerate(sessions)]
        answers = await asyncio.gather(*(calm(poll) for poll in polls))
        granted = [held.run_id for answer in answers for held in answer]
        assert len(granted) == len(set(granted))
        rest = await calm(planes[0].acquire(sessions[0], 12))
        assert set(granted) | {held.run_id for held in rest} == runs
    await planes[0].assert_sound()


async def only_the_databases_clock_counts(scene: Scene) -> None:
    """A server whose own clock is an hour fast ends nobody's lease."""
    opened = [
        open_server_with(scene.url, FakeClock(datetime.now(UTC) + ahead)) for ahead in (seconds(0), seconds(3600))
    ]
    planes = [Plane(Server(each.store, each.database, each.wakeups), scene.clock) for each in opened]
    try:
        right, fast = [await plane.start() for plane in planes]
        session = await right.open()
        held = await right.running(session)
        for _ in range(2):
            await right.beat(session, held)
            await fast.sweep()
        assert await right.state(held.run_id) == S.RUNNING
    finally:
        for plane, each in zip(planes, opened, strict=True):
            await plane.close()
            await each.close()


def open_server_with(url: str, clock: FakeClock) -> OpenStore:
    """A server's store, as the server itself opens it, on a machine whose clock is the one given."""
    return open_store(url, clock)


# 2. Every write by a holder is guarded by its token. An old token is told LOST, and nothing is written.


async def an_old_token_renews_nothing(scene: Scene) -> None:
    """The old holder's heartbeat."""
    plane = await scene.plane()
    both = await succession(plane)
    before = await plane.lease_of(both.new.run_id)
    plane.clock.advance(seconds(3))

    verdict = (await plane.verdict(await plane.open(), both.old)).verdict

    after = await plane.lease_of(both.new.run_id)
    assert verdict == LeaseVerdict.LOST
    assert before is not None
    assert after is not None
    assert after.lease == before.lease


async def an_old_token_reports_nothing(scene: Scene) -> None:
    """The old holder's last word."""
    plane = await scene.plane()
    both = await succession(plane)
    before = await plane.get(both.new.run_id)

    assert (await plane.report(both.old, 9, S.COMPLETED)).verdict == V.LOST
    assert await plane.get(both.new.run_id) == before


async def an_old_token_releases_nothing(scene: Scene) -> None:
    """The old holder gives back what it does not have."""
    plane = await scene.plane()
    both = await succession(plane, running=False)
    before = await plane.get(both.new.run_id)

    assert (await plane.release(both.old)).verdict == V.LOST
    assert await plane.get(both.new.run_id) == before


async def an_old_token_adopts_nothing(scene: Scene) -> None:
    """The old holder's process starts late."""
    plane = await scene.plane()
    both = await succession(plane, running=False)
    assert await refusal(plane.adopt(both.old)) == "LEASE_LOST"
    await plane.adopt(both.new)


async def an_old_token_reclaims_nothing(scene: Scene) -> None:
    """The run was lost twice since: its second holder may have it back, not its first."""
    plane = await scene.plane()
    both = await succession(plane)
    await plane.pass_time(TTL_SECONDS)
    assert await plane.state(both.new.run_id) == S.CRASHED

    assert (await plane.verdict(await plane.open(), both.old)).verdict == LeaseVerdict.LOST
    assert await plane.state(both.new.run_id) == S.CRASHED


async def an_old_token_logs_nothing(scene: Scene) -> None:
    """The old holder's lines."""
    plane = await scene.plane()
    both = await succession(plane)

    assert (await append(plane, both.old, 0, 3)).verdict == V.LOST
    assert (await append(plane, both.new, 0, 2)).committed_offset == 2


async def an_old_token_reports_no_task_runs(scene: Scene) -> None:
    """The old holder's task runs."""
    plane = await scene.plane()
    both = await succession(plane)
    reports = TaskReports(both.old.run_id, both.old.token, ())

    assert await TaskRuns(plane.store).report(reports) == V.LOST


async def an_old_token_starts_no_child(scene: Scene) -> None:
    """The old holder goes on and starts a child run."""
    plane = await scene.plane()
    both = await succession(plane)
    assert await refusal(plane.create(parent=Parent(both.old.run_id, both.old.token, None))) == "LEASE_LOST"
    assert len(await plane.all_runs()) == 1
    await plane.create(parent=Parent(both.new.run_id, both.new.token, None))


# 3. Takeover changes the token in the same statement that finds the lease expired.


async def a_renewal_that_came_first_counts(scene: Scene) -> None:
    """The holder renews after the sweeper has seen its lease overdue, and before the sweeper ends it."""
    plane = await scene.plane()
    session = await plane.open()
    held = await plane.running(session)
    await plane.pass_time(TTL_SECONDS - 1)
    plane.clock.advance(seconds(1))
    renewal = scene.elsewhere(lambda other: other.verdict(session, held))

    with after_next(SqlLeases, "expired", renewal.go):
        await calm(plane.sweep())

    if renewal.results:
        assert renewal.results[0].verdict == LeaseVerdict.OK
        assert await plane.state(held.run_id) == S.RUNNING
    else:  # the sweeper shut everybody out until it was done
        assert await plane.state(held.run_id) == S.CRASHED
    await plane.assert_sound()


async def what_was_taken_over_has_a_new_token(scene: Scene) -> None:
    """Whoever gets an expired run has a token that the old holder does not."""
    plane = await scene.plane()
    both = await succession(plane)

    assert both.new.token > both.old.token
    assert [change.token for change in await plane.history(both.new.run_id)] == [0, 1, 1, 1, 2, 2]
    assert (await plane.verdict(None, both.old)).verdict == LeaseVerdict.LOST
