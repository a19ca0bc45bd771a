"""The store: a database and its lanes, as the use cases see it."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, TypeVar

from orch_server.application.ports import Lane, Transaction, Turn
from orch_server.application.telemetry import NoTelemetry, Telemetry
from orch_server.storage.database import Database
from orch_server.storage.lanes import CommitGroup
from orch_server.storage.measuring import TransactionMeter

_MOST_TOGETHER = 500
"""Items of calls that share a transaction: enough to make its cost small, few enough to keep it short."""

_UNMEASURED = TransactionMeter(NoTelemetry())
"""Reads are no transactions."""

R = TypeVar("R")
Item = TypeVar("Item")


class SqlStore:
    """The store's side of `application.ports.Store`."""

    def __init__(self, database: Database, telemetry: Telemetry | None = None) -> None:
        self._database = database
        self._meter = TransactionMeter(telemetry or NoTelemetry())
        self._together = CommitGroup(
            database.write, self._meter, max_batch=_MOST_TOGETHER, most_beside=database.most_beside
        )
        self._groups = [self._together]
        self._under_way: set[asyncio.Task[Any]] = set()

    @property
    def kind(self) -> Literal["sqlite", "postgresql"]:
        """Which database it is."""
        return self._database.kind

    async def write(self, work: Callable[[Transaction], R]) -> R:
        """Run `work` in one transaction: all of it is committed, or none.

        A caller who leaves does not stop it half-way: what is committed is also announced.
        """
        task = asyncio.create_task(self._write(work))
        self._under_way.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    async def _write(self, work: Callable[[Transaction], R]) -> R:
        with self._meter.alone(work):
            return await self._database.write(work)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # its caller, if still there, has it too

    async def settle(self) -> None:
        """Wait for the transactions that are under way."""
        await asyncio.gather(*self._under_way, *(group.settle() for group in self._groups), return_exceptions=True)

    async def read(self, work: Callable[[Transaction], R]) -> R:
        """Run `work`, which only reads."""
        return await self._database.read(work)

    def lane(
        self,
        work: Callable[[Transaction, Sequence[Item]], Sequence[R | Exception]],
        *,
        channel: Literal["main", "heartbeat", "reader"] = "main",
        max_batch: int = 500,
        turn: Turn | None = None,
        weigh: Callable[[Item], int] | None = None,
    ) -> Lane[Item, R]:
        """A lane for a use case that takes many items at once and answers each, with a result or an error."""
        if turn is not None:
            return self._together.lane(work, turn=turn, weigh=weigh)
        if channel == "reader":
            group = CommitGroup(self._database.read, _UNMEASURED, max_batch=max_batch, only_reads=True)
        else:
            group = CommitGroup(partial(self._database.write, channel=channel), self._meter, max_batch=max_batch)
        self._groups.append(group)
        return group.lane(work)
