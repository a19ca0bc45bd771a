"""Deployments: created with their flow, versioned, and everything that their runs need found at once."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from orch_server.application.deployment_rows import DeploymentFilter
from orch_server.application.deployments import Deployments, deployment_for_run, deployments_for_runs
from orch_server.application.errors import AlreadyExists, Conflict, FailedPrecondition, NotFound
from orch_server.application.firing import fire_due
from orch_server.application.flows import Flows
from orch_server.application.pages import PageRequest
from orch_server.application.work_pools import WorkPoolDraft, WorkPools
from orch_server.clock import TimeOrderedIds
from orch_server.domain.deployments import ConcurrencyPolicy
from orch_server.domain.launch import LaunchSpec
from orch_server.domain.policies import RecoveryPolicy, RetryPolicy
from orch_server.storage.store import SqlStore
from tests.support.catalog import Catalog, minutes
from tests.support.clock import FakeClock
from tests.support.replies import plain

EVERYTHING: dict[str, Any] = {
    "description": "Every night.",
    "tags": ("eu", "nightly"),
    "paused": True,
    "parameters": '{"day": 1.50}',
    "parameter_schema": '{"type": "object"}',
    "concurrency_limit": 0,
    "concurrency_policy": ConcurrencyPolicy.CANCEL_OLDEST,
    "retry_policy": RetryPolicy(3, (timedelta(seconds=1.5), timedelta(days=365)), 0.25),
    "recovery_policy": RecoveryPolicy(2, durable=True, exclusive=True),
}


@pytest.fixture
def deployments(store: SqlStore, ids: TimeOrderedIds) -> Deployments:
    """The use cases of deployments."""
    return Deployments(store, ids)


async def test_a_deployment_is_read_as_it_was_created(
    catalog: Catalog, deployments: Deployments, store: SqlStore
) -> None:
    created = await catalog.deployment(**EVERYTHING)

    assert {name: getattr(created, name) for name in EVERYTHING} == EVERYTHING
    assert await deployments.get(deployment_id=created.id) == created
    assert await deployments.get(flow_name="etl", name="nightly") == created
    assert (await Flows(store).get(name="etl")).id == created.flow_id


async def test_names_are_unique_within_the_flow(catalog: Catalog) -> None:
    await catalog.deployment("nightly", "etl")
    await catalog.deployment("nightly", "report")

    with pytest.raises(AlreadyExists):
        await catalog.deployment("nightly", "etl")


async def test_a_misspelt_name_is_answered_with_close_ones(catalog: Catalog, deployments: Deployments) -> None:
    await catalog.deployment("nightly")

    with pytest.raises(NotFound, match="Did you mean 'nightly'"):
        await deployments.get(flow_name="etl", name="nightli")


async def test_a_new_launch_spec_makes_a_version_and_nothing_else_does(
    catalog: Catalog, deployments: Deployments, store: SqlStore
) -> None:
    created = await catalog.deployment()
    spec = LaunchSpec(command=("node", "etl.js"), job_variables='{"cpu": 2}')

    await deployments.update(created.id, {"launch_spec": created.launch_spec, "paused": True}, "", reply=plain())
    changed = await deployments.update(created.id, {"launch_spec": spec}, "v2", reply=plain())

    assert (changed.current_version, changed.launch_spec, changed.version) == (2, spec, 3)
    versions = await deployments.versions(created.id, PageRequest(1, "", ""))
    assert [(each.number, each.launch_spec) for each in versions.items] == [(2, spec)]
    rest = await deployments.versions(created.id, PageRequest(1, versions.next_token, ""))
    assert [(each.number, each.launch_spec) for each in rest.items] == [(1, created.launch_spec)]
    template = await store.write(lambda tx: deployment_for_run(tx, created.id))
    assert (template.version, template.launch_spec) == (2, spec)


async def test_every_field_can_be_changed_and_only_with_the_newest_etag(
    catalog: Catalog, deployments: Deployments
) -> None:
    created = await catalog.deployment()

    changed = await deployments.update(created.id, EVERYTHING, "v1", reply=plain())

    assert {name: getattr(changed, name) for name in EVERYTHING} == EVERYTHING
    assert await deployments.get(deployment_id=created.id) == changed
    with pytest.raises(Conflict):
        await deployments.update(created.id, {"paused": False}, "v1", reply=plain())


async def test_another_pool_means_its_default_queue(
    catalog: Catalog, deployments: Deployments, store: SqlStore, ids: TimeOrderedIds
) -> None:
    await WorkPools(store, ids).create(WorkPoolDraft("gpu"), plain())
    created = await catalog.deployment()

    moved = await deployments.update(created.id, {"work_pool_name": "gpu"}, "", reply=plain())

    assert (moved.work_pool_name, moved.work_queue_name) == ("gpu", "default")
    assert (await deployments.get(deployment_id=created.id)).work_pool_name == "gpu"
    with pytest.raises(NotFound):
        await deployments.update(created.id, {"work_queue_name": "urgent"}, "", reply=plain())


async def test_what_runs_need_is_found_for_many_at_once(catalog: Catalog, store: SqlStore) -> None:
    one = await catalog.deployment("one", **EVERYTHING)
    two = await catalog.deployment("two")
    nowhere = uuid4()

    found = await store.write(lambda tx: deployments_for_runs(tx, [two.id, one.id, nowhere, one.id]))

    assert set(found) == {one.id, two.id}
    template = found[one.id]
    assert (template.flow_id, template.flow_name, template.deployment_name) == (one.flow_id, "etl", "one")
    assert (template.work_queue_id, template.work_pool_name) == (one.work_queue_id, "default")
    assert (template.parameters, template.tags) == (one.parameters, one.tags)
    assert (template.retry_policy, template.recovery_policy) == (one.retry_policy, one.recovery_policy)
    with pytest.raises(NotFound):
        await store.write(lambda tx: deployment_for_run(tx, nowhere))


async def test_lists_are_filtered_and_paged_newest_first(catalog: Catalog, deployments: Deployments) -> None:
    for number in range(5):
        await catalog.deployment(f"d{number}", tags=("all", "even" if number % 2 == 0 else "odd"))
    await catalog.deployment("d9", "report", tags=(",",))

    async def names(**conditions: object) -> list[str]:
        found: list[str] = []
        token = ""
        while True:
            page = await deployments.page(PageRequest(2, token, ""), DeploymentFilter(**conditions))  # type: ignore[arg-type]
            found += [each.name for each in page.items]
            token = page.next_token
            if not token:
                return found

    assert await names() == ["d9", "d4", "d3", "d2", "d1", "d0"]
    assert await names(flow_name="etl", tags=("all", "even")) == ["d4", "d2", "d0"]
    assert await names(tags=(",",)) == ["d9"]
    assert await names(name_prefix="d3") == ["d3"]
    assert await names(name_prefix="D") == []


async def test_a_deployment_goes_with_its_schedules_once_its_runs_have_ended(
    catalog: Catalog, deployments: Deployments, store: SqlStore, clock: FakeClock, ids: TimeOrderedIds
) -> None:
    created = await catalog.deployment()
    schedule = await catalog.schedule(created.id)
    clock.advance(minutes(1))
    await store.write(lambda tx: fire_due(tx, ids))

    with pytest.raises(FailedPrecondition, match="have not ended"):
        await deployments.delete(created.id, "", reply=plain())
    await catalog.end_all_runs()
    await deployments.delete(created.id, "v1", reply=plain())

    with pytest.raises(NotFound):
        await deployments.get(deployment_id=created.id)
    assert await store.read(lambda tx: tx.schedules.get(schedule.id)) is None
    assert [run.deployment_id for run in await catalog.runs()] == [created.id]
