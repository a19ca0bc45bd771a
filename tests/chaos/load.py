"""A steady load on the installation: runs of every kind, cancels, a schedule, a deployment at its limit."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic_ns
from typing import TypeVar
from uuid import uuid4

from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask

from orch_client import AsyncClient, DeadlineError, OverloadedError, ServerError, UnavailableError
from orch_proto.v1.deployment_pb2 import Deployment
from orch_proto.v1.deployment_service_pb2 import CreateDeploymentRequest
from orch_proto.v1.flow_run_service_pb2 import CancelFlowRunRequest, CreateFlowRunRequest
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_proto.v1.policy_pb2 import RecoveryPolicy, RetryPolicy
from orch_proto.v1.schedule_pb2 import CatchUpPolicy, IntervalSpec, Schedule
from orch_proto.v1.schedule_service_pb2 import CreateScheduleRequest, UpdateScheduleRequest
from tests.chaos.installation import POOL

T = TypeVar("T")

SCHEDULE_SECONDS = 3
LIMIT = 2
_PAUSE_SECONDS = 0.2
_JOBS = Path(__file__).parent


@dataclass(frozen=True)
class Kind:
    """A kind of run: the flow, what its deployment promises, what is asked of it.

    weight: how many of all runs are of it. ends: the states that it may end in.
    """

    flow: str
    weight: int
    ends: frozenset[str]
    recovery: RecoveryPolicy | None = None
    retry: RetryPolicy | None = None
    limit: int | None = None
    steps: int = 6
    seconds: float = 0.25


_DONE = frozenset({"COMPLETED"})
_DONE_OR_CRASHED = frozenset({"COMPLETED", "CRASHED"})
_RESTARTS = RecoveryPolicy(crash_restarts=20)
_DURABLE = RecoveryPolicy(durable=True, crash_restarts=20)

KINDS: Mapping[str, Kind] = {
    "durable": Kind("durable", 30, _DONE, _DURABLE),
    "family": Kind("family", 10, _DONE, _DURABLE),
    "plain": Kind("plain", 15, _DONE_OR_CRASHED),
    "restarted": Kind("restarted", 15, _DONE, _RESTARTS),
    "retried": Kind("retried", 8, _DONE, _RESTARTS, RetryPolicy(max_retries=3, delays=[Duration(nanos=300_000_000)])),
    "exclusive": Kind("exclusive", 8, _DONE, RecoveryPolicy(exclusive=True, crash_restarts=20)),
    "limited": Kind("plain", 6, _DONE_OR_CRASHED, limit=LIMIT, steps=3),
    "endless": Kind("endless", 8, frozenset({"CANCELLED"}), _DURABLE, steps=100_000),
    "scheduled": Kind("plain", 0, _DONE_OR_CRASHED, steps=2),
}


@dataclass
class Load:
    """What was asked for, and answered: that must be found at the end."""

    client: AsyncClient
    ledger: Path
    chance: random.Random
    enough: bool = False
    """Nothing more is to be created."""
    deployments: dict[str, str] = field(default_factory=dict)
    """Ids, by kind."""
    schedule_id: str = ""
    accepted: dict[str, str] = field(default_factory=dict)
    """Runs whose creation was answered: their kind, by id."""
    cancelled: dict[str, int] = field(default_factory=dict)
    """Runs whose cancel was answered, and when, in monotonic nanoseconds."""
    refusals: Counter[str] = field(default_factory=Counter)
    """Calls that were not answered at first, by error. Each was made again, under the same request id."""

    async def prepare(self) -> None:
        """A deployment of each kind, and the schedule."""
        for name, kind in KINDS.items():
            self.deployments[name] = await self._deploy(name, kind)
        schedule = Schedule(
            deployment_id=self.deployments["scheduled"],
            name="often",
            interval=IntervalSpec(interval=Duration(seconds=SCHEDULE_SECONDS)),
            catch_up_policy=CatchUpPolicy.CATCH_UP_POLICY_ALL,
        )
        request = CreateScheduleRequest(request_id=str(uuid4()), schedule=schedule)
        answer = await self.insist(lambda: self.client.schedules.CreateSchedule(request))
        self.schedule_id = answer.schedule.schedule_id

    async def _deploy(self, name: str, kind: Kind) -> str:
        parameters = {"ledger": str(self.ledger), "steps": kind.steps, "seconds": kind.seconds}
        spec = LaunchSpec(
            entrypoint=f"jobs.py:{kind.flow}",
            job_variables_json=json.dumps({"working_dir": str(_JOBS), "grace_seconds": 5}),
        )
        deployment = Deployment(
            flow_name=kind.flow,
            name=name,
            work_pool_name=POOL,
            launch_spec=spec,
            parameters_json=json.dumps(parameters),
            recovery_policy=kind.recovery,
            retry_policy=kind.retry,
            concurrency_limit=kind.limit,
        )
        request = CreateDeploymentRequest(request_id=str(uuid4()), deployment=deployment)
        answer = await self.insist(lambda: self.client.deployments.CreateDeployment(request))
        return answer.deployment.deployment_id

    async def go_on(self, *, runs_a_second: float, most_open: int, open_runs: Callable[[], int]) -> None:
        """Create runs, and cancel those that would not end, until `enough`. What was asked for is waited for."""
        names, weights = list(KINDS), [kind.weight for kind in KINDS.values()]
        async with asyncio.TaskGroup() as group:
            while not self.enough:
                await asyncio.sleep(self.chance.expovariate(runs_a_second))
                [name] = self.chance.choices(names, weights)
                if open_runs() < most_open:
                    group.create_task(self._one(name, cancel_after_seconds=self.chance.uniform(0.1, 8)))

    async def _one(self, name: str, *, cancel_after_seconds: float) -> None:
        run_id = await self.create(name)
        if "CANCELLED" in KINDS[name].ends:
            await asyncio.sleep(cancel_after_seconds)
            await self.cancel(run_id)

    async def create(self, name: str) -> str:
        """A run of a kind; its id."""
        request = CreateFlowRunRequest(request_id=str(uuid4()), deployment_id=self.deployments[name])
        answer = await self.insist(lambda: self.client.flow_runs.CreateFlowRun(request))
        self.accepted[answer.flow_run.flow_run_id] = name
        return answer.flow_run.flow_run_id

    async def cancel(self, run_id: str) -> None:
        """Ask for a run's stop."""
        request = CancelFlowRunRequest(request_id=str(uuid4()), flow_run_id=run_id)
        await self.insist(lambda: self.client.flow_runs.CancelFlowRun(request))
        self.cancelled[run_id] = monotonic_ns()

    async def cancel_what_is_left(self) -> None:
        """Nothing is left that would not end by itself."""
        for run_id, name in tuple(self.accepted.items()):
            if "CANCELLED" in KINDS[name].ends and run_id not in self.cancelled:
                await self.cancel(run_id)

    async def pause_schedule(self) -> None:
        """No more times come."""
        schedule = Schedule(schedule_id=self.schedule_id, paused=True)
        request = UpdateScheduleRequest(
            request_id=str(uuid4()), schedule=schedule, update_mask=FieldMask(paths=["paused"])
        )
        await self.insist(lambda: self.client.schedules.UpdateSchedule(request))

    async def insist(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call until it is answered."""
        while True:
            try:
                return await call()
            except (UnavailableError, DeadlineError, OverloadedError, ServerError) as error:
                self.refusals[type(error).__name__] += 1
                await asyncio.sleep(_PAUSE_SECONDS)
