"""A worker that dies and comes back, sessions that are gone, and how a worker ends."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orch_client.leases import LeaseKey
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_proto.v1.lease_service_pb2 import ListLeasesRequest
from orch_proto.v1.policy_pb2 import RecoveryPolicy
from orch_proto.v1.state_pb2 import (
    STATE_TYPE_CANCELLED,
    STATE_TYPE_COMPLETED,
    STATE_TYPE_CRASHED,
    STATE_TYPE_FAILED,
    STATE_TYPE_RUNNING,
    STATE_TYPE_SCHEDULED,
)
from orch_proto.v1.worker_pb2 import WORKER_STATUS_CLOSED, WORKER_STATUS_DRAINING, Worker
from orch_proto.v1.worker_service_pb2 import CloseSessionRequest, DrainWorkerRequest, ListWorkersRequest
from orch_worker.attempt_facts import AttemptFacts
from orch_worker.journal import Journal
from orch_worker.launchers.base import AttemptKey, Ending, Outcome
from tests.support.started_server import StartedServer
from tests.unit.worker.stage import Audience, RunningWorker, Stage, worker_at

ENTRYPOINT = LaunchSpec(entrypoint="etl.py:etl")
NAME = "stagehand"


@pytest.fixture
async def worker(
    server: StartedServer, audience: Audience, stage: Stage, tmp_path: Path
) -> AsyncIterator[RunningWorker]:
    """A worker of a pool of its own."""
    await audience.make_pool()
    async with worker_at(server.url, stage, tmp_path, pool=audience.pool, name=NAME) as running:
        yield running


async def sessions(audience: Audience) -> list[Worker]:
    """Of the pool's workers, newest first."""
    request = ListWorkersRequest(work_pool_name=audience.pool, include_closed=True)
    return list((await audience.client.workers.ListWorkers(request)).workers)


async def test_a_worker_that_comes_back_takes_its_runs_up_again(
    server: StartedServer, audience: Audience, stage: Stage, tmp_path: Path
) -> None:
    await audience.make_pool()
    async with worker_at(server.url, stage, tmp_path, pool=audience.pool, name=NAME) as first:
        runs = [await audience.run(), await audience.run(), await audience.run()]
        attempts = {attempt.key.flow_run_id: attempt for attempt in [await stage.launched() for _ in runs]}
        living, gone, done = (attempts[run_id] for run_id in runs)
        for run_id in runs:
            await audience.seen(run_id, STATE_TYPE_RUNNING)
        await living.write("before")
        await first.die()
    await living.write("meanwhile")
    await gone.end(Ending(Outcome.CRASHED, "killed (SIGKILL)"))
    await done.end(Ending(Outcome.COMPLETED, "exit code 0", 0, b"1"))

    async with worker_at(server.url, stage, tmp_path, pool=audience.pool, name=NAME):
        crashed = await audience.seen(runs[1], STATE_TYPE_CRASHED)
        completed = await audience.seen(runs[2], STATE_TYPE_COMPLETED)
        await living.write("after")
        await living.end()
        run = await audience.seen(runs[0], STATE_TYPE_COMPLETED)

        assert (run.attempt, run.token, crashed.token, completed.result.data) == (1, 1, 1, b"1")
        await audience.said(runs[0], "output", ["before", "meanwhile", "after"])
        await living.forgotten.wait()  # by then all is stored
        assert (await audience.lines(runs[0], "worker"))[-1] == f"Worker '{NAME}' was started again, and watches act 1."
    assert stage._launched.empty()


async def test_no_line_is_lost_or_doubled_when_a_worker_dies_while_a_second_attempt_writes(
    server: StartedServer, audience: Audience, stage: Stage, tmp_path: Path
) -> None:
    await audience.make_pool()
    run_id = await audience.run(retries=1)
    async with worker_at(server.url, stage, tmp_path, pool=audience.pool, name=NAME) as first:
        before = await stage.launched()
        await before.write("first attempt")
        await before.end(Ending(Outcome.FAILED, "exit code 1", 1))
        attempt = await stage.launched()
        await attempt.write("1", "2")
        await audience.said(run_id, "output", ["first attempt", "1", "2"])
        await first.die()
    await attempt.write("3", "4")

    async with worker_at(server.url, stage, tmp_path, pool=audience.pool, name=NAME):
        await attempt.end()
        await audience.seen(run_id, STATE_TYPE_COMPLETED)
        await audience.said(run_id, "output", ["first attempt", "1", "2", "3", "4"])


