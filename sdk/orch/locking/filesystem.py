"""A lock manager for the processes of a machine."""

from pathlib import Path
from typing import TYPE_CHECKING

from orch.locking.managers import ClaimingLockManager

if TYPE_CHECKING:
    from os import PathLike


class FileSystemLockManager(ClaimingLockManager):
    """Locks as files in a directory. The system lets go of them when a process ends, however it ends."""

    def __init__(self, lock_files_directory: "str | PathLike[str]") -> None:
        """The directory is made when it is first needed."""
        super().__init__()
        self.lock_files_directory = Path(lock_files_directory).expanduser().absolute()

    def path_for(self, key: str) -> Path:
        """The file of a key."""
        from orch.caching.entries import file_name

        return self.lock_files_directory / f"{file_name(key)}.lock"

    def __repr__(self) -> str:
        """For messages."""
        return f"FileSystemLockManager({str(self.lock_files_directory)!r})"

    def __eq__(self, other: object) -> bool:
        """Of the same directory."""
        return isinstance(other, FileSystemLockManager) and other.lock_files_directory == self.lock_files_directory

    def __hash__(self) -> int:
        """By the directory."""
        return hash(self.lock_files_directory)
