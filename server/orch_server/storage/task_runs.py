"""Task runs: written many at once, each over lower versions only."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Insert,
    Row,
    Select,
    Update,
    and_,
    bindparam,
    func,
    null,
    or_,
    select,
    type_coerce,
    union_all,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeEngine

from orch_server.application.fence_rows import Fence
from orch_server.domain.results import Result
from orch_server.domain.states import State, StateChange, StateType
from orch_server.domain.task_runs import TaskRun, TaskRunStanding
from orch_server.storage.batch import Batch, one_of
from orch_server.storage.documents import dump_failure, dump_texts, load_failure, load_texts
from orch_server.storage.fences import FENCE_COLUMNS, SqlFences, fence_of, same_holders, same_tokens
from orch_server.storage.hopes import Hope, Place, batch_of
from orch_server.storage.postgres_dialect import postgresql_insert
from orch_server.storage.scope import Kind, Scope
from orch_server.storage.tables import flow_run, task_run, task_run_change, task_run_state
from orch_server.storage.types import BIG, ID, to_micros

_RUN_COLUMNS: Mapping[str, TypeEngine[Any]] = {column.name: column.type for column in task_run.columns}
_STATE_COLUMNS: Mapping[str, TypeEngine[Any]] = {column.name: column.type for column in task_run_state.columns}
_MOST_ROWS = 1000
"""In one statement, so that others have their turn while thousands of rows are made ready for it."""
_NEVER_CHANGES = {"id", "flow_run_id", "create_time", "superseded"}
_REPORTED: Mapping[str, TypeEngine[Any]] = {name: type_ for name, type_ in _RUN_COLUMNS.items() if name != "change"}
"""What comes from reports. The store itself numbers the changes, under the lock of their flow run: whoever has seen one
has seen all before it. Postgres by a sequence; SQLite, whose writers share a machine, by its time."""


def _guard(excluded: Any) -> ColumnElement[bool]:  # noqa: ANN401 - SQLAlchemy's own type is a private one
    """Only what is newer, of the same flow run, and does not revive what has ended (`domain.task_runs.revives`)."""
    old = task_run.c
    return and_(
        excluded.version > old.version,
        excluded.flow_run_id == old.flow_run_id,
        or_(old.state_type < 6, excluded.state_type == old.state_type, excluded.attempt > old.attempt),
    )


@cache
def _put_batch() -> tuple[Batch, Insert]:
    batch = Batch("postgresql", **_REPORTED)
    numbered = select(*batch.table.c, task_run_change.next_value())
    statement = postgresql_insert(task_run).from_select([*_REPORTED, "change"], numbered)
    new = statement.excluded
    changes = {name: new[name] for name in _RUN_COLUMNS if name not in _NEVER_CHANGES}
    return batch, statement.on_conflict_do_update(index_elements=["id"], set_=changes, where=_guard(new))


@cache
def _put_rows() -> Insert:
    statement = sqlite.insert(task_run)
    new = statement.excluded
    changes = {name: new[name] for name in _RUN_COLUMNS if name not in _NEVER_CHANGES}
    return statement.on_conflict_do_update(index_elements=["id"], set_=changes, where=_guard(new))


@cache
def _add_states_batch() -> tuple[Batch, Insert]:
    batch = Batch("postgresql", "change", **_STATE_COLUMNS)
    statement = postgresql_insert(task_run_state).from_select(list(_STATE_COLUMNS), select(batch.table))
    return batch, statement.on_conflict_do_nothing()


@cache
def _standings(kind: Kind) -> Select[Any]:
    c = task_run.c
    return select(c.id, c.flow_run_id, c.state_type, c.attempt, c.version).where(one_of(c.id, "ids", kind))


@cache
def _fences_and_standings(kind: Kind) -> Select[Any]:
    """Both in one trip: rows with a `flow_run_id` are task runs, whose version stands in the place of a token."""
    c = task_run.c
    no_task = type_coerce(null(), ID).label("flow_run_id"), type_coerce(null(), BIG).label("attempt")
    fences = select(*FENCE_COLUMNS, *no_task).where(one_of(flow_run.c.id, "flow_run_ids", kind))
    nothing = (null() for _ in FENCE_COLUMNS[3:])
    tasks = select(c.id, c.version, c.state_type, *nothing, c.flow_run_id, c.attempt)
    return select(union_all(fences, tasks.where(one_of(c.id, "ids", kind))).subquery())


@cache
def _unknown() -> Hope:
    """That nothing is known of these task runs. Reports that are under way are not seen, but the guard of what is
    written sees them."""
    batch = batch_of("unknown", id=ID)
    known = select(task_run.c.id).where(task_run.c.id == batch.table.c.id).exists()
    return Hope("unknown", Place.NOTHING, batch, select(batch.table.c.id).where(~known))


@cache
def _result_sizes(kind: Kind) -> Select[Any]:
    """What the databases know without reading the bytes. What a reporter said of the size may be anything."""
    c = task_run.c
    size = func.length(c.result_data).label("size")
    return select(c.id, size).where(one_of(c.id, "ids", kind), c.result_data.is_not(None))


@cache
def _result_data(kind: Kind) -> Select[Any]:
    c = task_run.c
    return select(c.id, c.result_data).where(one_of(c.id, "ids", kind), c.result_data.is_not(None))


_ADD_STATE_ROWS = sqlite.insert(task_run_state).on_conflict_do_nothing()
_GET: Select[Any] = select(task_run).where(task_run.c.id == bindparam("task_run_id"))
_PAGE: Select[Any] = (
    select(*(c for c in task_run.c if c.name != "result_data"), null().label("result_data"))
    .where(task_run.c.flow_run_id == bindparam("run_id"))
    .order_by(task_run.c.id)
    .limit(bindparam("most"))
)
_NEWEST_CHANGE: Select[Any] = select(func.max(task_run.c.change)).where(
    task_run.c.flow_run_id == bindparam("run_id"), task_run.c.change > bindparam("change_after", type_=BIG)
)


@cache
def _supersede(kind: Kind) -> Update:
    change = task_run_change.next_value() if kind == "postgresql" else bindparam("new_change", type_=BIG)
    return (
        update(task_run)
        .where(
            task_run.c.flow_run_id == bindparam("run_id"),
            or_(task_run.c.id == bindparam("first_id"), task_run.c.create_time >= bindparam("since")),
        )
        .values(superseded=True, change=change)
    )


_STATES: Select[Any] = (
    select(task_run_state)
    .where(task_run_state.c.task_run_id == bindparam("run_id"), task_run_state.c.version > bindparam("after_version"))
    .order_by(task_run_state.c.version)
    .limit(bindparam("most"))
)


class SqlTaskRuns:
    """The store's side of `TaskRunRows`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def hold(
        self, flow_run_ids: Sequence[UUID], ids: Sequence[UUID]
    ) -> tuple[dict[UUID, Fence], dict[UUID, TaskRunStanding]]:
        """Where flow runs stand, kept so, and what is known of task runs."""
        named = {"flow_run_ids": sorted(set(flow_run_ids)), "ids": list(ids)}
        # SQLite has one writer, which needs no locks.
        if not (self._scope.hopeful or self._scope.kind == "sqlite"):
            fences = SqlFences(self._scope).hold(flow_run_ids)
            rows = self._scope.rows(_standings(self._scope.kind), {"ids": named["ids"]})
            return fences, {row.id: _standing(row, version=row.version) for row in rows}
        rows = self._scope.rows(_fences_and_standings(self._scope.kind), named)
        held = [row for row in rows if row.flow_run_id is None]
        if self._scope.hopeful:
            self._scope.hope(same_tokens(), [(row.id, row.token) for row in held])
        known = {row.id: _standing(row, version=row.token) for row in rows if row.flow_run_id is not None}
        return {row.id: fence_of(row) for row in held}, known

    def expect_new(self, tokens: Mapping[UUID, int], ids: Sequence[UUID]) -> bool:
        """Hope that these flow runs have these tokens, and that nothing is known of these task runs."""
        if not self._scope.guesses:
            return False
        self._scope.guess(same_holders(), list(tokens.items()))
        self._scope.guess(_unknown(), [(each,) for each in ids])
        return True

    def put(self, runs: Sequence[TaskRun]) -> None:
        """Insert task runs, or write them over lower versions."""
        cells = [_cells(run) for run in runs]
        if self._scope.kind == "postgresql":
            self._write_arrays(_put_batch(), cells)
        elif cells:
            change = to_micros(self._scope.now)
            self._write_rows(_put_rows(), (*_REPORTED, "change"), [(*row, change) for row in cells])

    def add_states(self, changes: Sequence[tuple[UUID, StateChange]]) -> None:
        """Add to histories what is not there yet."""
        cells = [_state_cells(run_id, change) for run_id, change in changes]
        if self._scope.kind == "postgresql":
            self._write_arrays(_add_states_batch(), cells)
        else:
            self._write_rows(_ADD_STATE_ROWS, _STATE_COLUMNS, cells)

    def _write_arrays(self, prepared: tuple[Batch, Insert], cells: Sequence[tuple[Any, ...]]) -> None:
        """Postgres takes one row of arrays several times as quickly as many rows."""
        batch, statement = prepared
        for start in range(0, len(cells), _MOST_ROWS):
            self._scope.write_soon(statement, batch.parameters(cells[start : start + _MOST_ROWS]))

    def _write_rows(self, statement: Insert, columns: Iterable[str], cells: Sequence[tuple[Any, ...]]) -> None:
        """SQLite takes many rows more quickly than one text that it has to take apart."""
        if cells:
            names = tuple(columns)
            self._scope.connection.execute(statement, [dict(zip(names, row, strict=True)) for row in cells])

    def get(self, task_run_id: UUID) -> TaskRun | None:
        """One task run."""
        row = self._scope.connection.execute(_GET, {"task_run_id": task_run_id}).first()
        return _task_run(row) if row is not None else None

    def page(
        self,
        flow_run_id: UUID,
        *,
        state_types: Sequence[StateType],
        after: UUID | None,
        limit: int,
        changed_after: int | None = None,
    ) -> list[TaskRun]:
        """A flow run's task runs in the order of their ids; without their results' bytes."""
        statement = _PAGE
        parameters: dict[str, object] = {"run_id": flow_run_id, "most": limit}
        if after is not None:
            statement = statement.where(task_run.c.id > bindparam("after"))
            parameters["after"] = after
        if changed_after is not None:
            statement = statement.where(task_run.c.change > bindparam("change_after", type_=BIG))
            parameters["change_after"] = changed_after
        if state_types:
            statement = statement.where(one_of(task_run.c.state_type, "types", self._scope.kind))
            parameters["types"] = [int(type_) for type_ in state_types]
        return [_task_run(row) for row in self._scope.connection.execute(statement, parameters)]

    def newest_change(self, flow_run_id: UUID, *, after: int) -> int | None:
        """The number of the last change of a flow run's task runs; None where there was none after that one."""
        named = {"run_id": flow_run_id, "change_after": after}
        newest: int | None = self._scope.connection.execute(_NEWEST_CHANGE, named).scalar()
        return newest

    def result_sizes(self, ids: Sequence[UUID]) -> dict[UUID, int]:
        """How many bytes of results are stored with these task runs; those without are left out."""
        rows = self._scope.connection.execute(_result_sizes(self._scope.kind), {"ids": list(ids)})
        return {row.id: row.size for row in rows}

    def result_data(self, ids: Sequence[UUID]) -> dict[UUID, bytes]:
        """The bytes of results that are stored with these task runs."""
        rows = self._scope.connection.execute(_result_data(self._scope.kind), {"ids": list(ids)})
        return {row.id: row.result_data for row in rows}

    def supersede(self, first: TaskRun) -> None:
        """Mark a task run, and those of its flow run that were created at the same time or later, as superseded."""
        named: dict[str, object] = {"run_id": first.flow_run_id, "first_id": first.id, "since": first.create_time}
        if self._scope.kind != "postgresql":
            named["new_change"] = to_micros(self._scope.now)
        self._scope.connection.execute(_supersede(self._scope.kind), named)

    def states(self, task_run_id: UUID, *, after_version: int, limit: int) -> list[StateChange]:
        """A task run's history, oldest first, past a version."""
        parameters = {"run_id": task_run_id, "after_version": after_version, "most": limit}
        return [
            StateChange(
                row.version,
                State(StateType(row.type), row.name, row.state_time, row.message, load_failure(row.failure)),
                row.token,
            )
            for row in self._scope.connection.execute(_STATES, parameters)
        ]


