"""The conformance suite's fixtures, and a control plane over them, on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.conformance.conftest import OpenServer, clock, database_url, ids, kind, open_server, sqlite_file
from tests.support.clock import FakeClock
from tests.support.plane import Plane

__all__ = ["clock", "database_url", "ids", "kind", "open_plane", "open_server", "plane", "sqlite_file"]

OpenPlane = Callable[[], Awaitable[Plane]]
