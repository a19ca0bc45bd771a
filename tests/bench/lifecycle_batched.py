"""A run's life in batches of 500: what a worker with many slots, or a back-fill, does."""

from collections.abc import AsyncIterator
from time import perf_counter

from orch_proto.v1.state_pb2 import StateType
from tests.bench.api import Api
from tests.bench.figures import Report, at_least, middle
from tests.bench.laboratory import Laboratory

BATCH = 500
BATCHES_A_ROUND = 8
ROUNDS = 5
STEPS = ("create", "acquire", "running", "completed")


async def bench(laboratory: Laboratory) -> AsyncIterator[Report]:
    """Create, acquire, running and completed, 500 runs in each call, one call after another."""
    async with laboratory.api() as (server, api):
        session = await api.open_session("bench", slots=BATCH)
        await _round(api, session, batches=3)
        server_before, database_before = server.cpu_seconds(), laboratory.databases.cpu_seconds()
        rounds = [await _round(api, session, batches=BATCHES_A_ROUND) for _ in range(ROUNDS)]
        runs = BATCH * BATCHES_A_ROUND
        steps = {f"{step}_us": middle(1e6 * seconds[step] / runs for seconds in rounds) for step in STEPS}
        server_cpu = server.cpu_seconds() - server_before
        database_cpu = laboratory.databases.cpu_seconds() - database_before
        yield Report(
            "lifecycle_batched",
            {
                "database": laboratory.kind,
                "batch": BATCH,
                "runs_per_s": middle(runs / sum(seconds.values()) for seconds in rounds),
                **steps,
                "server_cpu_ms": round(1000 * server_cpu / runs / ROUNDS, 3),
                "database_cpu_ms": round(1000 * database_cpu / runs / ROUNDS, 3),
            },
            {"runs_per_s": at_least(5000, limit="batched_runs_per_s")} if laboratory.kind == "postgresql" else {},
        )


async def _round(api: Api, session_id: str, *, batches: int) -> dict[str, float]:
    """Seconds spent in each step."""
    seconds = dict.fromkeys(STEPS, 0.0)
    for _ in range(batches):
        marks = [perf_counter()]
        await api.create_batch("bench", BATCH)
        marks.append(perf_counter())
        leases = await api.acquire_exactly(session_id, BATCH)
        marks.append(perf_counter())
        await api.report(session_id, leases, StateType.STATE_TYPE_RUNNING, sequence=1)
        marks.append(perf_counter())
        await api.report(session_id, leases, StateType.STATE_TYPE_COMPLETED, sequence=2)
        marks.append(perf_counter())
        for step, begin, end in zip(STEPS, marks, marks[1:], strict=False):
            seconds[step] += end - begin
    return seconds
