"""Tells the scripts of this machine that a server runs on their home directory: `server.json` there, while it runs."""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from orch_client.local_server import FILE_NAME, LocalServer, read_local_server
from orch_client.processes import process_mark

logger = logging.getLogger(__name__)


@contextmanager
def present(home: Path, *, url: str, version: str) -> Iterator[None]:
    """The file is there for as long as the context lasts. Without it scripts do not find the server; all else works.

    url: what a client on this machine connects to. Of several servers on one home, the one that came last is found;
    when it ends, the one before it.
    """
    before = read_local_server(home)
    server = LocalServer(url=url, process_id=os.getpid(), process_mark=process_mark(), version=version)
    try:
        _write(home, server)
    except OSError as error:
        logger.info("scripts will not find this server by themselves", extra={"home": str(home), "cause": str(error)})
    try:
        yield
    finally:
        if read_local_server(home) == server:
            with suppress(OSError):  # a file that stays is told to be stale
                if before is not None and before.alive:
                    _write(home, before)
                else:
                    (home / FILE_NAME).unlink()


def _write(home: Path, server: LocalServer) -> None:
    """All at once, and readable for this user only: who reads it sends an API key to the address in it."""
    home.mkdir(parents=True, exist_ok=True)
    # mkstemp makes files of mode 0600.
    number, path = tempfile.mkstemp(dir=home, prefix=f".{FILE_NAME}.")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(server.text())
        Path(path).replace(home / FILE_NAME)
    except OSError:
        with suppress(OSError):
            Path(path).unlink()
        raise
