"""Many schedules in one minute: how long after its nominal time each run is there for others to see."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from time import perf_counter

import asyncpg

from tests.bench.figures import Report, at_most, milliseconds
from tests.bench.ids import time_ordered_id
from tests.bench.laboratory import Laboratory

SCHEDULES = 10_000
DEPLOYMENTS = 1_000
SPREAD_SECONDS = 30.0
"""Half of the minute that the budget allows, so that the bench stays short. Twice the rate is the harder task."""
_LEAD_SECONDS = 3.0
_LONGEST_LAG_SECONDS = 12.0

_FLOW = "INSERT INTO flow (id, name, create_time) VALUES ($1, 'bench', now())"
_DEPLOYMENTS = """
INSERT INTO deployment (id, flow_id, name, description, tags, paused, work_queue_id, parameters, parameter_schema,
                        concurrency_policy, current_version, create_time, update_time, version)
SELECT deployment_id, $2, 'bench-' || row_number() OVER (), '', '["bench"]', false,
       (SELECT id FROM work_queue ORDER BY id LIMIT 1), '{"n": 1}', '', 1, 1, now(), now(), 1
FROM unnest($1::uuid[]) AS deployment_id
"""
_VERSIONS = """
INSERT INTO deployment_version (deployment_id, number, launch_spec, create_time)
SELECT deployment_id, 1, '{"entrypoint": "bench.py:flow"}', now() FROM unnest($1::uuid[]) AS deployment_id
"""
_SCHEDULES = """
INSERT INTO schedule (id, deployment_id, name, spec, paused, parameters, catch_up_policy, overlap_policy, jitter_ms,
                      next_time, create_time, update_time, version)
SELECT row.id, row.deployment_id, 'bench-' || row.id, row.spec, false, '', 2, 1, 0, row.next_time, now(), now(), 1
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[]) AS row (id, deployment_id, spec, next_time)
"""
_WAKE = "SELECT pg_notify('orch_wakeups', '*')"
_COUNT = "SELECT count(*) FROM flow_run WHERE schedule_id IS NOT NULL"
# The first state of a run is written once, together with the run: its commit is the run's.
_LATENESS = """
SELECT extract(epoch FROM pg_xact_commit_timestamp(state.xmin) - run.nominal_time)::float8 AS lateness
FROM flow_run AS run JOIN flow_run_state AS state ON state.flow_run_id = run.id AND state.version = 1
WHERE run.schedule_id IS NOT NULL
"""


async def bench(laboratory: Laboratory) -> AsyncIterator[Report]:
    """10 000 intervals spread evenly, and 10 000 that are all due at the same moment."""
    for name, spread in (("schedules", SPREAD_SECONDS), ("schedules_burst", 0.0)):
        with laboratory.databases.fresh() as url:
            async with laboratory.server_on(url) as server:
                before = server.cpu_seconds()
                lateness = await _lateness(url, spread)
                cpu = server.cpu_seconds() - before
        yield Report(
            name,
            {
                "schedules": SCHEDULES,
                "due_within_s": spread,
                "p50_ms": milliseconds(lateness, 0.50),
                "p99_ms": milliseconds(lateness, 0.99),
                "max_ms": milliseconds(lateness, 1.0),
                "server_cpu_ms": round(1000 * cpu / SCHEDULES, 3),
            },
            {"p99_ms": at_most(1000)} if spread else {},
        )


async def _lateness(url: str, spread: float) -> list[float]:
    """Of every run, in seconds."""
    connection = await asyncpg.connect(url)
    try:
        begin = await _fill(connection, spread)
        end = begin + timedelta(seconds=spread)
        await asyncio.sleep((end - datetime.now(UTC)).total_seconds())
        await _all_created(connection)
        return [row["lateness"] for row in await connection.fetch(_LATENESS)]
    finally:
        await connection.close()


async def _all_created(connection: asyncpg.Connection) -> None:
    deadline = perf_counter() + _LONGEST_LAG_SECONDS
    while (count := await connection.fetchval(_COUNT)) < SCHEDULES:
        if perf_counter() > deadline:
            raise RuntimeError(
                f"only {count} of {SCHEDULES} schedules have fired {_LONGEST_LAG_SECONDS} s after the last"
            )
        await asyncio.sleep(0.2)


async def _fill(connection: asyncpg.Connection, spread: float) -> datetime:
    """Make hourly schedules, the first due in a few seconds. Returns when that is."""
    flow_id, deployments = time_ordered_id(), [time_ordered_id() for _ in range(DEPLOYMENTS)]
    begin = datetime.now(UTC) + timedelta(seconds=_LEAD_SECONDS)
    times = [begin + timedelta(seconds=spread * number / SCHEDULES) for number in range(SCHEDULES)]
    async with connection.transaction():
        await connection.execute(_FLOW, flow_id)
        await connection.execute(_DEPLOYMENTS, deployments, flow_id)
        await connection.execute(_VERSIONS, deployments)
        await connection.execute(
            _SCHEDULES,
            [time_ordered_id() for _ in times],
            [deployments[number % DEPLOYMENTS] for number in range(SCHEDULES)],
            [_spec(time) for time in times],
            times,
        )
    await connection.execute("ANALYZE schedule, deployment")
    await connection.execute(_WAKE)
    return begin


def _spec(anchor: datetime) -> str:
    """As the server stores an interval (storage/schedule_specs.py)."""
    return json.dumps(
        {"kind": "interval", "interval_us": 3_600_000_000, "anchor": anchor.isoformat(), "time_zone": "UTC"}
    )
