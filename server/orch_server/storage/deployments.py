"""Deployments and their versions."""

from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Insert,
    Row,
    Select,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from orch_server.application.deployment_rows import DeploymentFilter
from orch_server.domain.deployments import ConcurrencyPolicy, Deployment, DeploymentVersion, RunTemplate, version_of
from orch_server.storage.batch import one_of
from orch_server.storage.documents import (
    dump_launch_spec,
    dump_recovery,
    dump_retry,
    dump_texts,
    load_launch_spec,
    load_recovery,
    load_retry,
    load_texts,
)
from orch_server.storage.inserts import insert_or_skip
from orch_server.storage.naming import starts_with
from orch_server.storage.scope import Kind, Scope, stamped
from orch_server.storage.tables import deployment, deployment_version, flow, flow_run, work_pool, work_queue
from orch_server.storage.work_queues import OPEN_RUN

_d = deployment.c

_SELECT = (
    select(
        deployment,
        flow.c.name.label("flow_name"),
        work_queue.c.name.label("work_queue_name"),
        work_queue.c.work_pool_id,
        work_pool.c.name.label("work_pool_name"),
        deployment_version.c.launch_spec,
    )
    .join(flow, flow.c.id == _d.flow_id)
    .join(work_queue, work_queue.c.id == _d.work_queue_id)
    .join(work_pool, work_pool.c.id == work_queue.c.work_pool_id)
    .join(
        deployment_version,
        and_(deployment_version.c.deployment_id == _d.id, deployment_version.c.number == _d.current_version),
    )
)
_BY_ID = _SELECT.where(_d.id == bindparam("deployment_id"))
_BY_NAME = _SELECT.where(flow.c.name == bindparam("of_flow"), _d.name == bindparam("deployment_name"))
_LOCK_ROW = select(_d.id).where(_d.id == bindparam("deployment_id"))
_LOCK = _LOCK_ROW.with_for_update(key_share=True)
_LOCK_OUT = _LOCK_ROW.with_for_update()
_NAMES = (
    select(_d.name)
    .join(flow, flow.c.id == _d.flow_id)
    .where(flow.c.name == bindparam("of_flow"))
    .limit(bindparam("most"))
)
_CHANGEABLE = (
    "description",
    "tags",
    "paused",
    "work_queue_id",
    "parameters",
    "parameter_schema",
    "concurrency_limit",
    "concurrency_policy",
    "retry_policy",
    "recovery_policy",
    "current_version",
    "update_time",
    "version",
)
_CHANGE = (
    update(deployment)
    .where(_d.id == bindparam("deployment_id"), _d.version == bindparam("old_version"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGEABLE})
)
_ADD_VERSION = insert(deployment_version)
_DELETE = delete(deployment).where(_d.id == bindparam("deployment_id"))
_OPEN_RUNS = select(flow_run.c.id).where(flow_run.c.deployment_id == bindparam("deployment_id"), OPEN_RUN).limit(1)


@cache
def _add(kind: Kind) -> Insert:
    return insert_or_skip(kind, deployment, ["flow_id", "name"])


@cache
def _versions(*, first: bool) -> Select[Any]:
    number = deployment_version.c.number
    statement = select(deployment_version).where(deployment_version.c.deployment_id == bindparam("deployment_id"))
    statement = statement.order_by(number.desc()).limit(bindparam("most"))
    return statement if first else statement.where(number < bindparam("before"))


@cache
def _templates(kind: Kind) -> Select[Any]:
    return stamped(_SELECT.where(one_of(_d.id, "ids", kind)), kind)


@cache
def _share_templates(kind: Kind, *, skip_locked: bool) -> Select[Any]:
    """Pool before queue before the rest, as everywhere; see `work_queues._resolve` for the kind of lock."""
    joined = deployment.join(work_queue, work_queue.c.id == _d.work_queue_id).join(
        work_pool, work_pool.c.id == work_queue.c.work_pool_id
    )
    statement = select(_d.id).select_from(joined).where(one_of(_d.id, "ids", kind))
    locked = (work_pool, work_queue, deployment)
    return statement.with_for_update(read=True, key_share=True, of=locked, skip_locked=skip_locked)


