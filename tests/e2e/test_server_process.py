"""The server as a process: how it goes, what it keeps, and what it says when its database is away, full or too new."""

import asyncio
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_status import rpc_status

from orch_proto.v1 import lease_pb2, state_pb2
from orch_proto.v1.flow_run_service_pb2 import (
    CreateFlowRunRequest,
    CreateFlowRunResponse,
    GetFlowRunRequest,
    GetFlowRunResponse,
    ListFlowRunsRequest,
    ListFlowRunsResponse,
    ListFlowRunStatesRequest,
    ListFlowRunStatesResponse,
)
from orch_proto.v1.lease_service_pb2 import (
    AcquireLeasesRequest,
    AcquireLeasesResponse,
    HeldLease,
    ReportRunsRequest,
    ReportRunsResponse,
    RunReport,
    SyncLeasesRequest,
    SyncLeasesResponse,
)
from orch_proto.v1.work_pool_pb2 import WorkPool
from orch_proto.v1.work_pool_service_pb2 import CreateWorkPoolRequest, CreateWorkPoolResponse
from orch_proto.v1.worker_service_pb2 import OpenSessionRequest, OpenSessionResponse
from tests.e2e.protocol import Client, Stubs, once
from tests.e2e.server_process import ServerProcess, running_server
from tests.support.stoppable_postgres import StoppablePostgres, stoppable_postgres

pytestmark = pytest.mark.slow

SQLITE, POSTGRES = "sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)


