"""A whole installation of real processes: servers on one database, workers each with a home of its own."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from google.protobuf.duration_pb2 import Duration

from orch_client import AsyncClient, connect_async
from orch_proto.v1.deployment_pb2 import Deployment
from orch_proto.v1.deployment_service_pb2 import CreateDeploymentRequest
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.flow_run_service_pb2 import (
    BatchCreateFlowRunsRequest,
    CreateFlowRunRequest,
    WatchFlowRunRequest,
)
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_proto.v1.lease_pb2 import LeaseInfo
from orch_proto.v1.lease_service_pb2 import ListLeasesRequest
from orch_proto.v1.policy_pb2 import RecoveryPolicy
from orch_proto.v1.state_pb2 import StateType
from orch_proto.v1.work_pool_pb2 import WorkPool
from orch_proto.v1.work_pool_service_pb2 import CreateWorkPoolRequest
from tests.e2e.faults.worker_process import WorkerProcess
from tests.e2e.server_process import ServerProcess, running_server
from tests.support.network import Link

POOL = "faults"
JOBS = Path(__file__).parent
ENDED = frozenset(
    {
        StateType.STATE_TYPE_COMPLETED,
        StateType.STATE_TYPE_FAILED,
        StateType.STATE_TYPE_CANCELLED,
        StateType.STATE_TYPE_CRASHED,
    }
)


@dataclass
class House:
    """What runs, and how to speak to it."""

    servers: Sequence[ServerProcess]
    workers: Sequence[WorkerProcess]
    client: AsyncClient
    ledger: Path
    lease_ttl: timedelta
    ended: dict[str, FlowRun] = field(default_factory=dict)
    """Runs that have ended, as they were then."""
    progress: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def deploy(self, function: str, *, durable: bool = False) -> str:
        """A deployment of one of the jobs; returns its id."""
        spec = LaunchSpec(entrypoint=f"jobs.py:{function}", job_variables_json=json.dumps({"working_dir": str(JOBS)}))
        deployment = Deployment(
            flow_name=function,
            name="faults",
            work_pool_name=POOL,
            launch_spec=spec,
            recovery_policy=RecoveryPolicy(durable=durable),
        )
        request = CreateDeploymentRequest(request_id=str(uuid4()), deployment=deployment)
        return (await self.client.deployments.CreateDeployment(request)).deployment.deployment_id

    async def create(self, deployment_id: str, count: int, *, steps: int, seconds: float) -> list[str]:
        """So many runs; returns their ids."""
        parameters = json.dumps({"ledger": str(self.ledger), "steps": steps, "seconds": seconds})
        requests = [CreateFlowRunRequest(deployment_id=deployment_id, parameters_json=parameters) for _ in range(count)]
        batch = BatchCreateFlowRunsRequest(request_id=str(uuid4()), requests=requests)
        made = await self.client.flow_runs.BatchCreateFlowRuns(batch)
        return [each.flow_run.flow_run_id for each in made.responses]

    async def watch(self, flow_run_id: str) -> FlowRun:
        """Wait for the end of a run."""
        run = await self.until(flow_run_id, ENDED)
        async with self.progress:
            self.ended[flow_run_id] = run
            self.progress.notify_all()
        return run

    async def until(self, flow_run_id: str, types: "frozenset[StateType.ValueType]") -> FlowRun:
        """Wait until a run is in one of these states."""
        async for answer in self.client.flow_runs.WatchFlowRun(WatchFlowRunRequest(flow_run_id=flow_run_id)):
            if answer.flow_run.state.type in types:
                return answer.flow_run
        raise AssertionError(f"the watch of run {flow_run_id} ended before the run did")

    async def healed(self, flow_run_id: str) -> FlowRun:
        """Wait until a run has completed, though it was CRASHED meanwhile: its holder may come back."""
        version = 0
        while True:
            request = WatchFlowRunRequest(flow_run_id=flow_run_id, after_version=version)
            async for answer in self.client.flow_runs.WatchFlowRun(request):
                version = answer.flow_run.version
                if answer.flow_run.state.type == StateType.STATE_TYPE_COMPLETED:
                    return answer.flow_run

    async def nobody_holds_anything(self) -> None:
        """Wait for runs that were CRASHED, and whose holders have come back."""
        while True:
            leases = self.client.items(self.client.leases.ListLeases, ListLeasesRequest(), of=LeaseInfo)
            held = [lease.flow_run_id async for lease in leases]
            if not held:
                return
            for flow_run_id in held:
                await self.until(flow_run_id, ENDED)

    async def leases_expired(self) -> None:
        """Long enough for a lease that nobody renews to have expired: how long a fault lasts."""
        await asyncio.sleep(self.lease_ttl.total_seconds() + 1)

    async def reached(self, count: int) -> None:
        """Wait until so many runs have ended."""
        async with self.progress:
            await self.progress.wait_for(lambda: len(self.ended) >= count)


@asynccontextmanager
async def house(
    folder: Path,
    *options: str,
    servers: int = 1,
    workers: int = 3,
    limit: int = 70,
    lease_ttl: timedelta,
    link: Link | None = None,
) -> AsyncIterator[House]:
    """Servers with these options, workers of one pool, each with so many slots. The first worker is behind `link`."""
    host = link.address if link is not None else "127.0.0.1"
    async with AsyncExitStack() as stack:
        started = [
            await stack.enter_async_context(running_server(folder / f"server-{number}", *options, host=host))
            for number in range(servers)
        ]
        client = await stack.enter_async_context(connect_async(f"http://{started[0].address}"))
        pool = WorkPool(name=POOL, type="process", lease_ttl=Duration(seconds=int(lease_ttl.total_seconds())))
        await client.work_pools.CreateWorkPool(CreateWorkPoolRequest(request_id=str(uuid4()), work_pool=pool))
        found = [
            WorkerProcess(
                folder / f"home-{number}",
                f"http://{started[number % servers].address}",
                f"worker-{number}",
                *("--limit", str(limit)),
                pool=POOL,
                inside=link.inside if link is not None and number == 0 else (),
            )
            for number in range(workers)
        ]
        for worker in found:
            stack.push_async_callback(worker.close)
            worker.start()
        yield House(started, found, client, folder / "ledger", lease_ttl)
