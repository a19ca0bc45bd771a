"""`orch worker start`: the worker itself, told by variables, by a profile, or finding the server of its home."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orch_client import Client, connect
from tests.e2e.held_runs import Holder
from tests.e2e.orch_command import Orch
from tests.support.invoked_command import InvokedOrch
from tests.support.started_server import started_server


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home directory that the command and the server share."""
    return tmp_path / "home"


@pytest.fixture
def client(home: Path) -> Iterator[Client]:
    """A control plane on that home."""
    with started_server(home) as server, connect(server.url) as connected:
        yield connected


def test_a_worker_serves_its_pool_until_it_is_drained(client: Client, home: Path, tmp_path: Path) -> None:
    holder = Holder(client, "etl", online=False)
    ask = InvokedOrch(home)

    with Orch(tmp_path).started("worker", "start", "--pool", "etl", "--name", "w1", "--limit", "2") as worker:
        done = ask("run", holder.key, "--watch")
        (listed,) = ask("worker", "ls", "--pool", "etl", "-o", "json").document
        drained = ask("worker", "drain", "w1")
        code = worker.ended()

    assert done.code == 0
    assert (listed["name"], listed["slots"], listed["status"]) == ("w1", 2, "ONLINE")
    assert (drained.code, code) == (0, 0)
    assert ask("worker", "ls", "--pool", "etl", "-o", "id").out == ""


def test_a_worker_takes_the_control_plane_from_the_profile(client: Client, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    ask = InvokedOrch(elsewhere)
    ask("profile", "create", "p", f"api_url={client.settings.url}")
    holder = Holder(client, "etl", online=False)

    with Orch(tmp_path, ORCH_HOME=str(elsewhere)).started("worker", "start", "--pool", "etl") as worker:
        done = ask("run", holder.key, "--watch")
        worker.interrupt()
        code = worker.ended()

    assert done.code == 0
    assert code == 0


def test_a_worker_whose_key_is_refused_says_so(tmp_path: Path) -> None:
    with started_server(tmp_path / "server", environment={"ORCH_API_KEY": "the-right-key"}) as server:
        done = Orch(tmp_path, server.url, ORCH_API_KEY="another-key").process("worker", "start", "--pool", "etl")

    assert done.code == 4
    assert done.errors.startswith("orch: ")
    assert "ORCH_API_KEY" in done.errors


def test_a_worker_without_a_control_plane_says_so(tmp_path: Path) -> None:
    done = Orch(tmp_path).process("worker", "start", "--pool", "etl")

    assert done.code == 2
    assert done.errors.startswith("orch: ORCH_API_URL is not set")
    assert "`orch server start`" in done.errors
