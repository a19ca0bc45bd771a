"""Workers by the rules of docs/worker_protocol.md: a session, long polls, heartbeats, hints, drains, restarts."""

import asyncio
from uuid import UUID

from orch_server.application.dispatcher import Acquired
from orch_server.application.errors import NotFound, OrchError, Overloaded, Unavailable
from orch_server.application.grants import GrantedLease
from orch_server.application.holders import HeldLease
from orch_server.application.lease_rows import Wish
from orch_server.application.workers import NewSession
from orch_server.domain.leases import LeasePhase
from orch_server.domain.states import StateType
from tests.simulation.world.calls import Call
from tests.simulation.world.machines import Machine
from tests.simulation.world.network import Network, NoAnswerError
from tests.simulation.world.processes import Executions, Plan, Process, beat, dying
from tests.simulation.world.setup import Fault, Feature
from tests.simulation.world.world import World
from tests.support.plane import Held, reply

_POLL_SECONDS = 4.0


class Worker:
    """One worker of a machine. Its processes may outlive it; a worker that comes back names them again."""

    def __init__(
        self, world: World, network: Network, machine: Machine, executions: Executions, *, pool: str, slots: int
    ) -> None:
        self.machine = machine
        self.processes: dict[Process, None] = {}
        self.session: UUID | None = None
        self.leaving = False
        """Whether it drains, after which it is gone for good."""
        self.drained = False
        """Whether it was asked to drain: then it ends its session, and is started anew."""
        self._world = world
        self._network = network
        self._executions = executions
        self._pool = pool
        self._slots = slots
        self._sync_now = asyncio.Event()
        self._name = machine.name
        self._tasks: list[asyncio.Task[None]] = []

    # Its life

    def start(self) -> None:
        """Begin, knowing nothing but the processes that still run on this machine."""
        self._tasks = [self.machine.spawn(self._live())]

    def is_away(self) -> bool:
        """Whether it has no session, and is not gone for good."""
        return self.session is None and not self.leaving

    def crash(self) -> None:
        """The worker dies, its processes live on."""
        self._world.say(self._name, "its worker crashes")
        for task in self._tasks:
            task.cancel()
        self.session = None

    async def _live(self) -> None:
        while not self.leaving:
            session = await self._open()
            if session is None:
                return
            self.session, self.drained = session, False
            self._world.known.sessions[session] = self._name
            ended = asyncio.Event()
            parts = [self._beat(session, ended), self._poll(session, ended), self._watch(session, ended)]
            tasks = [self.machine.spawn(part) for part in parts]
            self._tasks += tasks
            await ended.wait()
            for task in tasks:
                task.cancel()

    async def _open(self) -> UUID | None:
        request = self._world.ids.random()
        new = NewSession(self._name, self._pool, (), self._slots, {}, (), "1")
        try:
            opened = await self._network.until_answered(
                self.machine,
                Call("open", request=request),
                lambda server: server.plane.workers.open(new, reply(request)),
            )
        except OrchError as error:
            self._world.say(self._name, f"may not open a session: {error.reason}")
            return None
        self._world.say(self._name, f"opens {self._world.history.name(opened.session.id, 'session')}")
        return opened.session.id

    # Heartbeats

    async def _beat(self, session: UUID, ended: asyncio.Event) -> None:
        wait = 0.0 if self.processes else 1.0
        while True:
            await self._until_due(wait)
            self._sync_now.clear()
            alive = [each for each in self.processes if not each.over]
            sent = self.machine.clock.seconds()
            try:
                answer = await beat(
                    self._world,
                    self._network,
                    self.machine,
                    session,
                    [each.held for each in alive],
                    draining=self.leaving,
                )
            except NotFound:
                ended.set()
                return
            except (NoAnswerError, Unavailable, Overloaded):
                wait = 0.4
                continue
            wait = answer.next_sync.total_seconds()
            self.drained = answer.synced.drain
            by_key = {(each.flow_run_id, each.token): each for each in answer.synced.leases}
            for process in alive:
                process.take(by_key[process.held.run_id, process.held.token], sent)

    async def _until_due(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds / self.machine.clock.pace):
                await self._sync_now.wait()
        except TimeoutError:
            pass
        await self.machine.turn()

    async def _watch(self, session: UUID, ended: asyncio.Event) -> None:
        while not ended.is_set():
            try:
                async for _ in self._network.stream(self.machine, lambda server: server.plane.workers.watch(session)):
                    self._sync_now.set()
            except (NoAnswerError, OrchError):
                pass
            await self.machine.sleep(0.3)

    # Runs

    async def _poll(self, session: UUID, ended: asyncio.Event) -> None:
        while not self.leaving and not self.drained:
            room = self._slots - sum(not each.over for each in self.processes)
            if room <= 0:
                await self.machine.sleep(0.3)
                continue
            wish = Wish(session, self._world.ids.random(), room)
            try:
                acquired = await self._ask(wish)
            except NotFound:
                ended.set()
                return
            except OrchError as error:
                self._world.say(self._name, f"may not ask: {error.reason}")
                ended.set()
                return
            self.drained |= acquired.closed
            for each in acquired.leases:
                self._take(each, session)
            if acquired.sync_now:
                self._sync_now.set()
                await self.machine.sleep(0.1)
        if not self.leaving:
            await self._end_session(session)
            ended.set()

    async def _ask(self, wish: Wish) -> Acquired:
        """One wish, with the same id until it is answered."""
        call = Call("acquire", session=wish.session_id, request=wish.request_id)
        while True:
            try:
                return await self._network.send(
                    self.machine,
                    call,
                    lambda server: server.plane.leases.acquire(wish, wait_seconds=_POLL_SECONDS),
                    deadline=_POLL_SECONDS + 1.5,
                )
            except (NoAnswerError, Unavailable, Overloaded):
                await self.machine.sleep(0.2)

    def _take(self, granted: GrantedLease, session: UUID) -> None:
        world, chance = self._world, self._world.chance
        held = Held(granted.run.id, granted.lease.token)
        name = world.history.name(held.run_id)
        if any(each.held == held for each in self.processes):
            return  # the answer came twice
        if world.has(Feature.RELEASE) and chance.random() < 0.15:
            world.say(self._name, f"gives {name} back")
            self.machine.spawn(self._release(held))
            return
        exclusive = granted.run.facts.recovery_policy.exclusive
        plan = Plan(
            # What must stop by its own clock has to run for longer than a lease lasts.
            seconds=chance.uniform(4, 14)
            if exclusive
            else chance.choice((0.0, chance.uniform(0, 3), chance.uniform(2, 12))),
            end=chance.choices((StateType.COMPLETED, StateType.FAILED, StateType.CRASHED), (8, 2, 1))[0],
            # Code that is interrupted may fail by that, or be killed at last.
            end_when_stopped=chance.choices((StateType.CANCELLED, StateType.FAILED, StateType.CRASHED), (3, 1, 1))[0],
            lines=chance.randint(0, 4) if world.has(Feature.LOGS) else 0,
            child=world.has(Feature.CHILDREN) and granted.run.parent_flow_run_id is None and chance.random() < 0.3,
            adopts=exclusive or chance.random() < 0.6,
            exclusive=exclusive,
            dies_after=chance.uniform(0, 5) if world.happens(Fault.PROCESS_CRASH, 0.2) else None,
        )
        process = Process(world, self._network, self.machine, self._executions, held, plan, session)
        world.say(self._name, f"starts {process.name}")
        self.processes[process] = None
        self.machine.spawn(self._see_to(process))

    async def _see_to(self, process: Process) -> None:
        try:
            with dying(process):
                await process.live()
        finally:
            self.processes.pop(process, None)

    async def _release(self, held: Held) -> None:
        leases = [HeldLease(held.run_id, held.token, LeasePhase.STARTING)]
        await self._network.until_answered(
            self.machine, Call("release", (held,)), lambda server: server.plane.leases.release(leases, "given back")
        )

    async def leave(self) -> None:
        """As SIGTERM: drain, let what runs end, close the session."""
        self.leaving = True
        self._world.say(self._name, "drains")
        self._sync_now.set()
        if self.session is not None:
            await self._end_session(self.session)
            self.crash()

    async def _end_session(self, session: UUID) -> None:
        """Let what runs end, and close the session."""
        while any(not each.over for each in self.processes):
            await self.machine.sleep(0.5)
        try:
            await self._network.until_answered(
                self.machine, Call("close", session=session), lambda server: server.plane.workers.close(session)
            )
        except OrchError as error:
            self._world.say(self._name, f"may not close: {error.reason}")
