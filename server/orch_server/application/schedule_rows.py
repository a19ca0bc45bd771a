"""The port to schedules in the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from orch_server.domain.deployment_schedules import Schedule


@dataclass(frozen=True, slots=True)
class Advance:
    """How far a schedule has come: from `old_next_time`, which guards the write, to `next_time`."""

    schedule_id: UUID
    old_next_time: datetime
    next_time: datetime | None
    last_time: datetime | None


class ScheduleRows(Protocol):
    """Schedules, unique by deployment and name."""

    def add(self, schedule: Schedule) -> bool:
        """Insert a schedule; False where its deployment has one of that name."""
        ...

    def get(self, schedule_id: UUID) -> Schedule | None:
        """One schedule."""
        ...

    def page(self, *, deployment_id: UUID | None, before: UUID | None, limit: int) -> list[Schedule]:
        """Schedules, newest first, older than `before`, at most `limit`; only of one deployment where given."""
        ...

    def lock(self, schedule_id: UUID) -> Schedule | None:
        """One schedule, which nobody else changes, fires or deletes until the transaction ends."""
        ...

    def change(self, schedule: Schedule, *, old_version: int) -> bool:
        """Write a schedule's changeable fields and `next_time` where it still has `old_version`; False where not."""
        ...

    def delete(self, schedule_id: UUID) -> None:
        """Delete a schedule. Its runs stay."""
        ...

    def lock_due(self, now: datetime, *, limit: int) -> list[Schedule]:
        """Schedules that are not paused and whose next time has come, the most overdue first, locked; those that
        others have locked are skipped."""
        ...

    def open_runs(self, schedule_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
        """Runs of these schedules that have not ended, by schedule."""
        ...

    def advance(self, advances: Sequence[Advance]) -> None:
        """Write how far locked schedules have come.

        Raises RuntimeError, which rolls everything back, where one is no longer at its `old_next_time`.
        """
        ...

    def next_due(self) -> datetime | None:
        """The earliest next time of all schedules that are not paused; None where none will ever fire."""
        ...
