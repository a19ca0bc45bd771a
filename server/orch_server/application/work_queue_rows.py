"""The port to work queues in the store."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from orch_server.domain.work_pools import WorkQueue


class WorkQueueRows(Protocol):
    """Work queues, unique by pool and name."""

    def add(self, queue: WorkQueue) -> bool:
        """Insert a queue; False where the name is taken in its pool."""
        ...

    def resolve(self, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[UUID, UUID]]:
        """Ids of (pool, queue) by their names; pairs that are not there are left out.

        What is found cannot be deleted until the transaction ends.
        """
        ...

    def get(self, pool_name: str, name: str) -> WorkQueue | None:
        """One queue by names."""
        ...

    def page(self, *, pool_name: str, after: tuple[str, str] | None, limit: int) -> list[WorkQueue]:
        """Queues ordered by pool and name, those past `after`; only of one pool where `pool_name` is not empty."""
        ...

    def names(self, pool_name: str, *, limit: int) -> list[str]:
        """Some names of a pool's queues, for hints."""
        ...

    def lock(self, pool_name: str, name: str) -> WorkQueue | None:
        """One queue, which nobody else changes or deletes until the transaction ends."""
        ...

    def change(self, queue: WorkQueue, *, old_version: int) -> bool:
        """Write a queue's changeable fields where it still has `old_version`; False where not."""
        ...

    def of_pool(self, pool_id: UUID) -> list[UUID]:
        """The queues of a pool."""
        ...

    def have_open_runs(self, queue_ids: Sequence[UUID]) -> bool:
        """Whether a run that has not ended is in one of these queues."""
        ...

    def overdue_runs(self, before: datetime, *, limit: int) -> list[UUID]:
        """Some runs that have been waiting in a queue since before a time, and are not called "Late" yet."""
        ...

    def deployment_names(self, queue_ids: Sequence[UUID], *, limit: int) -> list[str]:
        """Some deployments that send their runs to these queues, as "flow/deployment"."""
        ...

    def delete(self, queue_id: UUID) -> None:
        """Delete a queue."""
        ...
