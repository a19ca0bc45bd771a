"""Answered requests."""

from collections.abc import Sequence
from functools import cache
from uuid import UUID

from sqlalchemy import Select, bindparam, func, insert, select

from orch_server.application.request_rows import AnsweredRequest
from orch_server.storage.batch import one_of
from orch_server.storage.scope import Kind, Scope
from orch_server.storage.tables import request
from orch_server.storage.types import BIG

_ADD = insert(request)
_LOCK = select(func.pg_advisory_xact_lock(bindparam("key", type_=BIG)))


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
            self._scope.connection.execute(_LOCK, {"key": request_id.int % (1 << 63)})

    def find(self, ids: Sequence[UUID]) -> dict[UUID, AnsweredRequest]:
        """Those of these ids that were answered before."""
        if not ids:
            return {}
        rows = self._scope.connection.execute(_find(self._scope.kind), {"ids": list(ids)})
        return {row.id: AnsweredRequest(row.id, row.method, row.fingerprint, row.response) for row in rows}

    def add(self, answered: Sequence[AnsweredRequest]) -> None:
        """Remember answers, in the transaction that carried them out."""
        if answered:
            now = self._scope.now
            rows = [
                {
                    "id": each.id,
                    "method": each.method,
                    "fingerprint": each.fingerprint,
                    "response": each.response,
                    "create_time": now,
                }
                for each in answered
            ]
            self._scope.connection.execute(_ADD, rows)
