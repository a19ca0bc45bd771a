"""One server for all bytes that come over the wire: gRPC, HTTP, webhooks. Its log must stay free of failed calls."""

from collections.abc import Iterator

import grpc
import pytest

from tests.fuzz.hooks import ENVIRONMENT, HOOKS
from tests.rpc.bad_input.world import World, make_world
from tests.support.http import Http
from tests.support.started_server import StartedServer, started_server

_STILL = ("--late-after-seconds", "86400")
"""Nothing changes by itself while a test compares."""


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedServer]:
    """A control plane on SQLite, with webhooks."""
    home = tmp_path_factory.mktemp("fuzzed")
    (home / "hooks.toml").write_text(HOOKS)
    options = (*_STILL, "--webhooks-file", str(home / "hooks.toml"))
    with started_server(home, *options, environment=ENVIRONMENT) as started:
        yield started


@pytest.fixture(scope="package")
def channel(server: StartedServer) -> Iterator[grpc.Channel]:
    """A channel to it."""
    with grpc.insecure_channel(server.address) as opened:
        yield opened


@pytest.fixture(scope="package")
def world(channel: grpc.Channel) -> World:
    """Things to be wrong about."""
    return make_world(channel)


@pytest.fixture(scope="package")
def http(server: StartedServer) -> Http:
    """Asks it over HTTP."""
    return Http(server.http_url)


@pytest.fixture
def no_failed_calls(server: StartedServer) -> Iterator[None]:
    """Whatever is sent, no handler fails, and the server goes on answering."""
    before = len(server.errors())
    yield
    failed = server.errors()[before:]
    assert not failed, "\n".join(str(event.get("exception", event)) for event in failed)
    assert Http(server.http_url).get("/readyz").status == 200
