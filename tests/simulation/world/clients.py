"""Who uses the control plane: creates, cancels, retries, deletes, watches, drains, limits, schedules; scripts that run
runs themselves; and old holders that do not give up.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from orch_server.application.creation import Creation, Parent
from orch_server.application.deployments import DeploymentDraft
from orch_server.application.errors import OrchError
from orch_server.application.holders import HeldLease
from orch_server.application.process_runs import Start
from orch_server.application.replies import Reply
from orch_server.application.resuming import Resumption
from orch_server.application.schedules import ScheduleDraft
from orch_server.application.starting import NewProcessRun
from orch_server.application.task_runs import TaskReports
from orch_server.application.work_pools import WorkPoolDraft
from orch_server.application.work_queues import WorkQueueDraft
from orch_server.domain.deployment_schedules import Schedule
from orch_server.domain.flow_runs import NO_TRACE
from orch_server.domain.launch import LaunchSpec
from orch_server.domain.leases import LeasePhase, ProcessHolder
from orch_server.domain.policies import NO_RECOVERY, RecoveryPolicy, RetryPolicy
from orch_server.domain.schedules import CatchUpPolicy, IntervalSpec
from orch_server.domain.states import TERMINAL, StateType
from tests.simulation.world.calls import Call
from tests.simulation.world.checking import Checker
from tests.simulation.world.machines import Machine
from tests.simulation.world.network import Network, NoAnswerError, Use
from tests.simulation.world.processes import POOL, Executions, Plan, Process, beat, dying, log_append, report
from tests.simulation.world.setup import Fault, Feature
from tests.simulation.world.world import Violation, World
from tests.support.clock import START
from tests.support.plane import Field, Held, Plane, new_run, reply

R = TypeVar("R")

QUEUE = "narrow"
EVERY = timedelta(seconds=3)
"""Between two nominal times of the schedule."""


@dataclass
class Catalog:
    """What the operator has set up."""

    limited: UUID | None = None
    """A deployment with a limit."""
    scheduled: UUID | None = None
    """The deployment of the schedule."""
    schedule: Schedule | None = None
    first_time: datetime | None = None
    """Its first nominal time."""


class People:
    """All users of one simulated control plane, at one machine."""

    def __init__(
        self, world: World, network: Network, machine: Machine, executions: Executions, checker: Checker
    ) -> None:
        self.catalog = Catalog()
        self.deployed = asyncio.Event()
        """Cleared while the schedule is deleted, and created again."""
        self.deployed.set()
        self._world = world
        self._network = network
        self._machine = machine
        self._executions = executions
        self._checker = checker

    # The operator

    async def set_up(self) -> None:
        """Make the pool and what the seed wants besides, before anything goes wrong."""
        world = self._world
        limit = world.chance.randint(1, 3) if world.has(Feature.POOL_LIMIT) else None
        ttl = timedelta(seconds=world.setup.lease_ttl_seconds)
        pool = WorkPoolDraft(POOL, lease_ttl=ttl, concurrency_limit=limit)
        await self._change("pool", lambda plane, say: plane.pools.create(pool, say))
        if world.has(Feature.QUEUE_LIMIT):
            queue = WorkQueueDraft(POOL, QUEUE, concurrency_limit=1)
            await self._change("queue", lambda plane, say: plane.queues.create(queue, say))
        if world.has(Feature.DEPLOYMENT_LIMIT):
            self.catalog.limited = await self._deployment("limited", world.chance.randint(1, 2))
        if world.has(Feature.SCHEDULES):
            self.catalog.scheduled = await self._deployment("scheduled", None)
            self.catalog.schedule = await self._schedule()
            self.catalog.first_time = self.catalog.schedule.next_time

    async def _change(self, note: str, use: Callable[[Plane, Reply[Any, Any]], Awaitable[R]]) -> R:
        """Change something of the catalog, until it is answered."""
        request = self._world.ids.random()
        return await self._network.until_answered(
            self._machine, Call("change", request=request, note=note), lambda server: use(server.plane, reply(request))
        )

    async def _deployment(self, name: str, limit: int | None) -> UUID:
        draft = DeploymentDraft(
            "etl", name, LaunchSpec(entrypoint="etl.py:etl"), work_pool_name=POOL, concurrency_limit=limit
        )
        made = await self._change(name, lambda plane, say: plane.deployments.create(draft, say))
        found: UUID = made.id
        return found

    async def _schedule(self) -> Schedule:
        if self.catalog.scheduled is None:
            raise RuntimeError("a schedule needs its deployment")
        draft = ScheduleDraft(
            deployment_id=self.catalog.scheduled,
            spec=IntervalSpec(EVERY, anchor=START),
            name="often",
            catch_up_policy=CatchUpPolicy.ALL,
        )
        made: Schedule = await self._change("schedule", lambda plane, say: plane.schedules.create(draft, say))
        return made

    async def redeploy(self) -> None:
        """The schedule is deleted and created again, and as after a restore from a backup its last times are due."""
        schedule = self.catalog.schedule
        if schedule is None:
            return
        self.deployed.clear()
        name = "redeploys the schedule, with times that have fired"
        self._world.say("operator", name)
        old = schedule.id
        try:
            await self._change("forget", lambda plane, say: plane.schedules.delete(old, "", reply=say))
        except OrchError as error:
            self._world.say("operator", f"could not delete it: {error.reason}")
        again = self.catalog.schedule = await self._schedule()
        first = replace(again, next_time=self.catalog.first_time, version=again.version + 1)

        async def restore(plane: Plane, say: Reply[Any, Any]) -> bool:
            del say
            return await plane.store.write(lambda tx: tx.schedules.change(first, old_version=again.version))

        await self._change("restore", restore)
        self.deployed.set()

    async def rule(self) -> None:
        """Change the pool's limit now and then, and pause it."""
        world, chance = self._world, self._world.chance
        while not world.healed:
            await self._machine.sleep(chance.uniform(2, 8))
            limit = chance.randint(1, 4) if world.has(Feature.POOL_LIMIT) else None
            fields = {"concurrency_limit": limit, "paused": chance.random() < 0.15}
            world.say("operator", f"sets {fields}")
            await self._limit(fields)

    async def _limit(self, fields: dict[str, Field]) -> None:
        await self._change("pool", lambda plane, say: plane.pools.update(POOL, fields, "", reply=say))

    async def drain(self) -> None:
        """Ask workers to drain."""
        world, chance = self._world, self._world.chance
        while not world.healed:
            await self._machine.sleep(chance.uniform(2, 8))
            if not world.known.sessions or world.healed:
                continue
            session = chance.choice(list(world.known.sessions))
            world.say("operator", f"drains {world.history.name(session, 'session')}")
            await self._drain(session)

    async def _drain(self, session: UUID) -> None:
        request = self._world.ids.random()
        call = Call("drain", session=session, request=request)
        await self._ignoring_refusals(call, lambda server: server.plane.workers.drain(session, reply(request)))

    async def let_go(self) -> None:
        """Unlimited and not paused, at the end."""
        await self._limit({"concurrency_limit": None, "paused": False})
        if self.catalog.schedule is not None:
            schedule = self.catalog.schedule.id
            await self._change(
                "stop", lambda plane, say: plane.schedules.update(schedule, {"paused": True}, "", reply=say)
            )

    # Clients

    async def create(self, number: int) -> None:
        """Create one run, as often as it takes; where the answer comes twice, it is the same."""
        world, chance = self._world, self._world.chance
        key = f"key-{number}" if chance.random() < 0.7 else ""
        fields = self._wishes()
        wish = new_run(idempotency_key=key, **fields)
        request = world.ids.random()
        call = Call("create", key=key, request=request)
        again = key and chance.random() < 0.4
        made = await self._network.until_answered(
            self._machine, call, lambda server: server.plane.creation.create(Creation(wish, reply(request)))
        )
        self._acknowledged(made.run.id, key, number)
        if again:
            other = world.ids.random()
            made = await self._network.until_answered(
                self._machine,
                Call("create", key=key, request=other),
                lambda server: server.plane.creation.create(Creation(wish, reply(other))),
            )
            self._acknowledged(made.run.id, key, number)

    def _wishes(self) -> dict[str, Field]:
        world, chance = self._world, self._world.chance
        fields: dict[str, Field] = {
            "retry_policy": chance.choice(
                (None, RetryPolicy(max_retries=2), RetryPolicy(max_retries=1, delays=(timedelta(seconds=2),)))
            ),
            "recovery_policy": RecoveryPolicy(
                crash_restarts=chance.choice((0, 0, 1, 2)),
                exclusive=world.has(Feature.EXCLUSIVE) and chance.random() < 0.6,
            ),
        }
        if self.catalog.limited is not None and chance.random() < 0.5:
            return fields | {"deployment_id": self.catalog.limited}
        queue = QUEUE if world.has(Feature.QUEUE_LIMIT) and chance.random() < 0.5 else ""
        later = START + timedelta(seconds=world.loop.time() + chance.uniform(0, 8)) if chance.random() < 0.15 else None
        return fields | {"work_pool_name": POOL, "work_queue_name": queue, "scheduled_time": later}

    def _acknowledged(self, run_id: UUID, key: str, number: int) -> None:
        world = self._world
        world.say("client", f"created {world.history.name(run_id)} ({key or number})")
        self._checker.acknowledged(run_id, key)

    async def create_all(self) -> None:
        """Create runs, one after another and side by side."""
        world = self._world
        for number in range(world.setup.runs):
            self._machine.spawn(self.create(number))
            await self._machine.sleep(world.chance.expovariate(world.setup.runs / (world.setup.seconds * 0.6)))
            if world.healed:
                return

    async def meddle(self, feature: Feature) -> None:
        """Cancel, retry or delete a run now and then."""
        world, chance = self._world, self._world.chance
        while not world.healed:
            await self._machine.sleep(chance.uniform(0.5, 4))
            runs = self._candidates(feature)
            if runs:
                await self._meddle_once(feature, chance.choice(runs))

    def _candidates(self, feature: Feature) -> list[UUID]:
        now, known = self._checker.now, self._world.known
        names = [*known.created, *known.scripts]
        if feature == Feature.CANCEL:
            return [each for each in names if now.state(each) not in TERMINAL]
        return [each for each in known.created if now.state(each) in TERMINAL]

    async def _meddle_once(self, feature: Feature, run_id: UUID) -> None:
        world, request = self._world, self._world.ids.random()
        name = world.history.name(run_id)
        if feature == Feature.CANCEL:
            world.say("client", f"cancels {name}")
            await self._ignoring_refusals(
                Call("cancel", run=run_id),
                lambda server: server.plane.runs.cancel(run_id, reason="enough", reply=reply(request)),
            )
        elif feature == Feature.RETRY:
            world.say("client", f"retries {name}")
            await self._ignoring_refusals(
                Call("retry", run=run_id), lambda server: server.plane.runs.retry(run_id, reply(request))
            )
        else:
            world.say("client", f"deletes {name}")
            world.known.created.pop(run_id, None)
            world.known.deleted.add(run_id)
            await self._ignoring_refusals(
                Call("delete", run=run_id),
                lambda server: server.plane.runs.delete(run_id, etag="", reply=reply(request)),
            )

    async def _ignoring_refusals(self, call: Call, use: Use[object]) -> None:
        try:
            await self._network.until_answered(self._machine, call, use)
        except OrchError as error:
            self._world.say("client", f"{call.kind} is refused: {error.reason}")

    async def watch(self) -> None:
        """Look on at a run: what is seen never goes back."""
        world, chance = self._world, self._world.chance
        while not world.healed:
            await self._machine.sleep(chance.uniform(1, 3))
            if not world.known.created:
                continue
            await self._look_on(chance.choice(list(world.known.created)))

    async def _look_on(self, run_id: UUID) -> None:
        world, seen = self._world, 0
        try:
            async for run in self._network.stream(
                self._machine, lambda server: server.plane.runs.watch(run_id, after_version=0)
            ):
                if run.facts.version <= seen:
                    text = f"a watcher saw version {run.facts.version} after {seen}"
                    world.fail(Violation(5, f"{world.history.name(run_id)}: {text}"))
                seen = run.facts.version
        except (NoAnswerError, OrchError) as error:
            world.say("watcher", f"is interrupted: {type(error).__name__}")

    # Scripts

    async def script(self, machine: Machine) -> None:
        """A process that runs a run itself; another one takes it up where this one is lost."""
        world, chance = self._world, self._world.chance
        await machine.sleep(chance.uniform(0, world.setup.seconds / 2))
        holder = ProcessHolder(world.ids.random(), f"{machine.name}/1", timedelta(seconds=chance.choice((3, 5))))
        run_id = world.ids.new(machine.clock.now())
        new = NewProcessRun(
            flow_run_id=run_id,
            flow_name="script",
            name="",
            parameters="{}",
            tags=(),
            recovery_policy=chance.choice((NO_RECOVERY, RecoveryPolicy(crash_restarts=1))),
            parent=None,
            trace=NO_TRACE,
            flow_version="",
            holder=holder,
            age=timedelta(),
        )
        request = world.ids.random()
        world.known.scripts[run_id] = 1
        started = world.loop.create_task(self._started(machine, new, request))
        try:
            if await started:
                world.say(machine.name, f"runs {world.history.name(run_id)} itself")
                await self._see_through(machine, Held(run_id, 1), holder)
        finally:
            started.cancel()

    async def _started(self, machine: Machine, new: NewProcessRun, request: UUID) -> bool:
        try:
            await self._network.until_answered(
                machine,
                Call("start", run=new.flow_run_id, request=request),
                lambda server: server.plane.process_runs.start(Start(new, reply(request))),
            )
        except OrchError as error:
            self._world.say(machine.name, f"may not start its run: {error.reason}")
            return False
        return True

    async def _see_through(self, machine: Machine, held: Held, holder: ProcessHolder) -> None:
        world, chance = self._world, self._world.chance
        plan = Plan(
            chance.uniform(0, 10),
            chance.choice((StateType.COMPLETED, StateType.FAILED)),
            lines=chance.randint(0, 2) if world.has(Feature.LOGS) else 0,
            adopts=False,
            dies_after=chance.uniform(0, 6) if world.happens(Fault.PROCESS_CRASH, 0.6) else None,
        )
        process = Process(world, self._network, machine, self._executions, held, plan)
        beats = machine.spawn(self._beat(machine, process, holder.lease_ttl.total_seconds() / 3))
        try:
            with dying(process):
                await process.live()
        finally:
            beats.cancel()

    async def _beat(self, machine: Machine, process: Process, seconds: float) -> None:
        while not process.over:
            await machine.sleep(seconds)
            sent = machine.clock.seconds()
            try:
                answer = await beat(self._world, self._network, machine, None, [process.held])
            except (NoAnswerError, OrchError):
                seconds = 0.5
                continue
            seconds = answer.next_sync.total_seconds()
            for each in answer.synced.leases:
                process.take(each, sent)

    async def resume(self, machine: Machine) -> None:
        """Take lost runs of scripts up again, also at the end, until all have ended."""
        world, chance = self._world, self._world.chance
        while not world.closing:
            await machine.sleep(chance.uniform(1, 4))
            now = self._checker.now
            lost = [each for each in world.known.scripts if now.state(each) in {StateType.SCHEDULED, StateType.CRASHED}]
            held = [each for each in world.known.scripts if now.state(each) == StateType.RUNNING]
            if lost and (world.healed or chance.random() < 0.7):
                await self._take_up(machine, chance.choice(lost))
            elif held and not world.healed:
                await self._take_up(machine, chance.choice(held))

    async def _take_up(self, machine: Machine, run_id: UUID) -> None:
        world = self._world
        holder = ProcessHolder(world.ids.random(), f"{machine.name}/2", timedelta(seconds=4))
        stale = world.has(Feature.GHOSTS) and not world.healed and world.chance.random() < 0.4
        newest = self._checker.now.runs[run_id].token
        wish = Resumption(run_id, max(newest - stale, 1), holder, "", take_over=False)
        request = world.ids.random()
        call = Call("resume", (Held(run_id, wish.expected_token),), run=run_id, request=request)
        try:
            granted = await self._network.until_answered(
                machine, call, lambda server: server.plane.process_runs.resume(wish, reply(request))
            )
        except OrchError as error:
            world.say(machine.name, f"may not take {world.history.name(run_id)} up: {error.reason}")
            return
        world.say(machine.name, f"takes {world.history.name(run_id)} up")
        machine.spawn(self._see_through(machine, Held(run_id, granted.lease.token), holder))

    # Old holders

    async def haunt(self, machine: Machine) -> None:
        """Say and do in the name of a lease that is over whatever a holder can."""
        world, chance = self._world, self._world.chance
        while not world.healed:
            await machine.sleep(chance.uniform(0.3, 2))
            runs = self._checker.now.runs.values()
            old = [Held(run.id, chance.randint(1, run.token - 1)) for run in runs if run.token > 1]
            ended = [Held(run.id, run.token) for run in runs if run.token and run.state in TERMINAL]
            if old and (not ended or chance.random() < 0.8):
                held = chance.choice(old)
                deed = chance.choice(("sync", "report", "release", "adopt", "append", "tasks", "child", "script"))
            elif ended:
                held, deed = chance.choice(ended), "report"
            else:
                continue
            world.say("ghost", f"{deed} of {world.history.name(held.run_id)} with token {held.token}")
            try:
                async with asyncio.timeout(8):
                    await self._haunt_once(machine, held, deed)
            except (OrchError, NoAnswerError, TimeoutError) as error:
                world.say("ghost", f"is refused: {getattr(error, 'reason', type(error).__name__)}")

    async def _haunt_once(self, machine: Machine, held: Held, deed: str) -> None:
        world, network, call = self._world, self._network, (held,)
        if deed == "sync":
            await beat(world, network, machine, None, [held])
        elif deed == "report":
            ends = (StateType.COMPLETED, StateType.FAILED, StateType.RUNNING)
            await report(world, network, machine, held, 90, world.chance.choice(ends))
        elif deed == "release":
            leases = [HeldLease(held.run_id, held.token, LeasePhase.STARTING)]
            await network.send(machine, Call("release", call), lambda server: server.plane.leases.release(leases, ""))
        elif deed == "adopt":
            adopter = world.ids.random()
            await network.send(
                machine,
                Call("adopt", call),
                lambda server: server.plane.leases.adopt(held.run_id, held.token, adopter),
            )
        elif deed == "append":
            offset = self._checker.now.ends.get((held.run_id, "run"), 0)
            await network.send(
                machine, Call("append", call), lambda server: server.logs.append(log_append(held, offset, 2))
            )
        elif deed == "tasks":
            reports = TaskReports(held.run_id, held.token, ())
            await network.send(machine, Call("tasks", call), lambda server: server.task_runs.report(reports))
        else:
            await self._haunt_with_a_child(machine, held, of_its_own=deed == "script")

    async def _haunt_with_a_child(self, machine: Machine, held: Held, *, of_its_own: bool) -> None:
        world, network = self._world, self._network
        parent, request = Parent(held.run_id, held.token, None), world.ids.random()
        if not of_its_own:
            await network.send(
                machine,
                Call("create", (held,), request=request),
                lambda server: server.plane.creation.create(
                    Creation(new_run(parent=parent, work_pool_name=POOL), reply(request))
                ),
            )
            return
        holder = ProcessHolder(world.ids.random(), "ghost", timedelta(seconds=3))
        run_id = world.ids.new(machine.clock.now())
        new = NewProcessRun(run_id, "script", "", "{}", (), NO_RECOVERY, parent, NO_TRACE, "", holder, timedelta())
        await network.send(
            machine,
            Call("start", (held,), run=run_id, request=request),
            lambda server: server.plane.process_runs.start(Start(new, reply(request))),
        )
