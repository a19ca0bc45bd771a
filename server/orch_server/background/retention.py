"""Retention: what is old goes, in short transactions and a bounded number of them a round.

Flow runs go only once they have ended. Logs and histories may go earlier than their run; on Postgres they go a day's
partition at a time, which costs next to nothing.
"""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial

from orch_server.application.errors import Overloaded
from orch_server.application.ports import Store, Transaction
from orch_server.application.retention_rows import DailyTable
from orch_server.application.telemetry import SPAN_RETENTION, NoTelemetry, Telemetry
from orch_server.background.service import Service

logger = logging.getLogger(__name__)

DAYS_AHEAD = 3
"""Partitions are made so long before their day: a server may be away for a weekend."""
_INTERVAL_SECONDS = 600.0
_PER_TRANSACTION = 500
_TRANSACTIONS = 20


@dataclass(frozen=True, slots=True)
class RetentionPeriods:
    """How long things are kept; None: for good.

    runs: flow runs, from their end, with all that belongs to them. logs: log lines. history: states that runs and task
    runs have had. requests: answers to repeatable calls. sessions: of workers, since they were last heard of.
    """

    runs: timedelta | None = timedelta(days=90)
    logs: timedelta | None = timedelta(days=30)
    history: timedelta | None = timedelta(days=30)
    requests: timedelta = timedelta(hours=24)
    sessions: timedelta = timedelta(days=7)

    @classmethod
    def of_days(cls, *, runs: int, logs: int) -> "RetentionPeriods":
        """As settings say it: 0 keeps runs for good, and log lines and histories as long as their run."""
        old = timedelta(days=logs) if logs else None
        return cls(runs=timedelta(days=runs) if runs else None, logs=old, history=old)


@dataclass(frozen=True, slots=True)
class RetentionResult:
    """What one round has deleted. `more`: it stopped at its bound, so the next round need not wait."""

    flow_runs: int = 0
    rows: int = 0
    partitions: int = 0
    requests: int = 0
    sessions: int = 0
    more: bool = False


async def prepare_partitions(store: Store) -> int:
    """Make Postgres' partitions from today to three days ahead, where they are missing; returns how many.

    Where a table is too busy, its partition is left for the next round: until then its rows go into the default one.
    """
    missing = await store.read(lambda tx: tx.partitions.missing(tx.now.date(), tx.now.date() + timedelta(DAYS_AHEAD)))
    made = 0
    for table, day in missing:
        made += await _where_quiet(store, partial(_create, table=table, day=day), table)
    return made


def _create(tx: Transaction, table: DailyTable, day: date) -> None:
    tx.partitions.create(table, day)


def _drop(tx: Transaction, table: DailyTable, day: date) -> None:
    tx.partitions.drop(table, day)


async def _where_quiet(store: Store, work: Callable[[Transaction], None], table: DailyTable) -> bool:
    try:
        await store.write(work)
    except Overloaded as error:
        logger.info("partitions of %s are left for the next round: %s", table, error.message)
        return False
    return True


class Retention:
    """Deletes what has been kept long enough, and sees to the next days' partitions."""

    def __init__(
        self,
        store: Store,
        periods: RetentionPeriods,
        telemetry: Telemetry | None = None,
        *,
        per_transaction: int = _PER_TRANSACTION,
    ) -> None:
        """per_transaction: how many things go in one, so how long others wait for it."""
        self._store = store
        self._periods = periods
        self._per_transaction = per_transaction
        self._telemetry = telemetry or NoTelemetry()

    async def run_once(self) -> RetentionResult:
        """One round: at most 20 transactions for each kind of thing."""
        with self._telemetry.span(SPAN_RETENTION) as span:
            result = await self._forget()
            for kind, count in asdict(result).items():
                span.set(f"orch.retention.{kind}", count)
        return result

    async def _forget(self) -> RetentionResult:
        await prepare_partitions(self._store)
        now, periods = await self._store.read(lambda tx: tx.now), self._periods
        result = RetentionResult()
        if periods.runs is not None:
            runs, more = await self._repeat(
                partial(_delete_runs, before=now - periods.runs, limit=self._per_transaction)
            )
            result = replace(result, flow_runs=runs, more=more)
        for table, period in self._daily():
            result = await self._forget_days(table, now - period, result)
        requests, more_requests = await self._repeat(
            lambda tx: tx.retention.delete_requests(now - periods.requests, limit=self._per_transaction)
        )
        sessions, more_sessions = await self._repeat(
            lambda tx: tx.retention.delete_sessions(now - periods.sessions, limit=self._per_transaction)
        )
        more = result.more or more_requests or more_sessions
        return replace(result, requests=requests, sessions=sessions, more=more)

    async def _round(self) -> timedelta | None:
        result = await self.run_once()
        return timedelta(0) if result.more else None

    def service(self) -> Service:
        """Retention as a background service."""
        return Service("retention", self._round, interval_seconds=_INTERVAL_SECONDS)

    def _daily(self) -> list[tuple[DailyTable, timedelta]]:
        """The tables by day that lose their old rows, and after which time."""
        periods: dict[DailyTable, timedelta | None] = {
            "log_chunk": self._periods.logs,
            "flow_run_state": self._periods.history,
            "task_run_state": self._periods.history,
        }
        return [(table, period) for table, period in periods.items() if period is not None]

    async def _forget_days(self, table: DailyTable, before: datetime, result: RetentionResult) -> RetentionResult:
        dropped = 0
        for day in await self._store.read(lambda tx: tx.partitions.expired(table, before)):
            dropped += await _where_quiet(self._store, partial(_drop, table=table, day=day), table)
        rows, more = await self._repeat(lambda tx: tx.retention.delete_rows(table, before, limit=self._per_transaction))
        return replace(
            result, partitions=result.partitions + dropped, rows=result.rows + rows, more=result.more or more
        )

    async def _repeat(self, work: Callable[[Transaction], int]) -> tuple[int, bool]:
        """Transactions until one finds less than it may take; how much went in all, and whether there may be more."""
        total = 0
        for _ in range(_TRANSACTIONS):
            gone = await self._store.write(work)
            total += gone
            if gone < self._per_transaction:
                return total, False
        return total, True


def _delete_runs(tx: Transaction, *, before: datetime, limit: int) -> int:
    ids = tx.retention.ended_runs(before, limit=limit)
    if ids:
        tx.flow_runs.delete(ids)
    return len(ids)
