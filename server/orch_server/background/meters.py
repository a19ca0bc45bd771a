"""Numbers for gauges: read now and then, kept, and handed out whenever metrics are exported. Runs where those are on.

Exporters ask from a thread of their own and must not wait, so they are given what the last round has read.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from orch_server.application.meter_rows import ActiveRuns, HeldLeases, QueueDepth
from orch_server.application.ports import Store, Transaction
from orch_server.application.telemetry import LEASES_HELD, QUEUE_DEPTH, RUNS_ACTIVE, Observation, Telemetry
from orch_server.background.service import Service

INTERVAL_SECONDS = 15.0
MOST_COUNTED = 100_000
"""Runs of a queue, and leases in all: where there are more, the gauge says this."""
_MOST_QUEUES = 1_000
"""Each is a time series of its own wherever the metrics go."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one round has read."""

    depths: tuple[QueueDepth, ...] = ()
    held: tuple[HeldLeases, ...] = ()
    active: tuple[ActiveRuns, ...] = ()


class Meters:
    """Keeps the newest reading. Where none can be had, it shows nothing rather than old numbers."""

    def __init__(self, store: Store, telemetry: Telemetry, *, most: int = MOST_COUNTED) -> None:
        self._store = store
        self._most = most
        self._latest = Reading()
        telemetry.observe_gauge(QUEUE_DEPTH, self._queue_depths)
        telemetry.observe_gauge(LEASES_HELD, self._leases_held)
        telemetry.observe_gauge(RUNS_ACTIVE, self._runs_active)

    async def run_once(self) -> Reading:
        """Read the numbers."""
        try:
            self._latest = await self._store.read(self._read)
        except BaseException:
            self._latest = Reading()
            raise
        return self._latest

    def _read(self, tx: Transaction) -> Reading:
        depths = tx.meters.queue_depths(most=self._most, queues=_MOST_QUEUES)
        held, active = tx.meters.held_leases(most=self._most), tx.meters.active_runs(most=self._most)
        return Reading(tuple(depths), tuple(held), tuple(active))

    def _queue_depths(self) -> Iterable[Observation]:
        return [
            Observation(each.runs, {"work_pool": each.work_pool_name, "work_queue": each.work_queue_name})
            for each in self._latest.depths
        ]

    def _leases_held(self) -> Iterable[Observation]:
        return [Observation(each.leases, {"work_pool": each.work_pool_name}) for each in self._latest.held]

    def _runs_active(self) -> Iterable[Observation]:
        return [Observation(each.runs, {"state": each.state.name}) for each in self._latest.active]

    async def _round(self) -> timedelta | None:
        await self.run_once()
        return None

    def service(self) -> Service:
        """The loop around it."""
        return Service("meters", self._round, interval_seconds=INTERVAL_SECONDS)
