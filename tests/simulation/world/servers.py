"""One server: the real use cases over a real store, and what runs by itself. It crashes, stops and comes back."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from orch_server.application.errors import Overloaded, Unavailable
from orch_server.application.logs import Logs
from orch_server.application.task_runs import TaskRuns
from orch_server.application.work_pools import ensure_default_pool
from orch_server.background.limit_keeper import LimitKeeper
from orch_server.storage.store import SqlStore
from tests.conformance.conftest import Server
from tests.simulation.world.chance import SeededIds, SimulatedClock
from tests.simulation.world.checking import Checker
from tests.simulation.world.database import BusWakeups, SimulatedDatabase
from tests.simulation.world.setup import Fault, Feature
from tests.simulation.world.world import World
from tests.support.plane import SWEEP_SECONDS, Plane

_SCHEDULER_SECONDS = 1.0
_KEEPER_SECONDS = 2.0


def database_clock(world: World, server_clock: SimulatedClock) -> SimulatedClock:
    """Whose clock the database's statements see: the database's own, not the server's."""
    del server_clock
    return world.clock


class SimulatedServer:
    """One server of the control plane. `plane` is what it is while it is up."""

    def __init__(self, world: World, name: str, checker: Checker) -> None:
        self.name = name
        self.up = False
        self.paused = asyncio.Event()
        self.peers: list[SimulatedServer] = []
        self._world = world
        self._checker = checker
        self._going_on = asyncio.Event()
        self._going_on.set()
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._number = 0
        chance = world.chance
        drifts = world.setup.has(Fault.DRIFT)
        self._clock = SimulatedClock(
            world.loop.time,
            pace=chance.uniform(0.92, 1.08) if drifts else 1.0,
            offset_seconds=chance.uniform(-60, 60) if drifts else 0.0,
        )

    # Its life

    def start(self) -> None:
        """Begin, with nothing remembered."""
        world = self._world
        self._number += 1
        wakeups = BusWakeups(self._tell_peers)
        self.database = SimulatedDatabase(
            world.engine,
            database_clock(world, self._clock),
            world.setup,
            chance=world.chance,
            weather=world.weather,
            announce=wakeups.announce,
            committed=lambda: self._checker.committed(self.name),
            gate=self._going_on.wait,
        )
        store = SqlStore(self.database)
        ids = SeededIds(world.chance)
        self.wakeups = wakeups
        self.plane = Plane(
            Server(store, self.database, wakeups),
            self._clock,  # type: ignore[arg-type]
            ids=ids,
        )
        self.logs = Logs(store, wakeups)
        self.task_runs = TaskRuns(store)
        self.up = True
        world.say(self.name, f"starts ({self._number})")
        self.spawn(self._sweep())
        if world.has(Feature.SCHEDULES):
            self.spawn(self._fire())
        if world.has(Feature.DEPLOYMENT_LIMIT):
            self.spawn(self._keep_limits())

    def serves(self, plane: Plane) -> bool:
        """Whether it is up, and has not been started anew since it had these use cases."""
        return self.up and self.plane is plane

    def crash(self) -> None:
        """End at once: what was under way is lost, unless it was committed."""
        if not self.up:
            return
        self._world.say(self.name, "crashes")
        self.up = False
        self.database.dead = True
        for task in list(self._tasks):
            task.cancel()
        self.wakeups.close()
        self.resume()

    async def stop(self) -> None:
        """End as a SIGTERM ends it: waiters are let go, what is under way is answered."""
        if not self.up:
            return
        self._world.say(self.name, "stops")
        plane = self.plane
        self.wakeups.close()
        try:
            await plane.dispatcher.close()
            await plane.store.settle()
        finally:
            # Also where the storm is over meanwhile, and nobody waits for it any more.
            if plane is self.plane:
                self.crash()

    def pause(self) -> None:
        """As SIGSTOP: nothing goes on until `resume`."""
        if self.up:
            self._world.say(self.name, "is paused")
            self._going_on.clear()

    def resume(self) -> None:
        """As SIGCONT."""
        if not self._going_on.is_set():
            self._world.say(self.name, "goes on")
            self._going_on.set()

    async def turn(self) -> None:
        """Wait while the server is paused."""
        await self._going_on.wait()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something that ends with this server. An error that nobody meant ends the simulation."""
        task = self._world.loop.create_task(work)
        self._tasks[task] = None
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._world.fail(error if isinstance(error, Exception) else RuntimeError(repr(error)))

    def _tell_peers(self, topics: list[str]) -> None:
        for peer in self.peers:
            if peer is self or self._world.happens(Fault.LOST_WAKEUPS, 0.5):
                continue
            self._world.loop.call_later(self._world.chance.uniform(0.001, 0.01), peer.hear, topics)

    def hear(self, topics: list[str]) -> None:
        """Another server has committed something."""
        if self.up:
            self.wakeups.ring(topics)

    # What runs by itself

    async def _sweep(self) -> None:
        await self._try(self.plane.store.write(lambda tx: ensure_default_pool(tx, self.plane.ids)))
        while True:
            await self._try(self.plane.sweeper.run_once())
            await self._wait(SWEEP_SECONDS)

    async def _fire(self) -> None:
        while True:
            await self._try(self.plane.scheduler.run_once())
            await self._wait(_SCHEDULER_SECONDS)

    async def _keep_limits(self) -> None:
        keeper = LimitKeeper(self.plane.store)
        while True:
            await self._try(keeper.run_once())
            await self._wait(_KEEPER_SECONDS)

    async def _try(self, work: Coroutine[Any, Any, object]) -> None:
        try:
            await work
        except (Unavailable, Overloaded) as error:
            self._world.say(self.name, f"cannot reach the database: {error}")

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self._world.chance.uniform(0.9, 1.1))
        await self.turn()
