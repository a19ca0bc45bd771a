"""Runs through a process worker: from create to the user's first line, runs a second, the live tail, idle memory."""

import asyncio
import json
import os
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psutil

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
from orch_proto.v1.log_service_pb2 import WatchLogsRequest
from orch_proto.v1.state_pb2 import StateType
from tests.bench.figures import Figure, Report, at_least, at_most, middle, milliseconds
from tests.bench.laboratory import Laboratory

POOL = "default"
SCRIPTS = Path(__file__).parent / "scripts"
WARM_UP_RUNS = 5
SINGLE_RUNS = 60
"""One after another, for the latency."""
RUNS_A_ROUND = 150
ROUNDS = 3
SLOTS = 16
IDLE_SECONDS = 3.0
TAIL_LINES = 100
TAIL_INTERVAL_SECONDS = 0.05
_MEGABYTE = 1024 * 1024
_STOP_SECONDS = 20
_ENDED = frozenset(
    {
        StateType.STATE_TYPE_COMPLETED,
        StateType.STATE_TYPE_FAILED,
        StateType.STATE_TYPE_CANCELLED,
        StateType.STATE_TYPE_CRASHED,
    }
)


async def bench(laboratory: Laboratory) -> AsyncIterator[Report]:
    """A worker on the server's machine, its launcher at its defaults."""
    async with (
        laboratory.server() as server,
        connect_async(f"http://{server.address}") as client,
        started_worker(server.address, "--pool", POOL, "--limit", str(SLOTS)) as worker,
    ):
        runs = Runs(client, await deploy_function(client, "first_line"))
        for _ in range(WARM_UP_RUNS):
            await runs.one()
        await asyncio.sleep(IDLE_SECONDS)
        yield Report("worker_memory", _memory(worker) | {"database": laboratory.kind}, {"worker_mb": at_most(60)})
        yield await _latency(runs, laboratory.kind)
        rates = [await runs.at_once(RUNS_A_ROUND) for _ in range(ROUNDS)]
        figures: dict[str, Figure] = {"database": laboratory.kind, "slots": SLOTS, "runs_per_s": middle(rates)}
        yield Report("worker_runs", figures, {"runs_per_s": at_least(40)})
        delays = await _tail(client, await deploy_function(client, "ticking"))
        figures = {"p50_ms": milliseconds(delays, 0.5), "p99_ms": milliseconds(delays, 0.99)}
        yield Report("worker_tail", figures | {"database": laboratory.kind}, {"p99_ms": at_most(200)})


async def _latency(runs: "Runs", database: str) -> Report:
    waits = [await runs.one() for _ in range(SINGLE_RUNS)]
    figures: dict[str, Figure] = {
        "database": database,
        "p50_ms": milliseconds(waits, 0.5),
        "p99_ms": milliseconds(waits, 0.99),
    }
    return Report("worker_first_line", figures, {"p50_ms": at_most(60), "p99_ms": at_most(200)})


class Runs:
    """Runs of one deployment."""

    def __init__(self, client: AsyncClient, deployment_id: str) -> None:
        self._client = client
        self._deployment_id = deployment_id

    async def one(self) -> float:
        """Seconds from just before a run is asked for until its code begins, by the machine's clock."""
        asked = time.time_ns()
        made = await self._client.flow_runs.CreateFlowRun(self._request())
        ended = await self._ended(made.flow_run.flow_run_id)
        return (int(json.loads(ended.result.data)) - asked) / 1e9

    async def at_once(self, count: int) -> float:
        """So many runs, asked for together. Runs a second, until the last has ended."""
        begun = time.perf_counter()
        requests = [self._request(request_id="") for _ in range(count)]
        batch = BatchCreateFlowRunsRequest(request_id=str(uuid4()), requests=requests)
        made = await self._client.flow_runs.BatchCreateFlowRuns(batch)
        for each in made.responses:
            await self._ended(each.flow_run.flow_run_id)
        return count / (time.perf_counter() - begun)

    def _request(self, request_id: str | None = None) -> CreateFlowRunRequest:
        asked = str(uuid4()) if request_id is None else request_id
        return CreateFlowRunRequest(request_id=asked, deployment_id=self._deployment_id)

    async def _ended(self, flow_run_id: str) -> FlowRun:
        run = await ended(self._client, flow_run_id)
        if run.state.type != StateType.STATE_TYPE_COMPLETED:
            raise RuntimeError(f"a run has not completed: {run.state}")
        return run


