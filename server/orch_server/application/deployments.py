"""Deployments: created with their flow, changed in versions, deleted when no run needs them any more."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from uuid import UUID

from orch_server.application.deployment_rows import DeploymentFilter
from orch_server.application.errors import AlreadyExists, Conflict, FailedPrecondition, NotFound
from orch_server.application.etags import check_etag
from orch_server.application.flows import ensure_flow
from orch_server.application.hints import NAMES_TO_LOOK_AT, close_names
from orch_server.application.pages import Page, PageRequest, after_number, id_key, page_of
from orch_server.application.parameter_schemas import refuse_schema, unfit
from orch_server.application.ports import SCHEDULES_TOPIC, Ids, Store, Transaction
from orch_server.application.replies import Reply, once
from orch_server.application.work_queues import resolve_queue
from orch_server.domain.deployments import (
    ConcurrencyPolicy,
    Deployment,
    DeploymentVersion,
    RunTemplate,
    makes_version,
    version_of,
)
from orch_server.domain.launch import LaunchSpec
from orch_server.domain.policies import NO_RECOVERY, NO_RETRY, RecoveryPolicy, RetryPolicy
from orch_server.domain.work_pools import DEFAULT_POOL, DEFAULT_QUEUE

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class DeploymentDraft:
    """A deployment as its author describes it. Empty names of pool and queue mean "default"."""

    flow_name: str
    name: str
    launch_spec: LaunchSpec
    description: str = ""
    tags: tuple[str, ...] = ()
    paused: bool = False
    work_pool_name: str = ""
    work_queue_name: str = ""
    parameters: str = ""
    parameter_schema: str = ""
    concurrency_limit: int | None = None
    concurrency_policy: ConcurrencyPolicy = ConcurrencyPolicy.QUEUE
    retry_policy: RetryPolicy = NO_RETRY
    recovery_policy: RecoveryPolicy = NO_RECOVERY


def deployments_for_runs(tx: Transaction, deployment_ids: Iterable[UUID]) -> dict[UUID, RunTemplate]:
    """What new runs of these deployments need; those that are not there are left out.

    What is found cannot be deleted until the transaction ends. `deployment_not_found` is the error for what is not.
    """
    return tx.deployments.run_templates(sorted(set(deployment_ids)))


def deployment_for_run(tx: Transaction, deployment_id: UUID) -> RunTemplate:
    """What a new run of this deployment needs. Raises NotFound."""
    found = deployments_for_runs(tx, [deployment_id]).get(deployment_id)
    if found is None:
        raise deployment_not_found(deployment_id)
    return found


def deployment_not_found(deployment_id: UUID) -> NotFound:
    """The error for a deployment that is not there."""
    return NotFound("deployment", str(deployment_id), "It may have been deleted; deployments are found by their names.")


class Deployments:
    """The use cases of deployments."""

    def __init__(self, store: Store, ids: Ids) -> None:
        self._store = store
        self._ids = ids

    async def create(self, draft: DeploymentDraft, reply: Reply[Deployment, A]) -> A:
        """Create a deployment, and its flow where that is new.

        Raises NotFound for pool and queue, AlreadyExists, InvalidArgument for a wrong schema and for parameters that do
        not fit it.
        """
        _refuse_parameters(draft.parameters, draft.parameter_schema)
        return await self._store.write(lambda tx: once(tx, reply, lambda: self._create(tx, draft)))

    def _create(self, tx: Transaction, draft: DeploymentDraft) -> Deployment:
        _, queue_id = resolve_queue(tx, draft.work_pool_name, draft.work_queue_name)
        now = tx.now
        deployment = Deployment(
            id=self._ids.new(now),
            flow_id=ensure_flow(tx, self._ids, draft.flow_name),
            flow_name=draft.flow_name,
            name=draft.name,
            description=draft.description,
            tags=draft.tags,
            paused=draft.paused,
            work_queue_id=queue_id,
            work_pool_name=draft.work_pool_name or DEFAULT_POOL,
            work_queue_name=draft.work_queue_name or DEFAULT_QUEUE,
            parameters=draft.parameters,
            parameter_schema=draft.parameter_schema,
            launch_spec=draft.launch_spec,
            concurrency_limit=draft.concurrency_limit,
            concurrency_policy=draft.concurrency_policy,
            retry_policy=draft.retry_policy,
            recovery_policy=draft.recovery_policy,
            create_time=now,
            update_time=now,
        )
        if not tx.deployments.add(deployment):
            raise AlreadyExists("deployment", f"{draft.flow_name}/{draft.name}", "Update it instead.")
        return deployment

    async def get(self, *, deployment_id: UUID | None = None, flow_name: str = "", name: str = "") -> Deployment:
        """One deployment, by id or else by both names. Raises NotFound."""
        if deployment_id is not None:
            return await self._store.read(lambda tx: _get(tx, deployment_id))
        return await self._store.read(lambda tx: _get_by_name(tx, flow_name, name))

    async def page(self, request: PageRequest, deployment_filter: DeploymentFilter) -> Page[Deployment]:
        """Deployments that match, newest first."""
        before = id_key(request)
        rows = await self._store.read(
            lambda tx: tx.deployments.page(deployment_filter, before=before, limit=request.size + 1)
        )
        return page_of(rows, size=request.size, scope=request.scope, key=[(str(each.id),) for each in rows])

    async def update(
        self, deployment_id: UUID, changes: Mapping[str, Any], etag: str, *, reply: Reply[Deployment, A]
    ) -> A:
        """Set some of a deployment's fields. What a version keeps makes a new one where it changes.

        Raises NotFound, for pool and queue too, Conflict, and InvalidArgument as `create` does.
        """
        return await self._store.write(lambda tx: once(tx, reply, lambda: _update(tx, deployment_id, changes, etag)))

    async def delete(self, deployment_id: UUID, etag: str, *, reply: Reply[None, A]) -> A:
        """Delete a deployment without open runs, and its schedules. Raises NotFound, Conflict, FailedPrecondition."""
        return await self._store.write(lambda tx: once(tx, reply, lambda: _delete(tx, deployment_id, etag)))

    async def versions(self, deployment_id: UUID, request: PageRequest) -> Page[DeploymentVersion]:
        """A deployment's versions, newest first. Raises NotFound."""
        before = after_number(request)

        def read(tx: Transaction) -> list[DeploymentVersion]:
            rows = tx.deployments.versions(deployment_id, before=before, limit=request.size + 1)
            if not rows and before is None:
                _get(tx, deployment_id)
            return rows

        rows = await self._store.read(read)
        return page_of(rows, size=request.size, scope=request.scope, key=[(each.number,) for each in rows])


