"""What was fetched or installed, kept in a folder of this machine that several workers may share.

    <root>/<kind>/<name>          an entry: a commit, an archive's content, a virtual environment
    <root>/<kind>/<name>.ready    it is all there; its time is that of the last use, its text the size in bytes
    <root>/<kind>/<name>.lock     locked: shared by who uses the entry, exclusively by who makes or removes it

An entry without its `.ready` is half-made, whoever died over it; the next who needs it makes it anew. The locks are the
kernel's (flock): they end with the process that held them. Entries are made where they stay, since a virtual
environment cannot be moved.
"""

import asyncio
import fcntl
import logging
import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from orch_worker.code.errors import CodeError

logger = logging.getLogger(__name__)

DEFAULT_LIMIT_BYTES = 10 * 1024**3
SPARED_SECONDS = 3600.0
"""What was used that recently stays, whatever its size: a worker that is just starting again may hold it anew."""
SCRATCH_FOLDER = "scratch"
LONGEST_SCRATCH_SECONDS = 2 * 86400.0
_LOCK_POLL_SECONDS = 0.05


class Hold:
    """Keeps entries from being removed, until it is released or nobody knows it any more."""

    def __init__(self, entries: Iterable[Path], locks: Iterable[int]) -> None:
        self.entries = tuple(entries)
        self._locks = tuple(locks)
        self.release = weakref.finalize(self, _close, self._locks)
        """Let the entries go. May be called again."""

    def outlive_exec(self) -> None:
        """The program that takes this one's place by exec goes on holding, until it ends."""
        for lock in self._locks:
            os.set_inheritable(lock, True)


def hold_again(entries: Iterable[Path]) -> Hold:
    """Holds what an earlier process held, whose runs go on. What was removed meanwhile is left out."""
    held: list[tuple[Path, int]] = []
    for entry in entries:
        lock = _try_lock(entry, fcntl.LOCK_SH) if _ready(entry) else None
        if lock is not None:
            held.append((entry, lock))
    return Hold([entry for entry, _ in held], [lock for _, lock in held])


