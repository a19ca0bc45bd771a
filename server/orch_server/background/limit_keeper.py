"""Sees to deployments at their concurrency limits whose policy is to skip new runs, or to cancel the oldest."""

from datetime import timedelta

from orch_server.application.concurrency import KeptLimits, keep_limits, runs_wait_for_full
from orch_server.application.ports import LIMITS_TOPIC, Store, Wakeups
from orch_server.background.service import Service

INTERVAL_SECONDS = 1.0
BATCH = 500


class LimitKeeper:
    """Looks for what waits for full deployments, a bounded number at a time. Any number of servers may do so."""

    def __init__(self, store: Store, *, batch: int = BATCH) -> None:
        self._store = store
        self._batch = batch

    async def run_once(self) -> KeptLimits:
        """One round. It writes, and locks what it writes, only where there is something to do."""
        if not await self._store.read(runs_wait_for_full):
            return KeptLimits()
        return await self._store.write(lambda tx: keep_limits(tx, limit=self._batch))

    async def _round(self) -> timedelta | None:
        kept = await self.run_once()
        return timedelta(0) if kept.more else None

    def service(self, wakeups: Wakeups) -> Service:
        """The loop around it: wakes when a run was created, or could not be granted, whose deployment has a limit."""
        return Service(
            "limit keeper",
            self._round,
            interval_seconds=INTERVAL_SECONDS,
            wakeups=wakeups,
            topics=[LIMITS_TOPIC],
        )
