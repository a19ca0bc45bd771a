"""Servers that answer HTTP: one that asks for nothing, one that asks for a key."""

from collections.abc import Iterator

import pytest

from tests.support.http import Http
from tests.support.started_server import StartedServer, started_server

KEY = "correct-horse-battery-staple"


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedServer]:
    """A server without a key, for all tests of this folder: what they make has names of their own."""
    with started_server(tmp_path_factory.mktemp("open")) as started:
        yield started


@pytest.fixture(scope="package")
def locked_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedServer]:
    """A server with a key."""
    home = tmp_path_factory.mktemp("locked")
    options = ("--http-origins", "https://other.example.com")
    with started_server(home, *options, environment={"ORCH_API_KEY": KEY}) as started:
        yield started


@pytest.fixture
def http(server: StartedServer) -> Http:
    """Asks the first."""
    return Http(server.http_url)


@pytest.fixture
def locked(locked_server: StartedServer) -> Http:
    """Asks the second, without a key."""
    return Http(locked_server.http_url)
