"""A worker on whose machine nothing can be launched: it gives back what it is granted, and rests."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orch_proto.v1.state_pb2 import STATE_TYPE_COMPLETED, STATE_TYPE_SCHEDULED
from orch_worker.launchers.base import LauncherUnavailableError, PlaceUnavailableError
from orch_worker.resting import Rest
from tests.support.started_server import StartedServer
from tests.unit.worker.stage import Audience, RunningWorker, Stage, worker_at

AWAY = LauncherUnavailableError("The engine is away: start it.")


@pytest.fixture
async def worker(
    server: StartedServer, audience: Audience, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RunningWorker]:
    """A worker of a pool of its own, whose first rest is short."""
    monkeypatch.setattr("orch_worker.resting._FIRST_SECONDS", 0.02)
    await audience.make_pool(ttl_seconds=15)
    async with worker_at(server.url, stage, tmp_path, pool=audience.pool) as running:
        yield running


async def test_a_run_goes_back_to_its_queue_and_no_attempt_is_spent(
    worker: RunningWorker, audience: Audience, stage: Stage
) -> None:
    stage.refusal = AWAY
    run_id = await audience.run()
    await stage.asked.get()
    given_back = await audience.seen(run_id, STATE_TYPE_SCHEDULED, such_that=lambda run: str(AWAY) in run.state.message)
    unready = worker.health.not_ready()
    stage.refusal = None
    attempt = await stage.launched()
    await attempt.end()

    run = await audience.seen(run_id, STATE_TYPE_COMPLETED)
    assert (given_back.attempt, run.attempt, run.retries_used) == (0, 1, 0)
    assert attempt.key.token > 1
    assert unready == f"nothing can be launched here: {AWAY}"
    assert worker.health.not_ready() == ""


async def test_a_run_whose_place_is_full_goes_back_and_others_go_on(
    worker: RunningWorker, audience: Audience, stage: Stage
) -> None:
    stage.refusal = PlaceUnavailableError("Its namespace is full.")
    run_id = await audience.run()
    await stage.asked.get()
    await audience.seen(run_id, STATE_TYPE_SCHEDULED, such_that=lambda run: "is full" in run.state.message)

    assert worker.health.not_ready() == ""
    stage.refusal = None
    await (await stage.launched()).end()
    await audience.seen(run_id, STATE_TYPE_COMPLETED)


async def test_one_run_at_a_time_is_tried_until_one_could_be_launched(
    worker: RunningWorker, audience: Audience, stage: Stage
) -> None:
    stage.refusal = AWAY
    stage.curtain = asyncio.Event()
    await audience.run()
    await stage.asked.get()
    curtain, stage.curtain = stage.curtain, asyncio.Event()
    curtain.set()
    runs = [await audience.run() for _ in range(3)]

    await stage.asked.get()  # the one that is tried next, and waits
    answered = worker.next_sync()
    await answered.wait()
    assert stage.asked.empty()
    stage.refusal = None
    stage.curtain.set()

    for _ in range(4):
        await (await stage.launched()).end()
    for run_id in runs:
        await audience.seen(run_id, STATE_TYPE_COMPLETED)


async def test_a_worker_that_rests_ends_when_it_is_told_to(
    worker: RunningWorker, audience: Audience, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orch_worker.resting._FIRST_SECONDS", 3600.0)
    monkeypatch.setattr("orch_worker.resting._LONGEST_SECONDS", 3600.0)
    stage.refusal = AWAY
    run_id = await audience.run()
    await audience.seen(run_id, STATE_TYPE_SCHEDULED, such_that=lambda run: str(AWAY) in run.state.message)

    await worker.drain()

    assert (await audience.get(run_id)).state.type == STATE_TYPE_SCHEDULED


async def test_a_worker_that_cannot_keep_its_journal_launches_nothing_until_it_can(
    worker: RunningWorker, audience: Audience, stage: Stage, tmp_path: Path
) -> None:
    await audience.run()
    await (await stage.launched()).end()
    await stage.asked.get()
    journal = tmp_path / "workers" / audience.pool / worker.name / "attempts"
    shutil.rmtree(journal)
    run_id = await audience.run()

    await audience.seen(
        run_id, STATE_TYPE_SCHEDULED, such_that=lambda run: "cannot write to its own directory" in run.state.message
    )
    assert stage.asked.empty()
    journal.mkdir()
    await (await stage.launched()).end()

    await audience.seen(run_id, STATE_TYPE_COMPLETED)


def test_each_rest_is_twice_as_long_as_the_one_before_up_to_half_a_minute() -> None:
    now = 100.0
    rest = Rest(lambda: now)
    lengths = []
    for _ in range(7):
        rest.begin("away")
        rest.begin("away, too")  # of another run, meanwhile
        lengths.append(rest.seconds_left)
        now += rest.seconds_left
    rest.end()
    rest.begin("away again")

    assert lengths == [1, 2, 4, 8, 16, 30, 30]
    assert (rest.seconds_left, rest.why) == (1, "away again")
