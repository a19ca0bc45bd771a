"""A computer: its clock drifts, it pauses as a laptop that sleeps, it dies, and what runs on it with it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol

from tests.simulation.world.chance import SimulatedClock
from tests.simulation.world.setup import Fault
from tests.simulation.world.world import World


class Resident(Protocol):
    """What runs on a machine and looks at the clock first thing when it wakes up."""

    def wake(self) -> None:
        """The machine goes on after a pause."""
        ...


class Machine:
    """Where workers, processes and clients are."""

    def __init__(self, world: World, name: str) -> None:
        self.name = name
        self.residents: list[Resident] = []
        drifts = world.setup.has(Fault.DRIFT)
        pace = world.chance.choice((0.91, 0.91, 0.95, 1.0, 1.08)) if drifts else 1.0
        self.clock = SimulatedClock(world.loop.time, pace=pace)
        self._world = world
        self._going_on = asyncio.Event()
        self._going_on.set()
        self._tasks: dict[asyncio.Task[None], None] = {}

    @property
    def paused(self) -> bool:
        """Whether nothing goes on here now."""
        return not self._going_on.is_set()

    def pause(self) -> None:
        """Nothing goes on until `resume`."""
        self._world.say(self.name, "is paused")
        self._going_on.clear()

    def resume(self) -> None:
        """Go on; what looks at its clock does so before anything else."""
        if self.paused:
            self._world.say(self.name, "goes on")
            for resident in list(self.residents):
                resident.wake()
            self._going_on.set()

    async def turn(self) -> None:
        """Wait while the machine is paused."""
        await self._going_on.wait()

    async def sleep(self, seconds: float) -> None:
        """Let so many seconds pass by this machine's clock, and then the pause that it may be in."""
        await asyncio.sleep(max(seconds, 0.0) / self.clock.pace)
        await self._going_on.wait()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something on this machine. An error that nobody meant ends the simulation."""
        task = self._world.loop.create_task(work)
        self._tasks[task] = None
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._world.fail(error if isinstance(error, Exception) else RuntimeError(repr(error)))

    def crash(self) -> None:
        """Everything on it ends, at once."""
        self._world.say(self.name, "crashes")
        for task in list(self._tasks):
            task.cancel()
        self.residents.clear()
        self._going_on.set()
