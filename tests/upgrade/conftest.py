"""Data of earlier versions, taken over by this one's server."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from tests.support.started_server import StartedServer, started_server
from tests.upgrade.dumps import last_sweep, load_postgres, load_sqlite
from tests.upgrade.older_client import Json, OlderClient
from tests.upgrade.questions import ask_all
from tests.upgrade.recordings import Kind, Recording, recorded_revisions

if TYPE_CHECKING:
    from tests.support.postgres import PostgresServer

_STILL = ("--http-port", "off", "--retain-runs-days", "0", "--retain-logs-days", "0")
"""What was recorded grows old, and is not to be cleaned away."""


@dataclass(frozen=True)
class Upgraded:
    """A server of today on data of a version, and a client of that version.

    answers: what it said of the recorded questions, before any test changed a thing.
    """

    recording: Recording
    server: StartedServer
    client: OlderClient
    answers: list[Json]


@pytest.fixture(scope="module", params=recorded_revisions())
def revision(request: pytest.FixtureRequest) -> str:
    """A revision of the schema that there is a recording of."""
    found: str = request.param
    return found


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def recording(revision: str, request: pytest.FixtureRequest) -> Recording:
    """What a version of that revision wrote."""
    kind: Kind = request.param
    return Recording(revision, kind)


@pytest.fixture(scope="module")
def upgraded(
    recording: Recording, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Upgraded]:
    """A server on it. It migrates when it starts."""
    home = tmp_path_factory.mktemp("home")
    with _database(recording, home, request) as url:
        swept = last_sweep(url)
        with started_server(home, "--database-url", url, *_STILL) as server:
            # What it makes of leases that ended while no server was there is to be seen, too.
            while last_sweep(url) == swept:
                pass
            with grpc.insecure_channel(server.address) as channel:
                client = OlderClient(recording.contract, channel)
                answers = ask_all(client, ((asked["method"], asked["request"]) for asked in recording.answers))
                yield Upgraded(recording, server, client, answers)


@contextmanager
def _database(recording: Recording, home: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database that holds what was recorded."""
    if recording.kind == "sqlite":
        yield load_sqlite(recording.script, home / "orch.db")
        return
    postgres: PostgresServer = request.getfixturevalue("postgres_server")
    with postgres.database() as url:
        yield load_postgres(recording.script, url)


@pytest.fixture(autouse=True)
def no_failed_calls(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever is asked, no handler fails."""
    yield
    if "upgraded" in request.fixturenames:
        upgraded: Upgraded = request.getfixturevalue("upgraded")
        failed = upgraded.server.errors()
        assert not failed, "\n".join(str(event.get("exception", event)) for event in failed)


@pytest.fixture(scope="module")
def new_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedServer]:
    """A server of today on an empty database."""
    with started_server(tmp_path_factory.mktemp("new"), *_STILL) as server:
        yield server
