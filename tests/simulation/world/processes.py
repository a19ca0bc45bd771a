"""What runs a run: a process that adopts its lease, beats, reports, logs, and stops when it is told to, or its time is
over. Exclusive ones keep their time by `orch_client.leases`, as the SDK and the worker do.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

import orch_client.leases
from orch_client.leases import LeaseClock
from orch_server.application.creation import Creation, Parent
from orch_server.application.errors import OrchError, Overloaded, Unavailable
from orch_server.application.holders import Heartbeat, HeldLease, Reported, SyncedLease
from orch_server.application.leases import HeartbeatAnswer
from orch_server.application.log_appends import LogAppend
from orch_server.application.task_runs import TaskReports
from orch_server.domain.leases import LeasePhase, LeaseVerdict
from orch_server.domain.runs import ReportVerdict, RunReport
from orch_server.domain.states import StateType
from tests.simulation.world.calls import Call
from tests.simulation.world.machines import Machine
from tests.simulation.world.network import Network, NoAnswerError
from tests.simulation.world.setup import Fault, Feature
from tests.simulation.world.world import Violation, World
from tests.support.plane import Held, new_run, reply

S = StateType

POOL = "pool"
_GONE = frozenset({LeaseVerdict.LOST, LeaseVerdict.FINISHED})


class Executions:
    """Which processes run the code of exclusive runs right now."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._running: dict[UUID, dict[Process, None]] = {}

    def begin(self, process: "Process") -> None:
        """A process begins to run code. Nobody else may be at it who is not asleep."""
        others = self._running.setdefault(process.held.run_id, {})
        for other in others:
            if other is not process and not other.machine.paused:
                name = self._world.history.name(process.held.run_id)
                text = f"{name} runs twice: {other.name} goes on while {process.name} begins"
                self._world.fail(Violation(8, text))
        others[process] = None

    def end(self, process: "Process") -> None:
        """It does no more."""
        self._running.get(process.held.run_id, {}).pop(process, None)

    def of(self, run_id: UUID, token: int) -> Iterator["Process"]:
        """Processes that are awake and run this run under this token."""
        for process in self._running.get(run_id, {}):
            if process.held.token == token and not process.machine.paused:
                yield process


@dataclass
class Plan:
    """What a process is going to do."""

    seconds: float
    end: StateType
    end_when_stopped: StateType = StateType.CANCELLED
    lines: int = 0
    child: bool = False
    adopts: bool = True
    exclusive: bool = False
    dies_after: float | None = None


