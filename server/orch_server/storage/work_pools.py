"""Work pools."""

from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Insert, Row, Select, bindparam, delete, select, update

from orch_server.domain.work_pools import WorkPool
from orch_server.storage.inserts import insert_or_skip
from orch_server.storage.naming import by_name
from orch_server.storage.scope import Kind, Scope
from orch_server.storage.tables import work_pool

_MILLISECOND = timedelta(milliseconds=1)

_BY_NAME = select(work_pool).where(work_pool.c.name == bindparam("pool_name"))
_LOCK = _BY_NAME.with_for_update(key_share=True)
"""FOR NO KEY UPDATE: runs of the pool, whose foreign keys share its key, can be created meanwhile."""
_LOCK_OUT = _BY_NAME.with_for_update()
_NAMES = select(work_pool.c.name).limit(bindparam("most"))
_CHANGEABLE = ("description", "paused", "concurrency_limit", "lease_ttl_ms", "job_template", "update_time", "version")
_CHANGE = (
    update(work_pool)
    .where(work_pool.c.id == bindparam("pool_id"), work_pool.c.version == bindparam("old_version"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGEABLE})
)
_DELETE = delete(work_pool).where(work_pool.c.id == bindparam("pool_id"))


@cache
def _add(kind: Kind) -> Insert:
    return insert_or_skip(kind, work_pool, ["name"])


@cache
def _page(kind: Kind, *, first: bool) -> Select[Any]:
    name = by_name(work_pool.c.name, kind)
    statement = select(work_pool).order_by(name).limit(bindparam("most"))
    return statement if first else statement.where(name > bindparam("after"))


class SqlWorkPools:
    """The store's side of `WorkPoolRows`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def add(self, pool: WorkPool) -> bool:
        """Insert a pool; False where the name is taken, also by another server's insert at the same time."""
        statement = _add(self._scope.kind).returning(work_pool.c.id)
        return self._scope.connection.execute(statement, _row(pool)).first() is not None

    def get(self, name: str) -> WorkPool | None:
        """One pool by name."""
        return self._one(_BY_NAME, name)

    def lock(self, name: str) -> WorkPool | None:
        """One pool, which nobody else changes or deletes until the transaction ends."""
        return self._one(_LOCK, name)

    def lock_out(self, name: str) -> WorkPool | None:
        """The same; besides, nothing new can refer to the pool or its queues until the transaction ends."""
        return self._one(_LOCK_OUT, name)

    def _one(self, statement: Select[Any], name: str) -> WorkPool | None:
        rows = self._scope.rows(statement, {"pool_name": name})
        return _pool(rows[0]) if rows else None

    def page(self, *, after: str | None, limit: int) -> list[WorkPool]:
        """Pools ordered by name, those past `after`, at most `limit`."""
        statement = _page(self._scope.kind, first=after is None)
        return [_pool(row) for row in self._scope.connection.execute(statement, {"after": after, "most": limit})]

    def names(self, *, limit: int) -> list[str]:
        """Some pools' names, for hints."""
        return list(self._scope.connection.execute(_NAMES, {"most": limit}).scalars())

    def change(self, pool: WorkPool, *, old_version: int) -> bool:
        """Write a pool's changeable fields where it still has `old_version`; False where not."""
        row = _row(pool)
        parameters = {f"new_{name}": row[name] for name in _CHANGEABLE}
        parameters |= {"pool_id": pool.id, "old_version": old_version}
        return self._scope.written(_CHANGE, parameters) == 1

    def delete(self, pool_id: UUID) -> None:
        """Delete a pool and its queues."""
        self._scope.connection.execute(_DELETE, {"pool_id": pool_id})


def _pool(row: Row[Any]) -> WorkPool:
    return WorkPool(
        id=row.id,
        name=row.name,
        type=row.type,
        description=row.description,
        paused=row.paused,
        concurrency_limit=row.concurrency_limit,
        lease_ttl=row.lease_ttl_ms * _MILLISECOND,
        job_template=row.job_template,
        create_time=row.create_time,
        update_time=row.update_time,
        version=row.version,
    )


def _row(pool: WorkPool) -> dict[str, Any]:
    return {
        "id": pool.id,
        "name": pool.name,
        "type": pool.type,
        "description": pool.description,
        "paused": pool.paused,
        "concurrency_limit": pool.concurrency_limit,
        "lease_ttl_ms": pool.lease_ttl // _MILLISECOND,
        "job_template": pool.job_template,
        "create_time": pool.create_time,
        "update_time": pool.update_time,
        "version": pool.version,
    }
