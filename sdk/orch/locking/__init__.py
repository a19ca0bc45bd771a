"""Who may compute a key now: one thread of one process at a time.

`claims` is what the cache uses. `memory` and `filesystem` hold lock managers for cache policies
(`INPUTS.configure(lock_manager=…)`), by the names that users of Prefect know.
"""

from orch.locking.filesystem import FileSystemLockManager
from orch.locking.memory import MemoryLockManager

__all__ = ["FileSystemLockManager", "MemoryLockManager"]
