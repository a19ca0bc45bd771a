"""What the database holds at the end, read by SQL: the checker does not ask the code that it checks.

Times come from the database's clock, which chaos sets back by two hours at times: a time that is an hour or more before
the beginning was written then. Put right, all of them are on the one clock of the machine.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from tests.chaos.faults import CLOCK_BACK

STATES = ("", "SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING", "COMPLETED", "FAILED", "CANCELLED", "CRASHED")
ENDED = frozenset(STATES[6:])
_RIGHT = timedelta(hours=1)


@dataclass(frozen=True)
class Written:
    """A state of a flow run or task run. `committed`: when others could first see it; None where that is not known."""

    version: int
    type: str
    token: int
    time: datetime
    committed: datetime | None


@dataclass(frozen=True)
class Run:
    """A flow run, and every state that it has had."""

    id: str
    kind: str
    state: str
    version: int
    token: int
    schedule_id: str
    nominal_time: datetime | None
    states: Sequence[Written]


@dataclass(frozen=True)
class TaskRun:
    """A task run, and every state that it has had."""

    id: str
    flow_run_id: str
    state: str
    states: Sequence[Written]


@dataclass(frozen=True)
class Chunk:
    """A piece of a log."""

    first: int
    count: int


@dataclass(frozen=True)
class Records:
    """All of it. Logs: by run and stream, with the offset at which the stream says that it ends."""

    runs: Mapping[str, Run]
    tasks: Sequence[TaskRun]
    leases: int
    logs: Mapping[tuple[str, str], tuple[int, Sequence[Chunk]]]


async def read(url: str, *, since: datetime) -> Records:
    """Read it. `since`: when chaos began, by the machine's clock."""
    connection = await asyncpg.connect(url)
    try:
        states = await _states(connection, "flow_run_state", "flow_run_id", since)
        runs = {str(row["id"]): _run(row, states) for row in await connection.fetch(_RUNS)}
        task_states = await _states(connection, "task_run_state", "task_run_id", since)
        tasks = [
            TaskRun(str(row["id"]), str(row["flow_run_id"]), STATES[row["state_type"]], task_states[row["id"]])
            for row in await connection.fetch("SELECT id, flow_run_id, state_type FROM task_run")
        ]
        leases = await connection.fetchval("SELECT count(*) FROM lease")
        return Records(runs, tasks, leases, await _logs(connection))
    finally:
        await connection.close()


_RUNS = """
    SELECT run.id, coalesce(deployment.name, '') AS kind, state_type, run.version, run.token, schedule_id, nominal_time
    FROM flow_run run LEFT JOIN deployment ON deployment.id = run.deployment_id
"""


def _run(row: asyncpg.Record, states: Mapping[UUID, Sequence[Written]]) -> Run:
    return Run(
        id=str(row["id"]),
        kind=row["kind"],
        state=STATES[row["state_type"]],
        version=row["version"],
        token=row["token"],
        schedule_id=str(row["schedule_id"] or ""),
        nominal_time=row["nominal_time"],
        states=states[row["id"]],
    )


async def _states(
    connection: asyncpg.Connection, table: str, owner: str, since: datetime
) -> Mapping[UUID, Sequence[Written]]:
    found: dict[UUID, list[Written]] = defaultdict(list)
    rows = await connection.fetch(
        f"SELECT {owner} AS owner, version, type, token, state_time, pg_xact_commit_timestamp(xmin) AS committed"
        f" FROM {table} ORDER BY {owner}, version"
    )
    for row in rows:
        committed = _right(row["committed"], since) if row["committed"] is not None else None
        written = Written(
            row["version"], STATES[row["type"]], row["token"], _right(row["state_time"], since), committed
        )
        found[row["owner"]].append(written)
    return found


def _right(time: datetime, since: datetime) -> datetime:
    return time + CLOCK_BACK if time < since - _RIGHT else time


async def _logs(connection: asyncpg.Connection) -> Mapping[tuple[str, str], tuple[int, Sequence[Chunk]]]:
    chunks: dict[tuple[UUID, str], list[Chunk]] = defaultdict(list)
    for row in await connection.fetch(
        "SELECT flow_run_id, stream, first_offset, record_count FROM log_chunk ORDER BY 3"
    ):
        chunks[row["flow_run_id"], row["stream"]].append(Chunk(row["first_offset"], row["record_count"]))
    return {
        (str(row["flow_run_id"]), row["stream"]): (row["next_offset"], chunks[row["flow_run_id"], row["stream"]])
        for row in await connection.fetch("SELECT flow_run_id, stream, next_offset FROM log_stream")
    }