async def test_what_was_known_is_found_with_the_attempt_where_the_workers_home_is_lost(
    server: StartedServer, audience: Audience, stage: Stage, tmp_path: Path
) -> None:
    """A new pod of the same name, say: its disk is empty, the containers are there."""
    await audience.make_pool()
    run_id = await audience.run(retries=1)
    async with worker_at(server.url, stage, tmp_path / "one", pool=audience.pool, name=NAME) as first:
        before = await stage.launched()
        await before.write("first attempt")
        await before.end(Ending(Outcome.FAILED, "exit code 1", 1))
        attempt = await stage.launched()
        await attempt.write("1", "2")
        await audience.said(run_id, "output", ["first attempt", "1", "2"])
        await first.die()
    await attempt.write("3")

    async with worker_at(server.url, stage, tmp_path / "other", pool=audience.pool, name=NAME):
        # Only of a command does the worker report how it ended.
        await attempt.end(Ending(Outcome.FAILED, "exit code 7", 7))
        run = await audience.seen(run_id, STATE_TYPE_FAILED)
        await audience.said(run_id, "output", ["first attempt", "1", "2", "3"])

    assert run.state.failure.type == "ExitCode7"


async def test_the_new_session_holds_what_the_old_one_held_and_the_old_one_is_closed(
    server: StartedServer, audience: Audience, stage: Stage, tmp_path: Path
) -> None:
    await audience.make_pool()
    async with worker_at(server.url, stage, tmp_path, pool=audience.pool, name=NAME) as first:
        run_id = await audience.run(ENTRYPOINT)
        attempt = await stage.launched()
        await first.die()

    # Not adopted yet: without the new session, the end of the old one would give the run back.
    async with worker_at(server.url, stage, tmp_path, pool=audience.pool, name=NAME):
        while [each.status for each in await sessions(audience)][1:] != [WORKER_STATUS_CLOSED]:
            pass  # Asking takes its time.
        newest, _ = await sessions(audience)
        request = ListLeasesRequest(flow_run_id=run_id)
        [lease] = (await audience.client.leases.ListLeases(request)).leases

        assert (lease.session_id, lease.token) == (newest.session_id, attempt.key.token)


async def test_what_was_granted_and_not_begun_when_the_worker_died_goes_back_at_once(
    server: StartedServer, audience: Audience, stage: Stage, tmp_path: Path
) -> None:
    await audience.make_pool(ttl_seconds=600)
    stage.curtain = asyncio.Event()
    async with worker_at(server.url, stage, tmp_path, pool=audience.pool, name=NAME) as first:
        run_id = await audience.run(ENTRYPOINT)
        await stage.asked.get()
        await first.die()
    stage.curtain.set()

    async with worker_at(server.url, stage, tmp_path, pool=audience.pool, name=NAME):
        attempt = await stage.launched()

    assert attempt.key == AttemptKey(run_id, 2)


async def test_a_run_that_had_begun_and_of_which_nothing_is_left_is_crashed(
    server: StartedServer, audience: Audience, stage: Stage, tmp_path: Path
) -> None:
    await audience.make_pool(ttl_seconds=600)
    async with worker_at(server.url, stage, tmp_path, pool=audience.pool, name=NAME) as first:
        run_id = await audience.run()
        await stage.launched()
        await audience.seen(run_id, STATE_TYPE_RUNNING)
        await first.die()
    stage.attempts.clear()

    async with worker_at(server.url, stage, tmp_path, pool=audience.pool, name=NAME):
        run = await audience.seen(run_id, STATE_TYPE_CRASHED)

    assert "found nothing left of it" in run.state.message


@pytest.mark.usefixtures("worker")
async def test_a_session_that_is_gone_is_replaced_and_what_runs_is_kept(audience: Audience, stage: Stage) -> None:
    run_id = await audience.run()
    attempt = await stage.launched()
    await audience.seen(run_id, STATE_TYPE_RUNNING)
    [old] = await sessions(audience)

    await audience.client.workers.CloseSession(CloseSessionRequest(session_id=old.session_id))
    later = await audience.run()
    second = await stage.launched()
    await attempt.end()
    await second.end()

    assert (await audience.seen(run_id, STATE_TYPE_COMPLETED)).token == 1
    assert (await audience.seen(later, STATE_TYPE_COMPLETED)).token == 1


