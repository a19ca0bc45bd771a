"""Fills a database with a million flow runs, as a busy year leaves them: most completed, few alive, some rare.

Flow 0 has most runs, each further flow fewer; flow 0 has never crashed; the rare flow, deployment and tag were last
used long ago, so that a walk from the newest run back meets them late.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import asyncpg

from tests.bench.ids import time_ordered_id

if TYPE_CHECKING:
    from uuid import UUID

RUNS = 1_000_000
FLOWS = 20
DEPLOYMENTS = 50
RARE = "rare"
"""Name of the flow, deployment and tag that 50 old runs have."""
DAYS = 180

STATES: Mapping[str, int] = MappingProxyType(
    {"SCHEDULED": 1, "PENDING": 2, "RUNNING": 3, "COMPLETED": 6, "FAILED": 7, "CANCELLED": 8, "CRASHED": 9}
)

_FLOWS = "INSERT INTO flow (id, name, create_time) SELECT * FROM unnest($1::uuid[], $2::text[], array_fill(now(), $3))"
_DEPLOYMENTS = """
INSERT INTO deployment (id, flow_id, name, description, tags, paused, work_queue_id, parameters, parameter_schema,
                        concurrency_policy, current_version, create_time, update_time, version)
SELECT row.id, ($2::uuid[])[1 + row.number % array_length($2::uuid[], 1)], 'deployment-' || row.number, '', '[]', false,
       (SELECT id FROM work_queue LIMIT 1), '{}', '', 1, 1, now(), now(), 1
FROM unnest($1::uuid[]) WITH ORDINALITY AS row (id, number)
"""
_VERSIONS = """
INSERT INTO deployment_version (deployment_id, number, launch_spec, create_time)
SELECT id, 1, '{"entrypoint": "flows.py:flow"}', create_time FROM deployment
"""

# `n` counts from the oldest run, `age` in runs from the newest; `roll` is spread evenly over 0 to 999 and tells nothing
# about `n`. A third of the runs has no deployment, every fifth completed one an inline result.
_RUNS = """
CREATE TEMPORARY TABLE made AS
SELECT *, CASE WHEN age < 150 THEN 1 WHEN age < 170 THEN 2 WHEN age < 400 THEN 3 WHEN roll < 40 THEN 7
               WHEN roll < 50 THEN 8 WHEN roll < 55 AND flow_number <> 0 THEN 9 ELSE 6 END AS state
FROM (
    SELECT n, $1::int - n AS age, roll, moment,
           (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '7' || substr(hash, 1, 3) || '8'
            || substr(hash, 4, 15))::uuid AS id,
           CASE WHEN n BETWEEN 10000 AND 10049 THEN $2
                ELSE least(floor(20 * (pick / 1000.0) ^ 3), 19)::int END AS flow_number,
           CASE WHEN n BETWEEN 10000 AND 10049 THEN $3 WHEN roll % 3 = 0 THEN NULL
                ELSE pick % 50 END AS deployment_number
    FROM (
        SELECT n, hash, now() - ($1::int - n) * (interval '1 day' * $4 / $1) AS moment,
               ('x' || substr(hash, 20, 7))::bit(28)::int % 1000 AS roll,
               ('x' || substr(hash, 26, 7))::bit(28)::int % 1000 AS pick
        FROM (SELECT n, md5(n::text) AS hash FROM generate_series(1, $1::int) AS n) AS hashed
    ) AS rolled
) AS shared
"""
_INSERT = """
INSERT INTO flow_run (id, name, flow_id, deployment_id, deployment_version, work_pool_id, work_queue_id, state_type,
    state_name, state_message, state_time, version, token, report_sequence, attempt, retries_used, crash_restarts_used,
    parameters, job_variables, tags, waits_for_schedule, traceparent, tracestate, create_time, scheduled_time,
    start_time, end_time, update_time)
