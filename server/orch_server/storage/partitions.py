"""Partitions by day, on Postgres: made ahead of their day, dropped as a whole when they are old.

Rows of days without a partition (a clock far off, a server that was away) lie in the table's default partition, so no
write ever fails for want of one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import text

from orch_server.application.retention_rows import DAILY_TABLES, DailyTable
from orch_server.storage.scope import Scope

TIME_COLUMNS: dict[DailyTable, str] = {
    "flow_run_state": "state_time",
    "task_run_state": "state_time",
    "log_chunk": "create_time",
}
"""What each table is partitioned by."""

_LOCK_TIMEOUT = "200ms"
"""Who waits for a table makes those wait that come later, writers included. So nobody waits long here, but tries again
in the next round."""
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7165935034174902640)")
_FOUND = text("""
    SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
    WHERE inhparent = to_regclass(:parent) AND child.relname LIKE :pattern ESCAPE '!'
""")


class SqlPartitions:
    """The store's side of `PartitionRows`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def missing(self, first: date, last: date) -> list[tuple[DailyTable, date]]:
        """Partitions from `first` to `last` that are not there yet."""
        if self._scope.kind != "postgresql":
            return []
        wanted = [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]
        return [(table, day) for table in DAILY_TABLES for day in sorted(set(wanted) - self._days(table))]

    def create(self, table: DailyTable, day: date) -> None:
        """Make a day's partition, and move what is stored of that day into it."""
        name, column = _name(table, day), TIME_COLUMNS[table]
        start, end = _midnight(day).isoformat(), _midnight(day + timedelta(days=1)).isoformat()
        with self._patient():
            if day in self._days(table):  # another server was quicker
                return
            self._execute(
                # Attached only once it is full: unlike PARTITION OF, that does not keep writers of other days out.
                f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)",
                f"LOCK TABLE {table}_default IN ACCESS EXCLUSIVE MODE",
                f"WITH moved AS (DELETE FROM {table}_default WHERE {column} >= '{start}' AND {column} < '{end}'"
                f" RETURNING *) INSERT INTO {name} SELECT * FROM moved",
                f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{start}') TO ('{end}')",
            )

    def expired(self, table: DailyTable, before: datetime) -> list[date]:
        """The days of partitions that hold nothing from this time on."""
        if self._scope.kind != "postgresql":
            return []
        return sorted(day for day in self._days(table) if _midnight(day + timedelta(days=1)) <= before)

    def drop(self, table: DailyTable, day: date) -> None:
        """Drop a day's partition, with all that is in it."""
        with self._patient():
            self._execute(f"DROP TABLE IF EXISTS {_name(table, day)}")

    def _days(self, table: DailyTable) -> set[date]:
        names = self._scope.connection.execute(_FOUND, {"parent": table, "pattern": f"{table}!_p________"}).scalars()
        return {datetime.strptime(name[-8:], "%Y%m%d").replace(tzinfo=UTC).date() for name in names}

    @contextmanager
    def _patient(self) -> Iterator[None]:
        self._execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
        self._scope.connection.execute(_ONE_AT_A_TIME)
        yield

    def _execute(self, *statements: str) -> None:
        for statement in statements:
            self._scope.connection.exec_driver_sql(statement)


def _name(table: DailyTable, day: date) -> str:
    return f"{table}_p{day:%Y%m%d}"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