async def test_draining_lets_runs_end_and_takes_no_more(
    worker: RunningWorker, audience: Audience, stage: Stage
) -> None:
    run_id = await audience.run()
    attempt = await stage.launched()
    draining = asyncio.create_task(worker.drain())
    while [each.status for each in await sessions(audience)] != [WORKER_STATUS_DRAINING]:
        pass  # Asking takes its time.
    later = await audience.run()

    await attempt.end()
    await draining

    assert (await audience.get(run_id)).state.type == STATE_TYPE_COMPLETED
    assert (await audience.get(later)).state.type == STATE_TYPE_SCHEDULED
    assert [each.status for each in await sessions(audience)] == [WORKER_STATUS_CLOSED]


async def test_a_worker_that_the_control_plane_drains_ends(
    worker: RunningWorker, audience: Audience, stage: Stage
) -> None:
    await audience.run()
    attempt = await stage.launched()
    [session] = await sessions(audience)

    await audience.client.workers.DrainWorker(DrainWorkerRequest(session_id=session.session_id))
    await worker.lifecycle.draining.wait()
    await attempt.end()

    await worker.task


async def test_a_second_signal_stops_the_runs_and_says_so(
    worker: RunningWorker, audience: Audience, stage: Stage
) -> None:
    run_id = await audience.run()
    attempt = await stage.launched()
    await audience.seen(run_id, STATE_TYPE_RUNNING)

    worker.lifecycle.stop_runs(why="SIGTERM again")
    await worker.task

    assert await attempt.stops.get() == 30
    run = await audience.get(run_id)
    assert run.state.type == STATE_TYPE_CRASHED
    assert "its worker was told to stop at once" in run.state.message


async def test_a_second_signal_gives_back_what_has_not_begun(
    worker: RunningWorker, audience: Audience, stage: Stage
) -> None:
    stage.curtain = asyncio.Event()
    run_id = await audience.run()
    await stage.asked.get()

    worker.lifecycle.stop_runs(why="SIGTERM again")
    await worker.task

    run = await audience.get(run_id)
    assert (run.state.type, run.attempt) == (STATE_TYPE_SCHEDULED, 0)


@pytest.mark.usefixtures("worker")
async def test_a_cancel_while_it_is_being_launched_ends_that(audience: Audience, stage: Stage) -> None:
    stage.curtain = asyncio.Event()
    run_id = await audience.run()
    await stage.asked.get()

    await audience.cancel(run_id)

    run = await audience.seen(run_id, STATE_TYPE_CANCELLED)
    assert run.state.message == "Stopped before it began, as asked."
    assert not stage.attempts


@pytest.mark.usefixtures("worker")
async def test_a_graver_order_overtakes_a_lighter_one(audience: Audience, stage: Stage) -> None:
    run_id = await audience.run(job_variables={"grace_seconds": 600})
    attempt = await stage.launched()
    attempt.obedient = False
    await audience.seen(run_id, STATE_TYPE_RUNNING)
    await audience.cancel(run_id)
    await attempt.stops.get()

    # Its holder is stopping it; somebody else reports its end under the same token.
    await audience.report(attempt, STATE_TYPE_CANCELLED, sequence=1)
    await attempt.end()

    await attempt.forgotten.wait()
    assert (await audience.get(run_id)).state.type == STATE_TYPE_CANCELLED


async def test_slots_bound_what_runs_at_once(
    server: StartedServer, audience: Audience, stage: Stage, tmp_path: Path
) -> None:
    await audience.make_pool()
    runs = [await audience.run() for _ in range(3)]
    async with worker_at(server.url, stage, tmp_path, pool=audience.pool, slots=2):
        first, second = await stage.launched(), await stage.launched()
        await audience.seen(first.key.flow_run_id, STATE_TYPE_RUNNING)
        [waiting] = set(runs) - {first.key.flow_run_id, second.key.flow_run_id}
        assert (await audience.get(waiting)).state.type == STATE_TYPE_SCHEDULED

        await first.end()

        third = await stage.launched()
        assert third.key.flow_run_id == waiting


