"""One server's way to the database: as slow, and as often failing, as the seed has it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from random import Random
from typing import Literal, TypeVar

from orch_server.application.errors import Unavailable
from orch_server.application.ports import Clock, Topic
from orch_server.storage.database import Channel
from orch_server.storage.transaction import SqlTransaction
from orch_server.storage.wakeups import LocalWakeups
from tests.simulation.world.engine import Engine, RolledBackError
from tests.simulation.world.setup import Fault, Setup

R = TypeVar("R")


@dataclass
class Weather:
    """How the database is at the moment, for all servers. The storm changes it, healing ends it."""

    slow_seconds: float = 0.0
    failing: float = 0.0
    """The share of transactions that fail."""


class SimulatedDatabase:
    """What a server's store is made of (`orch_server.storage.database.Database`)."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        setup: Setup,
        *,
        chance: Random,
        weather: Weather,
        announce: Callable[[Iterable[Topic]], None],
        committed: Callable[[], None],
        gate: Callable[[], Awaitable[object]],
    ) -> None:
        """`gate` holds while the server is paused; `committed` is called after each commit, before anybody else."""
        self.kind: Literal["sqlite", "postgresql"] = engine.kind
        self.most_beside = 3
        self.dead = False
        self._engine = engine
        self._clock = clock
        self._chance = chance
        self._weather = weather
        self._announce = announce
        self._committed = committed
        self._gate = gate
        self._slow = setup.has(Fault.DATABASE_SLOW)

    async def write(self, work: Callable[[SqlTransaction], R], *, channel: Channel = "main") -> R:
        """Run a transaction, some time after it was asked for. It may fail before, within, or after the commit."""
        await self._travel()
        fate = self._chance.random() / self._weather.failing if self._weather.failing else 1.0
        if fate < 0.4:
            raise _away("it did not begin")
        if fate < 0.7:
            return self._undone(work)
        topics, result = self._engine.run(work, self._clock)
        self._committed()
        if fate < 1.0:
            raise _away("the answer to its commit was lost")
        # In an order of their own: a set's is another one in every process.
        self._announce(sorted(topics))
        return result

    def _undone(self, work: Callable[[SqlTransaction], R]) -> R:
        try:
            self._engine.run(work, self._clock, undo=True)
        except RolledBackError as error:
            raise _away("it was rolled back") from error
        raise AssertionError("a transaction that is undone has no result")

    async def read(self, work: Callable[[SqlTransaction], R]) -> R:
        """Read, some time after it was asked for."""
        await self._travel()
        if self._weather.failing and self._chance.random() < self._weather.failing * 0.4:
            raise _away("it did not begin")
        return self._engine.run(work, self._clock)[1]

    async def _travel(self) -> None:
        await asyncio.sleep(self._chance.uniform(0.0005, 0.004))
        if self._weather.slow_seconds:
            await asyncio.sleep(self._chance.uniform(0, self._weather.slow_seconds))
        await self._gate()
        if self.dead:
            raise _away("the server is gone")

    async def close(self) -> None:
        """Nothing runs after this."""
        self.dead = True


def _away(why: str) -> Unavailable:
    return Unavailable(f"A simulated transaction failed: {why}.", retry_after_seconds=0.2)


class BusWakeups(LocalWakeups):
    """A server's wake-ups: others hear them, too, a little later, unless they get lost."""

    def __init__(self, tell_others: Callable[[list[Topic]], None]) -> None:
        super().__init__()
        self._tell_others = tell_others

    def announce(self, topics: Iterable[Topic]) -> None:
        """Something has changed: here at once, elsewhere soon."""
        named = list(topics)
        self.ring(named)
        if named:
            self._tell_others(named)
