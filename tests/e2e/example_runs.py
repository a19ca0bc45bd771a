"""A control plane and a worker, each in a process of its own, and what tests of deployed runs ask of them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orch_client import Client, connect
from orch_proto.v1.deployment_pb2 import Deployment
from orch_proto.v1.deployment_service_pb2 import CreateDeploymentRequest
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.flow_run_service_pb2 import CreateFlowRunRequest, GetFlowRunRequest, WatchFlowRunRequest
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_proto.v1.log_service_pb2 import LogFilter, WatchLogsRequest
from orch_proto.v1.state_pb2 import StateType
from orch_proto.v1.task_run_pb2 import TaskRun
from orch_proto.v1.task_run_service_pb2 import ListTaskRunsRequest
from orch_proto.v1.work_pool_pb2 import WorkPool
from orch_proto.v1.work_pool_service_pb2 import CreateWorkPoolRequest
from tests.support.started_server import started_server

POOL = "examples"
RUN_SECONDS = 60


@dataclass(frozen=True)
class Plane:
    """A control plane with a worker, and a client of it."""

    url: str
    client: Client

    def deploy(
        self, flow_name: str, name: str, command: Sequence[str], *, steps: Sequence[Mapping[str, object]] = ()
    ) -> str:
        """A deployment of a command, with pull steps. Its id."""
        return self.create(flow_name, name, LaunchSpec(command=command, pull_steps_json=json.dumps(steps)))

    def create(self, flow_name: str, name: str, spec: LaunchSpec) -> str:
        """A deployment for the worker. Its id."""
        made = Deployment(flow_name=flow_name, name=name, work_pool_name=POOL, launch_spec=spec)
        answer = self.client.deployments.CreateDeployment(CreateDeploymentRequest(deployment=made))
        return answer.deployment.deployment_id

    def start(self, deployment_id: str, parameters: Mapping[str, object]) -> str:
        """A run. Its id."""
        request = CreateFlowRunRequest(deployment_id=deployment_id, parameters_json=json.dumps(parameters))
        return self.client.flow_runs.CreateFlowRun(request).flow_run.flow_run_id

    def run(self, deployment_id: str, parameters: Mapping[str, object]) -> FlowRun:
        """A run at its end."""
        return self.awaited(self.start(deployment_id, parameters))

    def awaited(self, run_id: str, *, until: StateType.ValueType | None = None) -> FlowRun:
        """A run at its end, or in a state."""
        watch = self.client.flow_runs.WatchFlowRun(WatchFlowRunRequest(flow_run_id=run_id), timeout=RUN_SECONDS)
        for answer in watch:
            if answer.flow_run.state.type == until:
                break
        watch.cancel()
        return self.client.flow_runs.GetFlowRun(GetFlowRunRequest(flow_run_id=run_id)).flow_run

    def task_runs(self, run_id: str) -> Sequence[TaskRun]:
        """A run's task runs, oldest first."""
        request = ListTaskRunsRequest(flow_run_id=run_id, include_results=True)
        return self.client.task_runs.ListTaskRuns(request).task_runs

    def first_line(self, run_id: str) -> None:
        """Waits until a run has said something that is in its log."""
        watch = self.client.logs.WatchLogs(WatchLogsRequest(flow_run_id=run_id), timeout=RUN_SECONDS)
        assert any(entry.stream != "worker" for answer in watch for entry in answer.entries)
        watch.cancel()

    def lines(self, run_id: str, stream: str, *, such_that: Callable[[list[str]], bool]) -> list[str]:
        """What a run has written to a stream of its log, once that is what is wanted: lines go their own way to the
        control plane, and may be there after the run's end.
        """
        said: list[str] = []
        request = WatchLogsRequest(flow_run_id=run_id, filter=LogFilter(stream=stream))
        deadline = time.monotonic() + RUN_SECONDS
        while not such_that(said):
            assert time.monotonic() < deadline, said
            watch = self.client.logs.WatchLogs(request, timeout=RUN_SECONDS)
            for answer in watch:
                said += [entry.record.message for entry in answer.entries]
                request.resume_token = answer.resume_token
                if such_that(said):
                    break
            watch.cancel()
        return said


@contextmanager
def plane_with_worker(place: Path, *programs: Path) -> Iterator[Plane]:
    """A control plane and a worker of its pool, each in a process of its own; stopped as a user stops them.

    programs: folders in front of the worker's PATH.
    """
    with started_server(place / "home") as server, connect(server.url) as client:
        client.work_pools.CreateWorkPool(CreateWorkPoolRequest(work_pool=WorkPool(name=POOL, type="process")))
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ORCH_")}
        path = os.pathsep.join([*map(str, programs), kept.get("PATH", os.defpath)])
        environment = kept | {"ORCH_HOME": str(place / "home"), "ORCH_API_URL": server.url, "PATH": path}
        command = [sys.executable, "-m", "orch_worker", "--pool", POOL]
        with (place / "worker.log").open("w") as log:
            worker = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            yield Plane(server.url, client)
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(RUN_SECONDS)
