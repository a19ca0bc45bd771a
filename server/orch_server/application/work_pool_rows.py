"""The port to work pools in the store."""

from typing import Protocol
from uuid import UUID

from orch_server.domain.work_pools import WorkPool


class WorkPoolRows(Protocol):
    """Work pools, unique by name."""

    def add(self, pool: WorkPool) -> bool:
        """Insert a pool; False where the name is taken, also by another server's insert at the same time."""
        ...

    def get(self, name: str) -> WorkPool | None:
        """One pool by name."""
        ...

    def page(self, *, after: str | None, limit: int) -> list[WorkPool]:
        """Pools ordered by name, those past `after`, at most `limit`."""
        ...

    def names(self, *, limit: int) -> list[str]:
        """Some pools' names, for hints."""
        ...

    def lock(self, name: str) -> WorkPool | None:
        """One pool, which nobody else changes or deletes until the transaction ends. Runs can be created meanwhile."""
        ...

    def lock_out(self, name: str) -> WorkPool | None:
        """The same; besides, nothing new can refer to the pool or its queues until the transaction ends."""
        ...

    def change(self, pool: WorkPool, *, old_version: int) -> bool:
        """Write a pool's changeable fields where it still has `old_version`; False where not."""
        ...

    def delete(self, pool_id: UUID) -> None:
        """Delete a pool and its queues."""
        ...