async def test_an_exclusive_run_is_killed_before_its_lease_can_have_expired(
    server: StartedServer, audience: Audience, stage: Stage, tmp_path: Path
) -> None:
    await audience.make_pool(ttl_seconds=4)
    async with worker_at(server.url, stage, tmp_path, pool=audience.pool) as worker:
        run_id = await audience.run(recovery=RecoveryPolicy(exclusive=True))
        other = await audience.run()
        attempts = {attempt.key.flow_run_id: attempt for attempt in [await stage.launched() for _ in range(2)]}
        await audience.seen(run_id, STATE_TYPE_RUNNING)

        worker.cut_off()

        assert await attempts[run_id].stops.get() == 0
        assert attempts[other].stops.empty()


async def test_a_worker_that_was_halted_does_not_kill_an_exclusive_run_that_has_kept_its_lease_itself(
    server: StartedServer, audience: Audience, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await audience.make_pool(ttl_seconds=600)
    halted_seconds = 0.0
    monkeypatch.setattr("orch_worker.worker.holder_clock", lambda: lambda: time.monotonic() + halted_seconds)
    async with worker_at(server.url, stage, tmp_path, pool=audience.pool) as worker:
        run_id = await audience.run(ENTRYPOINT, recovery=RecoveryPolicy(exclusive=True))
        attempt = await stage.launched()
        await audience.adopt(attempt)
        await audience.report(attempt, STATE_TYPE_RUNNING, sequence=1)

        answered = worker.next_sync()
        halted_seconds = 601.0
        await answered.wait()
        await audience.report(attempt, STATE_TYPE_COMPLETED, sequence=2)
        await attempt.end()
        await attempt.forgotten.wait()
        # By force: 0 s. That it is asked to end once its end is known is another matter.
        assert [attempt.stops.get_nowait() for _ in range(attempt.stops.qsize())] in ([], [30])
        assert (await audience.get(run_id)).state.type == STATE_TYPE_COMPLETED


def test_the_journal_keeps_what_is_known_of_an_attempt(tmp_path: Path) -> None:
    journal, key = Journal(tmp_path / "attempts"), LeaseKey("0190-run", 3)
    facts = AttemptFacts("nightly", command=True, exclusive=True, grace_seconds=2.5, log_base=17)
    journal.begin(key, facts)

    assert list(journal.keys()) == [key]
    assert Journal(tmp_path / "attempts").read(key) == facts
    journal.forget(key)
    assert journal.read(key) is None
    assert list(journal.keys()) == []


def test_a_journal_that_was_cut_off_is_not_believed(tmp_path: Path) -> None:
    journal, key = Journal(tmp_path), LeaseKey("0190-run", 3)
    journal.begin(key, AttemptFacts())
    next(tmp_path.glob("*.json")).write_text('{"command": tr')

    assert journal.read(key) is None


async def test_a_cancel_does_not_wait_for_the_next_heartbeat(
    server: StartedServer, audience: Audience, stage: Stage, tmp_path: Path
) -> None:
    await audience.make_pool(ttl_seconds=3600)
    async with worker_at(server.url, stage, tmp_path, pool=audience.pool):
        run_id = await audience.run()
        attempt = await stage.launched()
        await audience.seen(run_id, STATE_TYPE_RUNNING)

        await audience.cancel(run_id)

        # The next heartbeat would be due in twenty minutes.
        await attempt.stops.get()


async def test_a_launcher_that_breaks_ends_its_run_and_nobody_elses(
    server: StartedServer, audience: Audience, stage: Stage, tmp_path: Path
) -> None:
    await audience.make_pool()
    async with worker_at(server.url, stage, tmp_path, pool=audience.pool):
        broken, whole = await audience.run(), await audience.run()
        attempts = {attempt.key.flow_run_id: attempt for attempt in [await stage.launched() for _ in range(2)]}

        attempts[broken].break_down(RuntimeError("the machine is on fire"))

        run = await audience.seen(broken, STATE_TYPE_CRASHED)
        assert "the machine is on fire" in run.state.message
        assert await attempts[broken].stops.get() == 30
        await attempts[whole].end()
        await audience.seen(whole, STATE_TYPE_COMPLETED)