@dataclass(eq=False)
class Process:
    """One attempt of a run."""

    world: World
    network: Network
    machine: Machine
    executions: Executions
    held: Held
    plan: Plan
    session: UUID | None = None
    """Of a worker that also vouches for it."""
    name: str = ""
    adopter: UUID = field(init=False)
    verdict: LeaseVerdict = LeaseVerdict.OK
    over: bool = False
    begun: bool = False
    heard_cancel: bool = False
    lease_clock: LeaseClock | None = None
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.adopter = self.world.ids.random()
        self.name = f"{self.world.history.name(self.held.run_id)}/{self.held.token}"
        self.machine.residents.append(self)
        self._sequence = 0
        self._tasks: list[asyncio.Task[None]] = []

    # Its life

    async def live(self) -> None:
        """From the start to the end."""
        try:
            if self.plan.adopts and not await self._adopt():
                return
            if self.plan.exclusive:
                self._tasks.append(self.machine.spawn(self._keep_time()))
            await self._run()
        finally:
            self._leave()

    def _leave(self) -> None:
        self.over = True
        self._stop.set()
        self.executions.end(self)
        if self in self.machine.residents:
            self.machine.residents.remove(self)
        for task in self._tasks:
            task.cancel()

    async def _run(self) -> None:
        if self.plan.exclusive:
            self.executions.begin(self)
        self.begun = True
        if await self._report(S.RUNNING) in {ReportVerdict.LOST, ReportVerdict.INVALID}:
            return
        await self._work()
        self.executions.end(self)
        if self.verdict in _GONE or self.stopped_by_itself:
            return
        await self._report(self.plan.end_when_stopped if self.verdict == LeaseVerdict.CANCEL else self.plan.end)

    @property
    def stopped_by_itself(self) -> bool:
        """Whether its time was over, by its own clock."""
        return self.plan.exclusive and self.lease_clock is not None and not self._may_go_on()

    def _may_go_on(self) -> bool:
        return self.lease_clock is None or self.lease_clock.may_go_on(self.machine.clock.seconds())

    async def _work(self) -> None:
        """The code: it takes its time, says something now and then, and can be stopped at any moment."""
        began = self.machine.clock.seconds()
        offset = await self._log_offset() if self.plan.lines else 0
        if self.world.has(Feature.TASKS):
            await self._report_tasks()
        for line in range(self.plan.lines):
            if self._stop.is_set():
                return
            offset = await self._log(offset, 1 + line % 3)
        if self.plan.child and not self._stop.is_set():
            await self._start_child()
        left = self.plan.seconds - (self.machine.clock.seconds() - began)
        try:
            async with asyncio.timeout(max(left, 0.0) / self.machine.clock.pace):
                await self._stop.wait()
        except TimeoutError:
            pass
        await self.machine.turn()

    def wake(self) -> None:
        """The machine goes on after a pause: whether the time is over is looked at before anything else."""
        if self.plan.exclusive and not self._may_go_on():
            self._stop_code()

    def _stop_code(self) -> None:
        self.executions.end(self)
        self._stop.set()

    def hear(self, verdict: LeaseVerdict) -> None:
        """What a heartbeat was answered."""
        if self.verdict in _GONE:
            return
        self.verdict = verdict
        if verdict == LeaseVerdict.CANCEL:
            self.heard_cancel = True
        if verdict in _GONE or verdict == LeaseVerdict.CANCEL:
            self._stop_code()

    async def _keep_time(self) -> None:
        """Stop the code before the lease can have expired."""
        while not self.over and self.lease_clock is not None:
            left = self.lease_clock.must_stop_at - self.machine.clock.seconds()
            if left <= 0:
                self.world.say(self.name, "stops itself: its time is over")
                self._stop_code()
                return
            await asyncio.sleep(left / self.machine.clock.pace)

    # Its calls

    async def _adopt(self) -> bool:
        """Take the place as holder; whether it is ours."""
        held, sent = self.held, self.machine.clock.seconds()

        async def once() -> float:
            nonlocal sent
            sent = self.machine.clock.seconds()
            granted = await self.network.send(
                self.machine,
                Call("adopt", (held,)),
                lambda server: server.plane.leases.adopt(held.run_id, held.token, self.adopter),
            )
            return granted.lease.ttl.total_seconds()

        while True:
            try:
                ttl = await once()
            except (NoAnswerError, Unavailable, Overloaded):
                await self.machine.sleep(0.3)
                continue
            except OrchError as error:
                self.world.say(self.name, f"may not adopt: {error.reason}")
                return False
            self.renewed(sent, ttl)
            self.world.say(self.name, "adopts")
            self._tasks.append(self.machine.spawn(self._beat(ttl / 3)))
            return True

    def renewed(self, sent_at: float, ttl_seconds: float) -> None:
        """A renewal was answered that had been sent then."""
        if self.lease_clock is None:
            margin = orch_client.leases.SafetyMargin()
            self.lease_clock = LeaseClock(sent_at=sent_at, ttl_seconds=ttl_seconds, margin=margin)
        else:
            self.lease_clock = self.lease_clock.renewed(sent_at=sent_at, ttl_seconds=ttl_seconds)

    async def _beat(self, seconds: float) -> None:
        """Heartbeats of its own, without a session, until it ends."""
        while not self.over:
            await self.machine.sleep(seconds)
            sent = self.machine.clock.seconds()
            try:
                answer = await beat(self.world, self.network, self.machine, None, [self.held])
            except (NoAnswerError, Unavailable, Overloaded):
                seconds = 0.5
                continue
            seconds = answer.next_sync.total_seconds()
            for synced in answer.synced.leases:
                self.take(synced, sent)

    def take(self, synced: SyncedLease, sent_at: float) -> None:
        """A verdict on this lease, by whoever asked."""
        if synced.ttl is not None:
            self.renewed(sent_at, synced.ttl.total_seconds())
        self.hear(synced.verdict)

    async def _report(self, state: StateType) -> ReportVerdict:
        self._sequence += 1
        reported = await report(self.world, self.network, self.machine, self.held, self._sequence, state)
        self.world.say(self.name, f"reports {state.name}: {reported.verdict.name}")
        return reported.verdict

    async def _log_offset(self) -> int:
        try:
            return await self.network.until_answered(
                self.machine, Call("look"), lambda server: server.logs.offset(self.held.run_id, "run")
            )
        except OrchError:
            return 0

    async def _log(self, offset: int, count: int) -> int:
        """Append lines, the number of each as its content; returns where the stream ends."""
        append = log_append(self.held, offset, count)
        try:
            done = await self.network.until_answered(
                self.machine, Call("append", (self.held,)), lambda server: server.logs.append(append)
            )
        except OrchError:
            return offset
        return done.committed_offset if done.verdict != ReportVerdict.LOST else offset

    async def _report_tasks(self) -> None:
        reports = TaskReports(self.held.run_id, self.held.token, ())
        try:
            await self.network.until_answered(
                self.machine, Call("tasks", (self.held,)), lambda server: server.task_runs.report(reports)
            )
        except OrchError as error:
            self.world.say(self.name, f"may not report task runs: {error.reason}")

    async def _start_child(self) -> None:
        key = f"child-{self.held.run_id.hex}"
        parent = Parent(self.held.run_id, self.held.token, None)
        wish = new_run(parent=parent, idempotency_key=key, work_pool_name=POOL)
        request = self.world.ids.random()
        try:
            made = await self.network.until_answered(
                self.machine,
                Call("create", (self.held,), key=key, request=request),
                lambda server: server.plane.creation.create(Creation(wish, reply(request))),
            )
        except OrchError as error:
            self.world.say(self.name, f"may not start a child: {error.reason}")
            return
        self.world.known.acknowledge(made.run.id, key)
        self.world.say(self.name, f"starts {self.world.history.name(made.run.id)}")