SELECT id, 'flow-' || flow_number || '-' || lpad(to_hex(n), 6, '0'), ($1::uuid[])[1 + flow_number],
    ($2::uuid[])[1 + deployment_number], CASE WHEN deployment_number IS NULL THEN 0 ELSE 1 END,
    CASE WHEN roll % 10 = 0 THEN $4::uuid ELSE $3::uuid END, NULL, state,
    CASE state WHEN 1 THEN 'Scheduled' WHEN 2 THEN 'Pending' WHEN 3 THEN 'Running' WHEN 7 THEN 'Failed'
               WHEN 8 THEN 'Cancelled' WHEN 9 THEN 'Crashed' ELSE 'Completed' END,
    CASE state WHEN 7 THEN 'ValueError: no such file' ELSE '' END,
    moment + interval '30 s', CASE state WHEN 1 THEN 1 WHEN 2 THEN 2 WHEN 3 THEN 3 ELSE 4 END,
    CASE state WHEN 1 THEN 0 ELSE 1 END, CASE WHEN state < 3 THEN 0 ELSE 2 END, CASE WHEN state < 3 THEN 0 ELSE 1 END,
    0, 0,
    '{"day": ' || n % 365 || '}', '',
    CASE WHEN roll % 2 = 0 THEN '["nightly", "team-' || roll % 7 || '"]' ELSE '[]' END,
    false, '', '', moment, moment, CASE WHEN state < 3 THEN NULL ELSE moment + interval '1 s' END,
    CASE WHEN state < 6 THEN NULL ELSE moment + interval '30 s' END, moment + interval '30 s'
FROM made
"""
_TAGS = """
INSERT INTO flow_run_tag (tag, flow_run_id)
SELECT 'nightly', id FROM made WHERE roll % 2 = 0
UNION ALL SELECT 'team-' || roll % 7, id FROM made WHERE roll % 2 = 0
UNION ALL SELECT 'rare', id FROM made WHERE n BETWEEN 10000 AND 10049
"""
_RESULTS = """
INSERT INTO flow_run_result (flow_run_id, data, uri, media_type, size_bytes)
SELECT id, '\\x7b7d'::bytea, '', 'application/json', 2 FROM made WHERE state = 6 AND roll % 5 = 0
"""
_FILLED = ("flow_run", "flow_run_tag", "flow_run_result")
_INDEXES = """
SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index AS i WHERE i.indrelid = ANY ($1::text[]::regclass[]) AND NOT i.indisprimary
"""


class MillionRuns:
    """What the filled database holds, by name."""

    def __init__(self) -> None:
        names = [f"flow-{number}" for number in range(FLOWS)] + [RARE]
        self.flows: dict[str, UUID] = {name: time_ordered_id() for name in names}
        self.deployments = [time_ordered_id() for _ in range(DEPLOYMENTS + 1)]
        """The last one is the rare one."""

    async def fill(self, url: str) -> None:
        """Fill an empty, migrated database. Indexes are dropped meanwhile and made again: that is quicker."""
        connection = await asyncpg.connect(url, server_settings={"synchronous_commit": "off", "jit": "off"})
        try:
            await connection.execute("SET session_replication_role = replica; SET maintenance_work_mem = '512MB'")
            await self._fill(connection)
        finally:
            await connection.close()

    async def _fill(self, connection: asyncpg.Connection) -> None:
        flows, names = list(self.flows.values()), list(self.flows)
        pools = [row["id"] for row in await connection.fetch("SELECT id FROM work_pool")] + [time_ordered_id()]
        await connection.execute(_FLOWS, flows, names, [len(names)])
        await connection.execute(_DEPLOYMENTS, self.deployments, flows)
        await connection.execute(_VERSIONS)
        await connection.execute(
            "INSERT INTO work_pool SELECT $2, 'other', type, description, paused, concurrency_limit, lease_ttl_ms,"
            " job_template, create_time, update_time, version FROM work_pool WHERE id = $1",
            *pools,
        )
        indexes = await connection.fetch(_INDEXES, list(_FILLED))
        await connection.execute("; ".join(f"DROP INDEX {index['name']}" for index in indexes))
        await connection.execute(_RUNS, RUNS, FLOWS, DEPLOYMENTS, DAYS)
        await connection.execute(_INSERT, flows, self.deployments, *pools)
        await connection.execute(_TAGS)
        await connection.execute(_RESULTS)
        for index in indexes:
            await connection.execute(index["definition"])
        await connection.execute(
            "VACUUM (ANALYZE) flow_run, flow_run_tag, flow_run_result, flow, deployment, work_pool"
        )
