"""Writing flow runs: new ones with their first states, changed ones with their histories and what becomes of leases.

On Postgres all of it is one statement, so that a call costs one trip to the database; SQLite, which is not a trip away,
runs the parts one after another.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Insert, Table, Update, and_, delete, insert, select, update
from sqlalchemy.types import TypeEngine

from orch_server.application.flow_run_rows import Change
from orch_server.domain.flow_runs import FlowRun
from orch_server.domain.leases import Lease
from orch_server.domain.runs import RunFacts
from orch_server.storage.batch import Batch, Cell, one_of
from orch_server.storage.documents import dump_failure
from orch_server.storage.flow_run_mapping import run_row
from orch_server.storage.hopes import Hope, Place, batch_of
from orch_server.storage.lease_mapping import lease_row, leases_locked
from orch_server.storage.scope import Kind, Scope
from orch_server.storage.tables import flow_run, flow_run_state, flow_run_tag, lease
from orch_server.storage.types import BIG, ID, INSTANT, SMALL, TEXT

_CHANGING: dict[str, TypeEngine[Any]] = {
    "state_type": SMALL,
    "state_name": TEXT,
    "state_message": TEXT,
    "state_time": INSTANT,
    "failure": TEXT,
    "version": BIG,
    "token": BIG,
    "report_sequence": BIG,
    "lost_from": SMALL,
    "attempt": BIG,
    "retries_used": BIG,
    "crash_restarts_used": BIG,
    "scheduled_time": INSTANT,
    "start_time": INSTANT,
    "end_time": INSTANT,
}
"""What a transition writes."""


class _Rows:
    """An insert of many rows at once: columns by name, from a batch."""

    def __init__(self, kind: Kind, table: Table, name: str) -> None:
        self.names = tuple(column.name for column in table.columns)
        self.batch = Batch(kind, name, **{column.name: column.type for column in table.columns})
        c = self.batch.table.c
        self.insert: Insert = insert(table).from_select(self.names, select(*(c[column] for column in self.names)))

        self._cells: Callable[[dict[str, Cell]], tuple[Cell, ...]] = itemgetter(*self.names)

    def parameters(self, rows: Iterable[dict[str, Cell]]) -> dict[str, Any]:
        """The statement's parameters for rows given by column name."""
        return self.batch.parameters([self._cells(row) for row in rows])


_STATE_COLUMNS = ("flow_run_id", "version", "state_time", "type", "name", "message", "failure", "token")


def _newest_state(batch: Batch) -> Insert:
    """Adds to histories the state that each run of a batch is in now."""
    c = batch.table.c
    cells = (c.id, c.version, c.state_time, c.state_type, c.state_name, c.state_message, c.failure, c.token)
    return insert(flow_run_state).from_select(_STATE_COLUMNS, select(*cells))


class _Changes:
    """The statements that change runs."""

    def __init__(self, kind: Kind) -> None:
        self.batch = Batch(kind, "changed", id=ID, old_token=BIG, old_version=BIG, update_time=INSTANT, **_CHANGING)
        c = self.batch.table.c
        # The guard stands in the statement: token and version are what the decision was made on.
        self.update: Update = (
            update(flow_run)
            .where(flow_run.c.id == c.id, flow_run.c.token == c.old_token, flow_run.c.version == c.old_version)
            .values({name: c[name] for name in (*_CHANGING, "update_time")})
        )
        self.history = _newest_state(self.batch)
        self.earlier_history = insert(flow_run_state)
        self.leases = _Rows(kind, lease, "granted")
        self.drop = delete(lease).where(one_of(lease.c.flow_run_id, "ids", kind), leases_locked(kind))

    @cache  # noqa: B019 - one instance a kind, for good
    def together(self, *, grants: bool, drops: bool) -> Update:
        """All parts as one statement, for Postgres."""
        parts = [self.history.cte("added_history")]
        if grants:
            parts.append(self.leases.insert.cte("added_leases"))
        if drops:
            parts.append(self.drop.cte("dropped_leases"))
        return self.update.add_cte(*parts)


@cache
def _changes(kind: Kind) -> _Changes:
    return _Changes(kind)


@cache
def unchanged_runs() -> Hope:
    """That runs are as they were read. Locks in the order of the ids, as everywhere."""
    batch = batch_of("held", id=ID, token=BIG, version=BIG)
    c = batch.table.c
    same = and_(flow_run.c.id == c.id, flow_run.c.token == c.token, flow_run.c.version == c.version)
    locked = select(flow_run.c.id).select_from(batch.table).join(flow_run, same).order_by(flow_run.c.id)
    return Hope("held", Place.RUNS, batch, locked.with_for_update(of=flow_run, key_share=True))


