"""`orch-worker` as a process, with the launcher of processes: signals, deaths, names, what it needs."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from orch_client.async_client import connect_async
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_proto.v1.state_pb2 import (
    STATE_TYPE_CANCELLED,
    STATE_TYPE_COMPLETED,
    STATE_TYPE_CRASHED,
    STATE_TYPE_FAILED,
    STATE_TYPE_RUNNING,
    STATE_TYPE_SCHEDULED,
)
from tests.e2e.faults.worker_process import WorkerProcess
from tests.support.started_server import StartedServer, started_server
from tests.unit.worker.stage import Audience

_IDLE_MEGABYTES = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedServer]:
    """One server for all tests here."""
    with started_server(tmp_path_factory.mktemp("home")) as started:
        yield started


@pytest.fixture
async def audience(server: StartedServer) -> AsyncIterator[Audience]:
    """A client, and a pool of its own."""
    async with connect_async(server.url) as client:
        found = Audience(client, f"pool-{uuid4().hex[:8]}")
        await found.make_pool(kind="process", ttl_seconds=15)
        yield found


@asynccontextmanager
async def working(server: StartedServer, audience: Audience, home: Path, *options: str) -> AsyncIterator[WorkerProcess]:
    """A worker that has said that it started."""
    worker = WorkerProcess(home, server.url, "w", "--log-format", "json", *options, pool=audience.pool)
    worker.start()
    try:
        await said(worker, "worker started")
        yield worker
    finally:
        await worker.close()


async def said(worker: WorkerProcess, event: str) -> dict[str, object]:
    """Wait until it has logged this; what it has logged."""
    while True:
        for line in tuple(worker.lines):
            if f'"event": "{event}"' in line:
                found: dict[str, object] = json.loads(line)
                return found
        assert worker.is_alive(), list(worker.lines)
        await asyncio.sleep(0.01)  # Its lines are the only sign.


def shell(script: str) -> LaunchSpec:
    """A deployment of a shell script."""
    return LaunchSpec(command=["sh", "-c", script])


async def opened(gate: Path) -> None:
    """Lets a script go on that reads from this pipe."""
    await asyncio.to_thread(gate.write_text, "go\n")


def gated(gate: Path, then: str = "") -> LaunchSpec:
    """A script that waits for `opened`."""
    os.mkfifo(gate)
    return shell(f"echo waits; read line < {gate}; echo $line; {then}")


async def test_a_flow_runs_in_a_process_and_reports_itself(
    server: StartedServer, audience: Audience, tmp_path: Path
) -> None:
    (tmp_path / "etl.py").write_text(
        "from orch import flow\n\n@flow\ndef etl(day: str) -> str:\n    print('extracting', day)\n    return day\n"
    )
    steps = json.dumps([{"step": "local", "path": str(tmp_path)}])
    async with working(server, audience, tmp_path):
        run_id = await audience.run(
            LaunchSpec(entrypoint="etl.py:etl", pull_steps_json=steps), parameters={"day": "monday"}
        )

        run = await audience.seen(run_id, STATE_TYPE_COMPLETED)

        assert (run.attempt, run.result.data) == (1, b'"monday"')
        await output(audience, run_id, ["extracting monday"])


async def test_sigterm_lets_runs_end_and_takes_no_more(
    server: StartedServer, audience: Audience, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    async with working(server, audience, tmp_path) as worker:
        run_id = await audience.run(gated(gate))
        await audience.seen(run_id, STATE_TYPE_RUNNING)

        worker.signal(signal.SIGTERM)
        await said(worker, "draining")
        await opened(gate)

        assert await worker.ended() == 0
        assert (await audience.get(run_id)).state.type == STATE_TYPE_COMPLETED
        await output(audience, run_id, ["waits", "go"])
        later = await audience.run()
        assert (await audience.get(later)).state.type == STATE_TYPE_SCHEDULED
    assert not worker.runs()


async def test_a_second_signal_stops_the_runs(server: StartedServer, audience: Audience, tmp_path: Path) -> None:
    async with working(server, audience, tmp_path) as worker:
        run_id = await audience.run(
            shell("trap 'echo stopping; exit 1' TERM; echo ready; while :; do sleep 0.05; done")
        )
        await output(audience, run_id, ["ready"])

        worker.signal(signal.SIGTERM)
        await said(worker, "draining")
        worker.signal(signal.SIGTERM)

        assert await worker.ended() == 0
        assert not worker.runs()
    assert (await audience.get(run_id)).state.type == STATE_TYPE_CRASHED
    assert (await audience.lines(run_id, "output"))[-1] == "stopping", "all is stored when the worker has ended"


async def output(audience: Audience, run_id: str, lines: list[str]) -> None:
    """Wait until this is what is stored of its output."""
    await audience.said(run_id, "output", lines)


async def written(audience: Audience, run_id: str) -> list[str]:
    """Its output, once there is some."""
    while not (lines := await audience.lines(run_id, "output")):
        pass  # Asking takes its time.
    return lines


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_third_signal_ends_the_worker_at_once_and_the_next_one_takes_up_the_run(
    server: StartedServer, audience: Audience, tmp_path: Path, number: signal.Signals
) -> None:
    gate = tmp_path / "gate"
    async with working(server, audience, tmp_path) as worker:
        os.mkfifo(gate)
        script = f"trap 'echo not yet' TERM; echo ready; until read line < {gate}; do :; done; echo $line"
        run_id = await audience.run(shell(script), job_variables={"grace_seconds": 600})
        await output(audience, run_id, ["ready"])
        for event in ("draining", "stopping the runs"):
            worker.signal(number)
            await said(worker, event)

        worker.signal(number)
        assert await worker.ended() == -number
        assert not [line for line in worker.lines if "Traceback" in line]
        worker.lines.clear()
        worker.start()
        await said(worker, "worker started")
        await opened(gate)

        run = await audience.seen(run_id, STATE_TYPE_COMPLETED)
        assert (run.attempt, run.token) == (1, 1)


async def test_a_killed_worker_that_comes_back_takes_its_runs_up_again(
    server: StartedServer, audience: Audience, tmp_path: Path
) -> None:
    gate, fails = tmp_path / "gate", tmp_path / "fails"
    async with working(server, audience, tmp_path) as worker:
        run_id = await audience.run(gated(gate, "echo 42 > $ORCH_RESULT_FILE"))
        failing = await audience.run(gated(fails, "exit 3"))
        await output(audience, run_id, ["waits"])
        await output(audience, failing, ["waits"])

        await worker.kill()
        await opened(fails)
        worker.start()
        run = await audience.seen(failing, STATE_TYPE_FAILED)
        await opened(gate)

        assert run.state.failure.type == "ExitCode3"
        run = await audience.seen(run_id, STATE_TYPE_COMPLETED)
        assert (run.attempt, run.token, run.result.data) == (1, 1, b"42\n")
        await output(audience, run_id, ["waits", "go"])
        await output(audience, failing, ["waits", "go"])


async def test_a_killed_run_is_crashed_in_words(server: StartedServer, audience: Audience, tmp_path: Path) -> None:
    async with working(server, audience, tmp_path):
        run_id = await audience.run(shell("echo $$; exec sleep 600"))
        [number] = await written(audience, run_id)

        os.kill(int(number), signal.SIGKILL)

        run = await audience.seen(run_id, STATE_TYPE_CRASHED)
        assert "SIGKILL" in run.state.message


async def test_a_cancelled_run_and_all_that_it_started_ends(
    server: StartedServer, audience: Audience, tmp_path: Path
) -> None:
    async with working(server, audience, tmp_path) as worker:
        run_id = await audience.run(shell("sleep 600 & echo ready; sleep 600"), job_variables={"grace_seconds": 1})
        await output(audience, run_id, ["ready"])

        await audience.cancel(run_id)

        await audience.seen(run_id, STATE_TYPE_CANCELLED)
        assert not worker.runs()


async def test_a_worker_on_a_full_disk_gives_back_what_it_is_granted_until_there_is_room(
    server: StartedServer, audience: Audience, small_disk: Path
) -> None:
    async with working(server, audience, small_disk) as worker:
        filler = small_disk / "filler"
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        run_id = await audience.run(shell("echo done"))
        waits = await audience.seen(run_id, STATE_TYPE_SCHEDULED, such_that=lambda run: "No space" in run.state.message)
        await said(worker, "nothing can be launched here: resting")

        filler.unlink()

        run = await audience.seen(run_id, STATE_TYPE_COMPLETED)
        assert (waits.attempt, run.attempt, run.retries_used) == (0, 1, 0)
        assert "Make room there" in waits.state.message


async def test_two_workers_of_one_name_on_one_home_are_refused(
    server: StartedServer, audience: Audience, tmp_path: Path
) -> None:
    async with working(server, audience, tmp_path):
        told = await asyncio.to_thread(start, server.url, tmp_path, "--pool", audience.pool, "--name", "w")

    assert told.returncode == 2
    assert told.stderr.startswith(f"orch: A worker named 'w' serves pool '{audience.pool}' on this machine already")


async def test_an_idle_worker_is_small(server: StartedServer, audience: Audience, tmp_path: Path) -> None:
    async with working(server, audience, tmp_path) as worker:
        run_id = await audience.run(shell("true"))
        await audience.seen(run_id, STATE_TYPE_COMPLETED)

        assert psutil.Process(worker.pid).memory_info().rss < _IDLE_MEGABYTES * 2**20


async def test_health_is_told_on_the_port_that_was_asked_for(
    server: StartedServer, audience: Audience, tmp_path: Path
) -> None:
    async with working(server, audience, tmp_path, "--health-port", "0", "--limit", "3") as worker:
        url = str((await said(worker, "health endpoint"))["url"]).replace("healthz", "readyz")
        answer = await asyncio.to_thread(fetched, url)

    assert answer == {"worker": "w", "pool": audience.pool, "ready": True, "slots": 3, "running": 0}


def fetched(url: str) -> object:
    """What is told there."""
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.load(answer)


def start(url: str, home: Path, *options: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """A worker that is expected to end by itself."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ORCH_", "OTEL_"))}
    variables = {"ORCH_HOME": str(home), "ORCH_API_URL": url} | environ
    return subprocess.run(
        [sys.executable, "-m", "orch_worker", *options],
        env=kept | {name: value for name, value in variables.items() if value},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("options", "environ", "words"),
    [
        (("--pool", "nowhere", "--no-create-pool"), {}, "There is no work pool 'nowhere'."),
        (("--pool", "default", "--type", "docker"), {}, "is of type 'process', not 'docker'"),
        (("--pool", "default", "--queue", "express"), {}, "express"),
        (("--pool", "default", "--label", "gpu"), {}, "not of the form key=value"),
        (("--pool", "default"), {"ORCH_API_URL": ""}, "ORCH_API_URL is not set"),
        (("--pool", "default"), {"ORCH_API_URL": "ftp://x"}, "is not the address of a control plane"),
        (("--pool", "deep", "--type", "submarine"), {}, "no launcher of that type is installed"),
        ((), {}, "Missing option '--pool'"),
    ],
)
def test_what_is_wrong_is_said_in_words(
    server: StartedServer, tmp_path: Path, options: tuple[str, ...], environ: dict[str, str], words: str
) -> None:
    told = start(server.url, tmp_path, *options, **environ)

    assert told.returncode == 2
    assert words in told.stderr
    assert "Traceback" not in told.stderr


async def test_a_worker_waits_for_a_control_plane_that_is_away_and_may_be_ended_meanwhile(tmp_path: Path) -> None:
    worker = WorkerProcess(tmp_path, "http://127.0.0.1:9", "w", "--log-format", "json", pool="p")
    worker.start()
    try:
        await said(worker, "no answer from the control plane")
        worker.signal(signal.SIGINT)

        assert await worker.ended() == 0
    finally:
        await worker.close()
