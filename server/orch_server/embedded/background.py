"""What runs by itself while an embedded control plane is open: a look for lost leases, and once a day retention.

There is no scheduler: schedules need a server. Nothing here delays the process's end: the transaction under way is
short, and no other begins.
"""

import asyncio
import logging
import os
from contextlib import suppress
from datetime import timedelta

from orch_server.application.errors import Overloaded, Unavailable
from orch_server.application.ports import Store
from orch_server.application.telemetry import NoTelemetry

_logger = logging.getLogger(__name__)

RETENTION = "embedded_retention"
"""The service's name in the database, by which processes tell each other when it last ran."""

_SWEEP_INTERVAL = timedelta(seconds=5)
"""Less often than a server does: each round is a write, and many scripts may be open at once."""
_ROWS_AT_ONCE = 50
_LONGEST_DAYS = 36500


class Background:
    """Begins with its creation, in the running event loop, and goes on until `stop`."""

    def __init__(self, store: Store, *, retention_due: bool) -> None:
        self._store = store
        self._task = asyncio.create_task(self._run(retention_due=retention_due), name="orch embedded background")

    async def stop(self) -> None:
        """End it, in the midst of things if need be."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _run(self, *, retention_due: bool) -> None:
        try:
            if retention_due:
                await forget_old(self._store)
            # A script that is shorter than this sweeps nothing, and loads nothing for it.
            await asyncio.sleep(_SWEEP_INTERVAL.total_seconds())
            await self._sweep()
        except Exception:
            # The flows of the script go on: they do not depend on it.
            _logger.exception("Orch's background work has failed; lost leases are not looked for until the next start.")

    async def _sweep(self) -> None:
        from orch_server.background.lease_sweeper import LeaseSweeper

        await LeaseSweeper(self._store, NoTelemetry(), sweep_interval=_SWEEP_INTERVAL).service().run()


async def forget_old(store: Store) -> None:
    """One round of retention, by the server's own options; where the database is busy, another day."""
    # Loaded once a day.
    from orch_server.background.retention import Retention, RetentionPeriods
    from orch_server.options import OptionReader

    read = OptionReader({}, os.environ)
    periods = RetentionPeriods.of_days(
        runs=read.whole("retain_runs_days", 0, _LONGEST_DAYS), logs=read.whole("retain_logs_days", 0, _LONGEST_DAYS)
    )
    try:
        await store.write(lambda tx: tx.background.begin(RETENTION))
        await Retention(store, periods, per_transaction=_ROWS_AT_ONCE).run_once()
    except (Unavailable, Overloaded) as error:
        _logger.info("Old runs are left for another day: %s", error.message)
