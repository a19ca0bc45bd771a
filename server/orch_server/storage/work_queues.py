"""Work queues."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Insert, Row, Select, and_, bindparam, delete, literal_column, or_, select, update

from orch_server.domain.lateness import LATE
from orch_server.domain.states import StateType
from orch_server.domain.work_pools import WorkQueue
from orch_server.storage.batch import Batch, one_of
from orch_server.storage.hopes import Hope, Place, batch_of
from orch_server.storage.inserts import insert_or_skip
from orch_server.storage.naming import by_name
from orch_server.storage.scope import Kind, Scope, stamped
from orch_server.storage.tables import deployment, flow, flow_run, work_pool, work_queue
from orch_server.storage.types import ID, TEXT

OPEN_RUN = flow_run.c.state_type.in_([literal_column(str(number)) for number in range(1, 6)])
"""A run that has not ended. Literals, so that the planner knows how few they are."""

_SELECT = select(work_queue, work_pool.c.name.label("pool_name")).join(
    work_pool, work_pool.c.id == work_queue.c.work_pool_id
)
_BY_NAMES = _SELECT.where(work_pool.c.name == bindparam("of_pool"), work_queue.c.name == bindparam("queue_name"))
_LOCK = _BY_NAMES.with_for_update(of=work_queue, key_share=True)
_NAMES = (
    select(work_queue.c.name)
    .join(work_pool, work_pool.c.id == work_queue.c.work_pool_id)
    .where(work_pool.c.name == bindparam("of_pool"))
    .limit(bindparam("most"))
)
_OF_POOL = select(work_queue.c.id).where(work_queue.c.work_pool_id == bindparam("pool_id"))
_CHANGEABLE = ("description", "priority", "paused", "concurrency_limit", "update_time", "version")
_CHANGE = (
    update(work_queue)
    .where(work_queue.c.id == bindparam("queue_id"), work_queue.c.version == bindparam("old_version"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGEABLE})
)
_DELETE = delete(work_queue).where(work_queue.c.id == bindparam("queue_id"))


_OVERDUE = (
    select(flow_run.c.id)
    .join(work_queue, work_queue.c.id == flow_run.c.work_queue_id)
    .where(
        flow_run.c.state_type == literal_column(str(int(StateType.SCHEDULED))),
        flow_run.c.scheduled_time < bindparam("before"),
        flow_run.c.state_name != LATE,
    )
    .limit(bindparam("most"))
)
"""By queue, so that the index of queued runs leads to those whose time has passed."""


@cache
def _add(kind: Kind) -> Insert:
    return insert_or_skip(kind, work_queue, ["work_pool_id", "name"])


@cache
def _resolve(kind: Kind, *, locked: bool) -> tuple[Batch, Select[Any]]:
    """Pool before queue, as everywhere. FOR KEY SHARE is what a run's foreign keys take anyway, only earlier: so that
    a deletion under way is waited for here, and the queue then not found, instead of failing the insert."""
    batch = Batch(kind, pool_name=TEXT, queue_name=TEXT)
    c = batch.table.c
    statement = (
        select(c.pool_name, c.queue_name, work_queue.c.work_pool_id, work_queue.c.id)
        .select_from(batch.table)
        .join(work_pool, work_pool.c.name == c.pool_name)
        .join(work_queue, and_(work_queue.c.work_pool_id == work_pool.c.id, work_queue.c.name == c.queue_name))
    )
    if locked:
        statement = statement.with_for_update(read=True, key_share=True, of=(work_pool, work_queue))
    return batch, stamped(statement, kind)


@cache
def _kept_queues() -> Hope:
    """That queues are still there; so they are until the transaction ends."""
    batch = batch_of("kept", id=ID)
    statement = (
        select(work_queue.c.id)
        .select_from(batch.table)
        .join(work_queue, work_queue.c.id == batch.table.c.id)
        .join(work_pool, work_pool.c.id == work_queue.c.work_pool_id)
    )
    return Hope(
        "kept", Place.QUEUES, batch, statement.with_for_update(read=True, key_share=True, of=(work_pool, work_queue))
    )


@cache
def _page(kind: Kind, *, one_pool: bool, first: bool) -> Select[Any]:
    pool_name, name = by_name(work_pool.c.name, kind), by_name(work_queue.c.name, kind)
    statement = _SELECT.order_by(pool_name, name).limit(bindparam("most"))
    if one_pool:
        statement = statement.where(work_pool.c.name == bindparam("of_pool"))
    if first:
        return statement
    past = or_(
        pool_name > bindparam("after_pool"), and_(pool_name == bindparam("after_pool"), name > bindparam("after"))
    )
    return statement.where(past)


@cache
def _open_runs(kind: Kind) -> Select[Any]:
    return select(flow_run.c.id).where(one_of(flow_run.c.work_queue_id, "ids", kind), OPEN_RUN).limit(1)


@cache
def _deployments(kind: Kind) -> Select[Any]:
    statement = select(flow.c.name.label("flow_name"), deployment.c.name).join(flow, flow.c.id == deployment.c.flow_id)
    return statement.where(one_of(deployment.c.work_queue_id, "ids", kind)).limit(bindparam("most"))


class SqlWorkQueues:
    """The store's side of `WorkQueueRows`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def add(self, queue: WorkQueue) -> bool:
        """Insert a queue; False where the name is taken in its pool."""
        statement = _add(self._scope.kind).returning(work_queue.c.id)
        return self._scope.connection.execute(statement, _row(queue)).first() is not None

    def resolve(self, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[UUID, UUID]]:
        """Ids of (pool, queue) by their names; pairs that are not there are left out.

        What is found cannot be deleted until the transaction ends; in a first try, what is written with it is written
        only if it is still there.
        """
        hopeful = self._scope.hopeful
        batch, statement = _resolve(self._scope.kind, locked=not hopeful)
        rows = self._scope.fetch(statement, batch.parameters(pairs))
        if hopeful:
            self._scope.hope(_kept_queues(), [(row.id,) for row in rows])
        return {(row.pool_name, row.queue_name): (row.work_pool_id, row.id) for row in rows}

    def get(self, pool_name: str, name: str) -> WorkQueue | None:
        """One queue by names."""
        return self._one(_BY_NAMES, pool_name, name)

    def lock(self, pool_name: str, name: str) -> WorkQueue | None:
        """One queue, which nobody else changes or deletes until the transaction ends."""
        return self._one(_LOCK, pool_name, name)

    def _one(self, statement: Select[Any], pool_name: str, name: str) -> WorkQueue | None:
        row = self._scope.connection.execute(statement, {"of_pool": pool_name, "queue_name": name}).one_or_none()
        return _queue(row) if row is not None else None

    def page(self, *, pool_name: str, after: tuple[str, str] | None, limit: int) -> list[WorkQueue]:
        """Queues ordered by pool and name, those past `after`; only of one pool where `pool_name` is not empty."""
        statement = _page(self._scope.kind, one_pool=bool(pool_name), first=after is None)
        after_pool, after_name = after or ("", "")
        parameters = {"of_pool": pool_name, "after_pool": after_pool, "after": after_name, "most": limit}
        return [_queue(row) for row in self._scope.connection.execute(statement, parameters)]

    def names(self, pool_name: str, *, limit: int) -> list[str]:
        """Some names of a pool's queues, for hints."""
        return list(self._scope.connection.execute(_NAMES, {"of_pool": pool_name, "most": limit}).scalars())

    def change(self, queue: WorkQueue, *, old_version: int) -> bool:
        """Write a queue's changeable fields where it still has `old_version`; False where not."""
        row = _row(queue)
        parameters = {f"new_{name}": row[name] for name in _CHANGEABLE}
        parameters |= {"queue_id": queue.id, "old_version": old_version}
        return self._scope.connection.execute(_CHANGE, parameters).rowcount == 1

    def of_pool(self, pool_id: UUID) -> list[UUID]:
        """The queues of a pool."""
        return list(self._scope.connection.execute(_OF_POOL, {"pool_id": pool_id}).scalars())

    def have_open_runs(self, queue_ids: Sequence[UUID]) -> bool:
        """Whether a run that has not ended is in one of these queues."""
        rows = self._scope.connection.execute(_open_runs(self._scope.kind), {"ids": list(queue_ids)})
        return rows.first() is not None

    def overdue_runs(self, before: datetime, *, limit: int) -> list[UUID]:
        """Some runs that have been waiting in a queue since before a time, and are not called "Late" yet."""
        return list(self._scope.connection.execute(_OVERDUE, {"before": before, "most": limit}).scalars())

    def deployment_names(self, queue_ids: Sequence[UUID], *, limit: int) -> list[str]:
        """Some deployments that send their runs to these queues, as "flow/deployment"."""
        parameters = {"ids": list(queue_ids), "most": limit}
        rows = self._scope.connection.execute(_deployments(self._scope.kind), parameters)
        return [f"{row.flow_name}/{row.name}" for row in rows]

    def delete(self, queue_id: UUID) -> None:
        """Delete a queue."""
        self._scope.connection.execute(_DELETE, {"queue_id": queue_id})


def _queue(row: Row[Any]) -> WorkQueue:
    return WorkQueue(
        id=row.id,
        work_pool_id=row.work_pool_id,
        work_pool_name=row.pool_name,
        name=row.name,
        description=row.description,
        priority=row.priority,
        paused=row.paused,
        concurrency_limit=row.concurrency_limit,
        create_time=row.create_time,
        update_time=row.update_time,
        version=row.version,
    )


def _row(queue: WorkQueue) -> dict[str, Any]:
    return {
        "id": queue.id,
        "work_pool_id": queue.work_pool_id,
        "name": queue.name,
        "description": queue.description,
        "priority": queue.priority,
        "paused": queue.paused,
        "concurrency_limit": queue.concurrency_limit,
        "create_time": queue.create_time,
        "update_time": queue.update_time,
        "version": queue.version,
    }
