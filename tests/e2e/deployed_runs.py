"""A worker's part, played by hand: leases of runs, and processes that are started with their tickets."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from textwrap import dedent
from typing import IO
from uuid import uuid4

from google.protobuf.duration_pb2 import Duration

from orch_client import Client
from orch_proto.v1 import deployment_pb2, launch_pb2, lease_pb2, state_pb2, work_pool_pb2
from orch_proto.v1 import deployment_service_pb2 as deployments
from orch_proto.v1 import flow_run_service_pb2 as flow_runs
from orch_proto.v1 import lease_service_pb2 as leases
from orch_proto.v1 import log_service_pb2 as logs
from orch_proto.v1 import task_run_service_pb2 as task_runs
from orch_proto.v1 import work_pool_service_pb2 as work_pools
from orch_proto.v1 import worker_service_pb2 as workers
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.log_pb2 import LogEntry
from orch_proto.v1.policy_pb2 import RecoveryPolicy, RetryPolicy
from orch_proto.v1.state_pb2 import StateType
from orch_proto.v1.task_run_pb2 import TaskRun

COMPLETED = StateType.STATE_TYPE_COMPLETED
FAILED = StateType.STATE_TYPE_FAILED
CANCELLED = StateType.STATE_TYPE_CANCELLED
CRASHED = StateType.STATE_TYPE_CRASHED
RUNNING = StateType.STATE_TYPE_RUNNING
PENDING = StateType.STATE_TYPE_PENDING
SCHEDULED = StateType.STATE_TYPE_SCHEDULED
_ENDS_WITHIN_SECONDS = 60.0


class RunProcess:
    """`python -m orch.run` with a ticket. What it writes is read, so that it never waits for that."""

    def __init__(self, environment: Mapping[str, str], folder: Path, *, reads: bool = False) -> None:
        """`reads`: its standard input is open, for `say`."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "orch.run"],
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.PIPE if reads else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.out: list[str] = []
        self.errors: list[str] = []
        self._news = threading.Condition()
        self._readers = [
            threading.Thread(target=self._read, args=(stream, lines), daemon=True)
            for stream, lines in ((self.process.stdout, self.out), (self.process.stderr, self.errors))
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: IO[str], lines: list[str]) -> None:
        for line in stream:
            with self._news:
                lines.append(line.rstrip("\n"))
                self._news.notify_all()

    def said(self, line: str) -> None:
        """Wait until it has printed a line."""
        with self._news:
            assert self._news.wait_for(lambda: line in self.out, _ENDS_WITHIN_SECONDS), (self.out, self.errors)

    def complained(self, text: str) -> None:
        """Wait until it has said so on standard error."""
        with self._news:
            found = self._news.wait_for(lambda: any(text in line for line in self.errors), _ENDS_WITHIN_SECONDS)
            assert found, (self.out, self.errors)

    def say(self, line: str) -> None:
        """Write a line to its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def ended(self) -> int:
        """Wait for its end; its exit code."""
        code = self.process.wait(_ENDS_WITHIN_SECONDS)
        for reader in self._readers:
            reader.join()
        return code

    def close(self) -> None:
        """Leave nothing behind."""
        self.process.kill()
        self.ended()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


class Hand:
    """Plays a worker of one pool."""

    def __init__(self, client: Client, folder: Path, *, pool: str = "hand", ttl_seconds: int = 60) -> None:
        self.client = client
        self.folder = folder
        self.pool = pool
        self.home = folder / "home"
        self._processes: list[RunProcess] = []
        self._numbers = count()
        made = work_pool_pb2.WorkPool(name=pool, lease_ttl=Duration(seconds=ttl_seconds))
        client.work_pools.CreateWorkPool(work_pools.CreateWorkPoolRequest(work_pool=made))
        request = workers.OpenSessionRequest(worker_name="hand", work_pool_name=pool, slots=100)
        self.session_id = client.workers.OpenSession(request).session_id

    def file(self, name: str, text: str) -> Path:
        """A file of code in the working folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
        return path

    def deploy(
        self,
        entrypoint: str,
        *,
        recovery: RecoveryPolicy | None = None,
        retry: RetryPolicy | None = None,
    ) -> str:
        """A deployment; its id."""
        deployment = deployment_pb2.Deployment(
            flow_name="etl",
            name=f"{self.pool}-{next(self._numbers)}",
            work_pool_name=self.pool,
            launch_spec=launch_pb2.LaunchSpec(entrypoint=entrypoint),
            recovery_policy=recovery,
            retry_policy=retry,
            tags=["deployed"],
        )
        made = self.client.deployments.CreateDeployment(deployments.CreateDeploymentRequest(deployment=deployment))
        return made.deployment.deployment_id

    def create(self, deployment_id: str, parameters: Mapping[str, object] | None = None) -> str:
        """A run; its id."""
        request = flow_runs.CreateFlowRunRequest(
            deployment_id=deployment_id, parameters_json=json.dumps(parameters or {})
        )
        return self.client.flow_runs.CreateFlowRun(request).flow_run.flow_run_id

    def lease(self) -> lease_pb2.Lease:
        """The next run."""
        while True:
            request = leases.AcquireLeasesRequest(
                session_id=self.session_id, request_id=str(uuid4()), max_leases=1, wait=Duration(seconds=50)
            )
            answer = self.client.leases.AcquireLeases(request)
            if not answer.sync_now:
                (lease,) = answer.leases
                return lease
            # Of runs whose processes hear of their cancel themselves.
            self.client.leases.SyncLeases(leases.SyncLeasesRequest(session_id=self.session_id))

    def ticket(self, lease: lease_pb2.Lease, variables: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a run's process; `variables` are added."""
        run = lease.flow_run
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ORCH_", "OTEL_"))}
        return (
            kept
            | {
                "ORCH_HOME": str(self.home),
                "ORCH_API_URL": self.client.settings.url,
                "ORCH_FLOW_RUN_ID": run.flow_run_id,
                "ORCH_LEASE_TOKEN": str(lease.token),
                "ORCH_ENTRYPOINT": lease.launch_spec.entrypoint,
                "ORCH_FLOW_NAME": run.flow_name,
                "ORCH_FLOW_RUN_NAME": run.name,
                "ORCH_DEPLOYMENT_ID": run.deployment_id,
                "ORCH_DEPLOYMENT_NAME": "by-hand",
                "ORCH_DEPLOYMENT_VERSION": str(run.deployment_version),
                "ORCH_WORK_POOL": run.work_pool_name,
                "ORCH_ATTEMPT": str(run.attempt + 1),
                "PYTHONUNBUFFERED": "1",
            }
            | dict(variables or {})
        )

    def start(
        self, lease: lease_pb2.Lease, *, reads: bool = False, variables: Mapping[str, str] | None = None
    ) -> RunProcess:
        """The run's process."""
        process = RunProcess(self.ticket(lease, variables), self.folder, reads=reads)
        self._processes.append(process)
        return process

    def run(self, entrypoint: str, parameters: Mapping[str, object] | None = None) -> "Ran":
        """Deploy, create, lease and start, all of it, and wait for the end."""
        run_id = self.create(self.deploy(entrypoint), parameters)
        process = self.start(self.lease())
        code = process.ended()
        return Ran(self.get(run_id), code, process)

    def report_crash(self, lease: lease_pb2.Lease) -> None:
        """Say, as the worker, that the run's process has died."""
        report = leases.RunReport(
            flow_run_id=lease.flow_run_id,
            token=lease.token,
            sequence=2**40,
            state=state_pb2.State(type=CRASHED, message="The process has died."),
        )
        self.client.leases.ReportRuns(leases.ReportRunsRequest(session_id=self.session_id, reports=[report]))

    def get(self, run_id: str) -> FlowRun:
        """A run, as it stands."""
        return self.client.flow_runs.GetFlowRun(flow_runs.GetFlowRunRequest(flow_run_id=run_id)).flow_run

    def watched(self, run_id: str, until: StateType.ValueType) -> FlowRun:
        """The run once it has reached a state."""
        seen = []
        request = flow_runs.WatchFlowRunRequest(flow_run_id=run_id)
        for answer in self.client.flow_runs.WatchFlowRun(request, timeout=_ENDS_WITHIN_SECONDS):
            seen.append(answer.flow_run.state.name)
            if answer.flow_run.state.type == until:
                return self.get(run_id)
        raise AssertionError(f"the run went another way: {seen}")

    def tasks(self, run_id: str) -> list[TaskRun]:
        """A run's task runs, oldest first."""
        request = task_runs.ListTaskRunsRequest(flow_run_id=run_id, page_size=1000)
        return sorted(
            self.client.task_runs.ListTaskRuns(request).task_runs, key=lambda each: each.create_time.ToNanoseconds()
        )

    def lines(self, run_id: str) -> list[LogEntry]:
        """A run's log."""
        return list(self.client.logs.ListLogs(logs.ListLogsRequest(flow_run_id=run_id, page_size=1000)).entries)

    def messages(self, run_id: str) -> list[str]:
        """What a run's log says."""
        return [entry.record.message for entry in self.lines(run_id)]

    def close(self) -> None:
        """End what still runs."""
        for process in self._processes:
            process.close()


class Ran:
    """A run that has ended, and its process."""

    def __init__(self, run: FlowRun, code: int, process: RunProcess) -> None:
        self.run = run
        self.code = code
        self.process = process


@contextmanager
def playing_worker(client: Client, folder: Path, *, pool: str = "hand", ttl_seconds: int = 60) -> Iterator[Hand]:
    """A hand that leaves no process behind."""
    hand = Hand(client, folder, pool=pool, ttl_seconds=ttl_seconds)
    try:
        yield hand
    finally:
        hand.close()
