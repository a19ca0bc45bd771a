"""Which fault comes when, by a seed."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic, monotonic_ns

from tests.chaos.faults import Fault, Harm
from tests.chaos.installation import Installation

_HANDS = ((0.5, 3.0), (4.0, 12.0))
"""Pauses between faults, in seconds, of each hand that does harm: so some come alone, and some two at a time."""

_LONGEST_SECONDS = 90.0
"""No fault takes that long, on any machine: one that does is a mistake of the chaos itself."""


@dataclass(frozen=True)
class Event:
    """A fault that was. Times are monotonic nanoseconds: the machine's, which no fault changes."""

    kind: str
    begin: int
    end: int
    harm: Harm


@dataclass
class Director:
    """Deals out faults from a shuffled deck of all kinds, so that each comes as often as the others."""

    installation: Installation
    faults: Mapping[str, Fault]
    chance: random.Random
    say: Callable[[str], None]
    events: list[Event] = field(default_factory=list)
    _deck: list[str] = field(default_factory=list)

    async def work(self, seconds: float) -> None:
        """Do harm for so long. What has begun by then is brought to its end."""
        until = monotonic() + seconds
        async with asyncio.TaskGroup() as group:
            for pauses in _HANDS:
                # Each has chances of its own: how long the other's faults take must not change what it does.
                group.create_task(self._hand(pauses, random.Random(self.chance.random()), until))

    async def _hand(self, pauses: tuple[float, float], chance: random.Random, until: float) -> None:
        while monotonic() + (pause := chance.uniform(*pauses)) < until:
            await asyncio.sleep(pause)
            await self.do(self._next(), chance)

    def _next(self) -> str:
        if not self._deck:
            self._deck = sorted(self.faults)
            self.chance.shuffle(self._deck)
        return self._deck.pop()

    async def do(self, kind: str, chance: random.Random) -> None:
        """One fault, from its beginning to its end."""
        begin = monotonic_ns()
        async with asyncio.timeout(_LONGEST_SECONDS):
            harm = await self.faults[kind](self.installation, chance)
        event = Event(kind, begin, monotonic_ns(), harm)
        self.events.append(event)
        where = " ".join(harm.machines)
        self.say(f"{kind}{' on ' if where else ''}{where}, for {(event.end - begin) / 1e9:.1f} s")
