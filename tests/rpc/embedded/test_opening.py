"""An embedded control plane opens on what is there, says clearly what it cannot open, and closes without losing any."""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from orch_client import CallCancelledError, FailedPreconditionError, NotFoundError, OrchClientError, UnavailableError
from orch_proto.v1.flow_run_service_pb2 import GetFlowRunRequest, ListFlowRunsRequest
from orch_proto.v1.server_service_pb2 import GetServerInfoRequest
from orch_proto.v1.state_pb2 import STATE_TYPE_CRASHED, STATE_TYPE_RUNNING
from orch_server.application.sweeping import SERVICE as SWEEPER
from orch_server.embedded import EmbeddedPlane, background, open_embedded
from orch_server.embedded.background import RETENTION
from orch_server.storage import sqlite_schema
from tests.rpc.embedded.process import COMPLETED, Process
from tests.support.clock import FakeClock


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home directory that is not there yet."""
    return tmp_path / "deep" / "home"


def url_of(home: Path) -> str:
    """The database in it."""
    return f"sqlite:///{home / 'orch.db'}"


async def state_of(plane: EmbeddedPlane, run_id: str) -> int:
    return (await plane.get_flow_run(GetFlowRunRequest(flow_run_id=run_id))).flow_run.state.type


async def test_what_one_process_writes_the_next_one_finds(home: Path) -> None:
    first = await open_embedded(home)
    lease = await Process.on(first).start()
    await first.close()

    second = await open_embedded(home)

    assert await state_of(second, lease.flow_run_id) == STATE_TYPE_RUNNING
    await second.close()


async def test_two_have_one_home_open(home: Path) -> None:
    first, second = await open_embedded(home), await open_embedded(home)

    lease = await Process.on(first).start()

    assert await state_of(second, lease.flow_run_id) == STATE_TYPE_RUNNING
    await first.close()
    await Process.on(second).start()
    await second.close()


async def test_in_memory_nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first, second = await open_embedded(None), await open_embedded(None)

    lease = await Process.on(first).start()

    assert await state_of(first, lease.flow_run_id) == STATE_TYPE_RUNNING
    with pytest.raises(NotFoundError):
        await state_of(second, lease.flow_run_id)
    await first.close()
    await second.close()
    assert not os.listdir(tmp_path)


def newer(home: Path) -> None:
    asyncio.run(_made(home))
    with closing(sqlite3.connect(home / "orch.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


async def _made(home: Path) -> None:
    await (await open_embedded(home)).close()


def foreign(home: Path) -> None:
    home.mkdir(parents=True)
    with closing(sqlite3.connect(home / "orch.db")) as connection, connection:
        connection.execute("CREATE TABLE customer (id INTEGER)")


def damaged(home: Path) -> None:
    home.mkdir(parents=True)
    (home / "orch.db").write_bytes(b"This is no database, however long one reads. " * 100)


def under_a_file(home: Path) -> None:
    home.parent.write_text("a file")


def a_directory(home: Path) -> None:
    (home / "orch.db").mkdir(parents=True)


@pytest.mark.parametrize(
    ("prepare", "kind", "reason", "words"),
    [
        (newer, FailedPreconditionError, "SCHEMA_MISMATCH", "9999.*newer Orch"),
        (foreign, FailedPreconditionError, "SCHEMA_MISMATCH", "not Orch's: it holds customer"),
        (damaged, UnavailableError, "DATABASE_UNUSABLE", "damaged.*backup, or move the file away"),
        (under_a_file, UnavailableError, "DATABASE_UNUSABLE", r"cannot be made \(Not a directory\).*ORCH_HOME"),
        (a_directory, UnavailableError, "DATABASE_UNUSABLE", "cannot be used.*unable to open"),
    ],
)
async def test_what_cannot_be_opened_is_named(
    home: Path, prepare: Callable[[Path], None], kind: type[OrchClientError], reason: str, words: str
) -> None:
    await asyncio.to_thread(prepare, home)

    with pytest.raises(kind, match=words) as refused:
        await open_embedded(home)

    assert refused.value.reason == reason
    assert str(home) in str(refused.value) or str(home.parent) in str(refused.value)


async def test_closing_waits_for_what_is_under_way(home: Path) -> None:
    plane = await open_embedded(home)
    process = Process.on(plane)
    starts = [asyncio.create_task(process.start()) for _ in range(50)]
    await asyncio.sleep(0)

    await plane.close()

    ids = {(await start).flow_run_id for start in starts}
    again = await open_embedded(home)
    listed = await again.list_flow_runs(ListFlowRunsRequest())
    assert {run.flow_run_id for run in listed.flow_runs} == ids
    await again.close()


async def test_after_closing_calls_are_refused(home: Path) -> None:
    plane = await open_embedded(home)

    await plane.close()
    await plane.close()

    with pytest.raises(CallCancelledError) as refused:
        await plane.get_server_info(GetServerInfoRequest())
    assert refused.value.reason == "PLANE_CLOSED"


async def test_what_is_old_goes_once_a_day(home: Path) -> None:
    clock = FakeClock()
    plane = await open_embedded(home, clock=clock)
    process = Process.on(plane, clock)
    lease = await process.start()
    await process.report(lease, 1, COMPLETED)
    await plane.close()

    clock.advance(timedelta(days=91))
    plane = await open_embedded(home, clock=clock)
    while (await plane.list_flow_runs(ListFlowRunsRequest())).flow_runs:
        pass
    await plane.close()
    first = sqlite_schema.last_round(url_of(home), RETENTION)
    assert first == clock.now()

    clock.advance(timedelta(hours=23))
    plane = await open_embedded(home, clock=clock)
    for _ in range(5):
        await Process.on(plane, clock).start()
    await plane.close()
    assert sqlite_schema.last_round(url_of(home), RETENTION) == first

    clock.advance(timedelta(hours=2))
    plane = await open_embedded(home, clock=clock)
    while sqlite_schema.last_round(url_of(home), RETENTION) == first:
        await Process.on(plane, clock).start()
    await plane.close()


async def test_lost_leases_are_noticed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_SWEEP_INTERVAL", timedelta(milliseconds=10))
    clock = FakeClock()
    silent = await open_embedded(home, background=False, clock=clock)
    lease = await Process.on(silent, clock).start()
    await silent.close()

    async with asyncio.timeout(30):
        plane = await open_embedded(home, clock=clock)
        while await state_of(plane, lease.flow_run_id) != STATE_TYPE_CRASHED:
            while sqlite_schema.last_round(url_of(home), SWEEPER) != clock.now():
                await plane.get_server_info(GetServerInfoRequest())
                await asyncio.sleep(0)
            clock.advance(timedelta(seconds=2))
    await plane.close()
