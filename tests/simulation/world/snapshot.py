"""What the checker reads after every commit: the rows that invariants speak of, by statements of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from orch_server.domain.states import StateType
from orch_server.storage.tables import flow_run, lease, session
from tests.simulation.world.engine import Engine


class Run(NamedTuple):
    """A flow run's row. Times are microseconds since 1970."""

    id: UUID
    state: int
    message: str
    version: int
    token: int
    sequence: int
    lost_from: int | None
    attempt: int
    retries: int
    restarts: int
    recovery: str | None
    pool: UUID | None
    queue: UUID | None
    deployment: UUID | None
    key: str | None
    schedule: UUID | None
    nominal: int | None
    scheduled: int
    parent: UUID | None


class LeaseRow(NamedTuple):
    """A lease's row."""

    run: UUID
    token: int
    session: UUID | None
    request: UUID | None
    pool: UUID | None
    queue: UUID | None
    deployment: UUID | None
    adopter: UUID | None
    ttl_ms: int
    granted: int
    expires: int
    phase: int


class SessionRow(NamedTuple):
    """A session's row."""

    id: UUID
    draining: bool
    closed: bool


class StateRow(NamedTuple):
    """One state that a run has had."""

    version: int
    state: int
    token: int
    message: str
    name: str


class Chunk(NamedTuple):
    """Some lines of a log."""

    run: UUID
    stream: str
    first: int
    lines: int
    records: bytes


@dataclass(frozen=True)
class Snapshot:
    """The database between two commits. `now` is the database's time, in microseconds since 1970."""

    now: int = 0
    runs: dict[UUID, Run] = field(default_factory=dict)
    leases: dict[UUID, LeaseRow] = field(default_factory=dict)
    sessions: dict[UUID, SessionRow] = field(default_factory=dict)
    ends: dict[tuple[UUID, str], int] = field(default_factory=dict)
    """Where log streams end."""
    swept: int | None = None
    """When the sweeper last ran."""

    def state(self, run_id: UUID) -> StateType | None:
        """The state of a run; None where it is not there."""
        run = self.runs.get(run_id)
        return StateType(run.state) if run is not None else None


_RUN = "id state_type state_message version token report_sequence lost_from attempt retries_used crash_restarts_used "
_RUN += "recovery_policy work_pool_id work_queue_id deployment_id idempotency_key schedule_id nominal_time "
_RUN += "scheduled_time parent_flow_run_id"
_LEASE = (
    "flow_run_id token session_id request_id work_pool_id work_queue_id deployment_id adopter_id ttl_ms grant_time "
)
_LEASE += "expire_time phase"


class Reader:
    """Reads snapshots of one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sqlite = engine.kind == "sqlite"
        # SQLite keeps ids as text without dashes.
        self._ids: dict[str, UUID] = {}
        # Most rows are as they were at the last look.
        self._known_runs: dict[tuple[Any, ...], Run] = {}
        self._known_leases: dict[tuple[Any, ...], LeaseRow] = {}
        self._runs = f"SELECT {self._columns(flow_run, _RUN)} FROM flow_run"
        self._leases = f"SELECT {self._columns(lease, _LEASE)} FROM lease"
        self._sessions = f"SELECT {self._columns(session, 'id draining closed')} FROM session"
        self._swept = f"SELECT {self._time('last_run_time')} FROM background_service WHERE name = 'lease_sweeper'"

    def _columns(self, table: Any, names: str) -> str:  # noqa: ANN401 - a table
        columns = [table.c[name] for name in names.split()]
        return ", ".join(
            self._time(each.name) if "DATETIME" in str(each.type).upper() else each.name for each in columns
        )

    def _time(self, column: str) -> str:
        return column if self._sqlite else f"(EXTRACT(EPOCH FROM {column}) * 1000000)::bigint"

    def _id(self, raw: Any) -> Any:  # noqa: ANN401 - an id, or None
        if not self._sqlite:
            return UUID(int=raw.int) if raw is not None else None
        if raw is None:
            return None
        known = self._ids.get(raw)
        if known is None:
            known = self._ids[raw] = UUID(raw)
        return known

    def read(self, now: int) -> Snapshot:
        """The database as it is."""
        known, rows = self._id, self._engine.rows
        runs = {(run := self._run(row)).id: run for row in rows(self._runs)}
        leases = {(lease := self._lease(row)).run: lease for row in rows(self._leases)}
        sessions = {(key := known(r[0])): SessionRow(key, bool(r[1]), bool(r[2])) for r in rows(self._sessions)}
        ends = {(known(r[0]), r[1]): r[2] for r in rows("SELECT flow_run_id, stream, next_offset FROM log_stream")}
        swept = rows(self._swept)
        return Snapshot(now, runs, leases, sessions, ends, swept[0][0] if swept else None)

    def _run(self, row: tuple[Any, ...]) -> Run:
        run = self._known_runs.get(row)
        if run is None:
            known = self._id
            places = (*map(known, row[11:14]), row[14], known(row[15]), row[16], row[17], known(row[18]))
            run = self._known_runs[row] = Run._make((known(row[0]), *row[1:11], *places))
        return run

    def _lease(self, row: tuple[Any, ...]) -> LeaseRow:
        lease = self._known_leases.get(row)
        if lease is None:
            lease = LeaseRow._make((self._id(row[0]), row[1], *map(self._id, row[2:8]), *row[8:12]))
            self._known_leases[row] = lease
        return lease

    def states(self, run_id: UUID, *, after: int) -> list[StateRow]:
        """The states of a run, past a version."""
        found = self._engine.rows(
            "SELECT version, type, token, message, name FROM flow_run_state WHERE flow_run_id = ? AND version > ? "
            "ORDER BY version",
            (self._raw(run_id), after),
        )
        return [StateRow(*row) for row in found]

    def chunks(self, run_id: UUID, stream: str) -> list[Chunk]:
        """The lines of a stream."""
        found = self._engine.rows(
            "SELECT flow_run_id, stream, first_offset, record_count, records FROM log_chunk "
            "WHERE flow_run_id = ? AND stream = ? ORDER BY first_offset",
            (self._raw(run_id), stream),
        )
        return [Chunk(run_id, row[1], row[2], row[3], bytes(row[4])) for row in found]

    def limits(self, table: str) -> dict[UUID, int]:
        """The limits of pools, queues or deployments that have one."""
        found = self._engine.rows(f"SELECT id, concurrency_limit FROM {table} WHERE concurrency_limit IS NOT NULL")
        return {self._id(row[0]): row[1] for row in found}

    def ttls(self) -> Sequence[tuple[UUID, int]]:
        """How long leases last in each pool, in milliseconds."""
        return [(self._id(row[0]), row[1]) for row in self._engine.rows("SELECT id, lease_ttl_ms FROM work_pool")]

    def _raw(self, thing: UUID) -> object:
        return thing.hex if self._sqlite else thing