async def ended(client: AsyncClient, flow_run_id: str) -> FlowRun:
    """The run, when it has ended."""
    async for answer in client.flow_runs.WatchFlowRun(WatchFlowRunRequest(flow_run_id=flow_run_id)):
        if answer.flow_run.state.type in _ENDED:
            return answer.flow_run
    raise RuntimeError(f"the watch of run {flow_run_id} ended before it had")


async def deploy_function(client: AsyncClient, function: str, *, pool: str = POOL) -> str:
    """A new deployment of one of the flows in scripts/dispatched.py; its id."""
    spec = LaunchSpec(
        entrypoint=f"dispatched.py:{function}",
        job_variables_json=json.dumps({"working_dir": str(SCRIPTS)}),
    )
    return await deploy(client, function, pool, spec)


async def deploy(client: AsyncClient, flow_name: str, pool: str, spec: LaunchSpec) -> str:
    """A new deployment in this pool; its id."""
    deployment = Deployment(flow_name=flow_name, name="bench", work_pool_name=pool, launch_spec=spec)
    request = CreateDeploymentRequest(request_id=str(uuid4()), deployment=deployment)
    return (await client.deployments.CreateDeployment(request)).deployment.deployment_id


async def _tail(client: AsyncClient, deployment_id: str) -> Sequence[float]:
    """Seconds from a line's writing in the run until somebody who follows the run has it."""
    parameters = json.dumps({"lines": TAIL_LINES, "interval_seconds": TAIL_INTERVAL_SECONDS})
    request = CreateFlowRunRequest(request_id=str(uuid4()), deployment_id=deployment_id, parameters_json=parameters)
    run = (await client.flow_runs.CreateFlowRun(request)).flow_run
    delays: list[float] = []
    async for page in client.logs.WatchLogs(WatchLogsRequest(flow_run_id=run.flow_run_id)):
        now = time.time_ns()
        delays += [(now - int(e.record.message)) / 1e9 for e in page.entries if e.record.message.isdigit()]
    if len(delays) != TAIL_LINES:
        raise RuntimeError(f"{len(delays)} of {TAIL_LINES} lines have come")
    return delays


def _memory(worker: Process) -> dict[str, Figure]:
    """The worker's own resident memory, and that of the processes that it keeps warm."""
    process = psutil.Process(worker.pid)
    home = process.environ()["ORCH_HOME"]
    kept = [each for each in psutil.process_iter() if each.pid != worker.pid and _is_at(each, home)]
    return {
        "worker_mb": round(process.memory_info().rss / _MEGABYTE, 1),
        "warm_mb": round(sum(each.memory_info().rss for each in kept) / _MEGABYTE, 1),
    }


def _is_at(process: psutil.Process, home: str) -> bool:
    try:
        return process.environ().get("ORCH_HOME") == home
    except psutil.Error:
        return False


@asynccontextmanager
async def started_worker(address: str, *options: str) -> AsyncIterator[Process]:
    """A worker, stopped with SIGTERM when the block ends."""
    with tempfile.TemporaryDirectory(prefix="orch-bench-worker-", ignore_cleanup_errors=True) as home:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "orch_worker", *options),
            env=_environment(home) | {"ORCH_API_URL": f"http://{address}"},
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=DEVNULL,
        )
        try:
            yield process
        finally:
            await _stop(process)


def _environment(home: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ORCH_", "OTEL_"))}
    return kept | {"ORCH_HOME": home}


async def _stop(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
