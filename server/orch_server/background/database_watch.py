"""Watches whether the database answers, for the health service: who cannot work should get no new connections."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import timedelta

from orch_server.application.errors import OrchError
from orch_server.application.ports import Store
from orch_server.background.service import Service

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How often the database is asked, and how long it may take."""
PATIENCE_SECONDS = 3.0
"""A database that is away for less is a restart, or much to do: callers are told to come back, and that is all."""


class DatabaseWatch:
    """Tells when the database has been away for a while, and when it answers again."""

    def __init__(
        self,
        store: Store,
        tell: Callable[[bool], None],
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """tell: called with False when it is away, with True when it is back. clock: seconds, monotonic."""
        self._store = store
        self._tell = tell
        self._patience = patience_seconds
        self._clock = clock
        self._away_since: float | None = None
        self._is_told = False

    async def run_once(self) -> bool:
        """Look once. Whether the database has answered."""
        began = self._clock()
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._store.read(lambda tx: tx.now)
        except (OrchError, TimeoutError) as error:
            self._is_away(began, str(error) or "no answer in time")
            return False
        self._answers()
        return True

    def _is_away(self, since: float, cause: str) -> None:
        if self._away_since is None:
            self._away_since = since
        if not self._is_told and self._clock() - self._away_since >= self._patience:
            self._is_told = True
            self._tell(False)
            logger.warning("not serving: the database does not answer", extra={"cause": cause})

    def _answers(self) -> None:
        if self._is_told and self._away_since is not None:
            away = self._clock() - self._away_since
            self._tell(True)
            logger.info("serving again: the database answers", extra={"away_seconds": round(away, 1)})
        self._away_since, self._is_told = None, False

    async def _round(self) -> timedelta | None:
        await self.run_once()
        return None

    def service(self) -> Service:
        """The loop around it."""
        return Service("database watch", self._round, interval_seconds=LOOK_SECONDS)
