"""The mixed load of a soak, on one control plane: who creates runs, who executes them, who looks on."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter
from uuid import uuid4

from google.protobuf.duration_pb2 import Duration

from orch_client import AsyncClient
from orch_proto.v1.flow_run_service_pb2 import CreateFlowRunRequest
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_proto.v1.schedule_pb2 import IntervalSpec, Schedule
from orch_proto.v1.schedule_service_pb2 import CreateScheduleRequest
from orch_proto.v1.work_pool_pb2 import WorkPool
from orch_proto.v1.work_pool_service_pb2 import CreateWorkPoolRequest
from tests.bench.api import POOL, Api
from tests.bench.dispatch import Runs, deploy, deploy_function
from tests.bench.soak.scene import Scene
from tests.bench.soak.simulated_workers import SimulatedWorker
from tests.bench.soak.watching import Watchers

REAL_POOL = "processes"
REAL_RUNS_A_MINUTE = 60
"""Executed by a process worker. They cost most of the processor time: 55 ms each."""
SCHEDULES = 100
SCHEDULE_SECONDS = 60
SIMULATED_WORKERS = 12
FOLLOWERS = 10
"""Of each kind: logs and states, over gRPC and over HTTP."""
LOOKERS = 3


@dataclass(frozen=True)
class Load:
    """Everybody who takes part, in this process; `run` goes on until it is cancelled."""

    client: AsyncClient
    api: Api
    http_url: str
    scene: Scene
    runs_a_minute: int

    async def prepare(self) -> Runs:
        """The pool and deployments; schedules that fire evenly over the minute. The real runs."""
        pool = WorkPool(name=REAL_POOL, type="process")
        await self.client.work_pools.CreateWorkPool(CreateWorkPoolRequest(request_id=str(uuid4()), work_pool=pool))
        scheduled = await deploy(self.client, "scheduled", POOL, LaunchSpec(command=["true"]))
        for number in range(SCHEDULES):
            await self.client.schedules.CreateSchedule(_schedule(scheduled, number))
        return Runs(self.client, await deploy_function(self.client, "soaked", pool=REAL_POOL))

    async def run(self, real: Runs) -> None:
        """Raises what the first of them raises that fails."""
        watchers = Watchers(self.api, self.http_url, self.scene)
        following: list[Callable[[], Awaitable[None]]] = [
            watchers.follow_logs,
            watchers.follow_runs,
            watchers.follow_logs_by_http,
            watchers.follow_runs_by_http,
        ]
        created = self.runs_a_minute - REAL_RUNS_A_MINUTE - SCHEDULES * 60 // SCHEDULE_SECONDS
        async with asyncio.TaskGroup() as group:
            for number in range(SIMULATED_WORKERS):
                group.create_task(SimulatedWorker(self.api, f"simulated-{number}", self.scene).run())
            group.create_task(_evenly(group, created, self._create))
            group.create_task(_evenly(group, REAL_RUNS_A_MINUTE, lambda: self._real_run(real)))
            for watch in following * FOLLOWERS + [watchers.look] * LOOKERS:
                group.create_task(_forever(watch))

    async def _create(self) -> None:
        parameters = json.dumps({"asked": perf_counter()})
        request = CreateFlowRunRequest(request_id=str(uuid4()), flow_name="simulated", parameters_json=parameters)
        with self.scene.timings.of("create"):
            await self.api.flow_runs.CreateFlowRun(request)

    async def _real_run(self, real: Runs) -> None:
        self.scene.timings.add("create_to_first_line", await real.one())
        self.scene.ended += 1


async def _forever(watch: Callable[[], Awaitable[None]]) -> None:
    await watch()


async def _evenly(group: asyncio.TaskGroup, per_minute: int, work: Callable[[], Awaitable[None]]) -> None:
    """Begin so often, at even distances, however long each takes: a slow server gets no less to do."""
    begin = perf_counter()
    number = 0
    while True:
        number += 1
        await asyncio.sleep(begin + number * 60 / per_minute - perf_counter())
        group.create_task(_forever(work))


def _schedule(deployment_id: str, number: int) -> CreateScheduleRequest:
    interval = IntervalSpec(interval=Duration(seconds=SCHEDULE_SECONDS))
    # Each goes through a moment of its own: they are spread over the minute.
    interval.anchor_time.FromSeconds(1_700_000_000 + number * SCHEDULE_SECONDS // SCHEDULES)
    schedule = Schedule(deployment_id=deployment_id, name=f"soak-{number}", interval=interval)
    return CreateScheduleRequest(request_id=str(uuid4()), schedule=schedule)
