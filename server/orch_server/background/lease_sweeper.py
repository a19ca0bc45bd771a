"""The lease sweeper: looks for leases that have expired, every second or so, on every server."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from orch_server.application.ports import Lane, Store, Transaction
from orch_server.application.sweeping import Swept, sweep
from orch_server.application.telemetry import LEASES_EXPIRED, RUNS_ENDED, SPAN_SWEEP, Telemetry
from orch_server.background.service import Service

_LIMIT = 500


class LeaseSweeper:
    """Ends expired leases at a bounded rate. It has the heartbeats' connections, and never waits for others."""

    def __init__(self, store: Store, telemetry: Telemetry, *, sweep_interval: timedelta) -> None:
        self._telemetry = telemetry
        self._interval = sweep_interval
        self._sweep = partial(sweep, sweep_interval=sweep_interval, limit=_LIMIT)
        self._lane: Lane[None, Swept] = store.lane(self._sweep_each, channel="heartbeat", max_batch=1)

    def _sweep_each(self, tx: Transaction, rounds: Sequence[None]) -> list[Swept | Exception]:
        return [self._sweep(tx) for _ in rounds]

    async def run_once(self) -> Swept:
        """One round; again at once while there is more."""
        with self._telemetry.span(SPAN_SWEEP) as span:
            swept = await self._lane.submit(None)
            span.set("orch.lease.expired", swept.expired)
            span.set("orch.lease.extended", swept.extended)
        for work_pool, leases in swept.expired_by_pool.items():
            self._telemetry.count(LEASES_EXPIRED, leases, work_pool=work_pool)
        for state, runs in swept.ended.items():
            self._telemetry.count(RUNS_ENDED, runs, state=state.name)
        return swept

    async def _round(self) -> timedelta | None:
        swept = await self.run_once()
        return timedelta(0) if swept.more else None

    def service(self) -> Service:
        """The sweeper as a background service."""
        return Service("lease sweeper", self._round, interval_seconds=self._interval.total_seconds())