def _has_tag(tag: str, kind: Kind) -> ColumnElement[bool]:
    if kind == "postgresql":
        return cast(_d.tags, JSONB).contains(cast(literal(dump_texts((tag,))), JSONB))
    each = func.json_each(_d.tags).table_valued("value", name="each_tag")
    return select(each.c.value).where(each.c.value == tag).exists()


class SqlDeployments:
    """The store's side of `DeploymentRows`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def add(self, deployment_: Deployment) -> bool:
        """Insert a deployment and its first version; False where its flow has one of that name."""
        statement = _add(self._scope.kind).returning(_d.id)
        if self._scope.connection.execute(statement, _row(deployment_)).first() is None:
            return False
        self.add_version(version_of(deployment_, deployment_.create_time))
        return True

    def get(self, deployment_id: UUID) -> Deployment | None:
        """One deployment by id."""
        row = self._scope.connection.execute(_BY_ID, {"deployment_id": deployment_id}).one_or_none()
        return _deployment(row) if row is not None else None

    def get_by_name(self, flow_name: str, name: str) -> Deployment | None:
        """One deployment by names."""
        named = {"of_flow": flow_name, "deployment_name": name}
        row = self._scope.connection.execute(_BY_NAME, named).one_or_none()
        return _deployment(row) if row is not None else None

    def names(self, flow_name: str, *, limit: int) -> list[str]:
        """Some names of a flow's deployments, for hints."""
        return list(self._scope.connection.execute(_NAMES, {"of_flow": flow_name, "most": limit}).scalars())

    def page(self, deployment_filter: DeploymentFilter, *, before: UUID | None, limit: int) -> list[Deployment]:
        """Deployments that match, newest first, older than `before`, at most `limit`."""
        statement = _SELECT.order_by(_d.id.desc()).limit(limit)
        if before is not None:
            statement = statement.where(_d.id < before)
        if deployment_filter.flow_name:
            statement = statement.where(flow.c.name == deployment_filter.flow_name)
        for tag in deployment_filter.tags:
            statement = statement.where(_has_tag(tag, self._scope.kind))
        if deployment_filter.name_prefix:
            statement = statement.where(starts_with(_d.name, "prefix"))
        parameters = {"prefix": deployment_filter.name_prefix} if deployment_filter.name_prefix else {}
        return [_deployment(row) for row in self._scope.connection.execute(statement, parameters)]

    def lock(self, deployment_id: UUID) -> Deployment | None:
        """One deployment, which nobody else changes or deletes until the transaction ends."""
        return self._locked(_LOCK, deployment_id)

    def lock_out(self, deployment_id: UUID) -> Deployment | None:
        """The same; besides, no run or schedule of it can be created until the transaction ends."""
        return self._locked(_LOCK_OUT, deployment_id)

    def _locked(self, statement: Select[Any], deployment_id: UUID) -> Deployment | None:
        """Locked first and read afterwards: one statement would join the row as it is with the version as it was."""
        self._scope.connection.execute(statement, {"deployment_id": deployment_id})
        return self.get(deployment_id)

    def change(self, deployment_: Deployment, *, old_version: int) -> bool:
        """Write a deployment's changeable fields where it still has `old_version`; False where not."""
        row = _row(deployment_)
        parameters = {f"new_{name}": row[name] for name in _CHANGEABLE}
        parameters |= {"deployment_id": deployment_.id, "old_version": old_version}
        return self._scope.connection.execute(_CHANGE, parameters).rowcount == 1

    def add_version(self, version: DeploymentVersion) -> None:
        """Insert a version."""
        row = {
            "deployment_id": version.deployment_id,
            "number": version.number,
            "launch_spec": dump_launch_spec(version.launch_spec),
            "create_time": version.create_time,
            "parameters": version.parameters,
            "parameter_schema": version.parameter_schema,
        }
        self._scope.connection.execute(_ADD_VERSION, row)

    def versions(self, deployment_id: UUID, *, before: int | None, limit: int) -> list[DeploymentVersion]:
        """A deployment's versions, newest first, those with a lower number than `before`, at most `limit`."""
        parameters = {"deployment_id": deployment_id, "before": before, "most": limit}
        rows = self._scope.connection.execute(_versions(first=before is None), parameters)
        return [_version(row) for row in rows]

    def has_open_runs(self, deployment_id: UUID) -> bool:
        """Whether a run of it has not ended."""
        rows = self._scope.connection.execute(_OPEN_RUNS, {"deployment_id": deployment_id})
        return rows.first() is not None

    def delete(self, deployment_id: UUID) -> None:
        """Delete a deployment with its versions and schedules."""
        self._scope.connection.execute(_DELETE, {"deployment_id": deployment_id})

    def run_templates(self, deployment_ids: Sequence[UUID], *, skip_locked: bool = False) -> dict[UUID, RunTemplate]:
        """What new runs of these deployments need; those that are not there are left out.

        Locked first and read afterwards, as in `_locked`; in SQLite, who writes is alone anyway.
        """
        kind, wanted = self._scope.kind, list(deployment_ids)
        if wanted and kind == "postgresql":
            locks = _share_templates(kind, skip_locked=skip_locked)
            wanted = list(self._scope.connection.execute(locks, {"ids": wanted}).scalars())
        if not wanted:
            return {}
        return {row.id: _template(row) for row in self._scope.fetch(_templates(kind), {"ids": wanted})}


