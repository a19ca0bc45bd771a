"""Schedules: created, changed, previewed. What makes them fire is in `firing.py`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from orch_server.application.backfilling import Backfill, Backfilled, backfill
from orch_server.application.deployments import deployment_for_run
from orch_server.application.errors import AlreadyExists, Conflict, NotFound
from orch_server.application.etags import check_etag
from orch_server.application.pages import Page, PageRequest, id_key, page_of
from orch_server.application.parameter_schemas import unfit
from orch_server.application.ports import SCHEDULES_TOPIC, Ids, Store, Transaction
from orch_server.application.replies import Reply, once
from orch_server.application.scheduled_runs import merged_parameters
from orch_server.domain.deployment_schedules import Schedule, name_of_spec
from orch_server.domain.schedules import CatchUpPolicy, OverlapPolicy, ScheduleSpec, next_time, preview, times_between

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class ScheduleDraft:
    """A schedule as its author describes it; the spec is valid. An empty name is made from the spec."""

    deployment_id: UUID
    spec: ScheduleSpec
    name: str = ""
    paused: bool = False
    parameters: str = ""
    catch_up_policy: CatchUpPolicy = CatchUpPolicy.LATEST
    catch_up_window: timedelta | None = None
    overlap_policy: OverlapPolicy = OverlapPolicy.ALLOW
    jitter: timedelta = timedelta(0)


class Schedules:
    """The use cases of schedules."""

    def __init__(self, store: Store, ids: Ids) -> None:
        self._store = store
        self._ids = ids

    async def create(self, draft: ScheduleDraft, reply: Reply[Schedule, A]) -> A:
        """Create a schedule that fires from now on.

        Raises NotFound for the deployment, AlreadyExists, InvalidArgument for parameters that do not fit.
        """
        return await self._store.write(lambda tx: once(tx, reply, lambda: self._create(tx, draft)))

    def _create(self, tx: Transaction, draft: ScheduleDraft) -> Schedule:
        deployment = deployment_for_run(tx, draft.deployment_id)
        _refuse_unfit(deployment.parameter_schema, deployment.parameters, draft.parameters)
        now = tx.now
        schedule = Schedule(
            id=self._ids.new(now),
            deployment_id=draft.deployment_id,
            name=draft.name or name_of_spec(draft.spec),
            spec=draft.spec,
            paused=draft.paused,
            parameters=draft.parameters,
            catch_up_policy=draft.catch_up_policy,
            catch_up_window=draft.catch_up_window,
            overlap_policy=draft.overlap_policy,
            jitter=draft.jitter,
            next_time=next_time(draft.spec, now),
            last_time=None,
            create_time=now,
            update_time=now,
        )
        if not tx.schedules.add(schedule):
            key = f"{deployment.flow_name}/{deployment.deployment_name}/{schedule.name}"
            raise AlreadyExists("schedule", key, "Update it, or give this one another name.")
        tx.announce(SCHEDULES_TOPIC)
        return schedule

    async def get(self, schedule_id: UUID) -> Schedule:
        """One schedule. Raises NotFound."""
        return _there(await self._store.read(lambda tx: tx.schedules.get(schedule_id)), schedule_id)

    async def page(self, request: PageRequest, *, deployment_id: UUID | None = None) -> Page[Schedule]:
        """Schedules, newest first, of one deployment or of all."""
        before = id_key(request)
        rows = await self._store.read(
            lambda tx: tx.schedules.page(deployment_id=deployment_id, before=before, limit=request.size + 1)
        )
        return page_of(rows, size=request.size, scope=request.scope, key=[(str(each.id),) for each in rows])

    async def update(self, schedule_id: UUID, changes: Mapping[str, Any], etag: str, *, reply: Reply[Schedule, A]) -> A:
        """Set some of a schedule's fields; with another spec, or no longer paused, it fires from now on.

        Raises NotFound, Conflict, and InvalidArgument for parameters that do not fit.
        """
        return await self._store.write(lambda tx: once(tx, reply, lambda: _update(tx, schedule_id, changes, etag)))

    async def delete(self, schedule_id: UUID, etag: str, *, reply: Reply[None, A]) -> A:
        """Delete a schedule; its runs stay. Raises NotFound and Conflict."""
        return await self._store.write(lambda tx: once(tx, reply, lambda: _delete(tx, schedule_id, etag)))

    async def backfill(self, wish: Backfill, reply: Reply[Backfilled, A]) -> A:
        """Make runs for past times that have none. Raises NotFound, InvalidArgument, FailedPrecondition."""
        return await self._store.write(lambda tx: once(tx, reply, lambda: backfill(tx, self._ids, wish)))

    async def preview(
        self, spec: ScheduleSpec, *, after: datetime | None, until: datetime | None, count: int
    ) -> list[datetime]:
        """The first `count` times after `after`, or after now, up to `until`. Writes nothing."""
        begin = after if after is not None else await self._store.read(lambda tx: tx.now)
        return preview(spec, begin, count) if until is None else times_between(spec, begin, until, count)


def _there(schedule: Schedule | None, schedule_id: UUID) -> Schedule:
    if schedule is None:
        raise NotFound("schedule", str(schedule_id))
    return schedule


def _update(tx: Transaction, schedule_id: UUID, changes: Mapping[str, Any], etag: str) -> Schedule:
    old = _there(tx.schedules.lock(schedule_id), schedule_id)
    check_etag(etag, old.version, resource="schedule", key=old.name)
    new = replace(old, **changes, update_time=tx.now, version=old.version + 1)
    deployment = tx.deployments.get(old.deployment_id) if "parameters" in changes else None
    if deployment is not None:
        _refuse_unfit(deployment.parameter_schema, deployment.parameters, new.parameters)
    if new.spec != old.spec or (old.paused and not new.paused):
        new = replace(new, next_time=next_time(new.spec, tx.now))
    if not tx.schedules.change(new, old_version=old.version):
        raise Conflict("schedule", old.name)
    tx.announce(SCHEDULES_TOPIC)
    return new


def _refuse_unfit(schema: str, of_deployment: str, of_schedule: str) -> None:
    """Raises InvalidArgument where runs of a schedule would have parameters that do not fit."""
    parameters = json.loads(merged_parameters(of_deployment, of_schedule))
    misfit = unfit(schema, parameters, "schedule.parameters_json")
    if misfit is not None:
        raise misfit


def _delete(tx: Transaction, schedule_id: UUID, etag: str) -> None:
    schedule = _there(tx.schedules.lock(schedule_id), schedule_id)
    check_etag(etag, schedule.version, resource="schedule", key=schedule.name)
    tx.schedules.delete(schedule_id)
    tx.announce(SCHEDULES_TOPIC)
