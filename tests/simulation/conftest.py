"""The conformance suite's fixtures, and a scene over them, on SQLite and on PostgreSQL."""

import pytest

from orch_server.storage import sqlite
from tests.conformance.conftest import (
    Kind,
    clock,
    database_url,
    ids,
    kind,
    open_server,
    postgres_copy,
    postgres_template,
    sqlite_file,
)
from tests.simulation.scene import Scene
from tests.support.clock import FakeClock
from tests.support.plane_fixtures import OpenPlane, open_plane, plane

__all__ = [
    "clock",
    "database_url",
    "ids",
    "kind",
    "open_plane",
    "open_server",
    "plane",
    "postgres_copy",
    "postgres_template",
    "sqlite_file",
]


@pytest.fixture
def scene(
    kind: Kind, database_url: str, clock: FakeClock, open_plane: OpenPlane, monkeypatch: pytest.MonkeyPatch
) -> Scene:
    """Where a check takes place. Who must wait for SQLite's one writer gives up soon, as on PostgreSQL for a lock."""
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_SECONDS", 1)
    return Scene(kind, database_url, clock, open_plane)
