"""Group commit: calls that come while a transaction is under way share the next one. A lone call waits for nobody.

Sharing makes small calls cheap. Large ones, which bring hundreds of runs, are as cheap alone: they do not wait for each
other, so that the database works on one while the server prepares the next.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar, cast

from orch_server.application.errors import Overloaded, Unavailable
from orch_server.storage.measuring import TransactionMeter
from orch_server.storage.transaction import SqlTransaction

Item = TypeVar("Item")
R = TypeVar("R")
_TURN = attrgetter("turn")
Work = Callable[[SqlTransaction, Sequence[Item]], Sequence[R | Exception]]

_MAX_WAITING = 20_000
"""Beyond this the database cannot keep up; callers are told to come back rather than piled up in memory."""
_LARGE = 100
"""The weight from which a call is worth a transaction beside those under way."""


class RunTogether(Protocol):
    """How the use cases of a group run: in one transaction, or, where they only read, on one connection."""

    async def __call__(self, work: Callable[[SqlTransaction], R], /) -> R:
        """Run them."""
        ...


@dataclass(slots=True, eq=False)
class _Call:
    """One caller's item, what to do with it, and where its result goes."""

    work: Work[Any, Any]
    turn: int
    item: object
    weight: int
    future: asyncio.Future[Any]
    caller: str | None
    """Its traceparent, where telemetry is on."""

    def settle(self, result: object) -> None:
        if self.future.done():  # its caller went away
            return
        if isinstance(result, Exception):
            self.future.set_exception(result)
        else:
            self.future.set_result(result)


class CommitGroup:
    """Lanes whose calls share transactions: each use case runs once in a transaction, on all of its items.

    Use cases run in the order of their turns. Transactions run one after another, but for large calls. Where one fails
    as a whole, its use cases run again apart, and then its items one by one, so that none suffers from another.
    """

    def __init__(
        self,
        run: RunTogether,
        meter: TransactionMeter,
        *,
        max_batch: int,
        most_beside: int = 1,
        only_reads: bool = False,
    ) -> None:
        """max_batch: the weight at which a transaction is full; the last call may exceed it. most_beside: how many
        transactions may be under way at once. only_reads: whoever leaves waits for the end of what is under way, as it
        is worth nothing to anybody else."""
        self._run_together = run
        self._only_reads = only_reads
        self._meter = meter
        self._max_batch = max_batch
        self._most_beside = most_beside
        self._turns: dict[Work[Any, Any], int] = {}
        self._waiting: deque[_Call] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._ended: asyncio.Event | None = None

    def lane(
        self, work: Work[Item, R], *, turn: int = 0, weigh: Callable[[Item], int] | None = None
    ) -> "SqlLane[Item, R]":
        """A lane for one more use case. weigh: how much work an item brings; None: 1."""
        self._turns[work] = turn
        return SqlLane(self, work, weigh)

    async def submit(self, work: Work[Any, R], item: object, weight: int = 1) -> R:
        """Run a use case on an item, together with others', and wait for the item's own result."""
        if len(self._waiting) >= _MAX_WAITING:
            raise Overloaded("Too many calls wait for the database.", retry_after_seconds=1.0)
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Call(work, self._turns[work], item, weight, future, self._meter.caller()))
        if not self._running or (weight >= _LARGE and len(self._running) < self._most_beside):
            # Outside of the context, and so the span, of the call that happens to be first.
            self._running.add(asyncio.create_task(self._drain(), context=Context()))
        try:
            return await future
        except asyncio.CancelledError:
            if self._only_reads and self._ended is not None:
                await self._ended.wait()
            raise

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        while self._running:
            await asyncio.wait(self._running)

    async def _drain(self) -> None:
        try:
            while self._waiting:
                calls = self._next()
                ended = self._ended = asyncio.Event()
                try:
                    await self._run(calls)
                finally:
                    ended.set()
        finally:
            # At once, not when the task has ended: whoever comes in between would wait for nobody.
            self._running.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    def _next(self) -> list[_Call]:
        """Those whose turn it is and who still wait, up to a transaction's fill."""
        calls, weight = [], 0
        while self._waiting and weight < self._max_batch:
            call = self._waiting.popleft()
            weight += call.weight
            if not call.future.done():
                calls.append(call)
        return calls

    async def _run(self, calls: Sequence[_Call]) -> None:
        if not calls:
            return
        parts: dict[Work[Any, Any], list[_Call]] = {}
        for call in sorted(calls, key=_TURN):
            parts.setdefault(call.work, []).append(call)

        def together(tx: SqlTransaction) -> list[Sequence[object]]:
            return [work(tx, [call.item for call in part]) for work, part in parts.items()]

        try:
            with self._meter.together(parts, [call.caller for call in calls]):
                results = await self._run_together(together)
        except Exception as error:  # whatever it was belongs to the callers
            await self._apart(list(parts.values()), error)
            return
        for part, outcomes in zip(parts.values(), results, strict=True):
            for call, outcome in zip(part, outcomes, strict=True):
                call.settle(outcome)

    async def _apart(self, parts: Sequence[Sequence[_Call]], error: Exception) -> None:
        """The database being away or overloaded is everybody's trouble; else the trouble is looked for in parts."""
        calls = [call for part in parts for call in part]
        if len(calls) == 1 or isinstance(error, Unavailable | Overloaded):
            for call in calls:
                call.settle(error)
            return
        for part in parts if len(parts) > 1 else [[call] for call in calls]:
            await self._run(part)


class SqlLane(Generic[Item, R]):
    """The store's side of `application.ports.Lane`."""

    def __init__(self, group: CommitGroup, work: Work[Item, R], weigh: Callable[[Item], int] | None) -> None:
        self._group = group
        self._work = work
        self._weigh = weigh

    async def submit(self, item: Item) -> R:
        """Run the use case on this item, together with others', and wait for its own result."""
        return await self._group.submit(self._work, item, self._weigh(item) if self._weigh is not None else 1)
