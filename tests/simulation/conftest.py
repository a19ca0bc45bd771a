"""The conformance suite's fixtures, and a control plane over them, on SQLite and on PostgreSQL."""

from tests.conformance.conftest import clock, database_url, ids, kind, open_server, sqlite_file
from tests.support.plane_fixtures import open_plane, plane

__all__ = ["clock", "database_url", "ids", "kind", "open_plane", "open_server", "plane", "sqlite_file"]
