"""The worker's directory, `<home>/workers/<pool>/<name>/`, for one worker at a time, kept between its starts."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import quote

from orch_worker.errors import StartupError

_LOCK_FILE = "lock"
_SESSION_FILE = "session"
_LONGEST_NAME = 256


@dataclass(frozen=True, slots=True)
class WorkerHome:
    """The directory, and the name that goes with it."""

    name: str
    folder: Path

    @property
    def launcher(self) -> Path:
        """The launcher's own."""
        return self.folder / "launcher"

    @property
    def attempts(self) -> Path:
        """The journal's."""
        return self.folder / "attempts"

    def last_session(self) -> str:
        """The session that the worker of this name had when it ended without closing it; empty where there is none."""
        try:
            return (self.folder / _SESSION_FILE).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return ""

    def remember_session(self, session_id: str) -> None:
        """Kept for `last_session`; empty: it was closed."""
        with suppress(OSError):  # What it holds and has not started waits for its lease to lapse, instead.
            (self.folder / _SESSION_FILE).write_text(session_id, encoding="utf-8")


@contextmanager
def worker_home(home: Path, *, pool: str, name: str) -> Iterator[WorkerHome]:
    """The directory of the worker of this name, or, without a name, of the first of `host`, `host-2` … that no other
    process has. The lock goes with the process, however it ends. Raises StartupError.
    """
    found, lock = _taken(home, pool, name) if name else _first_free(home, pool)
    try:
        yield found
    finally:
        os.close(lock)


def _taken(home: Path, pool: str, name: str) -> tuple[WorkerHome, int]:
    found = WorkerHome(name, home / "workers" / _as_file_name(pool) / _as_file_name(name))
    lock = _lock(found.folder)
    if lock is None:
        raise StartupError(
            f"A worker named {name!r} serves pool {pool!r} on this machine already (its directory is {found.folder})."
            " Give this one another --name, or none: then it finds one."
        )
    return found, lock


def _first_free(home: Path, pool: str) -> tuple[WorkerHome, int]:
    host = socket.gethostname()[: _LONGEST_NAME - 8] or "worker"
    for number in count(1):
        name = host if number == 1 else f"{host}-{number}"
        found = WorkerHome(name, home / "workers" / _as_file_name(pool) / _as_file_name(name))
        lock = _lock(found.folder)
        if lock is not None:
            return found, lock
    raise AssertionError("numbers do not end")


def _lock(folder: Path) -> int | None:
    """The lock on a directory, which is made where it is not there; None where another process has it."""
    try:
        # Whoever may connect to the relay in it may speak with the worker's key.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder / _LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StartupError(
            f"The worker's directory {folder} cannot be made or written: {error.strerror or error}. Give another"
            " --home, or make room or set the permissions there."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _as_file_name(name: str) -> str:
    """A name as one component of a path, different for different names."""
    return quote(name, safe=" @+=,").replace(".", "%2E") if name.startswith(".") else quote(name, safe=" @+=,")
