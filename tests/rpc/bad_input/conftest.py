"""One server a database for all of a file's tests, and a channel to it. Its log must stay free of failed calls."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import grpc
import pytest

from tests.rpc.bad_input.world import World, make_world
from tests.support.started_server import StartedServer, started_server

if TYPE_CHECKING:
    from tests.support.postgres import PostgresServer

_LARGEST_MESSAGE = 64 * 1024 * 1024
_STILL = ("--late-after-seconds", "86400")
"""Nothing changes by itself while a test compares."""


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedServer]:
    """A control plane, on SQLite and on PostgreSQL."""
    home = tmp_path_factory.mktemp("home")
    if request.param == "sqlite":
        with started_server(home, *_STILL) as started:
            yield started
        return
    postgres: PostgresServer = request.getfixturevalue("postgres_server")
    with postgres.database() as url, started_server(home, "--database-url", url, *_STILL) as started:
        yield started


@pytest.fixture(scope="module")
def channel(server: StartedServer) -> Iterator[grpc.Channel]:
    """A channel to it that takes and sends messages of any size."""
    options = [(f"grpc.max_{way}_message_length", _LARGEST_MESSAGE) for way in ("send", "receive")]
    with grpc.insecure_channel(server.address, options=options) as opened:
        yield opened


@pytest.fixture
def world(channel: grpc.Channel) -> World:
    """Things to be wrong about, for one test."""
    return make_world(channel)


@pytest.fixture(scope="module")
def still_world(channel: grpc.Channel) -> World:
    """Things to be wrong about, for tests that change nothing."""
    return make_world(channel)


@pytest.fixture(autouse=True)
def no_failed_calls(server: StartedServer) -> Iterator[None]:
    """Whatever is asked, no handler fails."""
    before = len(server.errors())
    yield
    failed = server.errors()[before:]
    assert not failed, "\n".join(str(event.get("exception", event)) for event in failed)
