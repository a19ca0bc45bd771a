"""One control plane for all tests of the command, each with a pool and names of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orch_client import Client, connect
from tests.e2e.cli.stage import new_pool
from tests.e2e.held_runs import Holder
from tests.e2e.orch_command import Orch
from tests.support.started_server import started_server


@pytest.fixture(scope="package")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A control plane."""
    with started_server(tmp_path_factory.mktemp("home")) as server, connect(server.url) as connected:
        yield connected


@pytest.fixture
def orch(client: Client, tmp_path: Path) -> Orch:
    """The command, in a folder of its own."""
    return Orch(tmp_path, client.settings.url)


@pytest.fixture
def pool() -> str:
    """A name that nobody else uses."""
    return new_pool()


@pytest.fixture
def holder(client: Client, pool: str) -> Holder:
    """A pool and a deployment of this test's own."""
    return Holder(client, pool)