def _get(tx: Transaction, deployment_id: UUID) -> Deployment:
    deployment = tx.deployments.get(deployment_id)
    if deployment is None:
        raise deployment_not_found(deployment_id)
    return deployment


def _get_by_name(tx: Transaction, flow_name: str, name: str) -> Deployment:
    deployment = tx.deployments.get_by_name(flow_name, name)
    if deployment is None:
        hint = close_names(name, tx.deployments.names(flow_name, limit=NAMES_TO_LOOK_AT))
        raise NotFound("deployment", f"{flow_name}/{name}", hint)
    return deployment


def _update(tx: Transaction, deployment_id: UUID, changes: Mapping[str, Any], etag: str) -> Deployment:
    placed = _placed(tx, deployment_id, changes)
    old = tx.deployments.lock(deployment_id)
    if old is None:
        raise deployment_not_found(deployment_id)
    check_etag(etag, old.version, resource="deployment", key=f"{old.flow_name}/{old.name}")
    new = replace(old, **{**changes, **placed}, update_time=tx.now, version=old.version + 1)
    if (old.parameters, old.parameter_schema) != (new.parameters, new.parameter_schema):
        _refuse_parameters(new.parameters, new.parameter_schema)
    if makes_version(old, new):
        new = replace(new, current_version=old.current_version + 1)
        tx.deployments.add_version(version_of(new, tx.now))
    if not tx.deployments.change(new, old_version=old.version):
        raise Conflict("deployment", f"{old.flow_name}/{old.name}")
    if old.paused and not new.paused:
        tx.announce(SCHEDULES_TOPIC)
    return new


def _refuse_parameters(parameters: str, schema: str) -> None:
    refuse_schema(schema, "deployment.parameter_schema_json")
    misfit = unfit(schema, json.loads(parameters or "{}"), "deployment.parameters_json", defaults=True)
    if misfit is not None:
        raise misfit


def _placed(tx: Transaction, deployment_id: UUID, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The queue that a change of pool or queue leads to, locked before the deployment, as everywhere.

    A new pool without a new queue means that pool's default one.
    """
    if "work_pool_name" not in changes and "work_queue_name" not in changes:
        return {}
    pool_name = changes.get("work_pool_name", _get(tx, deployment_id).work_pool_name) or DEFAULT_POOL
    queue_name = changes.get("work_queue_name") or DEFAULT_QUEUE
    _, queue_id = resolve_queue(tx, pool_name, queue_name)
    return {"work_queue_id": queue_id, "work_pool_name": pool_name, "work_queue_name": queue_name}


def _delete(tx: Transaction, deployment_id: UUID, etag: str) -> None:
    deployment = tx.deployments.lock_out(deployment_id)
    if deployment is None:
        raise deployment_not_found(deployment_id)
    name = f"{deployment.flow_name}/{deployment.name}"
    check_etag(etag, deployment.version, resource="deployment", key=name)
    if tx.deployments.has_open_runs(deployment_id):
        raise FailedPrecondition(
            f"The deployment {name!r} has runs that have not ended, and they need it to start. Cancel them or let them "
            "end, then delete it; paused, its schedules make no more of them.",
            reason="DEPLOYMENT_IN_USE",
            metadata={"resource": "deployment", "key": name},
        )
    tx.deployments.delete(deployment_id)
