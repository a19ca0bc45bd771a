"""Work pools and queues: names are unique, etags guard changes, and what runs or deployments need stays."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from orch_server.application.deployments import Deployments
from orch_server.application.errors import AlreadyExists, Conflict, FailedPrecondition, InvalidArgument, NotFound
from orch_server.application.firing import fire_due
from orch_server.application.pages import PageRequest
from orch_server.application.work_pools import WorkPoolDraft, WorkPools, ensure_default_pool
from orch_server.application.work_queues import WorkQueueDraft, WorkQueues, resolve_queue, resolve_queues
from orch_server.clock import TimeOrderedIds
from orch_server.storage.store import SqlStore
from tests.conformance.conftest import OpenServer
from tests.support.catalog import Catalog, minutes
from tests.support.clock import FakeClock
from tests.support.replies import plain


@pytest.fixture
def pools(store: SqlStore, ids: TimeOrderedIds) -> WorkPools:
    """The use cases of pools."""
    return WorkPools(store, ids)


@pytest.fixture
def queues(store: SqlStore, ids: TimeOrderedIds) -> WorkQueues:
    """The use cases of queues."""
    return WorkQueues(store, ids)


async def test_a_pool_comes_with_its_default_queue(pools: WorkPools, queues: WorkQueues) -> None:
    draft = WorkPoolDraft("gpu", "docker", "Big ones.", True, 3, timedelta(seconds=30), '{"image": "x"}')

    created = await pools.create(draft, plain())

    assert await pools.get("gpu") == created
    assert created.lease_ttl == timedelta(seconds=30)
    default = await queues.get("gpu", "default")
    assert (default.priority, default.paused, default.concurrency_limit) == (100, False, None)


async def test_a_name_is_taken_once(pools: WorkPools, queues: WorkQueues) -> None:
    await pools.create(WorkPoolDraft("gpu"), plain())

    with pytest.raises(AlreadyExists):
        await pools.create(WorkPoolDraft("gpu"), plain())
    with pytest.raises(AlreadyExists):
        await queues.create(WorkQueueDraft("gpu", "default"), plain())


async def test_a_repeated_create_gets_the_same_answer(pools: WorkPools) -> None:
    request_id = uuid4()

    first = await pools.create(WorkPoolDraft("gpu"), plain(request_id))
    again = await pools.create(WorkPoolDraft("gpu"), plain(request_id))

    assert again == first
    with pytest.raises(InvalidArgument):
        await pools.create(WorkPoolDraft("cpu"), plain(request_id, body=b"another"))


async def test_the_default_pool_is_made_once_by_two_servers(open_server: OpenServer, ids: TimeOrderedIds) -> None:
    stores = [open_server().store for _ in range(2)]

    await asyncio.gather(*(each.write(lambda tx: ensure_default_pool(tx, ids)) for each in stores * 3))

    pool = await WorkPools(stores[0], ids).get("default")
    assert pool.type == "process"
    assert len((await WorkQueues(stores[0], ids).page(PageRequest(10, "", ""))).items) == 1


async def test_an_update_sets_what_it_names_and_moves_the_etag(pools: WorkPools, clock: FakeClock) -> None:
    old = await pools.create(WorkPoolDraft("gpu", description="Big ones.", concurrency_limit=3), plain())
    clock.advance(minutes(1))

    new = await pools.update("gpu", {"paused": True, "concurrency_limit": None}, "v1", reply=plain())

    assert (new.paused, new.concurrency_limit, new.description) == (True, None, "Big ones.")
    assert (new.version, new.update_time - old.update_time) == (2, minutes(1))
    assert await pools.get("gpu") == new


async def test_a_stale_etag_is_a_conflict(pools: WorkPools, queues: WorkQueues) -> None:
    await pools.create(WorkPoolDraft("gpu"), plain())
    await pools.update("gpu", {"paused": True}, "", reply=plain())
    await queues.update("gpu", "default", changes={"priority": 7}, etag="v1", reply=plain())

    with pytest.raises(Conflict):
        await pools.update("gpu", {"paused": False}, "v1", reply=plain())
    with pytest.raises(Conflict):
        await pools.delete("gpu", "v1", reply=plain())
    with pytest.raises(Conflict):
        await queues.update("gpu", "default", changes={"priority": 8}, etag="v1", reply=plain())


async def test_a_misspelt_name_is_answered_with_close_ones(
    store: SqlStore, pools: WorkPools, queues: WorkQueues
) -> None:
    await pools.create(WorkPoolDraft("kubernetes"), plain())
    await queues.create(WorkQueueDraft("kubernetes", "urgent"), plain())

    with pytest.raises(NotFound, match="Did you mean 'kubernetes'"):
        await pools.get("kubernets")
    with pytest.raises(NotFound, match="Did you mean 'urgent'"):
        await store.write(lambda tx: resolve_queue(tx, "kubernetes", "urgnt"))
    with pytest.raises(NotFound, match="There is 'kubernetes'"):
        await store.write(lambda tx: resolve_queue(tx, "zzz", ""))


async def test_queues_are_found_by_names_together(store: SqlStore, pools: WorkPools, queues: WorkQueues) -> None:
    pool = await pools.create(WorkPoolDraft("default"), plain())
    urgent = await queues.create(WorkQueueDraft("default", "urgent", priority=1), plain())
    default = await queues.get("default", "default")

    found = await store.write(
        lambda tx: resolve_queues(tx, [("", ""), ("default", "urgent"), ("default", "none"), ("", "urgent")])
    )

    assert found == {
        ("", ""): (pool.id, default.id),
        ("default", "urgent"): (pool.id, urgent.id),
        ("", "urgent"): (pool.id, urgent.id),
    }


async def test_queues_are_listed_by_pool_and_name(pools: WorkPools, queues: WorkQueues) -> None:
    for name in ("b", "a"):
        await pools.create(WorkPoolDraft(name), plain())
        await queues.create(WorkQueueDraft(name, "urgent"), plain())

    listed = []
    token = ""
    while True:
        page = await queues.page(PageRequest(3, token, ""))
        listed += [(queue.work_pool_name, queue.name) for queue in page.items]
        token = page.next_token
        if not token:
            break

    assert listed == [("a", "default"), ("a", "urgent"), ("b", "default"), ("b", "urgent")]
    assert len((await queues.page(PageRequest(3, "", ""), pool_name="b")).items) == 2


async def test_an_unused_pool_is_deleted_with_its_queues(pools: WorkPools, queues: WorkQueues) -> None:
    await pools.create(WorkPoolDraft("gpu"), plain())

    await pools.delete("gpu", "v1", reply=plain())

    with pytest.raises(NotFound):
        await pools.get("gpu")
    with pytest.raises(NotFound):
        await queues.get("gpu", "default")


async def test_the_default_queue_goes_only_with_its_pool(pools: WorkPools, queues: WorkQueues) -> None:
    await pools.create(WorkPoolDraft("gpu"), plain())
    await queues.create(WorkQueueDraft("gpu", "urgent"), plain())

    with pytest.raises(FailedPrecondition, match="Pause it"):
        await queues.delete("gpu", "default", etag="", reply=plain())
    await queues.delete("gpu", "urgent", etag="", reply=plain())

    with pytest.raises(NotFound):
        await queues.get("gpu", "urgent")


async def test_what_deployments_use_is_kept(catalog: Catalog, pools: WorkPools) -> None:
    await catalog.deployment()

    with pytest.raises(FailedPrecondition, match="etl/nightly"):
        await pools.delete("default", "", reply=plain())


async def test_what_open_runs_wait_in_is_kept(
    catalog: Catalog, pools: WorkPools, queues: WorkQueues, store: SqlStore, clock: FakeClock, ids: TimeOrderedIds
) -> None:
    await catalog.default_pool()
    await queues.create(WorkQueueDraft("default", "urgent"), plain())
    deployment = await catalog.deployment(work_queue_name="urgent")
    await catalog.schedule(deployment.id)
    clock.advance(minutes(1))
    await store.write(lambda tx: fire_due(tx, ids))
    await Deployments(store, ids).update(deployment.id, {"work_queue_name": "default"}, "", reply=plain())

    with pytest.raises(FailedPrecondition, match="has runs that have not ended"):
        await queues.delete("default", "urgent", etag="", reply=plain())
    await catalog.end_all_runs()
    await queues.delete("default", "urgent", etag="", reply=plain())


async def test_a_create_that_meets_a_deletion_never_loses_its_queue(
    open_server: OpenServer, ids: TimeOrderedIds
) -> None:
    """Either the deployment is first and the pool is kept, or the deletion is and the deployment is refused."""
    one, other = open_server().store, open_server().store
    for number in range(10):
        await WorkPools(one, ids).create(WorkPoolDraft(f"pool {number}"), plain())
        outcomes = await asyncio.gather(
            WorkPools(one, ids).delete(f"pool {number}", "", reply=plain()),
            Catalog(other, ids).deployment(f"deployment {number}", work_pool_name=f"pool {number}"),
            return_exceptions=True,
        )
        kinds = {type(each) for each in outcomes if isinstance(each, BaseException)}
        assert kinds in ({FailedPrecondition}, {NotFound})
