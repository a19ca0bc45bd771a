"""A launcher whose attempts do what the test says, and nothing by themselves; and a worker that uses it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from google.protobuf.duration_pb2 import Duration

from orch_client.async_client import AsyncClient, connect_async
from orch_client.errors import UnavailableError
from orch_client.retry import RetryRule
from orch_proto.v1.deployment_pb2 import Deployment
from orch_proto.v1.deployment_service_pb2 import CreateDeploymentRequest
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.flow_run_service_pb2 import (
    CancelFlowRunRequest,
    CreateFlowRunRequest,
    GetFlowRunRequest,
    WatchFlowRunRequest,
)
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_proto.v1.lease_service_pb2 import AdoptLeaseRequest, ReportRunsRequest, RunReport
from orch_proto.v1.log_pb2 import LogRecord
from orch_proto.v1.log_service_pb2 import ListLogsRequest, LogFilter
from orch_proto.v1.policy_pb2 import RecoveryPolicy, RetryPolicy
from orch_proto.v1.state_pb2 import State, StateType
from orch_proto.v1.work_pool_pb2 import WorkPool
from orch_proto.v1.work_pool_service_pb2 import CreateWorkPoolRequest, DeleteWorkPoolRequest
from orch_worker.health import Health
from orch_worker.home import worker_home
from orch_worker.launchers.base import (
    Attempt,
    AttemptKey,
    Ending,
    Job,
    LaunchError,
    LauncherUnavailableError,
    Outcome,
    OutputLine,
)
from orch_worker.lifecycle import Lifecycle
from orch_worker.meters import NoTelemetry
from orch_worker.sessions import WorkerIdentity
from orch_worker.worker import Worker, WorkerParts

T = TypeVar("T")

COMPLETED = Ending(Outcome.COMPLETED, "exit code 0", exit_code=0)
KILLED = Ending(Outcome.CRASHED, "killed (SIGKILL)")
TTL_SECONDS = 15


class StageAttempt:
    """An attempt that ends when the test says so, or, if it is `obedient`, when it is stopped."""

    def __init__(self, key: AttemptKey, job: Job | None = None) -> None:
        self.key = key
        self.job = job
        self.memo = job.memo if job is not None else ""
        self.place = f"act {key.token}"
        self.obedient = True
        self.stops: asyncio.Queue[float] = asyncio.Queue()
        self.looks = 0
        """How often it was found among those that others have left."""
        self.looks_until_stopped = 0
        self.forgotten = asyncio.Event()
        self._ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._lines: list[OutputLine] = []
        self._changed = asyncio.Condition()

    async def wait(self) -> Ending:
        return await asyncio.shield(self._ending)

    async def end(self, ending: Ending = COMPLETED) -> None:
        """Its process ends."""
        if not self._ending.done():
            self._ending.set_result(ending)
        async with self._changed:
            self._changed.notify_all()

    def break_down(self, error: Exception) -> None:
        """Its launcher fails to watch it."""
        self._ending.set_exception(error)

    async def write(self, *texts: str) -> None:
        """Its process writes lines to stdout."""
        self._lines += [OutputLine("stdout", time.time_ns(), text) for text in texts]
        async with self._changed:
            self._changed.notify_all()

    async def output(self, start: int = 0) -> AsyncIterator[Sequence[OutputLine]]:
        while True:
            async with self._changed:
                while len(self._lines) <= start and not self._ending.done():
                    await self._changed.wait()
            if len(self._lines) <= start:
                return
            lines, start = self._lines[start:], len(self._lines)
            yield lines

    async def stop(self, *, grace_seconds: float) -> None:
        self.stops.put_nowait(grace_seconds)
        self.looks_until_stopped = self.looks_until_stopped or self.looks
        if self.obedient:
            await self.end(KILLED)
            return
        await self.wait()

    async def forget(self) -> None:
        self.forgotten.set()


class Stage:
    """A launcher. It outlives the workers that use it, as processes do."""

    def __init__(self) -> None:
        self.attempts: dict[AttemptKey, StageAttempt] = {}
        self._launched: asyncio.Queue[StageAttempt] = asyncio.Queue()
        self.refusal: LaunchError | LauncherUnavailableError | None = None
        self.whisper: tuple[str, ...] = ()
        """What it tells of each launch."""
        self.left_by_others: list[StageAttempt] = []
        self.looks: asyncio.Queue[None] = asyncio.Queue()
        """One each time that it was asked for those."""
        self.curtain: asyncio.Event | None = None
        """Where given, launches wait for it."""
        self.asked: asyncio.Queue[Job] = asyncio.Queue()

    async def open(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to do."""

    async def launch(self, job: Job) -> Attempt:
        self.asked.put_nowait(job)
        for sentence in self.whisper:
            job.tell(sentence)
        if self.curtain is not None:
            await self.curtain.wait()
        if self.refusal is not None:
            raise self.refusal
        attempt = StageAttempt(job.key, job)
        self.attempts[job.key] = attempt
        self._launched.put_nowait(attempt)
        return attempt

    async def find(self) -> Sequence[Attempt]:
        return [attempt for attempt in self.attempts.values() if not attempt.forgotten.is_set()]

    async def strays(self) -> Sequence[Attempt]:
        self.looks.put_nowait(None)
        found = [attempt for attempt in self.left_by_others if not attempt.forgotten.is_set()]
        for attempt in found:
            attempt.looks += 1
        return found

    async def looked(self, times: int) -> None:
        """Wait until it was asked so often for what others have left, and has answered."""
        for _ in range(times + 1):
            await self.looks.get()

    async def launched(self) -> StageAttempt:
        """The next attempt that was launched."""
        return await self._launched.get()