@pytest.fixture(params=[SQLITE, POSTGRES])
def options(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """What names the database: SQLite in the server's home, or a new one on PostgreSQL."""
    if request.param == "sqlite":
        return ()
    return ("--database-url", request.getfixturevalue("postgres_url"))


@pytest.fixture
async def server(tmp_path: Path, options: tuple[str, ...]) -> AsyncIterator[ServerProcess]:
    """A running server on each database."""
    async with running_server(tmp_path, *options) as running:
        yield running


def _details(error: grpc.aio.AioRpcError) -> tuple[ErrorInfo, RetryInfo | None]:
    status = rpc_status.from_call(cast("grpc.Call", error))
    assert status is not None
    info, retry = ErrorInfo(), RetryInfo()
    found = [detail.Unpack(info) or detail.Unpack(retry) for detail in status.details]
    assert all(found)
    return info, retry if len(found) > 1 else None


async def test_a_long_poll_does_not_hold_up_the_end(server: ServerProcess) -> None:
    async with grpc.aio.insecure_channel(server.address) as channel:
        stubs = Stubs.on(channel)
        opened = await once(
            stubs.workers.OpenSession,
            OpenSessionRequest(worker_name="w", work_pool_name="default"),
            OpenSessionResponse,
        )
        wish = AcquireLeasesRequest(
            session_id=opened.session_id, request_id=str(uuid4()), max_leases=1, wait=Duration(seconds=60)
        )
        poll = asyncio.create_task(once(stubs.leases.AcquireLeases, wish, AcquireLeasesResponse, seconds=70))
        await once(stubs.runs.ListFlowRuns, ListFlowRunsRequest(), ListFlowRunsResponse)

        assert await server.stop() == 0, "it waits for no more than some seconds"
        [answer] = await asyncio.gather(poll, return_exceptions=True)
        if isinstance(answer, grpc.aio.AioRpcError):
            assert answer.code() == grpc.StatusCode.UNAVAILABLE
        else:
            assert isinstance(answer, AcquireLeasesResponse)
            assert not answer.leases


async def test_what_was_acknowledged_survives_a_kill(server: ServerProcess) -> None:
    acknowledged: list[str] = []
    enough = asyncio.Event()

    async def create(stubs: Stubs) -> None:
        while True:
            try:
                made = await once(
                    stubs.runs.CreateFlowRun, CreateFlowRunRequest(flow_name="etl"), CreateFlowRunResponse
                )
            except grpc.aio.AioRpcError:
                return
            acknowledged.append(made.flow_run.flow_run_id)
            if len(acknowledged) >= 300:
                enough.set()

    async with grpc.aio.insecure_channel(server.address) as channel:
        stubs = Stubs.on(channel)
        async with asyncio.TaskGroup() as group:
            for _ in range(16):
                group.create_task(create(stubs))
            await enough.wait()
            await server.kill()
    await server.start()

    async with Client([server.address]) as client:
        assert set(acknowledged) <= await _all_runs(client)


async def _all_runs(client: Client) -> set[str]:
    found, token = set[str](), ""
    while True:
        request = ListFlowRunsRequest(page_size=1000, page_token=token)
        page = await client.call(lambda stubs: stubs.runs.ListFlowRuns, request, ListFlowRunsResponse)
        found |= {run.flow_run_id for run in page.flow_runs}
        token = page.next_page_token
        if not token:
            return found


async def test_a_repeated_create_after_a_kill_makes_no_second_run(server: ServerProcess) -> None:
    request = CreateFlowRunRequest(request_id=str(uuid4()), flow_name="etl")
    async with Client([server.address]) as client:
        first = await client.call(lambda stubs: stubs.runs.CreateFlowRun, request, CreateFlowRunResponse)
        await server.kill()
        await server.start()

        again = await client.call(lambda stubs: stubs.runs.CreateFlowRun, request, CreateFlowRunResponse)

        assert again == first
        assert await _all_runs(client) == {first.flow_run.flow_run_id}


async def test_many_callers_create_at_once(server: ServerProcess) -> None:
    """16 processes' worth of connections, none of which shares anything."""

    async def caller() -> list[str]:
        async with Client([server.address]) as client:
            request = CreateFlowRunRequest(flow_name="etl")
            made = [
                await client.call(lambda stubs: stubs.runs.CreateFlowRun, request, CreateFlowRunResponse)
                for _ in range(25)
            ]
            assert client.failovers == 0, client.last_error
            return [each.flow_run.flow_run_id for each in made]

    created = await asyncio.gather(*(caller() for _ in range(16)))

    async with Client([server.address]) as client:
        assert await _all_runs(client) == {run_id for each in created for run_id in each}
    assert sum(len(each) for each in created) == 400


def _started_and_failed(home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "orch_server", "--port", "0", "--home", str(home), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)


async def test_a_database_of_a_newer_server_is_left_alone(tmp_path: Path) -> None:
    async with running_server(tmp_path) as server:
        assert await server.stop() == 0
    with closing(sqlite3.connect(tmp_path / "orch.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()

    ended = await asyncio.to_thread(_started_and_failed, tmp_path)

    assert ended.returncode == 2
    assert "9999" in ended.stderr
    assert "newer" in ended.stderr
    assert "Traceback" not in ended.stderr


async def test_a_full_disk_is_named_and_loses_nothing(small_disk: Path) -> None:
    created = set[str]()
    big = CreateFlowRunRequest(flow_name="etl", parameters_json='{"a": "' + "x" * 100_000 + '"}')
    async with running_server(small_disk) as server, grpc.aio.insecure_channel(server.address) as channel:
        stubs = Stubs.on(channel)

        async def fill() -> None:
            for _ in range(100):
                made = await once(stubs.runs.CreateFlowRun, big, CreateFlowRunResponse)
                created.add(made.flow_run.flow_run_id)

        with pytest.raises(grpc.aio.AioRpcError) as full:
            await fill()
        info, retry = _details(full.value)
        assert full.value.code() == grpc.StatusCode.UNAVAILABLE
        assert info.reason == "DISK_FULL"
        assert retry is not None
        async with Client([server.address]) as client:
            assert await _all_runs(client) == created
        await server.kill()
    with closing(sqlite3.connect(small_disk / "orch.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.fixture
def postgres() -> Iterator[StoppablePostgres]:
    """A PostgreSQL that may be stopped."""
    with stoppable_postgres() as running:
        yield running


class _Holder:
    """A session with one run that runs, in a pool of short leases."""

    def __init__(self, stubs: Stubs) -> None:
        self._stubs = stubs
        self.session_id = ""
        self.run_id = ""
        self.token = 0

    async def begin(self) -> None:
        """Create pool and run, acquire it, report that it runs."""
        stubs = self._stubs
        pool = WorkPool(name="quick", type="process", lease_ttl=Duration(seconds=4))
        await once(stubs.pools.CreateWorkPool, CreateWorkPoolRequest(work_pool=pool), CreateWorkPoolResponse)
        request = CreateFlowRunRequest(flow_name="etl", work_pool_name="quick")
        await once(stubs.runs.CreateFlowRun, request, CreateFlowRunResponse)
        opened = await once(
            stubs.workers.OpenSession, OpenSessionRequest(worker_name="w", work_pool_name="quick"), OpenSessionResponse
        )
        self.session_id = opened.session_id
        answer = await once(
            stubs.leases.AcquireLeases,
            AcquireLeasesRequest(session_id=self.session_id, request_id=str(uuid4()), max_leases=1),
            AcquireLeasesResponse,
        )
        [lease] = answer.leases
        self.run_id, self.token = lease.flow_run_id, lease.token
        state = state_pb2.State(type=state_pb2.STATE_TYPE_RUNNING)
        report = RunReport(flow_run_id=self.run_id, token=self.token, sequence=1, state=state)
        reported = await once(stubs.leases.ReportRuns, ReportRunsRequest(reports=[report]), ReportRunsResponse)
        assert reported.reports[0].verdict == lease_pb2.REPORT_VERDICT_ACCEPTED

    async def beat(self) -> lease_pb2.LeaseVerdict.ValueType:
        """Send a heartbeat; the verdict."""
        held = HeldLease(flow_run_id=self.run_id, token=self.token, phase=lease_pb2.LEASE_PHASE_RUNNING)
        answer = await once(
            self._stubs.leases.SyncLeases,
            SyncLeasesRequest(session_id=self.session_id, held=[held]),
            SyncLeasesResponse,
        )
        return answer.leases[0].verdict

    async def history(self) -> list[state_pb2.StateType.ValueType]:
        """Every state that the run has had."""
        answer = await once(
            self._stubs.runs.ListFlowRunStates,
            ListFlowRunStatesRequest(flow_run_id=self.run_id),
            ListFlowRunStatesResponse,
        )
        return [change.state.type for change in answer.changes]


_SERVICES = ("", "orch.v1.FlowRunService", "orch.v1.LeaseService")


@pytest.mark.postgres
async def test_health_says_whether_the_database_answers(tmp_path: Path, postgres: StoppablePostgres) -> None:
    async with (
        running_server(tmp_path, "--database-url", postgres.url) as server,
        grpc.aio.insecure_channel(server.address) as channel,
        asyncio.timeout(50),
    ):
        health: Any = HealthStub(channel)
        watches = [aiter(health.Watch(HealthCheckRequest(service=name))) for name in _SERVICES]

        async def heard() -> set[int]:
            return {(await anext(watch)).status for watch in watches}

        assert await heard() == {HealthCheckResponse.SERVING}
        await asyncio.to_thread(postgres.stop)
        assert await heard() == {HealthCheckResponse.NOT_SERVING}
        assert (await health.Check(HealthCheckRequest())).status == HealthCheckResponse.NOT_SERVING
        await asyncio.to_thread(postgres.start)
        assert await heard() == {HealthCheckResponse.SERVING}


@pytest.mark.postgres
async def test_the_database_goes_and_comes_back(tmp_path: Path, postgres: StoppablePostgres) -> None:
    """Callers are told to come back, nobody's lease expires meanwhile, and the server goes on by itself."""
    async with (
        running_server(tmp_path, "--database-url", postgres.url, "--sweep-interval-seconds", "0.2") as server,
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        stubs = Stubs.on(channel)
        holder = _Holder(stubs)
        await holder.begin()
        await asyncio.to_thread(postgres.stop)
        away_until = time.monotonic() + 6
        while time.monotonic() < away_until:  # longer than the lease lasts
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await once(stubs.runs.GetFlowRun, GetFlowRunRequest(flow_run_id=holder.run_id), GetFlowRunResponse)
            assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
            info, retry = _details(refused.value)
            assert info.reason == "DATABASE_UNAVAILABLE"
            assert retry is not None
            await asyncio.sleep(min(retry.retry_delay.ToTimedelta().total_seconds(), 1.0))
        await asyncio.to_thread(postgres.start)

        assert await _answered(holder) == lease_pb2.LEASE_VERDICT_OK
        found = await once(stubs.runs.GetFlowRun, GetFlowRunRequest(flow_run_id=holder.run_id), GetFlowRunResponse)
        assert found.flow_run.state.type == state_pb2.STATE_TYPE_RUNNING
        assert await holder.history() == [
            state_pb2.STATE_TYPE_SCHEDULED,
            state_pb2.STATE_TYPE_PENDING,
            state_pb2.STATE_TYPE_RUNNING,
        ]
        assert await server.stop() == 0


async def _answered(holder: _Holder) -> lease_pb2.LeaseVerdict.ValueType:
    """Heartbeats until one is answered."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await holder.beat()
            except grpc.aio.AioRpcError as error:
                assert error.code() == grpc.StatusCode.UNAVAILABLE  # noqa: PT017 - it may take a moment
