"""What all parts of one simulation share."""

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

from tests.simulation.world.calls import CallsUnderWay
from tests.simulation.world.chance import SeededIds, SimulatedClock
from tests.simulation.world.database import Weather
from tests.simulation.world.engine import Engine
from tests.simulation.world.history import History
from tests.simulation.world.loop import SimulatedLoop
from tests.simulation.world.setup import Fault, Feature, Setup

if TYPE_CHECKING:
    import asyncio


class Violation(Exception):
    """An invariant of docs/architecture.md does not hold. `invariant` is its number; 0: an error of no invariant."""

    def __init__(self, invariant: int, text: str) -> None:
        super().__init__(f"invariant {invariant}: {text}" if invariant else text)
        self.invariant = invariant
        self.text = text

    def __reduce__(self) -> tuple[type["Violation"], tuple[int, str]]:
        """It is told from one process to another."""
        return Violation, (self.invariant, self.text)


@dataclass
class Known:
    """What its people have seen of this world."""

    created: dict[UUID, str] = field(default_factory=dict)
    """Runs whose creation was acknowledged, with their idempotency keys."""
    deleted: set[UUID] = field(default_factory=set)
    scripts: dict[UUID, int] = field(default_factory=dict)
    """Runs that processes started themselves, with the newest token that was seen."""
    sessions: dict[UUID, str] = field(default_factory=dict)

    def acknowledge(self, run_id: UUID, key: str) -> None:
        """A create was answered with this run. Where it was deleted before the answer came, nothing is expected."""
        if run_id not in self.deleted:
            self.created[run_id] = key


class World:
    """One seed's world."""

    def __init__(self, setup: Setup, engine: Engine, loop: SimulatedLoop, *, whole_history: bool = False) -> None:
        self.setup = setup
        self.engine = engine
        self.loop = loop
        self.chance = Random(f"world {setup.seed}")
        self.ids = SeededIds(Random(f"ids {setup.seed}"))
        self.clock = SimulatedClock(loop.time)
        self.history = History(loop.time, whole=whole_history)
        self.weather = Weather()
        self.calls = CallsUnderWay()
        self.known = Known()
        self.healed = False
        self.closing = False
        self.commits = 0
        self.failed: asyncio.Future[None] = loop.create_future()

    def has(self, what: Fault | Feature) -> bool:
        """Whether the seed has it, and, for a fault, whether it is not healed yet."""
        return self.setup.has(what) and not (self.healed and isinstance(what, Fault))

    def happens(self, what: Fault, share: float) -> bool:
        """Whether a fault that the seed has happens now."""
        return self.has(what) and self.chance.random() < share

    def fail(self, error: Exception) -> None:
        """Something is wrong: the simulation ends with the first of these."""
        if not self.failed.done():
            self.history.add("CHECKER", f"{type(error).__name__}: {error}")
            self.failed.set_exception(error)

    def say(self, who: str, what: str) -> None:
        """Something happened."""
        self.history.add(who, what)
