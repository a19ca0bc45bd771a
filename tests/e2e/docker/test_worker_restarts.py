"""A worker that is killed leaves its containers running; the next one of its name goes on with them."""

from pathlib import Path

import pytest

from orch_proto.v1.state_pb2 import STATE_TYPE_COMPLETED, STATE_TYPE_FAILED, STATE_TYPE_RUNNING
from tests.e2e.docker.pool import DockerPool, docker_worker, numbered, shell, started
from tests.support.started_server import StartedServer

COUNTS = "n=0; until [ -e /gate/open ]; do n=$((n+1)); echo line $n; sleep 0.1; done; exit $CODE"


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    folder = tmp_path / "gate"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("home", ["kept", "lost"])
async def test_a_killed_worker_loses_nothing(
    server: StartedServer, pool: DockerPool, tmp_path: Path, gate: Path, home: str
) -> None:
    worker = docker_worker(server.url, pool.pool, pool.engine, tmp_path / "home")
    next_home = tmp_path / ("home" if home == "kept" else "another-home")
    heir = docker_worker(server.url, pool.pool, pool.engine, next_home)
    try:
        await started(worker)
        run_id = await pool.run(shell(COUNTS), job_variables={"volumes": [f"{gate}:/gate"], "env": {"CODE": 3}})
        await pool.printed(run_id, "line 3")
        [container] = await pool.containers()

        await worker.kill()
        await started(heir)
        assert await pool.containers() == [container]
        (gate / "open").touch()

        run = await pool.ended(run_id, STATE_TYPE_FAILED)
        assert (run.attempt, run.state.message) == (1, "It ended with exit code 3.")
        numbers = numbered(await pool.lines(run_id, "output"))
        assert numbers == list(range(1, len(numbers) + 1))
    finally:
        await worker.close()
        await heir.close()


async def test_ended_while_no_worker_was_there(
    server: StartedServer, pool: DockerPool, tmp_path: Path, gate: Path
) -> None:
    worker = docker_worker(server.url, pool.pool, pool.engine, tmp_path / "home")
    try:
        await started(worker)
        run_id = await pool.run(shell(COUNTS), job_variables={"volumes": [f"{gate}:/gate"], "env": {"CODE": 0}})
        await pool.seen(run_id, STATE_TYPE_RUNNING)
        [container] = await pool.containers()

        await worker.kill()
        (gate / "open").touch()
        await pool.docker("wait", container)
        await started(worker)

        run = await pool.ended(run_id, STATE_TYPE_COMPLETED)
        assert run.attempt == 1
    finally:
        await worker.close()
