"""The port to what is old enough to go. Each method does a bounded piece of work, so that transactions stay short."""

from datetime import date, datetime
from typing import Literal, Protocol, TypeAlias
from uuid import UUID

DailyTable: TypeAlias = Literal["flow_run_state", "task_run_state", "log_chunk"]
"""What Postgres keeps in partitions by day."""

DAILY_TABLES: tuple[DailyTable, ...] = ("flow_run_state", "task_run_state", "log_chunk")


class RetentionRows(Protocol):
    """Deletes what is old, some rows at a time."""

    def ended_runs(self, before: datetime, *, limit: int) -> list[UUID]:
        """Flow runs that ended before this time, locked; those that others hold locked are left out."""
        ...

    def delete_rows(self, table: DailyTable, before: datetime, *, limit: int) -> int:
        """Delete at most so many rows from before this time that no partition's end takes along; returns how many."""
        ...

    def delete_requests(self, before: datetime, *, limit: int) -> int:
        """Forget at most so many requests that were answered before this time; returns how many."""
        ...

    def delete_sessions(self, before: datetime, *, limit: int) -> int:
        """Delete at most so many sessions not heard of since this time that hold no lease; returns how many."""
        ...


class PartitionRows(Protocol):
    """Postgres' partitions by day (UTC). SQLite has none: there, nothing is missing and nothing expires."""

    def missing(self, first: date, last: date) -> list[tuple[DailyTable, date]]:
        """Partitions from `first` to `last` that are not there yet."""
        ...

    def create(self, table: DailyTable, day: date) -> None:
        """Make a day's partition, and move what is stored of that day into it.

        Raises Overloaded, outside the transaction, where the table is too busy: writers come first.
        """
        ...

    def expired(self, table: DailyTable, before: datetime) -> list[date]:
        """The days of partitions that hold nothing from this time on."""
        ...

    def drop(self, table: DailyTable, day: date) -> None:
        """Drop a day's partition, with all that is in it. Raises like `create`."""
        ...
