"""Deployments, schedules and their runs for tests that are about something else."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from orch_server.application.deployments import DeploymentDraft, Deployments
from orch_server.application.flow_runs import request_cancel
from orch_server.application.ports import Ids, Store
from orch_server.application.schedules import ScheduleDraft, Schedules
from orch_server.application.work_pools import ensure_default_pool
from orch_server.domain.deployment_schedules import Schedule
from orch_server.domain.deployments import Deployment
from orch_server.domain.flow_runs import FlowRun, FlowRunFilter
from orch_server.domain.launch import LaunchSpec
from orch_server.domain.schedules import CronSpec, ScheduleSpec
from orch_server.domain.states import StateType
from tests.support.replies import plain

MINUTELY = CronSpec("* * * * *")


@dataclass(frozen=True)
class Catalog:
    """Makes things with as few words as possible."""

    store: Store
    ids: Ids

    async def default_pool(self) -> None:
        """The pool "default"."""
        await self.store.write(lambda tx: ensure_default_pool(tx, self.ids))

    async def deployment(
        self,
        name: str = "nightly",
        flow_name: str = "etl",
        **fields: Any,  # noqa: ANN401 - the draft's
    ) -> Deployment:
        """A deployment in the default pool."""
        await self.default_pool()
        draft = DeploymentDraft(
            flow_name=flow_name, name=name, launch_spec=LaunchSpec(entrypoint="etl.py:main"), **fields
        )
        return await Deployments(self.store, self.ids).create(draft, plain())

    async def schedule(
        self,
        deployment_id: UUID,
        spec: ScheduleSpec = MINUTELY,
        **fields: Any,  # noqa: ANN401 - the draft's
    ) -> Schedule:
        """A schedule of a deployment."""
        draft = ScheduleDraft(deployment_id=deployment_id, spec=spec, **fields)
        return await Schedules(self.store, self.ids).create(draft, plain())

    async def runs(self) -> list[FlowRun]:
        """Every run, oldest first."""
        found = await self.store.read(lambda tx: tx.flow_runs.page(FlowRunFilter(), before=None, limit=100_000))
        return found[::-1]

    async def end_all_runs(self) -> None:
        """Every open run is cancelled."""
        ids = [run.id for run in await self.runs() if run.facts.state.type == StateType.SCHEDULED]
        await self.store.write(lambda tx: request_cancel(tx, ids, "The test says so."))


def minutes(count: float) -> timedelta:
    """A span."""
    return timedelta(minutes=count)


def seconds(count: float) -> timedelta:
    """A span."""
    return timedelta(seconds=count)
