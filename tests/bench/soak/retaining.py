"""The server's own retention, with windows of minutes: the server's options count in days, a soak does not.

It is what a second server on the same database would do, and runs beside the server's own.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from orch_server.background.retention import Retention, RetentionPeriods
from orch_server.clock import SystemClock
from orch_server.storage.opening import open_store

_INTERVAL_SECONDS = 5.0


@asynccontextmanager
async def retention(url: str, window: timedelta) -> AsyncIterator[None]:
    """Runs that ended so long ago go, with all that belongs to them; answers to repeatable calls, too. As long as the
    block lasts; raises what a round raises."""
    opened = open_store(url, SystemClock(), pool_size=1)
    periods = RetentionPeriods(runs=window, logs=None, history=None, requests=window)
    try:
        async with asyncio.TaskGroup() as group:
            rounds = group.create_task(_rounds(Retention(opened.store, periods)))
            yield
            rounds.cancel()
    finally:
        await opened.close()


async def _rounds(service: Retention) -> None:
    while True:
        result = await service.run_once()
        if not result.more:
            await asyncio.sleep(_INTERVAL_SECONDS)
