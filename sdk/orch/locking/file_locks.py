"""Locks between the processes of a machine: the operating system lets go of them when their holder ends, however."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

try:
    import fcntl
except ImportError:  # pragma: no cover (not on systems without POSIX)
    fcntl = None  # type: ignore[assignment]

_MODE: Final = 0o666
"""Other users may take part, as far as the umask lets them."""


class FileLock:
    """A lock that is held, as a file that exists as long."""

    __slots__ = ("_handle", "_path")

    def __init__(self, path: Path, handle: int) -> None:
        """`handle` is the open, locked file."""
        self._path = path
        self._handle = handle

    def release(self) -> None:
        """Let go of it. Whoever waits for it will find that its file is gone, and make a new one."""
        with suppress(OSError):
            self._path.unlink()
        # Said aloud: a process that is being started by another thread may hold the file open for a moment.
        with suppress(OSError):
            fcntl.flock(self._handle, fcntl.LOCK_UN)
        self.forget()

    def forget(self) -> None:
        """Close the file in a process that has inherited it, whose lock it is not."""
        with suppress(OSError):
            os.close(self._handle)


def is_supported() -> bool:
    """Whether this system has such locks."""
    return fcntl is not None


def lock_file(path: Path, *, wait: bool) -> FileLock | None:
    """Lock a file, which is made if need be. None where somebody else has it, and `wait` is false.

    Raises OSError where the file cannot be made or opened, or its file system has no locks.
    """
    while True:
        handle = _opened(path)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(path, handle):
                return FileLock(path, handle)
        except BlockingIOError:
            os.close(handle)
            return None
        except BaseException:
            os.close(handle)
            raise
        # Its holder has removed it, and this lock is on nothing: begin anew.
        os.close(handle)


def _opened(path: Path) -> int:
    # For reading only, so that other users' files can be locked as well.
    flags = os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC
    try:
        return os.open(path, flags, _MODE)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags, _MODE)


def _is_still(path: Path, handle: int) -> bool:
    mine = os.fstat(handle)
    try:
        there = os.stat(path)
    except FileNotFoundError:
        return False
    return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)