def _cells(run: TaskRun) -> tuple[Any, ...]:
    """The cells of `_REPORTED`, in its order."""
    state, result = run.state, run.result
    return (
        run.id,
        run.flow_run_id,
        run.name,
        run.task_key,
        run.dynamic_key,
        int(state.type),
        state.name,
        state.message,
        state.time,
        dump_failure(state.failure),
        run.attempt,
        dump_texts(run.tags),
        dump_texts(tuple(map(str, run.upstream_task_run_ids))),
        run.cache_key,
        run.child_flow_run_id,
        *((result.data, result.uri, result.media_type, result.size_bytes) if result else (None, None, None, None)),
        run.create_time,
        run.start_time,
        run.end_time,
        run.version,
        None,  # superseded
    )


def _state_cells(run_id: UUID, change: StateChange) -> tuple[Any, ...]:
    """A row, in the table's order of columns."""
    state = change.state
    failure = dump_failure(state.failure)
    return (run_id, change.version, state.time, int(state.type), state.name, state.message, failure, change.token)


def _standing(row: Row[Any], *, version: int) -> TaskRunStanding:
    return TaskRunStanding(row.flow_run_id, StateType(row.state_type), row.attempt, version)


def _task_run(row: Row[Any]) -> TaskRun:
    return TaskRun(
        id=row.id,
        flow_run_id=row.flow_run_id,
        name=row.name,
        task_key=row.task_key,
        dynamic_key=row.dynamic_key,
        state=State(
            StateType(row.state_type), row.state_name, row.state_time, row.state_message, load_failure(row.failure)
        ),
        attempt=row.attempt,
        tags=load_texts(row.tags),
        upstream_task_run_ids=tuple(map(UUID, load_texts(row.upstream_task_run_ids))),
        cache_key=row.cache_key,
        result=_result(row),
        child_flow_run_id=row.child_flow_run_id,
        create_time=row.create_time,
        start_time=row.start_time,
        end_time=row.end_time,
        version=row.version,
        superseded=bool(row.superseded),
    )


def _result(row: Row[Any]) -> Result | None:
    if row.result_size_bytes is None:
        return None
    return Result(row.result_data, row.result_uri, row.result_media_type, row.result_size_bytes)
