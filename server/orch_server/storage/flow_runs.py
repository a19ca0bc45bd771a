"""Flow runs: inserted once, changed under their token and version, read whole."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Insert, Select, bindparam, delete, insert, select, tuple_, update

from orch_server.application.flow_run_rows import Change
from orch_server.application.run_counts import Buckets, RunCount
from orch_server.domain.flow_runs import FlowRun, FlowRunFilter
from orch_server.domain.leases import Lease, ProcessHolder
from orch_server.domain.results import Result
from orch_server.domain.runs import RunFacts
from orch_server.domain.states import State, StateChange, StateType
from orch_server.storage.batch import Batch, one_of
from orch_server.storage.documents import load_failure
from orch_server.storage.flow_run_mapping import fact_columns, facts_of, holder_row, run_columns, run_of
from orch_server.storage.flow_run_pages import (
    FLOW_IDS,
    POOL_IDS,
    NamedIds,
    count_statement,
    page_statement,
    upcoming_statement,
)
from orch_server.storage.inserts import insert_or_replace
from orch_server.storage.run_writes import unchanged, unchanged_runs, write_changes, write_new
from orch_server.storage.scope import Kind, Scope, stamped
from orch_server.storage.tables import (
    flow_run,
    flow_run_result,
    flow_run_state,
    flow_run_tag,
    log_chunk,
    task_run,
    task_run_state,
)

_ADD_TAGS = insert(flow_run_tag)


@cache
def _lock(kind: Kind, *, skip_locked: bool) -> Select[Any]:
    """Locks in the order of the ids, so that transactions cannot wait for each other in a circle."""
    statement = select(*fact_columns()).where(one_of(flow_run.c.id, "ids", kind)).order_by(flow_run.c.id)
    return stamped(statement.with_for_update(of=flow_run, skip_locked=skip_locked, key_share=True), kind)


@cache
def _read(kind: Kind) -> Select[Any]:
    return stamped(select(*fact_columns()).where(one_of(flow_run.c.id, "ids", kind)).order_by(flow_run.c.id), kind)


@cache
def _ended(kind: Kind) -> Select[tuple[UUID]]:
    """Those of some runs that have ended, locked so that nobody tries them again."""
    statement = select(flow_run.c.id).where(one_of(flow_run.c.id, "ids", kind), flow_run.c.end_time.is_not(None))
    return statement.order_by(flow_run.c.id).with_for_update()


@cache
def _get(kind: Kind) -> Select[Any]:
    return stamped(run_columns(with_result=True).where(one_of(flow_run.c.id, "ids", kind)), kind)


@cache
def _state_types(kind: Kind) -> Select[tuple[UUID, int, int]]:
    return select(flow_run.c.id, flow_run.c.state_type, flow_run.c.token).where(one_of(flow_run.c.id, "ids", kind))


_STATES = (
    select(flow_run_state)
    .where(flow_run_state.c.flow_run_id == bindparam("run_id"), flow_run_state.c.version > bindparam("after_version"))
    .order_by(flow_run_state.c.version)
    .limit(bindparam("most"))
)
_RENAME = (
    update(flow_run)
    .where(flow_run.c.id == bindparam("run_id"), flow_run.c.version == bindparam("old_version"))
    .values(
        name=bindparam("new_name"),
        tags=bindparam("new_tags"),
        version=flow_run.c.version + 1,
        update_time=bindparam("now"),
    )
)


@cache
def _set_result(kind: Kind) -> Insert:
    return insert_or_replace(kind, flow_run_result, ["flow_run_id"])


_RESULT_COLUMNS = ("flow_run_id", "data", "uri", "media_type", "size_bytes")


@cache
def _set_results_batch() -> tuple[Batch, Insert]:
    """Many results at once. SQLite's batches hold no bytes."""
    columns = flow_run_result.c
    batch = Batch("postgresql", "returned", **{name: columns[name].type for name in _RESULT_COLUMNS})
    return batch, insert_or_replace(
        "postgresql", flow_run_result, ["flow_run_id"], select(*(batch.table.c[name] for name in _RESULT_COLUMNS))
    )


