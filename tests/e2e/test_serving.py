"""Flows that a process serves (`orch.serve`), and runs of them that others ask for (`run_deployment`)."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from orch import flow
from orch.deployments import arun_deployment, run_deployment
from orch.errors import ConfigurationError, DeploymentError, FailedRun
from orch.recording.recorder import close_recorder, current_recorder, use_recorder
from orch.settings import temporary_settings
from orch_client import Client, InvalidArgumentError, NotFoundError, connect
from orch_proto.v1.deployment_service_pb2 import GetDeploymentRequest
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.flow_run_service_pb2 import (
    CancelFlowRunRequest,
    FlowRunFilter,
    GetFlowRunRequest,
    ListFlowRunsRequest,
    WatchFlowRunRequest,
)
from orch_proto.v1.state_pb2 import StateType
from orch_proto.v1.task_run_pb2 import TaskRun
from orch_proto.v1.task_run_service_pb2 import ListTaskRunsRequest
from orch_proto.v1.worker_pb2 import Worker, WorkerStatus
from orch_proto.v1.worker_service_pb2 import ListWorkersRequest
from tests.e2e.server_process import running_server
from tests.support.started_server import started_server

SCRIPT = Path(__file__).parent / "scripts" / "served.py"
_SECONDS = 60.0
_numbers = count()


class Serving:
    """`scripts/served.py`, and what it says."""

    def __init__(self, home: Path, url: str, *names: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ORCH_", "OTEL_"))}
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), *names],
            env=kept | {"ORCH_HOME": str(home), "ORCH_API_URL": url},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr:
            for line in self.process.stderr:
                with self._news:
                    self.lines.append(line)
                    self._news.notify_all()

    def said(self, part: str) -> None:
        """Wait until it has said this."""
        with self._news:
            assert self._news.wait_for(lambda: part in "".join(self.lines), _SECONDS), self.lines

    def ended(self) -> int:
        """Wait for its end, and that of the worker, which has the same standard error."""
        code = self.process.wait(_SECONDS)
        self._reader.join(_SECONDS)
        assert not self._reader.is_alive(), "its worker lives on"
        return code


@contextmanager
def serving(home: Path, url: str, *names: str) -> Iterator[Serving]:
    """Serves until the block ends, and certainly not afterwards."""
    found = Serving(home, url, *names)
    try:
        found.said("worker started")
        yield found
    finally:
        if found.process.poll() is None:
            found.process.send_signal(signal.SIGTERM)
            found.said("draining")
            found.process.send_signal(signal.SIGINT)
        found.ended()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A control plane."""
    with started_server(tmp_path_factory.mktemp("home")) as server, connect(server.url) as connected:
        yield connected


@pytest.fixture(scope="module")
def served(client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """All of the script's flows, served."""
    names = ("add", "wait", "calling", "calling_async", "waiting", "lasting")
    with serving(tmp_path_factory.mktemp("served"), client.settings.url, *names) as found:
        yield found


@pytest.fixture(autouse=True)
def here(client: Client, tmp_path: Path) -> Iterator[None]:
    """This process talks to that control plane."""
    before = use_recorder(None)
    with temporary_settings(home=tmp_path, api_url=client.settings.url, recording="auto"):
        try:
            yield
        finally:
            close_recorder(_SECONDS)
            use_recorder(before)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """What a run waits for."""
    return tmp_path / f"{next(_numbers)}.txt"


def run_of(client: Client, flow_run_id: str) -> FlowRun:
    """A run as the control plane has it."""
    return client.flow_runs.GetFlowRun(GetFlowRunRequest(flow_run_id=flow_run_id)).flow_run


def ended(client: Client, flow_run_id: str) -> FlowRun:
    """The run, once it has ended."""
    *_, last = client.flow_runs.WatchFlowRun(WatchFlowRunRequest(flow_run_id=flow_run_id), timeout=_SECONDS)
    return last.flow_run


def children(client: Client, flow_run_id: str) -> list[FlowRun]:
    """A run's child runs."""
    request = ListFlowRunsRequest(filter=FlowRunFilter(parent_flow_run_id=flow_run_id))
    return list(client.items(client.flow_runs.ListFlowRuns, request, of=FlowRun))


def task_runs(client: Client, flow_run_id: str) -> list[TaskRun]:
    """A run's task runs. What this process knows of them is written behind its back."""
    assert current_recorder().flush(_SECONDS)
    request = ListTaskRunsRequest(flow_run_id=flow_run_id)
    return list(client.items(client.task_runs.ListTaskRuns, request, of=TaskRun))


def release(file: Path) -> None:
    """Let a run that waits for the file go on; it never sees half of it."""
    written = file.with_suffix(".written")
    written.write_text("done")
    written.rename(file)


def appears(path: Path) -> None:
    """Wait for a file that another process makes."""
    seen = threading.Event()
    for _ in range(6000):
        if path.exists():
            return
        seen.wait(0.01)
    raise AssertionError(f"{path} has not appeared")


pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("served")]