@dataclass(frozen=True, slots=True)
class Store:
    """The entries below a folder."""

    root: Path
    limit_bytes: int = DEFAULT_LIMIT_BYTES
    """More than that, and what was not used for longest is removed."""

    async def use(self, kind: str, name: str, make: Callable[[Path], Awaitable[None]]) -> Hold:
        """An entry to be used, made by `make` where it is not there: by one, while others wait.

        Raises CodeError where the folder cannot be written, and whatever `make` raises.
        """
        entry = self.root / kind / name
        with _words(entry):
            entry.parent.mkdir(parents=True, exist_ok=True)
            while True:
                lock = await _lock(entry, fcntl.LOCK_SH)
                if _ready(entry):
                    os.utime(_mark(entry))
                    return Hold([entry], [lock])
                os.close(lock)
                if await _make(entry, make):
                    await asyncio.to_thread(self.prune, keep=entry)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for a while, on the same disk. Raises CodeError where it cannot be written."""
        place = self.root / SCRATCH_FOLDER
        with _words(place):
            place.mkdir(parents=True, exist_ok=True)
            folder = tempfile.TemporaryDirectory(dir=place, ignore_cleanup_errors=True)
        with folder as name:
            yield Path(name)

    def prune(self, *, keep: Path | None = None) -> Sequence[Path]:
        """Removes what nobody uses, the longest unused first, until the rest is within the limit. What was removed."""
        self._clear_scratch()
        removed = [entry for entry in self._half_made() if _remove(entry)]
        entries = sorted(self._entries(), key=lambda entry: entry.used_at)
        total = sum(entry.size_bytes for entry in entries)
        for entry in entries:
            if total <= self.limit_bytes:
                break
            if entry.folder != keep and time.time() - entry.used_at > SPARED_SECONDS and _remove(entry.folder):
                total -= entry.size_bytes
                removed.append(entry.folder)
        return removed

    def _entries(self) -> Iterator["_Entry"]:
        for mark in self.root.glob("*/*.ready"):
            with suppress(OSError, ValueError):  # removed by another just now; not ours
                yield _Entry(mark.with_suffix(""), mark.stat().st_mtime, int(mark.read_text()))

    def _clear_scratch(self) -> None:
        """Removes what killed processes left of their downloads."""
        for folder in (self.root / SCRATCH_FOLDER).glob("*"):
            with suppress(FileNotFoundError):  # its owner has just removed it
                if time.time() - folder.stat().st_mtime > LONGEST_SCRATCH_SECONDS:
                    shutil.rmtree(folder, ignore_errors=True)

    def _half_made(self) -> Iterator[Path]:
        for lock in self.root.glob("*/*.lock"):
            if not _ready(lock.with_suffix("")):
                yield lock.with_suffix("")


@dataclass(frozen=True, slots=True)
class _Entry:
    folder: Path
    used_at: float
    size_bytes: int


def _mark(entry: Path) -> Path:
    return entry.with_name(f"{entry.name}.ready")


def _ready(entry: Path) -> bool:
    return _mark(entry).exists() and entry.is_dir()


async def _make(entry: Path, make: Callable[[Path], Awaitable[None]]) -> bool:
    """Makes an entry, unless another has done so meanwhile. Whether it was made here."""
    lock = await _lock(entry, fcntl.LOCK_EX)
    try:
        if _ready(entry):
            return False
        await asyncio.to_thread(_begin, entry)
        try:
            await make(entry)
        except Exception:
            # A full disk should not stay full of what nobody can use. Cancelled, the next one clears up.
            await asyncio.to_thread(shutil.rmtree, entry, ignore_errors=True)
            raise
        await asyncio.to_thread(_mark_ready, entry)
        return True
    finally:
        os.close(lock)


def _mark_ready(entry: Path) -> None:
    size = sum(os.lstat(os.path.join(folder, name)).st_size for folder, _, names in os.walk(entry) for name in names)
    written = _mark(entry).with_suffix(".written")
    written.write_text(str(size))
    written.replace(_mark(entry))


def _remove(entry: Path) -> bool:
    """Removes an entry that nobody uses. Whether it is gone."""
    lock = _try_lock(entry, fcntl.LOCK_EX)
    if lock is None:
        return False
    try:
        _clear(entry)
        _lock_path(entry).unlink(missing_ok=True)
    except OSError as error:
        logger.warning("an unused folder of code cannot be removed", extra={"folder": str(entry), "cause": str(error)})
        return False
    finally:
        os.close(lock)
    return True


def _begin(entry: Path) -> None:
    _clear(entry)
    entry.mkdir()


def _clear(entry: Path) -> None:
    # The mark goes first: what is being removed is not ready any more.
    _mark(entry).unlink(missing_ok=True)
    if entry.exists():
        shutil.rmtree(entry)


def _lock_path(entry: Path) -> Path:
    return entry.with_name(f"{entry.name}.lock")


async def _lock(entry: Path, kind: int) -> int:
    """The lock of an entry, as soon as it is to be had."""
    while True:
        lock = _try_lock(entry, kind)
        if lock is not None:
            return lock
        # Asked for again: a thread that waits in the kernel could not be cancelled.
        await asyncio.sleep(_LOCK_POLL_SECONDS)


def _try_lock(entry: Path, kind: int) -> int | None:
    """The lock of an entry, or None where another process, or another task of this one, has it."""
    path = _lock_path(entry)
    number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(number, kind | fcntl.LOCK_NB)
        # Who removed the entry removed this file with it: a lock on that one says nothing.
        if _same(number, path):
            return number
    except BlockingIOError:
        pass
    except OSError:
        os.close(number)
        raise
    os.close(number)
    return None


def _same(number: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(number), path.stat())
    except FileNotFoundError:
        return False


def _close(locks: Sequence[int]) -> None:
    for lock in locks:
        os.close(lock)


@contextmanager
def _words(entry: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CodeError(
            f"The code cannot be kept in {entry}: {error.strerror or error}. Free some space there, or let the worker "
            "write to it."
        ) from error
