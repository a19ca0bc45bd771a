"""A control plane that is away: nothing is lost, and the worker does not mind."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from orch_client.async_client import connect_async
from orch_client.errors import UnauthenticatedError, UnavailableError
from orch_proto.v1.state_pb2 import STATE_TYPE_COMPLETED, STATE_TYPE_RUNNING
from orch_proto.v1.worker_service_pb2 import ListWorkersRequest
from orch_worker.errors import StartupError
from orch_worker.launchers.base import Ending, Outcome
from orch_worker.patience import Contact
from tests.e2e.server_process import ServerProcess, running_server
from tests.unit.worker.stage import Audience, Stage, worker_at


@pytest.fixture
async def mortal(tmp_path: Path) -> AsyncIterator[ServerProcess]:
    """A server that may be killed and started again."""
    async with running_server(tmp_path / "server") as server:
        yield server


@pytest.fixture
async def audience(mortal: ServerProcess) -> AsyncIterator[Audience]:
    """A client of that server."""
    async with connect_async(f"http://{mortal.address}") as client:
        yield Audience(client, f"pool-{uuid4().hex[:8]}")


async def test_ends_and_lines_wait_for_the_control_plane(
    mortal: ServerProcess, audience: Audience, stage: Stage, tmp_path: Path
) -> None:
    await audience.make_pool(ttl_seconds=15)
    async with worker_at(f"http://{mortal.address}", stage, tmp_path, pool=audience.pool):
        run_id = await audience.run()
        attempt = await stage.launched()
        await audience.seen(run_id, STATE_TYPE_RUNNING)

        await mortal.kill()
        await attempt.write(*(f"line {number}" for number in range(3000)))
        await attempt.end(Ending(Outcome.COMPLETED, "exit code 0", 0, b"3000"))
        await mortal.start()

        run = await audience.seen(run_id, STATE_TYPE_COMPLETED)
        await attempt.forgotten.wait()
        assert (run.token, run.result.data) == (1, b"3000")
        stored = await audience.lines(run_id, "output")
        assert stored == [f"line {number}" for number in range(1000)]  # the first page


async def test_a_worker_without_runs_ends_though_nobody_hears_it(
    mortal: ServerProcess, audience: Audience, stage: Stage, tmp_path: Path
) -> None:
    await audience.make_pool()
    async with worker_at(f"http://{mortal.address}", stage, tmp_path, pool=audience.pool) as worker:
        await audience.run()
        attempt = await stage.launched()
        await attempt.end()
        await attempt.forgotten.wait()
        await mortal.kill()

        await worker.drain()


async def test_a_pool_that_is_gone_ends_the_worker_in_words(
    mortal: ServerProcess, audience: Audience, stage: Stage, tmp_path: Path
) -> None:
    await audience.make_pool()
    async with worker_at(f"http://{mortal.address}", stage, tmp_path, pool=audience.pool) as worker:
        while not (await audience.client.workers.ListWorkers(ListWorkersRequest())).workers:
            pass  # Asking takes its time.

        await audience.delete_pool()

        with pytest.raises(StartupError, match=audience.pool):
            await worker.task


def test_a_key_that_is_refused_later_on_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    contact = Contact()
    contact.failed("SyncLeases", UnavailableError("connection refused"))
    contact.failed("SyncLeases", UnauthenticatedError("The key is not known."))
    contact.failed("AcquireLeases", UnauthenticatedError("The key is not known."))

    assert [(each.levelname, vars(each)["cause"]) for each in caplog.records] == [
        ("WARNING", "connection refused"),
        ("ERROR", "The key is not known."),
    ]


def test_the_first_answer_is_said_though_other_calls_still_wait(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    contact = Contact()
    away = UnavailableError("connection refused")
    for call in ("SyncLeases", "AcquireLeases", "AppendLogs"):
        contact.failed(call, away)

    for call in ("SyncLeases", "AcquireLeases", "SyncLeases"):
        contact.answered(call)
    contact.failed("AppendLogs", away)
    contact.answered("AppendLogs")

    assert [(each.levelname, vars(each)["call"]) for each in caplog.records] == [
        ("WARNING", "SyncLeases"),
        ("INFO", "SyncLeases"),
        ("WARNING", "AppendLogs"),
        ("INFO", "AppendLogs"),
    ]


async def test_a_report_that_had_to_wait_tells_its_age(
    mortal: ServerProcess, audience: Audience, stage: Stage, tmp_path: Path
) -> None:
    await audience.make_pool(ttl_seconds=15)
    async with worker_at(f"http://{mortal.address}", stage, tmp_path, pool=audience.pool):
        run_id = await audience.run()
        attempt = await stage.launched()
        await audience.seen(run_id, STATE_TYPE_RUNNING)
        await mortal.kill()
        await attempt.end()
        await mortal.start()

        run = await audience.seen(run_id, STATE_TYPE_COMPLETED)

    # The report was taken by the second server, and tells of a time before that.
    [_, started_again] = [json.loads(line)["time"] for line in mortal.lines if '"event": "server started"' in line]
    assert run.end_time.ToDatetime(UTC) < datetime.fromisoformat(started_again)