def test_a_run_is_asked_for_and_waited_for() -> None:
    run = run_deployment("add/served", parameters={"a": 2}, flow_run_name="two", tags=["x"])

    assert run.state.is_completed()
    assert run.state.result() == 3
    assert (run.name, run.flow_name, run.tags, run.deployment_version) == ("two", "add", ("x",), 1)
    assert run.parameters == {"a": 2}
    assert run.start_time is not None
    assert run.end_time is not None


def test_a_deployment_is_known_by_its_id_as_well(client: Client) -> None:
    request = GetDeploymentRequest(flow_name="add", name="served")
    deployment = client.deployments.GetDeployment(request).deployment

    assert run_deployment(deployment.deployment_id, parameters={"a": 2}).deployment_id == deployment.deployment_id


def test_a_run_that_fails_is_returned_and_its_result_raises() -> None:
    run = run_deployment("add/served", parameters={"a": -1})

    assert run.state.is_failed()
    with pytest.raises(FailedRun, match="nothing negative here"):
        run.state.result()


def test_a_run_that_nobody_waits_for_is_returned_at_once(file: Path, client: Client) -> None:
    run = run_deployment("wait/served", parameters={"file": str(file)}, timeout=0)

    assert not run.state.is_final()
    release(file)
    assert ended(client, run.id).state.type == StateType.STATE_TYPE_COMPLETED


def test_a_run_that_takes_too_long_goes_on(file: Path, client: Client) -> None:
    run = run_deployment("wait/served", parameters={"file": str(file)}, timeout=timedelta(seconds=0.05))

    assert not run.state.is_final()
    release(file)
    assert ended(client, run.id).state.type == StateType.STATE_TYPE_COMPLETED


def test_a_key_gives_the_same_run_again() -> None:
    first = run_deployment("add/served", parameters={"a": 2}, idempotency_key="once")
    second = run_deployment("add/served", parameters={"a": 2}, idempotency_key="once")

    assert second.id == first.id


def test_a_run_can_be_asked_for_later(client: Client) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)

    run = run_deployment("add/served", parameters={"a": 2}, scheduled_time=later, timeout=0)

    assert run_of(client, run.id).scheduled_time.ToDatetime(UTC) == later
    client.flow_runs.CancelFlowRun(CancelFlowRunRequest(flow_run_id=run.id))


