"""The slow look behind the bells of all who look on: one question for everybody, however many screens are open.

Who waits for a run's news is rung by whoever makes them. A ring can be lost (a server dies between its commit and its
call), so the runs that somebody watches are compared with what they were, together, once a second. Who was rung within
that second has looked, or is about to: only changes that nobody rang for are told.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from contextvars import Context
from dataclasses import dataclass
from uuid import UUID

from orch_server.application.fence_rows import Mark
from orch_server.application.ports import Store
from orch_server.application.waiting import RELOOK_SECONDS, Bell

_logger = logging.getLogger(__name__)

_MOST_AT_ONCE = 500
"""Runs in one question."""


_UNKNOWN = object()


@dataclass(slots=True)
class _Look:
    """What somebody's run was at the last look that matters to them, and how often their bell had rung."""

    seen: object
    rings: int


class Onlookers:
    """Those who watch runs. Its task lives while there are any."""

    def __init__(self, store: Store, matter: Callable[[Mark], object]) -> None:
        """matter: what of a run matters to those who watch: where it is the same, nothing has changed for them."""
        self._store = store
        self._matter = matter
        self._bells: dict[UUID, dict[Bell, _Look]] = {}
        self._gone = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def watching(self, run_id: UUID, bell: Bell) -> AsyncIterator[None]:
        """Ring a bell when the run has changed, as long as the block lasts: within some two seconds, if nobody else
        did. The bell must be reset and the run looked at inside the block."""
        # What the run is at a watcher's own first look is not known here: they look once more.
        self._bells.setdefault(run_id, {})[bell] = _Look(_UNKNOWN, bell.rings)
        if self._task is None:
            self._gone = asyncio.Event()
            # It works for all who watch: its spans are not those of the call that happens to be first.
            self._task = asyncio.create_task(self._run(self._gone), context=Context())
        try:
            yield
        finally:
            await self._leave(run_id, bell)

    async def _leave(self, run_id: UUID, bell: Bell) -> None:
        bells = self._bells[run_id]
        del bells[bell]
        if not bells:
            del self._bells[run_id]
        if not self._bells and self._task is not None:
            task, self._task = self._task, None
            self._gone.set()
            await asyncio.wait([task])  # nothing of it is left when the database is closed

    async def _run(self, gone: asyncio.Event) -> None:
        while not await _happened(gone, within=RELOOK_SECONDS):
            try:
                await self._look()
            except Exception as error:  # whatever it is, bells ring on, and the next look may succeed
                _logger.warning("watched runs could not be looked at: %s", error)

    async def _look(self) -> None:
        watched = list(self._bells)
        for first in range(0, len(watched), _MOST_AT_ONCE):
            await self._compare(watched[first : first + _MOST_AT_ONCE])

    async def _compare(self, run_ids: Sequence[UUID]) -> None:
        found = await self._store.read(lambda tx: tx.fences.marks(run_ids))
        for run_id in run_ids:
            mark = found.get(run_id)
            seen = None if mark is None else self._matter(mark)
            for bell, look in tuple(self._bells.get(run_id, {}).items()):
                if look.seen != seen and look.rings == bell.rings:
                    bell.ring()
                    look.seen = seen
                look.rings = bell.rings


async def _happened(event: asyncio.Event, *, within: float) -> bool:
    try:
        async with asyncio.timeout(within):
            return await event.wait()
    except TimeoutError:
        return False
