"""Two servers on one PostgreSQL, killed again and again: every run is executed exactly once, and none is lost.

ORCH_TEST_RUNS says how many runs, ORCH_TEST_SEED which moments.
"""

import asyncio
import os
import random
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from google.protobuf.duration_pb2 import Duration

from orch_proto.v1.flow_run_service_pb2 import (
    BatchCreateFlowRunsRequest,
    BatchCreateFlowRunsResponse,
    CreateFlowRunRequest,
)
from orch_proto.v1.work_pool_pb2 import WorkPool
from orch_proto.v1.work_pool_service_pb2 import CreateWorkPoolRequest, CreateWorkPoolResponse
from tests.e2e.protocol import Client, Ledger, SimulatedWorker
from tests.e2e.server_process import ServerProcess, running_server

RUNS = int(os.environ.get("ORCH_TEST_RUNS", "10000"))
SEED = int(os.environ.get("ORCH_TEST_SEED", "20260302"))
WORKERS = 20
KILLS = 10
BATCH = 250
TTL = timedelta(seconds=10)


async def _create_runs(client: Client, count: int) -> None:
    """In batches, each with a request id, so that a repeat after a lost answer makes no second ones."""
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        request = BatchCreateFlowRunsRequest(
            request_id=str(uuid4()),
            requests=[CreateFlowRunRequest(flow_name="crowd", work_pool_name="crowd") for _ in range(size)],
        )
        made = await client.call(lambda stubs: stubs.runs.BatchCreateFlowRuns, request, BatchCreateFlowRunsResponse)
        assert len(made.responses) == size


async def _kill_now_and_then(servers: list[ServerProcess], ledger: Ledger, chance: random.Random) -> int:
    """One server, or both, at seeded shares of the work; returns how often."""
    moments = sorted(chance.sample(range(ledger.wanted // 50, ledger.wanted * 19 // 20), KILLS))
    for moment in moments:
        await ledger.reached(moment)
        victims = servers if chance.random() < 0.2 else [chance.choice(servers)]
        await asyncio.gather(*(server.kill() for server in victims))
        await asyncio.gather(*(server.start() for server in victims))
    return len(moments)


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_every_run_is_executed_once_whatever_is_killed(tmp_path: Path, postgres_url: str) -> None:
    options = ("--database-url", postgres_url, "--database-pool-size", "4", "--sweep-interval-seconds", "0.5")
    ledger = Ledger(RUNS)
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(running_server(tmp_path, *options)) for _ in range(2)]
        addresses = [server.address for server in servers]
        clients = [await stack.enter_async_context(Client(addresses, first=n)) for n in range(WORKERS + 1)]
        await _create_pool(clients[0])
        workers = [
            SimulatedWorker(f"worker-{number}", client, ledger, pool="crowd")
            for number, client in enumerate(clients[1:])
        ]
        async with asyncio.timeout(240), asyncio.TaskGroup() as group:
            group.create_task(_create_runs(clients[0], RUNS))
            killer = group.create_task(_kill_now_and_then(servers, ledger, random.Random(SEED)))
            for worker in workers:
                group.create_task(worker.run())
        assert killer.result() == KILLS
        assert sum(client.failovers for client in clients) > 0

    assert set(ledger.effects) == ledger.completed
    assert set(ledger.effects.values()) == {1}
    assert all(tokens == sorted(set(tokens)) for tokens in ledger.tokens.values())
    await _assert_stored(postgres_url, ledger)


async def _create_pool(client: Client) -> None:
    request = CreateWorkPoolRequest(
        request_id=str(uuid4()),
        work_pool=WorkPool(name="crowd", type="process", lease_ttl=Duration(seconds=int(TTL.total_seconds()))),
    )
    await client.call(lambda stubs: stubs.pools.CreateWorkPool, request, CreateWorkPoolResponse)


async def _assert_stored(url: str, ledger: Ledger) -> None:
    """As the database has it: all complete, nothing leased, every history whole."""
    connection = await asyncpg.connect(url)
    try:
        states = await connection.fetch("SELECT state_type, count(*) FROM flow_run GROUP BY state_type")
        assert [tuple(row) for row in states] == [(6, ledger.wanted)]
        assert await connection.fetchval("SELECT count(*) FROM lease") == 0
        broken = await connection.fetch(
            """
            SELECT r.id FROM flow_run r JOIN flow_run_state s ON s.flow_run_id = r.id GROUP BY r.id
            HAVING count(*) <> r.version OR min(s.version) <> 1 OR max(s.version) <> r.version
                OR count(*) FILTER (WHERE s.type = 6) <> 1 OR max(s.token) <> r.token
            """
        )
        assert broken == []
        falling = await connection.fetch(
            """
            SELECT flow_run_id FROM (
                SELECT flow_run_id, token, lag(token) OVER (PARTITION BY flow_run_id ORDER BY version) AS earlier
                FROM flow_run_state
            ) AS history WHERE token < earlier
            """
        )
        assert falling == []
        ids = {str(row["id"]) for row in await connection.fetch("SELECT id FROM flow_run")}
        assert ids == ledger.completed
    finally:
        await connection.close()
