"""Work queues: lines in a pool, and where new runs go."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

from orch_server.application.errors import AlreadyExists, Conflict, FailedPrecondition, NotFound
from orch_server.application.etags import check_etag
from orch_server.application.hints import NAMES_TO_LOOK_AT, close_names
from orch_server.application.pages import Page, PageRequest, decode_token, foreign_token, page_of
from orch_server.application.ports import Ids, Store, Transaction, pool_topic
from orch_server.application.replies import Reply, once
from orch_server.application.work_pools import pool_not_found, refuse_in_use
from orch_server.domain.values import value
from orch_server.domain.work_pools import DEFAULT_POOL, DEFAULT_PRIORITY, DEFAULT_QUEUE, WorkQueue

A = TypeVar("A")


@value
class WorkQueueDraft:
    """A queue as its author describes it."""

    work_pool_name: str
    name: str
    description: str = ""
    priority: int = DEFAULT_PRIORITY
    paused: bool = False
    concurrency_limit: int | None = None


def resolve_queues(tx: Transaction, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[UUID, UUID]]:
    """Ids of (pool, queue) by their names, of which empty ones mean "default"; those that are not there are left out.

    What is found cannot be deleted until the transaction ends. `queue_not_found` is the error for what is not.
    """
    asked = {pair: (pair[0] or DEFAULT_POOL, pair[1] or DEFAULT_QUEUE) for pair in pairs}
    if not asked:
        return {}
    found = tx.work_queues.resolve(list(dict.fromkeys(asked.values())))
    return {pair: found[names] for pair, names in asked.items() if names in found}


def resolve_queue(tx: Transaction, pool_name: str, queue_name: str) -> tuple[UUID, UUID]:
    """The ids of a pool and of its queue; empty names mean "default". Raises NotFound with names that may be meant."""
    pair = (pool_name, queue_name)
    found = resolve_queues(tx, [pair]).get(pair)
    if found is None:
        raise queue_not_found(tx, pool_name, queue_name)
    return found


def queue_not_found(tx: Transaction, pool_name: str, queue_name: str) -> NotFound:
    """The error for a queue that is not there: its pool's, where that is not there either."""
    pool, queue = pool_name or DEFAULT_POOL, queue_name or DEFAULT_QUEUE
    if tx.work_pools.get(pool) is None:
        return pool_not_found(tx, pool)
    names = tx.work_queues.names(pool, limit=NAMES_TO_LOOK_AT)
    return NotFound("work queue", f"{pool}/{queue}", close_names(queue, names))


class WorkQueues:
    """The use cases of work queues."""

    def __init__(self, store: Store, ids: Ids) -> None:
        self._store = store
        self._ids = ids

    async def create(self, draft: WorkQueueDraft, reply: Reply[WorkQueue, A]) -> A:
        """Create a queue in a pool. Raises NotFound for the pool and AlreadyExists."""
        return await self._store.write(lambda tx: once(tx, reply, lambda: self._create(tx, draft)))

    def _create(self, tx: Transaction, draft: WorkQueueDraft) -> WorkQueue:
        pool = tx.work_pools.lock(draft.work_pool_name)
        if pool is None:
            raise pool_not_found(tx, draft.work_pool_name)
        now = tx.now
        queue = WorkQueue(
            id=self._ids.new(now),
            work_pool_id=pool.id,
            work_pool_name=pool.name,
            name=draft.name,
            description=draft.description,
            priority=draft.priority,
            paused=draft.paused,
            concurrency_limit=draft.concurrency_limit,
            create_time=now,
            update_time=now,
        )
        if not tx.work_queues.add(queue):
            raise AlreadyExists("work queue", f"{pool.name}/{draft.name}")
        return queue

    async def get(self, pool_name: str, name: str) -> WorkQueue:
        """One queue. Raises NotFound."""
        return await self._store.read(lambda tx: _get(tx, pool_name, name))

    async def page(self, request: PageRequest, *, pool_name: str = "") -> Page[WorkQueue]:
        """Queues by pool and name, of one pool or of all."""
        after = _key(request)
        rows = await self._store.read(
            lambda tx: tx.work_queues.page(pool_name=pool_name, after=after, limit=request.size + 1)
        )
        keys = [(each.work_pool_name, each.name) for each in rows]
        return page_of(rows, size=request.size, scope=request.scope, key=keys)

    async def update(
        self, pool_name: str, name: str, *, changes: Mapping[str, Any], etag: str, reply: Reply[WorkQueue, A]
    ) -> A:
        """Set some of a queue's fields. Raises NotFound and Conflict."""
        return await self._store.write(
            lambda tx: once(tx, reply, lambda: _update(tx, pool_name, name, changes=changes, etag=etag))
        )

    async def delete(self, pool_name: str, name: str, *, etag: str, reply: Reply[None, A]) -> A:
        """Delete a queue without open runs and deployments. Raises NotFound, Conflict and FailedPrecondition."""
        return await self._store.write(lambda tx: once(tx, reply, lambda: _delete(tx, pool_name, name, etag=etag)))


def _key(request: PageRequest) -> tuple[str, str] | None:
    match decode_token(request.scope, request.token):
        case None:
            return None
        case [str(pool_name), str(name)]:
            return pool_name, name
        case _:
            raise foreign_token()


def _get(tx: Transaction, pool_name: str, name: str) -> WorkQueue:
    queue = tx.work_queues.get(pool_name, name)
    if queue is None:
        raise queue_not_found(tx, pool_name, name)
    return queue


def _update(tx: Transaction, pool_name: str, name: str, *, changes: Mapping[str, Any], etag: str) -> WorkQueue:
    old = tx.work_queues.lock(pool_name, name)
    if old is None:
        raise queue_not_found(tx, pool_name, name)
    check_etag(etag, old.version, resource="work queue", key=f"{pool_name}/{name}")
    new = replace(old, **changes, update_time=tx.now, version=old.version + 1)
    if not tx.work_queues.change(new, old_version=old.version):
        raise Conflict("work queue", f"{pool_name}/{name}")
    tx.announce(pool_topic(old.work_pool_id))
    return new


def _delete(tx: Transaction, pool_name: str, name: str, *, etag: str) -> None:
    tx.work_pools.lock_out(pool_name)
    queue = tx.work_queues.lock(pool_name, name)
    if queue is None:
        raise queue_not_found(tx, pool_name, name)
    check_etag(etag, queue.version, resource="work queue", key=f"{pool_name}/{name}")
    if name == DEFAULT_QUEUE:
        raise FailedPrecondition(
            f"The queue {DEFAULT_QUEUE!r} of pool {pool_name!r} takes the runs that name no queue; it goes with its "
            "pool. Pause it to stop it.",
            reason="DEFAULT_QUEUE",
            metadata={"resource": "work queue", "key": f"{pool_name}/{name}"},
        )
    refuse_in_use(tx, "work queue", f"{pool_name}/{name}", queues=[queue.id])
    tx.work_queues.delete(queue.id)