def _deployment(row: Row[Any]) -> Deployment:
    return Deployment(
        id=row.id,
        flow_id=row.flow_id,
        flow_name=row.flow_name,
        name=row.name,
        description=row.description,
        tags=load_texts(row.tags),
        paused=row.paused,
        work_queue_id=row.work_queue_id,
        work_pool_name=row.work_pool_name,
        work_queue_name=row.work_queue_name,
        parameters=row.parameters,
        parameter_schema=row.parameter_schema,
        launch_spec=load_launch_spec(row.launch_spec),
        concurrency_limit=row.concurrency_limit,
        concurrency_policy=ConcurrencyPolicy(row.concurrency_policy),
        retry_policy=load_retry(row.retry_policy),
        recovery_policy=load_recovery(row.recovery_policy),
        create_time=row.create_time,
        update_time=row.update_time,
        current_version=row.current_version,
        version=row.version,
    )


def _version(row: Row[Any]) -> DeploymentVersion:
    return DeploymentVersion(
        deployment_id=row.deployment_id,
        number=row.number,
        launch_spec=load_launch_spec(row.launch_spec),
        parameters=row.parameters or "",
        parameter_schema=row.parameter_schema or "",
        create_time=row.create_time,
    )


def _template(row: Row[Any]) -> RunTemplate:
    return RunTemplate(
        deployment_id=row.id,
        deployment_name=row.name,
        version=row.current_version,
        flow_id=row.flow_id,
        flow_name=row.flow_name,
        work_pool_id=row.work_pool_id,
        work_pool_name=row.work_pool_name,
        work_queue_id=row.work_queue_id,
        work_queue_name=row.work_queue_name,
        paused=row.paused,
        parameters=row.parameters,
        parameter_schema=row.parameter_schema,
        tags=load_texts(row.tags),
        launch_spec=load_launch_spec(row.launch_spec),
        concurrency_limit=row.concurrency_limit,
        concurrency_policy=ConcurrencyPolicy(row.concurrency_policy),
        retry_policy=load_retry(row.retry_policy),
        recovery_policy=load_recovery(row.recovery_policy),
    )


def _row(deployment_: Deployment) -> dict[str, Any]:
    return {
        "id": deployment_.id,
        "flow_id": deployment_.flow_id,
        "name": deployment_.name,
        "description": deployment_.description,
        "tags": dump_texts(deployment_.tags),
        "paused": deployment_.paused,
        "work_queue_id": deployment_.work_queue_id,
        "parameters": deployment_.parameters,
        "parameter_schema": deployment_.parameter_schema,
        "concurrency_limit": deployment_.concurrency_limit,
        "concurrency_policy": int(deployment_.concurrency_policy),
        "retry_policy": dump_retry(deployment_.retry_policy),
        "recovery_policy": dump_recovery(deployment_.recovery_policy),
        "current_version": deployment_.current_version,
        "create_time": deployment_.create_time,
        "update_time": deployment_.update_time,
        "version": deployment_.version,
    }
