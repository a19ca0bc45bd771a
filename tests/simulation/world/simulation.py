"""One seed, from its beginning to its end."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from orch_server.domain.leases import LeaseVerdict
from orch_server.domain.states import TERMINAL
from orch_server.storage.types import to_micros
from tests.simulation.world import endings
from tests.simulation.world.checking import Checker
from tests.simulation.world.clients import People
from tests.simulation.world.engine import Engine
from tests.simulation.world.loop import SimulatedLoop, StuckError
from tests.simulation.world.machines import Machine
from tests.simulation.world.network import Network
from tests.simulation.world.processes import POOL, Executions
from tests.simulation.world.servers import SimulatedServer
from tests.simulation.world.setup import Fault, Feature, Setup, setup_of
from tests.simulation.world.storm import Storm
from tests.simulation.world.workers import Worker
from tests.simulation.world.world import Violation, World

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_SILENCE_SECONDS = 120.0
"""When all is healed, a run comes to its end in this time, or none does any more."""
_ROUND_SECONDS = 3.0
"""In this time the scheduler has looked at everything."""
_CANCEL_ROUNDS = 20


@dataclass(frozen=True)
class Outcome:
    """What became of a seed."""

    seed: int
    violation: Violation | None
    digest: str
    steps: int
    commits: int
    seconds: float
    """Simulated ones."""
    lines: tuple[str, ...]


def simulate(seed: int, engine: Engine, *, whole_history: bool = False, setup: Setup | None = None) -> Outcome:
    """Run one seed. The same seed has the same history, always."""
    loop = SimulatedLoop()
    asyncio.set_event_loop(loop)
    try:
        world = World(setup or setup_of(seed), engine, loop, whole_history=whole_history)
        violation = _run(world, loop)
        history = world.history
        return Outcome(seed, violation, history.digest, history.count, world.commits, loop.time(), tuple(history.lines))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _run(world: World, loop: SimulatedLoop) -> Violation | None:
    world.engine.begin()
    scenario = Scenario(world)
    try:
        loop.run_until_complete(scenario.play())
    except Violation as violation:
        return violation
    except StuckError as error:
        return Violation(0, str(error))
    except Exception as error:
        return Violation(0, f"the control plane failed: {error!r}")
    finally:
        _cancel_all(loop)
    return None


def _cancel_all(loop: SimulatedLoop) -> None:
    """End what still goes on, so that nothing of this world is left."""
    loop.set_exception_handler(lambda loop, context: None)
    for _ in range(_CANCEL_ROUNDS):  # who catches it, or begins something anew, is told again
        tasks = asyncio.all_tasks(loop)
        if not tasks:
            break
        for task in tasks:
            task.cancel()
        with suppress(StuckError):
            loop.run_until_complete(asyncio.sleep(0))
    with suppress(StuckError):
        loop.run_until_complete(loop.shutdown_asyncgens())


class Scenario:
    """The parts of one world, and the order of its acts: set up, storm, heal, end."""

    def __init__(self, world: World) -> None:
        setup = world.setup
        self._world = world
        self._checker = Checker(world)
        self._executions = Executions(world)
        self._servers = [SimulatedServer(world, f"server-{n + 1}", self._checker) for n in range(setup.servers)]
        for server in self._servers:
            server.peers = self._servers
        self._network = Network(world, self._servers, self._checker)
        self._machines = [Machine(world, f"machine-{n + 1}") for n in range(setup.machines)]
        self._desk = Machine(world, "desk")
        self._people = People(world, self._network, self._desk, self._executions, self._checker)
        self._workers = [
            Worker(world, self._network, machine, self._executions, pool=POOL, slots=setup.slots)
            for machine in self._machines
        ]
        self._checker.executing = lambda run_id, token: [each.name for each in self._executions.of(run_id, token)]
        self._checker.deaf = self._is_deaf

    async def play(self) -> None:
        """All acts. Raises the first Violation."""
        play = self._world.loop.create_task(self._acts())
        failed = self._world.failed
        await asyncio.wait({play, failed}, return_when=asyncio.FIRST_COMPLETED)
        if failed.done():
            play.cancel()
            failed.result()
        play.result()

    async def _acts(self) -> None:
        world, setup = self._world, self._world.setup
        world.say("setup", _described(setup))
        for server in self._servers:
            server.start()
        await self._people.set_up()
        for worker in self._workers:
            worker.start()
        self._begin_users()
        storm = Storm(world, self._servers, self._machines, self._workers, self._network)
        await storm.blow()
        world.healed = True
        scheduled_until = to_micros(world.clock.now()) - 5_000_000
        await storm.heal()
        await self._end()
        world.closing = True
        endings.check(world, self._checker, self._people.catalog, scheduled_until=scheduled_until)
        world.say("setup", "all is well")

    def _begin_users(self) -> None:
        world, people, desk = self._world, self._people, self._desk
        desk.spawn(people.create_all())
        for feature in (Feature.CANCEL, Feature.RETRY, Feature.DELETE):
            if world.has(feature):
                desk.spawn(people.meddle(feature))
        wanted: dict[Feature, Callable[[], Any]] = {
            Feature.POOL_LIMIT: people.rule,
            Feature.DRAIN: people.drain,
            Feature.WATCH: people.watch,
            Feature.GHOSTS: lambda: people.haunt(desk),
        }
        for feature, begin in wanted.items():
            if world.has(feature):
                desk.spawn(begin())
        if world.has(Feature.RESTORE):
            desk.spawn(self._redeploy())
        for _ in range(world.setup.scripts):
            machine = world.chance.choice(self._machines)
            machine.spawn(people.script(machine))
        if world.setup.scripts:
            desk.spawn(people.resume(desk))

    async def _redeploy(self) -> None:
        while True:
            await self._desk.sleep(self._world.chance.uniform(4, 12))
            if self._world.healed:
                return
            await self._people.redeploy()

    async def _end(self) -> None:
        """Let time pass until everything has ended."""
        world = self._world
        worker = Worker(world, self._network, Machine(world, "last"), self._executions, pool=POOL, slots=6)
        worker.start()
        self._workers.append(worker)
        quiet, ended, until = 0, 0, world.loop.time() + _LONGEST_SILENCE_SECONDS
        await self._people.deployed.wait()
        await asyncio.sleep(_ROUND_SECONDS)
        while world.loop.time() < until and quiet < 2:
            await self._people.let_go()  # again and again: what the operator did before may arrive late
            await asyncio.sleep(1.0)
            runs = self._checker.now.runs.values()
            before, ended = ended, sum(run.state in TERMINAL for run in runs)
            quiet = quiet + 1 if ended == len(runs) else 0
            if ended > before:
                until = world.loop.time() + _LONGEST_SILENCE_SECONDS

    def _is_deaf(self, run_id: UUID, token: int) -> bool:
        """Whether a live process of this lease, whose worker is there, was not told to stop."""
        return any(
            process.held.run_id == run_id
            and process.held.token == token
            and process.begun
            and not process.over
            and process.verdict != LeaseVerdict.CANCEL
            for worker in self._workers
            for process in worker.processes
            if worker.session is not None
        )


def _described(setup: Setup) -> str:
    sizes = f"seed {setup.seed}: {setup.servers} servers, {setup.machines} machines of {setup.slots} slots"
    faults = "; ".join(each for each in Fault if each in setup.faults) or "none"
    features = "; ".join(each for each in Feature if each in setup.features) or "none"
    return f"{sizes}, {setup.runs} runs, TTL {setup.lease_ttl_seconds} s | faults: {faults} | features: {features}"
