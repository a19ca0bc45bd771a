"""Deletes what is old, some rows at a time."""

from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Delete, Select, TextClause, bindparam, delete, literal_column, select, text

from orch_server.application.retention_rows import DailyTable
from orch_server.domain.states import TERMINAL
from orch_server.storage.batch import one_of
from orch_server.storage.partitions import TIME_COLUMNS
from orch_server.storage.scope import Kind, Scope
from orch_server.storage.tables import flow_run, lease, request, session
from orch_server.storage.types import ID, INSTANT


@cache
def _ended(state: int) -> Select[UUID]:
    """By state and id, since the ids of runs sort by creation and nothing ends before it was created."""
    return (
        select(flow_run.c.id)
        .where(
            flow_run.c.state_type == literal_column(str(state)),
            flow_run.c.id < bindparam("id_before", type_=ID),
            flow_run.c.end_time < bindparam("before", type_=INSTANT),
        )
        .order_by(flow_run.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    )


@cache
def _delete_rows(table: str, time_column: str, kind: Kind) -> TextClause:
    """By physical place: these tables are written in the order of time, and an index for deleting would cost more."""
    if kind == "postgresql":
        old = f"SELECT ctid FROM {table} WHERE {time_column} < :before LIMIT :most"
        statement = text(f"DELETE FROM {table} WHERE ctid = ANY(ARRAY({old}))")
    else:
        head = f"SELECT rowid AS place, {time_column} AS written FROM {table} ORDER BY rowid LIMIT 4 * :most"
        old = f"SELECT place FROM ({head}) WHERE written < :before LIMIT :most"
        statement = text(f"DELETE FROM {table} WHERE rowid IN ({old})")
    return statement.bindparams(bindparam("before", type_=INSTANT))


_SILENT_SESSIONS = (
    select(session.c.id)
    .where(session.c.last_seen_time < bindparam("before", type_=INSTANT))
    .where(~select(lease.c.flow_run_id).where(lease.c.session_id == session.c.id).exists())
    .order_by(session.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


@cache
def _delete_sessions(kind: Kind) -> Delete:
    """Looks for leases again, now that the sessions are locked and can get no more."""
    holds = select(lease.c.flow_run_id).where(lease.c.session_id == session.c.id).exists()
    return delete(session).where(one_of(session.c.id, "ids", kind), ~holds)


class SqlRetention:
    """The store's side of `RetentionRows`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def ended_runs(self, before: datetime, *, limit: int) -> list[UUID]:
        """Flow runs that ended before this time, locked."""
        found: list[UUID] = []
        parameters: dict[str, Any] = {"before": before, "id_before": _first_id_of(before)}
        for state in sorted(TERMINAL):
            if len(found) < limit:
                rows = self._scope.connection.execute(_ended(state), {**parameters, "most": limit - len(found)})
                found.extend(rows.scalars())
        return found

    def delete_rows(self, table: DailyTable, before: datetime, *, limit: int) -> int:
        """Delete at most so many old rows that no partition's end takes along."""
        name = f"{table}_default" if self._scope.kind == "postgresql" else table
        return self._delete(name, TIME_COLUMNS[table], before, limit)

    def delete_requests(self, before: datetime, *, limit: int) -> int:
        """Forget at most so many requests that were answered before this time."""
        return self._delete(request.name, request.c.create_time.name, before, limit)

    def _delete(self, table: str, time_column: str, before: datetime, limit: int) -> int:
        statement = _delete_rows(table, time_column, self._scope.kind)
        return self._scope.connection.execute(statement, {"before": before, "most": limit}).rowcount

    def delete_sessions(self, before: datetime, *, limit: int) -> int:
        """Delete at most so many silent sessions that hold no lease."""
        ids = self._scope.connection.execute(_SILENT_SESSIONS, {"before": before, "most": limit}).scalars().all()
        if not ids:
            return 0
        return self._scope.connection.execute(_delete_sessions(self._scope.kind), {"ids": list(ids)}).rowcount


def _first_id_of(moment: datetime) -> UUID:
    """The lowest UUID of version 7 for a moment (RFC 9562 §5.7: it begins with milliseconds since 1970)."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
