"""One control plane for all tests here, and one pool with a worker for those that leave the worker alone."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from orch_client import connect
from orch_client.async_client import connect_async
from tests.e2e.docker.pool import DockerPool, creation_of_pool, docker_pool, docker_worker, started
from tests.support.docker_engine import Engine
from tests.support.started_server import StartedServer, started_server


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedServer]:
    """One server for all tests here."""
    with started_server(tmp_path_factory.mktemp("home"), "--sweep-interval-seconds", "0.1") as found:
        yield found


@pytest.fixture
async def pool(server: StartedServer, docker_engine: Engine, docker_image: str) -> AsyncIterator[DockerPool]:
    """A pool on this machine's engine that nobody else uses, and nobody serves yet."""
    async with docker_pool(server.url, docker_engine, docker_image) as found:
        yield found


@pytest.fixture(scope="package")
def served(
    server: StartedServer, docker_engine: Engine, docker_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The name of a pool on this machine's engine that a worker serves."""
    name = f"docker-{uuid4().hex[:8]}"
    with connect(server.url) as client, ThreadPoolExecutor(1) as beside:
        client.work_pools.CreateWorkPool(creation_of_pool(name, docker_image))
        worker = docker_worker(server.url, name, docker_engine, tmp_path_factory.mktemp("worker"))
        beside.submit(asyncio.run, started(worker)).result()
        yield name
        beside.submit(asyncio.run, worker.close()).result()
    docker_engine.remove(*docker_engine.containers(f"label=orch.pool={name}"))


@pytest.fixture
async def served_pool(server: StartedServer, served: str, docker_engine: Engine) -> AsyncIterator[DockerPool]:
    """That pool, for one test after the other."""
    async with connect_async(server.url) as client:
        yield DockerPool(client, served, docker_engine)
