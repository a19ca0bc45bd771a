"""What becomes of a script's records when its server is away, refuses it, or gives its run to somebody else."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from concurrent import futures
from contextlib import contextmanager, nullcontext
from pathlib import Path
from uuid import uuid4

import grpc
import pytest

from orch_client import AsyncClient, connect_async
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.flow_run_service_pb2 import ListFlowRunsRequest
from orch_proto.v1.lease_service_pb2 import ResumeFlowRunRequest
from orch_proto.v1.log_pb2 import LogEntry
from orch_proto.v1.log_service_pb2 import ListLogsRequest
from orch_proto.v1.state_pb2 import StateType
from orch_proto.v1.task_run_pb2 import TaskRun
from orch_proto.v1.task_run_service_pb2 import ListTaskRunsRequest, ListTaskRunStatesRequest
from tests.e2e.server_process import ServerProcess, running_server

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parent / "scripts" / "commanded.py"
COMPLETED = StateType.STATE_TYPE_COMPLETED


class Commanded:
    """`scripts/commanded.py`, and what it says."""

    def __init__(self, home: Path, **variables: str) -> None:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("ORCH_", "OTEL_"))}
        self._errors = home.with_suffix(".stderr")
        with self._errors.open("a") as errors:
            self._process = subprocess.Popen(
                [sys.executable, str(SCRIPT)],
                env=kept | {"ORCH_HOME": str(home)} | variables,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                bufsize=1,
            )

    @property
    def errors(self) -> str:
        """What it has said on stderr."""
        return self._errors.read_text()

    async def said(self, word: str) -> None:
        """Wait for its next line, which must be this one."""
        assert self._process.stdout is not None
        line = await asyncio.to_thread(self._process.stdout.readline)
        assert line.strip() == word, self.errors

    async def complained(self, text: str) -> None:
        """Wait until it has said so on stderr."""
        async with asyncio.timeout(60):
            while text not in self.errors:  # noqa: ASYNC110 (the file is the only sign)
                await asyncio.sleep(0.01)

    async def work(self, count: int) -> None:
        """Let it run so many tasks."""
        self.tell(f"work {count}")
        await self.said("done")

    async def end(self) -> int:
        """Let the flow complete; returns the exit code."""
        self.tell("end")
        return await self.ended()

    async def ended(self) -> int:
        """Wait for its end; returns the exit code."""
        return await asyncio.to_thread(self._process.wait)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def tell(self, command: str) -> None:
        """A command, whose answer is not waited for."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")

    def close(self) -> None:
        """Leave nothing behind."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def commanded(home: Path, url: str, **variables: str) -> Iterator[Commanded]:
    """A script that is over afterwards. It does not end before all is delivered, however slow this machine is."""
    script = Commanded(home, **{"ORCH_API_URL": url, "ORCH_FLUSH_TIMEOUT_SECONDS": "100", **variables})
    try:
        yield script
    finally:
        script.close()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ServerProcess]:
    """A server on SQLite."""
    async with running_server(tmp_path / "server") as running:
        yield running


def url(server: ServerProcess) -> str:
    """Where it is."""
    return f"http://{server.address}"


async def the_run(client: AsyncClient) -> FlowRun:
    """The only run there is."""
    (run,) = (await client.flow_runs.ListFlowRuns(ListFlowRunsRequest())).flow_runs
    return run


async def assert_complete(client: AsyncClient, tasks: int) -> None:
    """The run has completed; every task with every state, every line once and in order."""
    run = await the_run(client)
    assert run.state.type == COMPLETED
    request = ListTaskRunsRequest(flow_run_id=run.flow_run_id, page_size=1000)
    task_runs = [each async for each in client.items(client.task_runs.ListTaskRuns, request, of=TaskRun)]
    assert [each.state.type for each in task_runs] == [COMPLETED] * tasks
    states = await client.task_runs.ListTaskRunStates(
        ListTaskRunStatesRequest(task_run_id=task_runs[tasks // 2].task_run_id)
    )
    assert [change.state.name for change in states.changes] == ["Running", "Completed"]
    logs = ListLogsRequest(flow_run_id=run.flow_run_id, page_size=10_000)
    said = [each.record.message async for each in client.items(client.logs.ListLogs, logs, of=LogEntry)]
    assert [line for line in said if line.startswith("line ")] == [f"line {number}" for number in range(tasks)]


def waiting(home: Path) -> list[Path]:
    """What waits on disk."""
    return list((home / "spill").glob("*/*.segment"))


async def test_a_server_that_is_stopped_and_started_again_misses_nothing(server: ServerProcess, tmp_path: Path) -> None:
    with commanded(tmp_path / "home", url(server)) as script:
        await script.said("begun")
        await script.work(100)
        await server.kill()
        await script.work(100)
        await server.start()
        await script.work(100)
        await server.stop()
        await script.work(100)
        await server.start()
        assert await script.end() == 0, script.errors

    async with connect_async(url(server)) as client:
        await assert_complete(client, 400)


@pytest.mark.timeout(300)
async def test_what_memory_does_not_hold_waits_on_disk(server: ServerProcess, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with commanded(home, url(server)) as script:
        await script.said("begun")
        await script.work(10)
        await server.kill()
        for _ in range(3):
            await script.work(6000)
        assert waiting(home)
        await server.start()
        assert await script.end() == 0, script.errors

    assert not waiting(home)
    async with connect_async(url(server)) as client:
        await assert_complete(client, 18_010)


async def test_what_a_script_could_not_deliver_the_next_one_delivers(server: ServerProcess, tmp_path: Path) -> None:
    home = tmp_path / "home"
    await server.kill()
    with commanded(home, url(server), ORCH_FLUSH_TIMEOUT_SECONDS="0.2") as script:
        await script.said("begun")
        await script.work(50)
        assert await script.end() == 0, script.errors
        assert "the next Orch process with the same ORCH_HOME delivers it" in script.errors
    assert waiting(home)
    await server.start()

    with commanded(home, url(server)) as script:
        await script.said("begun")
        assert await script.end() == 0, script.errors

    assert not waiting(home)
    async with connect_async(url(server)) as client:
        second, first = (await client.flow_runs.ListFlowRuns(ListFlowRunsRequest())).flow_runs
        assert (first.state.type, second.state.type) == (COMPLETED, COMPLETED)
        assert first.start_time.ToDatetime() < second.start_time.ToDatetime()
        tasks = await client.task_runs.ListTaskRuns(ListTaskRunsRequest(flow_run_id=first.flow_run_id))
        assert len(tasks.task_runs) == 50


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
async def test_who_does_not_wait_for_the_last_delivery_loses_nothing(
    how: signal.Signals, server: ServerProcess, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    await server.kill()
    with commanded(home, url(server), ORCH_FLUSH_TIMEOUT_SECONDS="600") as script:
        await script.said("begun")
        await script.work(50)
        script.tell("end")
        await script.said("completed")
        await script.complained("their records wait until it answers")
        script.signal(how)
        assert await script.ended() == (0 if how is signal.SIGINT else -signal.SIGTERM), script.errors
        assert "the next Orch process with the same ORCH_HOME delivers it" in script.errors
        assert "Traceback" not in script.errors
    assert waiting(home)
    await server.start()

    with commanded(home, url(server)) as script:
        await script.said("begun")
        assert await script.end() == 0, script.errors

    async with connect_async(url(server)) as client:
        second, first = (await client.flow_runs.ListFlowRuns(ListFlowRunsRequest())).flow_runs
        assert (first.state.type, second.state.type) == (COMPLETED, COMPLETED)


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("place", ["embedded", "server"])
async def test_runs_in_pools_of_processes_are_recorded(
    place: str, method: str, server: ServerProcess, tmp_path: Path
) -> None:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ORCH_", "OTEL_"))}
    home = tmp_path / "home"
    variables = {"ORCH_HOME": str(home), "ORCH_API_URL": url(server) if place == "server" else ""}

    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, str(SCRIPT.with_name("pooled.py")), method],
        env=kept | variables,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "[0, 1, 4, 9]\n"), done.stderr
    assert not waiting(home)
    asking = running_server(home) if place == "embedded" else nullcontext(server)
    async with asking as asked, connect_async(url(asked)) as client:
        runs = (await client.flow_runs.ListFlowRuns(ListFlowRunsRequest())).flow_runs
    assert [run.state.type for run in runs] == [COMPLETED] * 5


async def test_runs_of_a_programs_exit_handlers_are_recorded(tmp_path: Path) -> None:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ORCH_", "OTEL_"))}
    script = tmp_path / "script.py"
    # Handlers run in reverse: this one after Orch's own, which comes with the first run.
    script.write_text(
        "import atexit, orch\nlast = orch.flow(lambda: None, name='last')\natexit.register(last)\nlast()\n"
    )

    await asyncio.to_thread(
        subprocess.run, [sys.executable, str(script)], env=kept | {"ORCH_HOME": str(tmp_path)}, timeout=90, check=True
    )

    async with running_server(tmp_path) as server, connect_async(url(server)) as client:
        runs = (await client.flow_runs.ListFlowRuns(ListFlowRunsRequest())).flow_runs
    assert [run.state.type for run in runs] == [COMPLETED, COMPLETED]


async def test_a_wrong_key_ends_the_script_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key_file = tmp_path / "keys"
    key_file.write_text("right-key\n")
    async with running_server(tmp_path / "server", "--api-key-file", str(key_file)) as server:
        with commanded(tmp_path / "home", url(server), ORCH_API_KEY="wrong-key") as script:
            assert await script.ended() != 0
            assert "RecordingError" in script.errors
            assert "key" in script.errors.lower()
            assert "wrong-key" not in script.errors

        async with connect_async(url(server), api_key="right-key") as client:
            assert not (await client.flow_runs.ListFlowRuns(ListFlowRunsRequest())).flow_runs
    assert not waiting(tmp_path / "home")


async def test_a_server_that_does_not_know_the_call_ends_the_script_and_says_so(tmp_path: Path) -> None:
    older = grpc.server(futures.ThreadPoolExecutor(2))
    port = older.add_insecure_port("127.0.0.1:0")
    older.start()
    try:
        with commanded(tmp_path / "home", f"http://127.0.0.1:{port}") as script:
            assert await script.ended() != 0
            assert "the control plane is older than this client" in script.errors
    finally:
        older.stop(None).wait()


async def test_a_run_that_somebody_else_has_stops_and_writes_nothing_more(
    server: ServerProcess, tmp_path: Path
) -> None:
    async with connect_async(url(server)) as client:
        with commanded(tmp_path / "home", url(server)) as script:
            await script.said("begun")
            await script.work(10)
            run = await the_run(client)
            await client.leases.ResumeFlowRun(
                ResumeFlowRunRequest(
                    flow_run_id=run.flow_run_id, expected_token=1, holder_id=str(uuid4()), take_over=True
                )
            )
            script.tell("work 10")
            assert await script.ended() != 0
            assert script.errors.count("is not this process's any more") == 1

        after = await the_run(client)
        assert (after.token, after.state.type) == (2, StateType.STATE_TYPE_RUNNING)


async def test_a_script_finds_the_server_that_runs_on_its_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    database = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    async with running_server(home, "--database-url", database) as server:
        with commanded(home, "") as script:
            await script.said("begun")
            await script.work(10)
            assert await script.end() == 0, script.errors

        async with connect_async(url(server)) as client:
            await assert_complete(client, 10)


async def test_what_a_forked_child_leaves_is_delivered_while_its_parent_lives(
    server: ServerProcess, tmp_path: Path
) -> None:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ORCH_", "OTEL_"))}
    pipe = tmp_path / "stay"
    os.mkfifo(pipe)
    parent = await asyncio.to_thread(
        subprocess.Popen,
        [sys.executable, str(SCRIPT.with_name("forking.py")), str(pipe)],
        env=kept | {"ORCH_HOME": str(tmp_path / "home"), "ORCH_API_URL": url(server)},
    )
    try:
        async with asyncio.timeout(50), connect_async(url(server)) as client:
            states: dict[str, int] = {}
            while states != {"parent": COMPLETED, "in-child": COMPLETED}:
                await asyncio.sleep(0.05)
                runs = (await client.flow_runs.ListFlowRuns(ListFlowRunsRequest())).flow_runs
                states = {run.flow_name: run.state.type for run in runs}
        assert parent.poll() is None
        await asyncio.to_thread(pipe.write_text, "")
        assert await asyncio.to_thread(parent.wait, 50) == 0
    finally:
        parent.kill()


@pytest.mark.parametrize("place", ["embedded", "server"])
async def test_a_process_that_forks_records_on_both_sides(place: str, server: ServerProcess, tmp_path: Path) -> None:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ORCH_", "OTEL_"))}
    home = tmp_path / "home"
    variables = {"ORCH_HOME": str(home), "ORCH_API_URL": url(server) if place == "server" else ""}

    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, str(SCRIPT.with_name("forking.py"))],
        env=kept | variables,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert not waiting(home)
    asking = running_server(home) if place == "embedded" else nullcontext(server)
    async with asking as asked, connect_async(url(asked)) as client:
        runs = (await client.flow_runs.ListFlowRuns(ListFlowRunsRequest())).flow_runs
    assert {run.flow_name: run.state.type for run in runs} == {"parent": COMPLETED, "in-child": COMPLETED}
