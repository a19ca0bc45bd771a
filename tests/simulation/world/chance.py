"""Chance, ids and clocks of a simulation: all from its seed and its loop."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from tests.support.clock import START


class SeededIds:
    """UUIDs of version 7, as `orch_server.clock.TimeOrderedIds` makes them, with chance from a seed."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._last = 0

    def new(self, now: datetime) -> UUID:
        """A fresh id for the moment given."""
        stamp = max(int(now.timestamp() * 1000) << 12, self._last + 1)
        self._last = stamp
        milliseconds, counter = stamp >> 12, stamp & 0xFFF
        return UUID(int=milliseconds << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | self._chance.getrandbits(62))

    def random(self) -> UUID:
        """A UUID of version 4, as callers make for their requests."""
        return UUID(int=self._chance.getrandbits(128), version=4)


class SimulatedClock:
    """A clock on a simulated loop: `pace` seconds a second, and wrong by `offset_seconds` at the beginning."""

    def __init__(self, time: Callable[[], float], *, pace: float = 1.0, offset_seconds: float = 0.0) -> None:
        self.pace = pace
        self._time = time
        self._offset = offset_seconds

    def now(self) -> datetime:
        """The present moment, as this clock shows it."""
        return START + timedelta(microseconds=round((self._offset + self._time() * self.pace) * 1e6))

    def seconds(self) -> float:
        """The same as a monotonic clock has it."""
        return self._time() * self.pace