class SqlFlowRuns:
    """The store's side of `FlowRunRows`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def add(self, runs: Sequence[FlowRun], *, granted: Sequence[Lease] = ()) -> None:
        """Insert new runs with their tags and first states, and leases of some of them."""
        write_new(self._scope, runs, granted=granted)

    def find_by_key(self, keys: Sequence[tuple[UUID, str]]) -> dict[tuple[UUID, str], UUID]:
        """Runs by idempotency scope (a deployment's or flow's id) and key."""
        if not keys:
            return {}
        scope, key = flow_run.c.idempotency_scope, flow_run.c.idempotency_key
        statement = select(scope, key, flow_run.c.id).where(tuple_(scope, key).in_(keys), key.is_not(None))
        return {(row[0], row[1]): row[2] for row in self._scope.connection.execute(statement)}

    def get(self, ids: Sequence[UUID]) -> dict[UUID, FlowRun]:
        """Whole runs by id; those that are not there are left out."""
        rows = self._scope.fetch(_get(self._scope.kind), {"ids": list(ids)})
        return {row[0]: run_of(row) for row in rows}

    def page(self, run_filter: FlowRunFilter, *, before: UUID | None, limit: int) -> list[FlowRun]:
        """Runs that match, newest first, older than `before`, at most `limit`; without their results' bytes."""
        ids = self._named(run_filter)
        if ids is None:
            return []
        statement = page_statement(run_filter, ids, self._scope.kind, before=before, limit=limit)
        return [run_of(row) for row in self._scope.connection.execute(statement)]

    def upcoming(self, run_filter: FlowRunFilter, *, after: tuple[datetime, UUID] | None, limit: int) -> list[FlowRun]:
        """Runs that match in the order of the times at which they may start, past a time and id, at most `limit`."""
        ids = self._named(run_filter)
        if ids is None:
            return []
        statement = upcoming_statement(run_filter, ids, self._scope.kind, after=after, limit=limit)
        return [run_of(row) for row in self._scope.connection.execute(statement)]

    def count(self, run_filter: FlowRunFilter, *, buckets: Buckets | None, most: int) -> list[RunCount]:
        """How many runs match, the newest `most` of them."""
        ids = self._named(run_filter)
        if ids is None:
            return []
        statement = count_statement(run_filter, ids, self._scope.kind, buckets=buckets, most=most)
        rows = self._scope.connection.execute(statement)
        return [RunCount(row.bucket, StateType(row.state_type), row.runs) for row in rows]

    def _named(self, run_filter: FlowRunFilter) -> NamedIds | None:
        """The ids of what a filter names; None where none of it is there, and so no run can match."""
        ids = NamedIds(self._ids(FLOW_IDS, run_filter.flow_names), self._ids(POOL_IDS, run_filter.work_pool_names))
        unknown = (run_filter.flow_names and not ids.flows) or (run_filter.work_pool_names and not ids.pools)
        return None if unknown else ids

    def _ids(self, statement: Select[tuple[UUID]], names: Sequence[str]) -> Sequence[UUID]:
        return [row.id for row in self._scope.connection.execute(statement, {"names": list(names)})] if names else []

    def lock(self, ids: Sequence[UUID], *, skip_locked: bool = False) -> dict[UUID, RunFacts]:
        """Lock runs in the order of their ids and return what decisions need; absent ones are left out."""
        if not ids:
            return {}
        statement = _lock(self._scope.kind, skip_locked=skip_locked)
        rows = self._scope.fetch(statement, {"ids": sorted(set(ids))})
        return {row[0]: facts_of(row) for row in rows}

    def hold(self, ids: Sequence[UUID]) -> dict[UUID, RunFacts]:
        """The same; but in a first try only read, and what is written is written only if they are still so."""
        if not ids or not self._scope.hopeful:
            return self.lock(ids)
        rows = self._scope.fetch(_read(self._scope.kind), {"ids": sorted(set(ids))})
        found = {row[0]: facts_of(row) for row in rows}
        self._scope.hope(unchanged_runs(), [unchanged(each) for each in found.values()])
        return found

    def change(self, changes: Sequence[Change], *, granted: Sequence[Lease] = (), ended: Sequence[UUID] = ()) -> None:
        """Write locked runs, their histories, and what becomes of their leases."""
        write_changes(self._scope, changes, granted=granted, ended=ended)

    def set_results(self, results: Sequence[tuple[UUID, Result]]) -> None:
        """Store what runs returned, over what they returned before."""
        rows = [(run_id, each.data, each.uri, each.media_type, each.size_bytes) for run_id, each in results]
        if rows and self._scope.kind == "postgresql":
            batch, statement = _set_results_batch()
            self._scope.write_soon(statement, batch.parameters(rows))
        elif rows:
            named = [dict(zip(_RESULT_COLUMNS, row, strict=True)) for row in rows]
            self._scope.connection.execute(_set_result(self._scope.kind), named)

    def state_types(self, ids: Sequence[UUID]) -> dict[UUID, tuple[StateType, int]]:
        """State type and newest token of runs, without locking them."""
        rows = self._scope.rows(_state_types(self._scope.kind), {"ids": list(ids)})
        return {row.id: (StateType(row.state_type), row.token) for row in rows}

    def states(self, run_id: UUID, *, after_version: int, limit: int) -> list[StateChange]:
        """A run's history, oldest first, past a version."""
        parameters = {"run_id": run_id, "after_version": after_version, "most": limit}
        return [
            StateChange(
                row.version,
                State(StateType(row.type), row.name, row.state_time, row.message, load_failure(row.failure)),
                row.token,
            )
            for row in self._scope.connection.execute(_STATES, parameters)
        ]

    def set_holder(self, run_id: UUID, holder: ProcessHolder, *, flow_version: str) -> None:
        """Another process holds a locked run of no pool from now on, and runs this version of its flow."""
        columns = {**holder_row(holder), "flow_version": flow_version or None}
        self._scope.connection.execute(update(flow_run).where(flow_run.c.id == run_id).values(columns))

    def set_flow_version(self, run_id: UUID, flow_version: str) -> None:
        """A locked run's process runs this version of its flow."""
        statement = update(flow_run).where(flow_run.c.id == run_id).values(flow_version=flow_version)
        self._scope.connection.execute(statement)

    def rename(self, run_id: UUID, *, name: str, tags: Sequence[str], version: int) -> bool:
        """Set a run's name and tags where it still has this version; False where not."""
        execute = self._scope.connection.execute
        parameters = {
            "run_id": run_id,
            "old_version": version,
            "new_name": name,
            "new_tags": json.dumps(list(tags)),
            "now": self._scope.now,
        }
        if execute(_RENAME, parameters).rowcount == 0:
            return False
        execute(delete(flow_run_tag).where(flow_run_tag.c.flow_run_id == run_id))
        if tags:
            execute(_ADD_TAGS, [{"tag": tag, "flow_run_id": run_id} for tag in tags])
        return True

    def delete(self, ids: Sequence[UUID]) -> None:
        """Delete runs that have ended, with all that belongs to them."""
        kind, execute = self._scope.kind, self._scope.connection.execute
        gone = {"ids": list(execute(_ended(kind), {"ids": list(ids)}).scalars())}
        if not gone["ids"]:
            return
        tasks = select(task_run.c.id).where(one_of(task_run.c.flow_run_id, "ids", kind))
        execute(delete(task_run_state).where(task_run_state.c.task_run_id.in_(tasks)), gone)
        for table in (log_chunk, flow_run_state, task_run):
            execute(delete(table).where(one_of(table.c.flow_run_id, "ids", kind)), gone)
        execute(delete(flow_run).where(one_of(flow_run.c.id, "ids", kind)), gone)
