"""Fires schedules when they are due. Any number of servers may do so at once; see `application/firing.py`."""

import asyncio
import logging
from datetime import timedelta

from orch_server.application.firing import MAX_SCHEDULES, FiredSchedules, fire_due
from orch_server.application.ports import SCHEDULES_TOPIC, Ids, Store, Wakeups
from orch_server.application.telemetry import RUNS_CREATED, SCHEDULE_LATENESS, SPAN_SCHEDULE, Telemetry
from orch_server.background.service import Service

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 1.0
"""The longest wait between two looks. Schedules that fire earlier than known announce themselves."""

COALESCE = timedelta(milliseconds=20)
"""After a batch, what comes due within this time is fired together."""

BATCHES_AT_ONCE = 2
"""Where more is due than one batch holds: while the database works on one, this process prepares another."""

CONTENDED_WAIT = timedelta(milliseconds=50)
"""Where something is due that this server could not have, because another one is at it."""


class Scheduler:
    """Turns due schedules into flow runs."""

    def __init__(self, store: Store, ids: Ids, telemetry: Telemetry, *, max_schedules: int = MAX_SCHEDULES) -> None:
        self._store = store
        self._ids = ids
        self._telemetry = telemetry
        self._max_schedules = max_schedules

    async def run_once(self) -> FiredSchedules:
        """Fire one batch of what is due."""
        with self._telemetry.span(SPAN_SCHEDULE) as span:
            fired = await self._store.write(lambda tx: fire_due(tx, self._ids, max_schedules=self._max_schedules))
            span.set("orch.schedule.fired", fired.fired)
        if fired.fired:
            self._telemetry.count(RUNS_CREATED, fired.fired)
        for late in fired.lateness:
            self._telemetry.record(SCHEDULE_LATENESS, late.total_seconds())
        if fired.skipped:
            logger.info("schedules skipped times", extra={"skipped": fired.skipped, "fired": fired.fired})
        return fired

    async def _round(self) -> timedelta | None:
        fired = await self.run_once()
        if fired.wait is None or fired.wait > timedelta(0):
            return max(fired.wait, COALESCE) if fired.wait is not None and fired.moved else fired.wait
        if not fired.moved:
            return CONTENDED_WAIT
        await asyncio.gather(*(self._until_done() for _ in range(BATCHES_AT_ONCE)))
        return timedelta(0)

    async def _until_done(self) -> None:
        while (await self.run_once()).moved:
            pass

    def service(self, wakeups: Wakeups) -> Service:
        """The loop around it: wakes when the next schedule is due, and when schedules change."""
        return Service(
            "scheduler",
            self._round,
            interval_seconds=INTERVAL_SECONDS,
            wakeups=wakeups,
            topics=[SCHEDULES_TOPIC],
        )