@dataclass
class RunningWorker:
    """A worker at work."""

    name: str
    lifecycle: Lifecycle
    health: Health
    task: "asyncio.Task[None]"
    client: AsyncClient

    def cut_off(self) -> None:
        """No heartbeat is answered any more."""

        async def unanswered(request: object, **_: object) -> None:
            raise UnavailableError("The test has cut the link.")

        vars(self.client.leases)["SyncLeases"] = unanswered

    def next_sync(self) -> asyncio.Event:
        """Set when the next heartbeat has been answered, and heard."""
        answered, leases = asyncio.Event(), self.client.leases
        send = leases.SyncLeases

        async def sync(request: object, **options: object) -> object:
            answer = await send(request, **options)  # type: ignore[arg-type] # as a stub's method is called
            asyncio.get_running_loop().call_soon(answered.set)
            return answer

        vars(leases)["SyncLeases"] = sync
        return answered

    async def drain(self) -> None:
        """As the first signal does; returns when the worker has ended."""
        self.lifecycle.drain(why="the test says so")
        await self.task

    async def die(self) -> None:
        """All its loops end where they are, as if it was killed."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@asynccontextmanager
async def worker_at(
    url: str, stage: Stage, home: Path, *, pool: str, name: str = "stagehand", slots: int = 10
) -> AsyncIterator[RunningWorker]:
    """A worker that serves a pool by this launcher, until the context ends."""
    async with AsyncExitStack() as stack:
        once = RetryRule(max_attempts=1)
        client = await stack.enter_async_context(connect_async(url, retry=once))
        log_client = await stack.enter_async_context(connect_async(url, retry=once))
        directory = stack.enter_context(worker_home(home, pool=pool, name=name))
        lifecycle, health = Lifecycle(), Health(worker=name, pool=pool)
        identity = WorkerIdentity(name, pool, (), slots, {}, "test")
        parts = WorkerParts(
            client=client,
            log_client=log_client,
            launcher=stage,
            home=directory,
            identity=identity,
            lifecycle=lifecycle,
            telemetry=NoTelemetry(),
            health=health,
            relay=None,
        )
        worker = RunningWorker(name, lifecycle, health, asyncio.create_task(Worker(parts).work()), client)
        try:
            yield worker
        finally:
            await worker.die()


class Audience:
    """What a test wants of the control plane."""

    def __init__(self, client: AsyncClient, pool: str) -> None:
        self.client = client
        self.pool = pool
        self._made = 0

    async def make_pool(
        self, *, kind: str = "stage", job_template_json: str = "", ttl_seconds: int = TTL_SECONDS
    ) -> None:
        """The pool that the worker serves."""
        pool = WorkPool(
            name=self.pool,
            type=kind,
            lease_ttl=Duration(seconds=ttl_seconds),
            job_template_json=job_template_json,
        )
        await self.client.work_pools.CreateWorkPool(CreateWorkPoolRequest(work_pool=pool))

    async def delete_pool(self) -> None:
        """Nobody is to serve it any more."""
        await self.client.work_pools.DeleteWorkPool(DeleteWorkPoolRequest(name=self.pool))

    async def run(
        self,
        spec: LaunchSpec | None = None,
        *,
        parameters: dict[str, object] | None = None,
        retries: int = 0,
        recovery: RecoveryPolicy | None = None,
        job_variables: dict[str, object] | None = None,
    ) -> str:
        """A run of a new deployment; without a spec, of a command."""
        self._made += 1
        deployment = Deployment(
            flow_name=f"play-{self.pool}",
            name=f"act-{self._made}",
            work_pool_name=self.pool,
            launch_spec=spec or LaunchSpec(command=["play"]),
            retry_policy=RetryPolicy(max_retries=retries),
            recovery_policy=recovery,
        )
        made = await self.client.deployments.CreateDeployment(CreateDeploymentRequest(deployment=deployment))
        request = CreateFlowRunRequest(
            deployment_id=made.deployment.deployment_id,
            parameters_json=json.dumps(parameters) if parameters else "",
            job_variables_json=json.dumps(job_variables) if job_variables else "",
        )
        return (await self.client.flow_runs.CreateFlowRun(request)).flow_run.flow_run_id

    async def cancel(self, run_id: str, *, reason: str = "") -> None:
        """Ask the run to stop."""
        await self.client.flow_runs.CancelFlowRun(CancelFlowRunRequest(flow_run_id=run_id, reason=reason))

    async def get(self, run_id: str) -> FlowRun:
        """The run as it is now."""
        return (await self.client.flow_runs.GetFlowRun(GetFlowRunRequest(flow_run_id=run_id))).flow_run

    async def seen(
        self, run_id: str, until: StateType.ValueType, *, such_that: Callable[[FlowRun], bool] = lambda run: True
    ) -> FlowRun:
        """The run as it was once it was in a state, with its result."""
        passed = []
        async for answer in self.client.flow_runs.WatchFlowRun(WatchFlowRunRequest(flow_run_id=run_id)):
            run = answer.flow_run
            passed.append(f"{run.state.name}: {run.state.message}")
            if run.state.type == until and such_that(run):
                whole = await self.get(run_id)
                # It may have gone on meanwhile.
                return whole if whole.state == run.state else run
        raise AssertionError(f"the run went another way: {passed}")

    async def lines(self, run_id: str, stream: str) -> list[str]:
        """What is stored of a log stream."""
        request = ListLogsRequest(flow_run_id=run_id, filter=LogFilter(stream=stream))
        answer = await self.client.logs.ListLogs(request)
        return [entry.record.message for entry in answer.entries]

    async def said(self, run_id: str, stream: str, lines: list[str]) -> None:
        """Wait until this is what is stored of a log stream: lines go their own way, also after the run's end."""
        while await self.lines(run_id, stream) != lines:
            pass  # Asking takes its time.

    async def records(self, run_id: str, stream: str) -> list[LogRecord]:
        """The same, whole."""
        request = ListLogsRequest(flow_run_id=run_id, filter=LogFilter(stream=stream))
        return [entry.record for entry in (await self.client.logs.ListLogs(request)).entries]

    async def adopt(self, attempt: StageAttempt) -> None:
        """As an entrypoint's process does."""
        request = AdoptLeaseRequest(
            flow_run_id=attempt.key.flow_run_id,
            token=attempt.key.token,
            adopter_id="00000000-0000-4000-8000-000000000001",
        )
        await self.client.leases.AdoptLease(request)

    async def report(self, attempt: StageAttempt, state: StateType.ValueType, *, sequence: int) -> None:
        """As an entrypoint's process does."""
        report = RunReport(
            flow_run_id=attempt.key.flow_run_id,
            token=attempt.key.token,
            sequence=1_000_000 + sequence,
            state=State(type=state),
        )
        await self.client.leases.ReportRuns(ReportRunsRequest(reports=[report]))
