"""Keys with holders, on top of claims."""

import threading
from pathlib import Path

from orch.locking.claims import Claim, claim


class ClaimingLockManager:
    """Each key has one holder at a time, who is named by a text of the caller's."""

    def __init__(self) -> None:
        """Nothing is held yet."""
        self._held: dict[str, tuple[str, Claim]] = {}
        self._lock = threading.Lock()

    def path_for(self, key: str) -> Path | None:
        """The file that stands for a key among processes; None: within this process only."""
        return None

    def acquire_lock(
        self, key: str, holder: str, acquire_timeout: float | None = None, hold_timeout: float | None = None
    ) -> bool:
        """Wait until the holder has the key, at most `acquire_timeout` seconds; whether it has.

        A lock lasts until it is released or its process ends; so ValueError for a `hold_timeout`.
        """
        if hold_timeout is not None:
            raise ValueError("hold_timeout is not supported: a lock lasts until it is released or its process ends.")
        if self.is_lock_holder(key, holder):
            return True
        path = self.path_for(key)
        asked = claim(f"{path or 'memory'}\0{key}", path=path)
        if not asked.wait(acquire_timeout):
            asked.release()
            return False
        with self._lock:
            self._held[key] = holder, asked
        return True

    async def aacquire_lock(
        self, key: str, holder: str, acquire_timeout: float | None = None, hold_timeout: float | None = None
    ) -> bool:
        """`acquire_lock` without holding up the event loop."""
        from asyncio import to_thread

        return await to_thread(self.acquire_lock, key, holder, acquire_timeout, hold_timeout)

    def release_lock(self, key: str, holder: str) -> None:
        """The holder does not need the key any more. ValueError for somebody who does not hold it."""
        with self._lock:
            found = self._held.get(key)
            if found is None or found[0] != holder:
                raise ValueError(f"{holder!r} does not hold the key {key!r}.")
            del self._held[key]
        found[1].release()

    def is_lock_holder(self, key: str, holder: str) -> bool:
        """Whether this holder has the key."""
        with self._lock:
            found = self._held.get(key)
        return found is not None and found[0] == holder

    def is_locked(self, key: str) -> bool:
        """Whether somebody has the key."""
        path = self.path_for(key)
        asked = claim(f"{path or 'memory'}\0{key}", path=path)
        try:
            return not asked.granted.done()
        finally:
            asked.release()

    def wait_for_lock(self, key: str, timeout: float | None = None) -> bool:
        """Wait until nobody has the key, at most so many seconds; whether nobody has."""
        path = self.path_for(key)
        asked = claim(f"{path or 'memory'}\0{key}", path=path)
        try:
            return asked.wait(timeout)
        finally:
            asked.release()
