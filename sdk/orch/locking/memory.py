"""A lock manager within one process."""

from orch.locking.managers import ClaimingLockManager


class MemoryLockManager(ClaimingLockManager):
    """Locks for the threads of this process. All managers of this class share their keys."""

    def __repr__(self) -> str:
        """For messages."""
        return "MemoryLockManager()"
