"""A control plane as a user starts it, and a pool of its own for each test."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest

from orch_client.async_client import connect_async
from tests.support.started_server import StartedServer, started_server
from tests.unit.worker.stage import Audience, Stage


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedServer]:
    """One server for all tests of the worker."""
    with started_server(tmp_path_factory.mktemp("home"), "--sweep-interval-seconds", "0.1") as started:
        yield started


@pytest.fixture
async def audience(server: StartedServer) -> AsyncIterator[Audience]:
    """A client, and the name of a pool that nobody else uses; `make_pool` creates it."""
    async with connect_async(server.url) as client:
        yield Audience(client, f"pool-{uuid4().hex[:8]}")


@pytest.fixture
async def stage() -> Stage:
    """A launcher that does what the test says."""
    return Stage()
