"""What dies is noticed in time; what is restarted in order loses nothing; what was cut off is fenced or heals."""

import asyncio
import signal
from datetime import timedelta
from pathlib import Path
from time import time

import pytest

from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.state_pb2 import StateType
from tests.e2e.faults import checking
from tests.e2e.faults.house import House, house
from tests.support.network import linked_namespace

LONG = 10_000
"""Steps of a run that does not end by itself."""
RUNNING = frozenset({StateType.STATE_TYPE_RUNNING})


async def _one_running(found: House) -> FlowRun:
    [run_id] = await found.create(await found.deploy("plain_job"), 1, steps=LONG, seconds=0.1)
    return await found.until(run_id, RUNNING)


@pytest.mark.timeout(90)
async def test_a_run_killed_under_a_live_worker_is_noticed_by_the_worker(tmp_path: Path) -> None:
    """Not by its lease: that lasts longer than this test."""
    async with house(tmp_path, workers=1, lease_ttl=timedelta(minutes=10)) as found:
        run = await _one_running(found)
        for process in found.workers[0].runs():
            process.kill()
        ended = await found.watch(run.flow_run_id)
        assert ended.state.type == StateType.STATE_TYPE_CRASHED
        assert "SIGKILL" in ended.state.message
        await checking.nothing_is_held(found.client)


@pytest.mark.timeout(90)
async def test_worker_and_run_killed_together_are_noticed_by_the_lease(tmp_path: Path) -> None:
    ttl = timedelta(seconds=3)
    async with house(tmp_path, workers=1, lease_ttl=ttl) as found:
        run = await _one_running(found)
        await found.workers[0].kill_all()
        killed = time()
        ended = await found.watch(run.flow_run_id)
        assert ended.state.type == StateType.STATE_TYPE_CRASHED
        noticed = ended.end_time.seconds
        # Whole seconds: one more for what they leave out.
        assert noticed <= killed + ttl.total_seconds() + 2 + 1
        await checking.nothing_is_held(found.client)


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_workers_restarted_in_turn_fail_no_run_and_start_none_twice(tmp_path: Path) -> None:
    steps = 6
    async with house(tmp_path, workers=3, limit=10, lease_ttl=timedelta(seconds=3)) as found:
        run_ids = await found.create(await found.deploy("plain_job"), 60, steps=steps, seconds=0.1)
        async with asyncio.TaskGroup() as group:
            watching = [group.create_task(found.watch(run_id)) for run_id in run_ids]
            for number, worker in enumerate(found.workers):
                await found.reached(5 + 10 * number)
                assert await worker.stop() == 0
                worker.start()
        for task in watching:
            assert task.result().state.type == StateType.STATE_TYPE_COMPLETED
        lines = found.ledger.read_text().split("\n")[:-1]
        assert len({(run_id, number) for run_id, _, number in map(str.split, lines)}) == len(lines) == 60 * steps
        await checking.nothing_is_held(found.client)


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_worker_restarted_takes_up_again_what_still_runs(tmp_path: Path) -> None:
    """Its runs are told apart by their tokens: a new grant would have a higher one."""
    async with house(tmp_path, workers=1, limit=10, lease_ttl=timedelta(seconds=3)) as found:
        run_ids = await found.create(await found.deploy("plain_job"), 10, steps=40, seconds=0.1)
        for run_id in run_ids:
            await found.until(run_id, RUNNING)
        await found.workers[0].kill()
        found.workers[0].start()
        for run_id in run_ids:
            run = await found.watch(run_id)
            assert run.state.type == StateType.STATE_TYPE_COMPLETED
            assert run.token == 1
        await checking.nothing_is_held(found.client)


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_a_link_is_cut_and_mended(tmp_path: Path) -> None:
    """One worker and its runs are cut off for longer than their leases last. Durable runs go on with another worker,
    the others heal; and nothing that the cut-off processes say afterwards changes a run that is somebody else's.
    """
    with linked_namespace() as link:
        options = ("--insecure", "--sweep-interval-seconds", "0.5")
        async with house(tmp_path, *options, workers=2, limit=20, lease_ttl=timedelta(seconds=3), link=link) as found:
            durable = await found.create(await found.deploy("durable_job", durable=True), 20, steps=60, seconds=0.2)
            plain = await found.create(await found.deploy("plain_job"), 10, steps=60, seconds=0.2)
            for run_id in (*durable, *plain):
                await found.until(run_id, RUNNING)
            link.cut()
            await found.leases_expired()
            link.mend()
            async with asyncio.TaskGroup() as group:
                watching = {run_id: group.create_task(found.healed(run_id)) for run_id in (*durable, *plain)}
            runs = {run_id: task.result() for run_id, task in watching.items()}
            result = str(sum(number * number for number in range(60))).encode()
            assert {runs[run_id].result.data for run_id in durable} == {result}
            assert {runs[run_id].token for run_id in plain} == {1}
            await checking.nothing_is_held(found.client)
            for run_id in runs:
                await checking.history_is_whole(found.client, run_id)
            assert found.workers[0].is_alive()
            found.workers[0].signal(signal.SIGTERM)
            assert await found.workers[0].ended() == 0
