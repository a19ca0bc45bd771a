"""Attempts that other workers have left behind: who looks after them, and when they are ended."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from orch_proto.v1.state_pb2 import STATE_TYPE_COMPLETED, STATE_TYPE_RUNNING
from orch_worker.attempt_facts import AttemptFacts
from orch_worker.launchers.base import AttemptKey, Ending, Outcome
from tests.support.started_server import StartedServer
from tests.unit.worker.stage import Audience, RunningWorker, Stage, StageAttempt, worker_at


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_SOON_SECONDS", "_SWEEP_SECONDS", "_AGAIN_SECONDS"):
        monkeypatch.setattr(f"orch_worker.strays.{name}", 0.01)


@pytest.fixture
async def worker(
    server: StartedServer, audience: Audience, stage: Stage, tmp_path: Path
) -> AsyncIterator[RunningWorker]:
    """A worker of a pool of its own."""
    await audience.make_pool(ttl_seconds=15)
    async with worker_at(server.url, stage, tmp_path, pool=audience.pool) as running:
        yield running


pytestmark = pytest.mark.usefixtures("worker")


def left(run_id: str, *, token: int = 1, grace_seconds: float = 3.5) -> StageAttempt:
    """What another worker has left of a run."""
    attempt = StageAttempt(AttemptKey(run_id, token))
    attempt.memo = AttemptFacts(grace_seconds=grace_seconds).to_memo()
    return attempt


async def test_what_is_left_of_a_run_that_is_not_there_is_stopped_with_its_grace_and_forgotten(stage: Stage) -> None:
    attempt = left(str(uuid4()))
    stage.left_by_others.append(attempt)

    await attempt.forgotten.wait()

    assert attempt.stops.get_nowait() == 3.5


async def test_a_memo_that_cannot_be_read_is_no_hindrance(stage: Stage) -> None:
    attempt = left(str(uuid4()))
    attempt.memo = "{"
    stage.left_by_others.append(attempt)

    await attempt.forgotten.wait()

    assert attempt.stops.get_nowait() == 30.0


async def test_an_older_attempt_of_a_run_is_ended_and_the_newest_left_alone(audience: Audience, stage: Stage) -> None:
    run_id = await audience.run(retries=1)
    await (await stage.launched()).end(Ending(Outcome.FAILED, "exit code 1", 1))
    attempt = await stage.launched()
    await audience.seen(run_id, STATE_TYPE_RUNNING)
    older, newest = left(run_id, token=1), left(run_id, token=2)
    stage.left_by_others += [newest, older]

    await older.forgotten.wait()
    await stage.looked(3)

    assert newest.stops.empty()
    assert not newest.forgotten.is_set()
    await attempt.end()


async def test_what_is_left_of_an_ended_run_has_time_until_the_next_look(audience: Audience, stage: Stage) -> None:
    """Who launched it may be shipping its last lines."""
    run_id = await audience.run()
    await (await stage.launched()).end()
    await audience.seen(run_id, STATE_TYPE_COMPLETED)
    ended, gone = left(run_id), left(str(uuid4()))
    stage.left_by_others += [ended, gone]

    await ended.forgotten.wait()
    await gone.forgotten.wait()

    assert (gone.looks_until_stopped, ended.looks_until_stopped) == (1, 2)


async def test_a_launcher_that_cannot_look_is_asked_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = left(str(uuid4()))
    strays = stage.strays

    async def away() -> list[StageAttempt]:
        monkeypatch.setattr(stage, "strays", strays)
        raise RuntimeError("the engine is away")

    monkeypatch.setattr(stage, "strays", away)
    stage.left_by_others.append(attempt)

    await attempt.forgotten.wait()
