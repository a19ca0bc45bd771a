"""Calls runs "Late" that nobody has taken in time, so that people see that a worker is missing."""

from datetime import timedelta

from orch_server.application.late_runs import MarkedRuns, mark_late_runs
from orch_server.application.ports import Store
from orch_server.background.service import Service
from orch_server.domain.lateness import DEFAULT_THRESHOLD

INTERVAL_SECONDS = 5.0
BATCH = 500


class LateMarker:
    """Marks late runs, a bounded number at a time."""

    def __init__(self, store: Store, *, threshold: timedelta = DEFAULT_THRESHOLD, batch: int = BATCH) -> None:
        self._store = store
        self._threshold = threshold
        self._batch = batch

    async def run_once(self) -> MarkedRuns:
        """Mark one batch."""
        return await self._store.write(lambda tx: mark_late_runs(tx, threshold=self._threshold, limit=self._batch))

    async def _round(self) -> timedelta | None:
        marked = await self.run_once()
        return timedelta(0) if marked.more else None

    def service(self) -> Service:
        """The loop around it."""
        return Service("late marker", self._round, interval_seconds=INTERVAL_SECONDS)
