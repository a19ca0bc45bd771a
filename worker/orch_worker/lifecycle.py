"""How far the worker is on its way out: not at all, draining, or stopping its runs."""

import asyncio
import logging

logger = logging.getLogger(__name__)


class Lifecycle:
    """Draining: nothing more is taken, and what runs may end. Stopping: what runs is stopped as well."""

    def __init__(self) -> None:
        self.draining = asyncio.Event()
        self.stopping = asyncio.Event()

    def drain(self, *, why: str) -> None:
        """Take nothing more. Twice is once."""
        if not self.draining.is_set():
            logger.info("draining", extra={"why": why})
            self.draining.set()

    def stop_runs(self, *, why: str) -> None:
        """Do not wait for the runs any longer."""
        self.drain(why=why)
        if not self.stopping.is_set():
            logger.warning("stopping the runs", extra={"why": why})
            self.stopping.set()
