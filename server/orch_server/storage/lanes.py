"""Group commit: calls that come while a transaction is under way share the next one. A lone call waits for nobody."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from orch_server.application.errors import Overloaded, Unavailable
from orch_server.storage.database import Channel, Database
from orch_server.storage.transaction import SqlTransaction

Item = TypeVar("Item")
R = TypeVar("R")

_MAX_WAITING = 20_000
"""Beyond this the database cannot keep up; callers are told to come back rather than piled up in memory."""


class SqlLane(Generic[Item, R]):
    """One use case that takes many items at once. Batches run one after another.

    Where a batch as a whole fails, its items run again one by one, so that none suffers from another.
    """

    def __init__(
        self,
        database: Database,
        work: Callable[[SqlTransaction, Sequence[Item]], Sequence[R | Exception]],
        *,
        channel: Channel,
        max_batch: int,
    ) -> None:
        self._database = database
        self._work = work
        self._channel = channel
        self._max_batch = max_batch
        self._waiting: deque[tuple[Item, asyncio.Future[R]]] = deque()
        self._running: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> R:
        """Run the use case on this item, together with others', and wait for its own result."""
        if len(self._waiting) >= _MAX_WAITING:
            raise Overloaded("Too many calls wait for the database.", retry_after_seconds=1.0)
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._running is None:
            self._running = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        try:
            while self._waiting:
                count = min(len(self._waiting), self._max_batch)
                batch = [self._waiting.popleft() for _ in range(count)]
                live = [entry for entry in batch if not entry[1].done()]
                if live:
                    await self._run(live)
        finally:
            self._running = None

    async def _run(self, batch: Sequence[tuple[Item, asyncio.Future[R]]]) -> None:
        try:
            items = [item for item, _ in batch]
            results = await self._database.write(lambda tx: self._work(tx, items), channel=self._channel)
        except Exception as error:  # whatever it was belongs to the callers
            await self._apart(batch, error)
            return
        for (_, future), result in zip(batch, results, strict=True):
            _settle(future, result)

    async def _apart(self, batch: Sequence[tuple[Item, asyncio.Future[R]]], error: Exception) -> None:
        if len(batch) == 1 or isinstance(error, Unavailable | Overloaded):
            for _, future in batch:
                _settle(future, error)
            return
        for entry in batch:
            await self._run([entry])


def _settle(future: asyncio.Future[R], result: R | Exception) -> None:
    if future.done():  # its caller went away
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
