"""The example of a launcher that a package brings: installed as its users install it, and used by a real worker."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from orch_client.async_client import connect_async
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_proto.v1.state_pb2 import STATE_TYPE_CANCELLED, STATE_TYPE_COMPLETED, STATE_TYPE_FAILED
from orch_worker.launchers.base import LauncherSettings
from tests.e2e.faults.worker_process import WorkerProcess
from tests.support.started_server import StartedServer, started_server
from tests.unit.worker.stage import Audience

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "launcher_plugin"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package and its metadata. `pip` builds it as it would for anybody, without a network."""
    folder = tmp_path_factory.mktemp("installed")
    options = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(folder), str(EXAMPLE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedServer]:
    """One server for all tests here."""
    with started_server(tmp_path_factory.mktemp("home")) as started:
        yield started


@pytest.fixture
async def audience(server: StartedServer) -> AsyncIterator[Audience]:
    """A client, and a pool of the plug-in's type."""
    async with connect_async(server.url) as client:
        found = Audience(client, f"pool-{uuid4().hex[:8]}")
        await found.make_pool(kind="wrapped", ttl_seconds=15)
        yield found


@pytest.fixture
def path(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where workers find the package."""
    monkeypatch.setenv("PYTHONPATH", str(installed))


@asynccontextmanager
async def working(server: StartedServer, audience: Audience, home: Path) -> AsyncIterator[WorkerProcess]:
    """A worker of the pool."""
    worker = WorkerProcess(home, server.url, "w", "--type", "wrapped", pool=audience.pool)
    worker.start()
    try:
        yield worker
    finally:
        await worker.close()


async def written(audience: Audience, run_id: str, *lines: str) -> None:
    """Wait until this is what is stored of its output."""
    while await audience.lines(run_id, "output") != list(lines):
        pass  # Asking takes its time.


@pytest.mark.usefixtures("path")
async def test_a_flow_runs_in_its_wrapper(server: StartedServer, audience: Audience, tmp_path: Path) -> None:
    (tmp_path / "etl.py").write_text(
        "import os\nfrom orch import flow\n\n@flow\ndef etl(day: str) -> list:\n    return [day, os.nice(0)]\n"
    )
    steps = json.dumps([{"step": "local", "path": str(tmp_path)}])
    async with working(server, audience, tmp_path):
        run_id = await audience.run(
            LaunchSpec(entrypoint="etl.py:etl", pull_steps_json=steps),
            parameters={"day": "monday"},
            job_variables={"wrapper": ["nice", "-n", "7"]},
        )

        run = await audience.seen(run_id, STATE_TYPE_COMPLETED)

    assert json.loads(run.result.data) == ["monday", 7 + os.nice(0)]


@pytest.mark.usefixtures("path")
async def test_a_worker_that_was_killed_takes_its_runs_up_again(
    server: StartedServer, audience: Audience, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    async with working(server, audience, tmp_path) as worker:
        script = f"echo waits; read line < {gate}; echo $line; echo 42 > $ORCH_RESULT_FILE"
        run_id = await audience.run(LaunchSpec(command=["sh", "-c", script]))
        await written(audience, run_id, "waits")
        await worker.kill()
        worker.start()

        await asyncio.to_thread(gate.write_text, "go\n")
        run = await audience.seen(run_id, STATE_TYPE_COMPLETED)

        assert (run.attempt, run.token, run.result.data) == (1, 1, b"42\n")
        await written(audience, run_id, "waits", "go")


@pytest.mark.usefixtures("path")
async def test_a_cancelled_run_is_stopped(server: StartedServer, audience: Audience, tmp_path: Path) -> None:
    async with working(server, audience, tmp_path):
        run_id = await audience.run(LaunchSpec(command=["sh", "-c", "echo ready; sleep 600"]))
        await written(audience, run_id, "ready")

        await audience.cancel(run_id)

        await audience.seen(run_id, STATE_TYPE_CANCELLED)


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize(
    ("variables", "steps", "words"),
    [
        ({"wrapper": "nice"}, "", "The job variable wrapper is 'nice'; it must be a list of words"),
        ({"nice": 7}, "", "The job variable nice is not known to wrapped pools"),
        ({"wrapper": ["no-such-wrapper"]}, "", "exit code 127"),
        ({}, '[{"step": "local", "path": "/no/such/folder"}]', "Its code could not be made ready: "),
    ],
)
async def test_what_cannot_be_started_is_failed_in_words(
    server: StartedServer,
    audience: Audience,
    tmp_path: Path,
    variables: dict[str, object],
    steps: str,
    words: str,
) -> None:
    async with working(server, audience, tmp_path):
        spec = LaunchSpec(command=["true"], pull_steps_json=steps)
        run_id = await audience.run(spec, job_variables=variables)

        run = await audience.seen(run_id, STATE_TYPE_FAILED)

    assert words in run.state.message


async def test_what_had_not_begun_when_its_worker_died_never_begins(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(installed)
    from orch_wrapped.launcher import KEEPER, WrappedLauncher

    launcher = WrappedLauncher(LauncherSettings(tmp_path, "pool", "w"))
    await launcher.open()
    folder = tmp_path / "attempts" / f"{uuid4()}.1"
    folder.mkdir()

    assert not await launcher.find()
    # Its keeper was made, and comes to itself only now.
    keeper = ["sh", "-c", KEEPER, str(folder), "touch", str(tmp_path / "mark")]
    late = await asyncio.create_subprocess_exec(*keeper, stderr=subprocess.DEVNULL, start_new_session=True)
    await late.wait()

    assert not (tmp_path / "mark").exists()
    assert not folder.exists()


@pytest.mark.usefixtures("path")
def test_it_keeps_the_rules_of_launchers() -> None:
    command = [sys.executable, "-m", "orch_worker.launchers.conformance", "wrapped"]

    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=90)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "broken" not in done.stdout
