"""The home directory: settings, profiles, disk space, and the database in it."""

import errno
import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from orch_cli.doctor.findings import Finding, ok, remark, warning, wrong

if TYPE_CHECKING:
    from orch.settings import Settings

_MB = 1024 * 1024
_LITTLE_MB = 1024
_TOO_LITTLE_MB = 100
_LOCK_SECONDS = 5.0


def check_home(settings: "Settings", *, lock_seconds: float = _LOCK_SECONDS) -> Iterator[Finding]:
    """Whether it can be written, has room, and is nobody else's to read.

    lock_seconds: how long another process may keep the database to itself before that is a fault.
    """
    home = settings.home
    yield _writable(home)
    yield from _disk(home)
    yield from _profiles(settings)
    if not settings.api_url:
        yield from _database(home, lock_seconds)


def _writable(home: Path) -> Finding:
    existing = next(each for each in (home, *home.parents) if each.exists())
    try:
        if not existing.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, f"{existing} is no directory")
        with tempfile.NamedTemporaryFile(dir=existing, prefix=".doctor."):
            pass
    except OSError as error:
        return wrong(
            "home",
            f"{home} cannot be written: {error.strerror or error}.",
            "Make it writable (chown, chmod, a mount), or set ORCH_HOME to a directory that is.",
        )
    return ok("home", str(home) if existing == home else f"{home}; it is not there yet, and is made when it is needed")


def _disk(home: Path) -> Iterator[Finding]:
    for subject, folder in (("disk", home), ("temporary files", Path(tempfile.gettempdir()))):
        try:
            existing = next(each for each in (folder, *folder.parents) if each.exists())
            free = shutil.disk_usage(existing).free // _MB
        except OSError:
            continue  # told by _writable
        if free < _TOO_LITTLE_MB:
            yield wrong(subject, f"{free} MB are free where {folder} is.", "Make room: runs, logs and results need it.")
        elif free < _LITTLE_MB:
            yield warning(subject, f"{free} MB are free where {folder} is.", "Make room before it runs full.")
        else:
            yield ok(subject, f"{free / 1024:.1f} GB are free where {folder} is.")


def _profiles(settings: "Settings") -> Iterator[Finding]:
    from orch.settings import PROFILES_FILE

    path = settings.home / PROFILES_FILE
    try:
        mode = path.stat().st_mode
        holds_key = "api_key" in path.read_text(encoding="utf-8")
    except OSError:
        return  # there is none, or loading it has told
    if holds_key and mode & (stat.S_IRGRP | stat.S_IROTH) and os.name == "posix":
        yield warning("profiles", f"{path} holds a key, and other users can read it.", f"chmod 600 {path}")
    used = f"The profile {settings.profile!r} is in use." if settings.profile else "No profile is in use."
    yield ok("profiles", used)


def _database(home: Path, lock_seconds: float) -> Iterator[Finding]:
    """The SQLite database that scripts and a server on this home share."""
    from orch_client.local_server import DATABASE_FILE, find_local_server

    path = home / DATABASE_FILE
    if not path.exists():
        # A server that runs here without it keeps its data elsewhere.
        if find_local_server(home) is None:
            yield remark("database", f"{path} is not there yet: the first run, or `orch server start`, makes it.")
        return
    size = sum(each.stat().st_size for each in home.glob(f"{DATABASE_FILE}*")) / _MB
    try:
        with closing(sqlite3.connect(path, timeout=lock_seconds, isolation_level=None)) as database:
            # What every writer does first; nothing is written.
            database.execute("BEGIN IMMEDIATE")
            database.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        yield _cannot_write(path, error, lock_seconds)
    except sqlite3.DatabaseError as error:
        yield wrong(
            "database", f"{path} is damaged: {error}.", "Restore it from a backup, or move it away to begin anew."
        )
    else:
        yield ok("database", f"{path}, {size:.0f} MB.")


def _cannot_write(path: Path, error: sqlite3.OperationalError, lock_seconds: float) -> Finding:
    if "locked" in str(error):
        return wrong(
            "database",
            f"{path} has been locked for {lock_seconds:g} s by another process.",
            f"See who has it open (fuser -v {path}), and end what hangs; a backup tool should copy, not lock.",
        )
    return wrong("database", f"{path} cannot be written: {error}.", "See its owner, its rights, and the disk's space.")