def write_changes(
    scope: Scope, changes: Sequence[Change], *, granted: Sequence[Lease] = (), ended: Sequence[UUID] = ()
) -> None:
    """Write locked runs, guarded by the token and version they had, their histories, and what becomes of their leases.

    Raises RuntimeError, which rolls everything back, where a guard does not hold.
    """
    if not changes:
        return
    s, now = _changes(scope.kind), scope.now
    parameters = s.batch.parameters(
        [(c.before.id, c.before.token, c.before.version, now, *_changing_cells(c.after)) for c in changes]
    )
    leases = s.leases.parameters(lease_row(each) for each in granted) if granted else {}
    dropped = {"ids": sorted(ended)} if ended else {}
    if scope.kind == "postgresql":
        statement = s.together(grants=bool(granted), drops=bool(ended))
        everything = {**parameters, **leases, **dropped}
        written = len(changes)
        if scope.hopeful:
            scope.hope(unchanged_runs(), [unchanged(c.before) for c in changes])
            scope.write_soon(statement, everything)
        else:
            written = scope.written(statement, everything)
    else:
        written = scope.written(s.update, parameters)
        scope.written(s.history, parameters)
        if granted:
            scope.written(s.leases.insert, leases)
        if ended:
            scope.written(s.drop, dropped)
    if written != len(changes):
        raise RuntimeError(f"{len(changes) - written} of {len(changes)} locked flow runs changed under their lock")
    if earlier := [_state_row(facts) for c in changes for facts in c.passed[:-1]]:
        scope.connection.execute(s.earlier_history, earlier)


def unchanged(run: RunFacts) -> tuple[Cell, ...]:
    """A row of `unchanged_runs`."""
    return run.id, run.token, run.version


class _Additions:
    """The statements that add runs."""

    def __init__(self, kind: Kind) -> None:
        self.runs = _Rows(kind, flow_run, "added")
        self.history = _newest_state(self.runs.batch)
        self.tags = _Rows(kind, flow_run_tag, "tagged")
        self.leases = _Rows(kind, lease, "granted")

    @cache  # noqa: B019 - one instance a kind, for good
    def together(self, *, tags: bool, grants: bool) -> Insert:
        """All parts as one statement, for Postgres."""
        parts = [self.history.cte("added_history")]
        if tags:
            parts.append(self.tags.insert.cte("added_tags"))
        if grants:
            parts.append(self.leases.insert.cte("added_leases"))
        return self.runs.insert.add_cte(*parts)


@cache
def _additions(kind: Kind) -> _Additions:
    return _Additions(kind)


def write_new(scope: Scope, runs: Sequence[FlowRun], *, granted: Sequence[Lease] = ()) -> None:
    """Insert new runs with their tags and first states, and leases of those that are held from the first moment."""
    if not runs:
        return
    s = _additions(scope.kind)
    parameters = s.runs.parameters(map(run_row, runs))
    tag_rows: list[dict[str, Cell]] = [{"tag": tag, "flow_run_id": run.id} for run in runs for tag in run.tags]
    tags = s.tags.parameters(tag_rows) if tag_rows else {}
    leases = s.leases.parameters(lease_row(each) for each in granted) if granted else {}
    if scope.kind == "postgresql":
        scope.write_soon(s.together(tags=bool(tag_rows), grants=bool(granted)), {**parameters, **tags, **leases})
        return
    scope.written(s.runs.insert, parameters)
    scope.written(s.history, parameters)
    if tag_rows:
        scope.written(s.tags.insert, tags)
    if granted:
        scope.written(s.leases.insert, leases)


def _state_row(facts: RunFacts) -> dict[str, Cell]:
    state = facts.state
    return {
        "flow_run_id": facts.id,
        "version": facts.version,
        "state_time": state.time,
        "type": int(state.type),
        "name": state.name,
        "message": state.message,
        "failure": dump_failure(state.failure),
        "token": facts.token,
    }


def _changing_cells(facts: RunFacts) -> tuple[Cell, ...]:
    """The cells of `_CHANGING`, in its order."""
    state = facts.state
    return (
        int(state.type),
        state.name,
        state.message,
        state.time,
        dump_failure(state.failure),
        facts.version,
        facts.token,
        facts.report_sequence,
        int(facts.lost_from) if facts.lost_from is not None else None,
        facts.attempt,
        facts.retries_used,
        facts.crash_restarts_used,
        facts.scheduled_time,
        facts.start_time,
        facts.end_time,
    )