@pytest.mark.parametrize(
    ("name", "parameters", "error", "says"),
    [
        ("add/sevred", {}, NotFoundError, "Did you mean 'served'"),
        ("no/such/one", {}, NotFoundError, "no deployment 'no/such/one'"),
        ("add", {}, ConfigurationError, 'write "flow/name"'),
        ("add/served", {"a": "x"}, InvalidArgumentError, "whole number"),
        ("add/served", {"a": object()}, ConfigurationError, "cannot be written as JSON"),
    ],
)
def test_what_cannot_run_is_refused_in_words(
    name: str, parameters: dict[str, object], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        run_deployment(name, parameters=parameters)


def test_without_a_control_plane_it_is_said_how_to_have_one(tmp_path: Path) -> None:
    with (
        temporary_settings(home=tmp_path, api_url=""),
        pytest.raises(DeploymentError, match="orch server start"),
    ):
        run_deployment("add/served")


async def test_a_wait_outlives_the_control_plane(tmp_path: Path, file: Path) -> None:
    async with running_server(tmp_path / "home") as server:
        url = f"http://{server.address}"
        with temporary_settings(api_url=url), serving(tmp_path / "served", url, "wait"):
            asked = asyncio.ensure_future(arun_deployment("wait/served", parameters={"file": str(file)}))
            await asyncio.to_thread(appears, file.with_suffix(".waiting"))
            await server.kill()
            await server.start()
            release(file)

            assert (await asked).state.result() == "done"


async def test_async_code_awaits_it() -> None:
    run = await arun_deployment("add/served", parameters={"a": 2}, timeout=60)
    other = await run_deployment("add/served", parameters={"a": 3})  # type: ignore[misc]  # as its users write

    assert (run.state.result(), other.state.result()) == (3, 4)


def test_a_flow_here_has_child_runs_and_task_runs_that_stand_for_them(client: Client) -> None:
    ids: list[str] = []

    @flow
    def parent() -> list[int]:
        from orch.runtime import flow_run

        ids.append(flow_run.id)
        runs = [run_deployment("add/served", parameters={"a": each}) for each in (1, 2)]
        return [run.state.result() for run in runs]

    assert parent() == [2, 3]
    found = children(client, ids[0])
    standing = task_runs(client, ids[0])
    assert sorted(each.child_flow_run_id for each in standing) == sorted(each.flow_run_id for each in found)
    assert sorted(each.parent_task_run_id for each in found) == sorted(each.task_run_id for each in standing)
    assert sorted(each.name for each in standing) == ["add/served-0", "add/served-1"]
    assert {each.state.name for each in standing} == {"Completed"}


def test_a_child_that_fails_is_the_parents_to_judge(client: Client) -> None:
    ids: list[str] = []

    @flow
    def parent() -> str:
        from orch.runtime import flow_run

        ids.append(flow_run.id)
        return run_deployment("add/served", parameters={"a": -1}).state.name

    assert parent() == "Failed"
    (standing,) = task_runs(client, ids[0])
    assert standing.state.type == StateType.STATE_TYPE_FAILED
    assert "nothing negative here" in standing.state.message


def test_a_run_may_be_asked_for_beside_the_parent(client: Client) -> None:
    ids: list[str] = []

    @flow
    def parent() -> None:
        from orch.runtime import flow_run

        ids.append(flow_run.id)
        run_deployment("add/served", parameters={"a": 1}, as_subflow=False)

    parent()

    assert children(client, ids[0]) == []
    assert task_runs(client, ids[0]) == []


def test_an_async_flow_awaits_its_child() -> None:
    @flow
    async def parent() -> int:
        run = await run_deployment("add/served", parameters={"a": 1})  # type: ignore[misc]
        return int(run.state.result())

    assert asyncio.run(parent()) == 2


def test_deployed_flows_ask_for_runs(client: Client) -> None:
    run = run_deployment("calling/served", parameters={"a": 5})

    assert run.state.result() == [6, 7]
    assert len(children(client, run.id)) == 2
    assert run_deployment("calling-async/served", parameters={"a": -1}).state.result() == "Failed"


def test_who_cancels_the_parent_cancels_the_child(file: Path, client: Client) -> None:
    run = run_deployment("waiting/served", parameters={"file": str(file)}, timeout=0)
    appears(file.with_suffix(".waiting"))

    client.flow_runs.CancelFlowRun(CancelFlowRunRequest(flow_run_id=run.id))

    assert ended(client, run.id).state.type == StateType.STATE_TYPE_CANCELLED
    (child,) = children(client, run.id)
    assert ended(client, child.flow_run_id).state.type == StateType.STATE_TYPE_CANCELLED


def test_a_durable_parent_that_was_killed_finds_its_child_again(file: Path, client: Client) -> None:
    run = run_deployment("lasting/served", parameters={"file": str(file)}, timeout=0)
    appears(file.with_suffix(".waiting"))

    os.kill(int(file.with_suffix(".pids").read_text().split()[0]), signal.SIGKILL)
    watch = client.flow_runs.WatchFlowRun(WatchFlowRunRequest(flow_run_id=run.id), timeout=_SECONDS)
    for seen in watch:
        if seen.flow_run.attempt == 2 and seen.flow_run.state.type == StateType.STATE_TYPE_RUNNING:
            break
    watch.cancel()
    release(file)

    assert ended(client, run.id).state.type == StateType.STATE_TYPE_COMPLETED
    assert run_of(client, run.id).crash_restarts_used == 1
    assert len(children(client, run.id)) == 1


def is_paused(client: Client, flow_name: str) -> bool:
    """Whether the served deployment of a flow is paused."""
    request = GetDeploymentRequest(flow_name=flow_name, name="served")
    return client.deployments.GetDeployment(request).deployment.paused


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A control plane whose flows nobody serves but the test."""
    with started_server(tmp_path_factory.mktemp("alone")) as server, connect(server.url) as connected:
        yield connected


def test_schedules_rest_while_nobody_serves(tmp_path: Path, alone: Client) -> None:
    with serving(tmp_path / "served", alone.settings.url, "add") as one:
        assert not is_paused(alone, "add")
        one.process.send_signal(signal.SIGINT)
        assert one.ended() == 0
        assert is_paused(alone, "add")

    with serving(tmp_path / "served", alone.settings.url, "add"):
        assert not is_paused(alone, "add")


def test_ctrl_c_lets_runs_end(tmp_path: Path, file: Path, alone: Client) -> None:
    with (
        temporary_settings(api_url=alone.settings.url),
        serving(tmp_path / "served", alone.settings.url, "wait", "add") as found,
    ):
        run = run_deployment("wait/served", parameters={"file": str(file)}, timeout=0)
        appears(file.with_suffix(".waiting"))
        found.process.send_signal(signal.SIGINT)
        found.said("draining")
        release(file)
        assert found.ended() == 0
        assert run_of(alone, run.id).state.type == StateType.STATE_TYPE_COMPLETED


def test_a_second_ctrl_c_stops_them(tmp_path: Path, file: Path, alone: Client) -> None:
    with (
        temporary_settings(api_url=alone.settings.url),
        serving(tmp_path / "served", alone.settings.url, "wait") as found,
    ):
        run = run_deployment("wait/served", parameters={"file": str(file)}, timeout=0)
        appears(file.with_suffix(".waiting"))
        found.process.send_signal(signal.SIGINT)
        found.said("draining")
        found.process.send_signal(signal.SIGINT)
        assert found.ended() == 0
        assert run_of(alone, run.id).state.type == StateType.STATE_TYPE_CRASHED


async def test_an_absent_control_plane_is_said_to_be_away_and_waited_for(tmp_path: Path) -> None:
    async with running_server(tmp_path / "home") as server:
        await server.kill()
        found = Serving(tmp_path / "served", f"http://{server.address}", "add")
        try:
            await asyncio.to_thread(found.said, f"Cannot reach the control plane at http://{server.address}")
            await asyncio.to_thread(found.said, "Waiting until it answers; Ctrl-C ends this.")
            await server.start()
            await asyncio.to_thread(found.said, "worker started")
        finally:
            found.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(found.ended)
        assert "".join(found.lines).count("Waiting until") == 1


async def test_who_stops_waiting_for_it_ends_at_once(tmp_path: Path) -> None:
    async with running_server(tmp_path / "home") as server:
        await server.kill()
        found = Serving(tmp_path / "served", f"http://{server.address}", "add")
        await asyncio.to_thread(found.said, "Waiting until it answers")
        found.process.send_signal(signal.SIGINT)
        await asyncio.to_thread(found.ended)
        assert "Serving" not in "".join(found.lines)


def test_the_worker_ends_with_the_process_that_serves(tmp_path: Path, alone: Client) -> None:
    with serving(tmp_path / "served", alone.settings.url, "add") as found:
        found.process.kill()
        found.ended()

    request = ListWorkersRequest(work_pool_name="serve", include_closed=True)
    newest, *_ = alone.items(alone.workers.ListWorkers, request, of=Worker)
    assert newest.status == WorkerStatus.WORKER_STATUS_CLOSED