@contextmanager
def dying(process: Process) -> Iterator[None]:
    """In this context a process dies when its plan says so."""
    world, plan = process.world, process.plan
    if plan.dies_after is None or not world.has(Fault.PROCESS_CRASH):
        yield
        return
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("processes live in tasks")
    timer = world.loop.call_later(plan.dies_after, task.cancel)
    try:
        yield
    finally:
        timer.cancel()


def log_append(held: Held, offset: int, count: int) -> LogAppend:
    """Lines whose contents are their numbers."""
    lines = bytes(number % 256 for number in range(offset, offset + count))
    return LogAppend(held.run_id, held.token, "run", offset, count, 20, lines)


async def report(
    world: World, network: Network, machine: Machine, held: Held, sequence: int, state: StateType
) -> Reported:
    """Report a state until it is answered. The message says who reports, for the checker."""
    message = f"token {held.token} sequence {sequence}"
    item = RunReport(held.run_id, held.token, sequence, state, message=message)
    call = Call("report", (held,), sequence=sequence)
    [reported] = await network.until_answered(machine, call, lambda server: server.plane.leases.report([item]))
    return reported


async def beat(
    world: World,
    network: Network,
    machine: Machine,
    session: UUID | None,
    held: list[Held],
    *,
    draining: bool = False,
    deadline: float = 2.0,
) -> HeartbeatAnswer:
    """Send a heartbeat once. Raises as `Network.send`."""
    named = tuple(HeldLease(each.run_id, each.token, LeasePhase.RUNNING) for each in held)
    heartbeat = Heartbeat(session, named, draining)
    return await network.send(
        machine,
        Call("sync", tuple(held), session=session),
        lambda server: server.plane.leases.sync(heartbeat),
        deadline=deadline,
    )
