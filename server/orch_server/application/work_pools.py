"""Work pools: created with their default queue, changed, deleted when nothing needs them any more."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from orch_server.application.errors import AlreadyExists, Conflict, FailedPrecondition, NotFound
from orch_server.application.etags import check_etag
from orch_server.application.flows import name_key
from orch_server.application.hints import NAMES_TO_LOOK_AT, close_names
from orch_server.application.pages import Page, PageRequest, page_of
from orch_server.application.ports import Ids, Store, Transaction, pool_topic
from orch_server.application.replies import Reply, once
from orch_server.domain.leases import DEFAULT_TTL
from orch_server.domain.values import value
from orch_server.domain.work_pools import (
    DEFAULT_POOL,
    DEFAULT_PRIORITY,
    DEFAULT_QUEUE,
    DEFAULT_TYPE,
    WorkPool,
    WorkQueue,
)

A = TypeVar("A")


@value
class WorkPoolDraft:
    """A pool as its author describes it."""

    name: str
    type: str = DEFAULT_TYPE
    description: str = ""
    paused: bool = False
    concurrency_limit: int | None = None
    lease_ttl: timedelta = DEFAULT_TTL
    job_template: str = ""


def ensure_default_pool(tx: Transaction, ids: Ids) -> None:
    """The pool "default" of type "process" is there afterwards, made by this server or by another."""
    if tx.work_pools.get(DEFAULT_POOL) is None:
        _add(tx, ids, WorkPoolDraft(DEFAULT_POOL))


def pool_not_found(tx: Transaction, name: str) -> NotFound:
    """The error for a pool that is not there, with names that may have been meant."""
    return NotFound("work pool", name, close_names(name, tx.work_pools.names(limit=NAMES_TO_LOOK_AT)))


class WorkPools:
    """The use cases of work pools."""

    def __init__(self, store: Store, ids: Ids) -> None:
        self._store = store
        self._ids = ids

    async def create(self, draft: WorkPoolDraft, reply: Reply[WorkPool, A]) -> A:
        """Create a pool and its queue "default". Raises AlreadyExists."""
        return await self._store.write(lambda tx: once(tx, reply, lambda: self._create(tx, draft)))

    def _create(self, tx: Transaction, draft: WorkPoolDraft) -> WorkPool:
        pool = _add(tx, self._ids, draft)
        if pool is None:
            raise AlreadyExists("work pool", draft.name)
        return pool

    async def get(self, name: str) -> WorkPool:
        """One pool. Raises NotFound."""
        return await self._store.read(lambda tx: _get(tx, name))

    async def page(self, request: PageRequest) -> Page[WorkPool]:
        """Pools by name."""
        after = name_key(request)
        rows = await self._store.read(lambda tx: tx.work_pools.page(after=after, limit=request.size + 1))
        return page_of(rows, size=request.size, scope=request.scope, key=[(each.name,) for each in rows])

    async def update(self, name: str, changes: Mapping[str, Any], etag: str, *, reply: Reply[WorkPool, A]) -> A:
        """Set some of a pool's fields. Raises NotFound and Conflict."""
        return await self._store.write(lambda tx: once(tx, reply, lambda: _update(tx, name, changes, etag)))

    async def delete(self, name: str, etag: str, *, reply: Reply[None, A]) -> A:
        """Delete a pool that has no open runs and no deployments. Raises NotFound, Conflict and FailedPrecondition."""
        return await self._store.write(lambda tx: once(tx, reply, lambda: _delete(tx, name, etag)))


def refuse_in_use(tx: Transaction, resource: str, name: str, *, queues: Sequence[UUID]) -> None:
    """Raises FailedPrecondition where open runs or deployments need one of these queues."""
    named = {"resource": resource, "key": name}
    if tx.work_queues.have_open_runs(queues):
        raise FailedPrecondition(
            f"The {resource} {name!r} has runs that have not ended. Cancel them or let them end, then delete it; "
            "paused, it starts no more of them.",
            reason="WORK_IN_USE",
            metadata=named,
        )
    deployments = tx.work_queues.deployment_names(queues, limit=3)
    if deployments:
        raise FailedPrecondition(
            f"The {resource} {name!r} is used by deployments ({', '.join(deployments)}). Delete them or move them to "
            "another queue first.",
            reason="WORK_IN_USE",
            metadata=named,
        )


def _add(tx: Transaction, ids: Ids, draft: WorkPoolDraft) -> WorkPool | None:
    now = tx.now
    pool = WorkPool(
        id=ids.new(now),
        name=draft.name,
        type=draft.type,
        description=draft.description,
        paused=draft.paused,
        concurrency_limit=draft.concurrency_limit,
        lease_ttl=draft.lease_ttl,
        job_template=draft.job_template,
        create_time=now,
        update_time=now,
    )
    if not tx.work_pools.add(pool):
        return None
    queue = WorkQueue(
        id=ids.new(now),
        work_pool_id=pool.id,
        work_pool_name=pool.name,
        name=DEFAULT_QUEUE,
        description="",
        priority=DEFAULT_PRIORITY,
        paused=False,
        concurrency_limit=None,
        create_time=now,
        update_time=now,
    )
    tx.work_queues.add(queue)
    return pool


def _get(tx: Transaction, name: str) -> WorkPool:
    pool = tx.work_pools.get(name)
    if pool is None:
        raise pool_not_found(tx, name)
    return pool


def _update(tx: Transaction, name: str, changes: Mapping[str, Any], etag: str) -> WorkPool:
    old = tx.work_pools.lock(name)
    if old is None:
        raise pool_not_found(tx, name)
    check_etag(etag, old.version, resource="work pool", key=name)
    new = replace(old, **changes, update_time=tx.now, version=old.version + 1)
    if not tx.work_pools.change(new, old_version=old.version):
        raise Conflict("work pool", name)
    tx.announce(pool_topic(old.id))
    return new


def _delete(tx: Transaction, name: str, etag: str) -> None:
    pool = tx.work_pools.lock_out(name)
    if pool is None:
        raise pool_not_found(tx, name)
    check_etag(etag, pool.version, resource="work pool", key=name)
    refuse_in_use(tx, "work pool", name, queues=tx.work_queues.of_pool(pool.id))
    tx.work_pools.delete(pool.id)
