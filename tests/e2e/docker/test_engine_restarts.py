"""An engine that stops, dies or is away: what runs is told of truthfully, what waits goes on when it is back."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orch_proto.v1.state_pb2 import STATE_TYPE_COMPLETED, STATE_TYPE_CRASHED
from tests.e2e.docker.pool import DockerPool, docker_pool, docker_worker, said, shell, started
from tests.e2e.faults.worker_process import WorkerProcess
from tests.support.docker_daemon import PrivateEngine
from tests.support.started_server import StartedServer


@pytest.fixture
async def pool(server: StartedServer, private_docker: PrivateEngine, docker_image: str) -> AsyncIterator[DockerPool]:
    """A pool on an engine that may be stopped."""
    async with docker_pool(server.url, private_docker.engine, docker_image) as found:
        yield found


@pytest.fixture
async def worker(server: StartedServer, pool: DockerPool, tmp_path: Path) -> AsyncIterator[WorkerProcess]:
    found = docker_worker(server.url, pool.pool, pool.engine, tmp_path / "home")
    try:
        await started(found)
        yield found
    finally:
        await found.close()


@pytest.mark.parametrize("way", ["stopped", "killed"])
async def test_an_engine_that_comes_back(
    private_docker: PrivateEngine, pool: DockerPool, worker: WorkerProcess, way: str
) -> None:
    run_id = await pool.run(shell("echo ready; sleep 100"))
    await pool.printed(run_id, "ready")

    private_docker.stop() if way == "stopped" else private_docker.kill()
    await said(worker, "the Docker engine is away")
    private_docker.start()

    run = await pool.ended(run_id, STATE_TYPE_CRASHED)
    assert "the Docker engine" in run.state.message
    # And the worker goes on.
    after = await pool.run(shell("echo after"))
    await pool.ended(after, STATE_TYPE_COMPLETED)


async def test_nothing_fails_while_the_engine_is_away(
    private_docker: PrivateEngine, pool: DockerPool, worker: WorkerProcess
) -> None:
    private_docker.stop()
    run_id = await pool.run(shell("echo at last"))
    await said(worker, "nothing can be launched here: resting")
    private_docker.start()

    run = await pool.ended(run_id, STATE_TYPE_COMPLETED)

    assert run.attempt == 1
