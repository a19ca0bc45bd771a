"""Answered requests."""

from collections.abc import Sequence
from functools import cache
from uuid import UUID

from sqlalchemy import Insert, Select, bindparam, func, insert, select

from orch_server.application.request_rows import AnsweredRequest
from orch_server.storage.batch import Batch, one_of
from orch_server.storage.scope import Kind, Scope
from orch_server.storage.tables import request
from orch_server.storage.types import BIG

_COLUMNS = ("id", "method", "fingerprint", "response", "create_time")
_ADD = insert(request)
_LOCK = select(func.pg_advisory_xact_lock(bindparam("key", type_=BIG)))


@cache
def _add_batch() -> tuple[Batch, Insert]:
    """Many answers at once. SQLite's batches hold no bytes."""
    batch = Batch("postgresql", "answered", **{name: request.c[name].type for name in _COLUMNS})
    return batch, insert(request).from_select(_COLUMNS, select(batch.table))


@cache
def _find(kind: Kind) -> Select[tuple[UUID, str, bytes, bytes]]:
    columns = select(request.c.id, request.c.method, request.c.fingerprint, request.c.response)
    return columns.where(one_of(request.c.id, "ids", kind))


class SqlRequests:
    """The store's side of `RequestRows`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def lock(self, request_id: UUID) -> None:
        """Wait for a transaction that carries out the same request just now. On SQLite a writer is alone anyway."""
        if self._scope.kind == "postgresql":
            self._scope.begin()
            self._scope.rows(_LOCK, {"key": request_id.int % (1 << 63)})

    def find(self, ids: Sequence[UUID]) -> dict[UUID, AnsweredRequest]:
        """Those of these ids that were answered before."""
        if not ids:
            return {}
        rows = self._scope.rows(_find(self._scope.kind), {"ids": list(ids)})
        return {row.id: AnsweredRequest(row.id, row.method, row.fingerprint, row.response) for row in rows}

    def add(self, answered: Sequence[AnsweredRequest]) -> None:
        """Remember answers, in the transaction that carried them out."""
        if not answered:
            return
        now = self._scope.now
        rows = [(each.id, each.method, each.fingerprint, each.response, now) for each in answered]
        if self._scope.kind == "postgresql":
            batch, statement = _add_batch()
            self._scope.write_soon(statement, batch.parameters(rows))
        else:
            for row in rows:
                self._scope.written(_ADD, dict(zip(_COLUMNS, row, strict=True)))
