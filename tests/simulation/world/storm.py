"""Faults that come and go: who crashes, who pauses, which links are cut, how the database is."""

import asyncio
from collections.abc import Awaitable, Callable

from tests.simulation.world.machines import Machine
from tests.simulation.world.network import Network
from tests.simulation.world.servers import SimulatedServer
from tests.simulation.world.setup import Fault
from tests.simulation.world.workers import Worker
from tests.simulation.world.world import World

_ALMOST_NOTHING_SECONDS = 1e-6
"""Floats do not add up to the point."""


class Storm:
    """Brings the faults that the seed has, and heals them at the end."""

    def __init__(
        self,
        world: World,
        servers: list[SimulatedServer],
        machines: list[Machine],
        workers: list[Worker],
        network: Network,
    ) -> None:
        self._world = world
        self._servers = servers
        self._machines = machines
        self._workers = workers
        self._network = network
        self._deeds: dict[Fault, Callable[[], Awaitable[None]]] = {
            Fault.SERVER_CRASH: self._crash_server,
            Fault.SERVER_RESTART: self._restart_server,
            Fault.SERVER_PAUSE: self._pause_server,
            Fault.OUTAGE: self._outage,
            Fault.MACHINE_CRASH: self._crash_machine,
            Fault.WORKER_CRASH: self._crash_worker,
            Fault.PAUSE: self._pause_machine,
            Fault.PARTITION: self._cut,
            Fault.DATABASE_SLOW: self._slow_database,
            Fault.DATABASE_FAILS: self._failing_database,
        }

    async def blow(self) -> None:
        """One fault after another, and over each other, until the time is over."""
        world, chance = self._world, self._world.chance
        deeds = [self._deeds[fault] for fault in Fault if fault in self._deeds and world.has(fault)]
        until = world.loop.time() + world.setup.seconds
        under_way: list[asyncio.Task[None]] = []
        while (left := until - world.loop.time()) > _ALMOST_NOTHING_SECONDS:
            wait = chance.expovariate(0.35)
            await asyncio.sleep(min(wait, left))
            if deeds and wait < left:
                under_way.append(world.loop.create_task(self._brought(chance.choice(deeds))))
        for task in under_way:
            task.cancel()
        # A server that was being stopped is down when this returns, for `heal` to see.
        await asyncio.gather(*under_way, return_exceptions=True)

    async def _brought(self, deed: Callable[[], Awaitable[None]]) -> None:
        await deed()

    async def heal(self) -> None:
        """Nothing is broken from now on."""
        self._world.say("storm", "all is healed")
        self._world.weather.slow_seconds = self._world.weather.failing = 0.0
        self._network.cut.clear()
        for server in self._servers:
            server.resume()
            if not server.up:
                server.start()
        for machine in self._machines:
            machine.resume()
        for worker in self._workers:
            if worker.is_away():
                worker.crash()
                worker.start()

    # Servers

    async def _crash_server(self) -> None:
        server = self._world.chance.choice(self._servers)
        server.crash()
        await asyncio.sleep(self._world.chance.choice((0.05, self._world.chance.uniform(0.5, 8))))
        self._start(server)

    async def _restart_server(self) -> None:
        server = self._world.chance.choice(self._servers)
        await server.stop()
        await asyncio.sleep(self._world.chance.uniform(0.05, 2))
        self._start(server)

    def _start(self, server: SimulatedServer) -> None:
        if not server.up:
            server.start()

    async def _pause_server(self) -> None:
        server = self._world.chance.choice(self._servers)
        server.pause()
        await asyncio.sleep(self._world.chance.uniform(0.5, 10))
        server.resume()

    async def _outage(self) -> None:
        """Longer than any lease lasts."""
        for server in self._servers:
            server.crash()
        await asyncio.sleep(self._world.setup.lease_ttl_seconds + self._world.chance.uniform(1, 6))
        for server in self._servers:
            self._start(server)

    # Machines

    async def _crash_machine(self) -> None:
        worker = self._world.chance.choice(self._workers)
        worker.machine.crash()
        worker.session = None
        await asyncio.sleep(self._world.chance.uniform(0.1, 10))
        if worker.is_away():
            worker.start()

    async def _crash_worker(self) -> None:
        worker = self._world.chance.choice(self._workers)
        if worker.session is None:
            return
        if self._world.chance.random() < 0.4:
            worker.machine.spawn(worker.leave())
            return
        worker.crash()
        await asyncio.sleep(self._world.chance.uniform(0.1, 6))
        if worker.is_away():
            worker.start()

    async def _pause_machine(self) -> None:
        machine = self._world.chance.choice(self._machines)
        machine.pause()
        ttl = self._world.setup.lease_ttl_seconds
        await asyncio.sleep(self._world.chance.choice((self._world.chance.uniform(0.1, ttl), ttl * 1.7)))
        machine.resume()

    async def _cut(self) -> None:
        """One machine from some servers, or from all."""
        machine = self._world.chance.choice(self._machines)
        from_all = self._world.chance.random() < 0.5
        servers = [each for each in self._servers if from_all or self._world.chance.random() < 0.7]
        pairs = [(machine.name, server.name) for server in servers]
        self._world.say(
            "storm", f"{machine.name} does not reach {', '.join(each.name for each in servers) or 'nobody'}"
        )
        for pair in pairs:
            self._network.cut[pair] = None
        await asyncio.sleep(self._world.chance.uniform(0.5, self._world.setup.lease_ttl_seconds * 2.5))
        for pair in pairs:
            self._network.cut.pop(pair, None)

    # The database

    async def _slow_database(self) -> None:
        self._world.say("storm", "the database is slow")
        self._world.weather.slow_seconds = self._world.chance.uniform(0.05, 1.5)
        await asyncio.sleep(self._world.chance.uniform(1, 6))
        self._world.weather.slow_seconds = 0.0

    async def _failing_database(self) -> None:
        self._world.say("storm", "transactions fail")
        self._world.weather.failing = self._world.chance.choice((0.1, 0.3, 1.0))
        await asyncio.sleep(self._world.chance.uniform(0.5, 4))
        self._world.weather.failing = 0.0
