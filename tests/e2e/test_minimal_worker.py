"""`examples/minimal_worker.py` against a real control plane: real commands, a cancel, a lost lease, a drain."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest
from google.protobuf.duration_pb2 import Duration

from orch_client import Client, connect
from orch_proto.v1 import deployment_pb2, launch_pb2, state_pb2, work_pool_pb2
from orch_proto.v1 import deployment_service_pb2 as deployments
from orch_proto.v1 import flow_run_service_pb2 as flow_runs
from orch_proto.v1 import work_pool_service_pb2 as work_pools
from orch_proto.v1 import worker_service_pb2 as workers
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.worker_pb2 import WORKER_STATUS_CLOSED, Worker
from tests.support.started_server import started_server

pytestmark = pytest.mark.slow

WORKER = Path(__file__).resolve().parents[2] / "examples" / "minimal_worker.py"
POOL = "shell"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A control plane with a pool whose leases last 6 s."""
    with started_server(tmp_path_factory.mktemp("home")) as server, connect(server.url) as connected:
        pool = work_pool_pb2.WorkPool(name=POOL, lease_ttl=Duration(seconds=6))
        connected.work_pools.CreateWorkPool(work_pools.CreateWorkPoolRequest(work_pool=pool))
        yield connected


@pytest.fixture
def worker(client: Client) -> Iterator[subprocess.Popen[str]]:
    """A worker that serves the pool."""
    address = client.settings.address
    process = subprocess.Popen(
        [sys.executable, WORKER, POOL],
        env={"ORCH_API_URL": f"http://{address.target}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("serving pool 'shell'")
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


def run_of(client: Client, command: Sequence[str], *, parameters_json: str = "") -> str:
    """A run of a new deployment with this command."""
    known = len(list(client.items(client.deployments.ListDeployments, deployments.ListDeploymentsRequest(), of=Made)))
    deployment = Made(
        flow_name="shell",
        name=f"command-{known}",
        work_pool_name=POOL,
        launch_spec=launch_pb2.LaunchSpec(command=command),
    )
    made = client.deployments.CreateDeployment(deployments.CreateDeploymentRequest(deployment=deployment)).deployment
    request = flow_runs.CreateFlowRunRequest(deployment_id=made.deployment_id, parameters_json=parameters_json)
    return client.flow_runs.CreateFlowRun(request).flow_run.flow_run_id


Made = deployment_pb2.Deployment


def watched(client: Client, run_id: str, until: state_pb2.StateType.ValueType) -> FlowRun:
    """The run once it has reached a state."""
    seen = []
    for answer in client.flow_runs.WatchFlowRun(flow_runs.WatchFlowRunRequest(flow_run_id=run_id), timeout=40):
        seen.append(answer.flow_run.state.name)
        if answer.flow_run.state.type == until:
            return client.flow_runs.GetFlowRun(flow_runs.GetFlowRunRequest(flow_run_id=run_id)).flow_run
    raise AssertionError(f"the run went another way: {seen}")


@pytest.mark.usefixtures("worker")
def test_a_command_is_run_and_what_it_prints_is_the_result(client: Client) -> None:
    run_id = run_of(
        client, ["sh", "-c", 'echo "$ORCH_PARAMETERS" | sort; echo $ORCH_FLOW_RUN_ID'], parameters_json='{"day": 1}'
    )

    run = watched(client, run_id, state_pb2.STATE_TYPE_COMPLETED)

    assert run.result.data.decode() == f'{{"day": 1}}\n{run_id}\n'
    assert run.result.media_type == "text/plain"


@pytest.mark.usefixtures("worker")
def test_a_command_that_outlives_its_lease_is_kept_by_heartbeats(client: Client) -> None:
    run_id = run_of(client, [sys.executable, "-c", "import time; time.sleep(7); print('late')"])

    run = watched(client, run_id, state_pb2.STATE_TYPE_COMPLETED)

    assert (run.attempt, run.token, run.result.data) == (1, 1, b"late\n")


@pytest.mark.usefixtures("worker")
def test_an_exit_status_fails_the_run(client: Client) -> None:
    run = watched(client, run_of(client, ["sh", "-c", "echo oh no; exit 3"]), state_pb2.STATE_TYPE_FAILED)

    assert run.state.failure.type == "ExitStatusError"
    assert run.state.failure.message == "the command ended with exit status 3"
    assert run.state.failure.stack_trace == "oh no\n"


@pytest.mark.usefixtures("worker")
def test_a_command_that_is_not_there_fails_the_run(client: Client) -> None:
    run = watched(client, run_of(client, ["/no/such/command"]), state_pb2.STATE_TYPE_FAILED)

    assert run.state.failure.type == "FileNotFoundError"


@pytest.mark.usefixtures("worker")
def test_a_killed_command_crashes_the_run(client: Client) -> None:
    run = watched(client, run_of(client, ["sh", "-c", "kill -9 $$"]), state_pb2.STATE_TYPE_CRASHED)

    assert run.state.message == "The command was ended by SIGKILL."


def ended(pid: int) -> None:
    """Wait until a process is gone: it was sent its signal, and dies beside the one that was waited for."""
    try:
        process = psutil.Process(pid)
        while process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)  # Nobody tells of a process that is not one's own child.
    except psutil.NoSuchProcess:
        return


@pytest.mark.usefixtures("worker")
def test_a_cancel_stops_the_command_and_its_children(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "pid"
    run_id = run_of(client, ["sh", "-c", f"sleep 600 & echo $! > {file}; wait"])
    watched(client, run_id, state_pb2.STATE_TYPE_RUNNING)

    client.flow_runs.CancelFlowRun(flow_runs.CancelFlowRunRequest(flow_run_id=run_id))

    run = watched(client, run_id, state_pb2.STATE_TYPE_CANCELLED)
    assert run.state.message == "Stopped, as asked."
    child = file.read_text().strip() if file.exists() else ""
    if child:
        ended(int(child))


def test_a_worker_that_stands_still_loses_its_run_and_stops_the_command(
    client: Client, worker: subprocess.Popen[str]
) -> None:
    run_id = run_of(client, ["sleep", "600"])
    watched(client, run_id, state_pb2.STATE_TYPE_RUNNING)
    [command] = psutil.Process(worker.pid).children()

    worker.send_signal(signal.SIGSTOP)
    crashed = watched(client, run_id, state_pb2.STATE_TYPE_CRASHED)
    client.flow_runs.RetryFlowRun(flow_runs.RetryFlowRunRequest(flow_run_id=run_id))
    client.flow_runs.CancelFlowRun(flow_runs.CancelFlowRunRequest(flow_run_id=run_id))
    worker.send_signal(signal.SIGCONT)

    assert "no heartbeat" in crashed.state.message
    assert command.wait(40) is None
    run = client.flow_runs.GetFlowRun(flow_runs.GetFlowRunRequest(flow_run_id=run_id)).flow_run
    assert run.state.type == state_pb2.STATE_TYPE_CANCELLED


def test_sigterm_lets_the_run_at_hand_end_and_closes_the_session(
    client: Client, worker: subprocess.Popen[str], tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    run_id = run_of(client, ["sh", "-c", f"mkfifo {gate}; cat {gate}"])
    watched(client, run_id, state_pb2.STATE_TYPE_RUNNING)
    waits = run_of(client, ["true"])

    worker.send_signal(signal.SIGTERM)
    _open_gate(gate)

    assert worker.wait(40) == 0
    assert watched(client, run_id, state_pb2.STATE_TYPE_COMPLETED).result.data == b"open\n"
    left = client.flow_runs.GetFlowRun(flow_runs.GetFlowRunRequest(flow_run_id=waits)).flow_run
    assert left.state.type == state_pb2.STATE_TYPE_SCHEDULED
    sessions = workers.ListWorkersRequest(work_pool_name=POOL, include_closed=True)
    [newest, *_] = client.items(client.workers.ListWorkers, sessions, of=Worker)
    assert newest.status == WORKER_STATUS_CLOSED
    client.flow_runs.CancelFlowRun(flow_runs.CancelFlowRunRequest(flow_run_id=waits))


def _open_gate(gate: Path) -> None:
    """Lets the command end: a reader and a writer of a pipe wait for each other."""
    subprocess.run(["sh", "-c", f"until [ -p {gate} ]; do :; done; echo open > {gate}"], check=True, timeout=40)
