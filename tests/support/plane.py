"""A control plane in process: the real use cases over a real store, under a clock that only the test moves.

It is wired as the server wires it, without the sockets. Time passes through `pass_time`, which sweeps as it goes, as a
server does; a server that was away is told by moving the clock instead.
"""

import asyncio
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any, Protocol, TypeAlias, TypeVar
from uuid import UUID, uuid4

from orch_server.application.creation import CreatedFlowRun, Creation, FlowRunCreation, NewFlowRun
from orch_server.application.deployments import DeploymentDraft, Deployments
from orch_server.application.dispatcher import Acquired, Dispatcher
from orch_server.application.flow_runs import FlowRuns
from orch_server.application.grants import GrantedLease
from orch_server.application.holders import Heartbeat, HeldLease, Reported, SyncedLease
from orch_server.application.lease_rows import LeaseView, Session, Wish
from orch_server.application.leases import HeartbeatAnswer, Leases
from orch_server.application.ports import Ids
from orch_server.application.process_runs import ProcessRuns, Start
from orch_server.application.replies import Reply
from orch_server.application.resuming import Resumption
from orch_server.application.schedules import Schedules
from orch_server.application.session_hints import SessionHints
from orch_server.application.starting import NewProcessRun
from orch_server.application.sweeping import Swept
from orch_server.application.telemetry import NoTelemetry, Telemetry
from orch_server.application.work_pools import WorkPoolDraft, WorkPools, ensure_default_pool
from orch_server.application.work_queues import WorkQueueDraft, WorkQueues
from orch_server.application.workers import NewSession, OpenedSession, Workers
from orch_server.background.lease_sweeper import LeaseSweeper
from orch_server.background.scheduler import Scheduler
from orch_server.clock import TimeOrderedIds
from orch_server.domain.deployments import Deployment
from orch_server.domain.flow_runs import NO_TRACE, FlowRun, FlowRunFilter
from orch_server.domain.launch import LaunchSpec
from orch_server.domain.leases import LeasePhase, ProcessHolder
from orch_server.domain.policies import NO_RECOVERY
from orch_server.domain.runs import ReportVerdict, RunReport
from orch_server.domain.states import LEASED, TERMINAL, StateChange, StateType
from orch_server.storage.database import Database
from orch_server.storage.store import SqlStore
from orch_server.storage.wakeups import LocalWakeups
from tests.support.clock import FakeClock

R = TypeVar("R")

Field: TypeAlias = Any
"""The value of a field that a test names as the use case does; the use case's own value checks it."""

TTL_SECONDS = 15
"""Of a lease of the default pool."""
SWEEP_SECONDS = 1
_MOST = 10_000


class ServerParts(Protocol):
    """One server's way to the database, as the fixtures of `tests/conformance` open it."""

    @property
    def store(self) -> SqlStore:
        """Its store."""
        ...

    @property
    def database(self) -> Database:
        """What the store is made of."""
        ...

    @property
    def wakeups(self) -> LocalWakeups:
        """Its wake-ups."""
        ...


def reply(request_id: UUID | None = None, *, method: str = "Call", fingerprint: bytes = b"") -> Reply[R, R]:
    """Answers with the use case's own result; with a `request_id`, so that the call may be repeated."""
    return Reply(request_id, method, fingerprint, _same, pickle.dumps, pickle.loads)


def _same(result: R) -> R:
    return result


_NEW = NewFlowRun(
    flow_name="etl",
    deployment_id=None,
    name="",
    parameters={},
    parameters_text="{}",
    tags=(),
    idempotency_key="",
    scheduled_time=None,
    work_pool_name="",
    work_queue_name="",
    retry_policy=None,
    recovery_policy=None,
    parent=None,
    trace=NO_TRACE,
    job_variables="",
)


def new_run(**fields: Field) -> NewFlowRun:
    """A wish for a run of the flow "etl" in the default pool, but for the fields given."""
    values = {name: getattr(_NEW, name) for name in _NEW.__match_args__}
    if fields.get("deployment_id") is not None:
        values["flow_name"] = ""
    return NewFlowRun(**(values | fields))


@dataclass(frozen=True)
class Held:
    """A lease as its holder knows it: a run and a token."""

    run_id: UUID
    token: int

    def named(self, phase: LeasePhase = LeasePhase.STARTING) -> HeldLease:
        """As it is named in a heartbeat."""
        return HeldLease(self.run_id, self.token, phase)


class Plane:
    """One server's use cases, and short words for what tests do with them."""

    def __init__(
        self,
        server: ServerParts,
        clock: FakeClock,
        *,
        chance: float = 0.5,
        telemetry: Telemetry | None = None,
        ids: Ids | None = None,
    ) -> None:
        store, wakeups, telemetry = server.store, server.wakeups, telemetry or NoTelemetry()
        self.store = store
        self.database = server.database
        self.wakeups = wakeups
        self.clock = clock
        self.ids: Ids = ids or TimeOrderedIds()
        self.hints = SessionHints(wakeups)
        self.dispatcher = Dispatcher(store, wakeups, self.hints, telemetry)
        self.leases = Leases(store, self.dispatcher, self.hints, lambda: chance, telemetry)
        self.workers = Workers(store, self.ids, wakeups, self.hints)
        self.creation: FlowRunCreation[CreatedFlowRun] = FlowRunCreation(store, self.ids, telemetry)
        self.process_runs: ProcessRuns[GrantedLease] = ProcessRuns(store, self.ids, telemetry)
        self.runs = FlowRuns(store, wakeups)
        self.pools = WorkPools(store, self.ids)
        self.queues = WorkQueues(store, self.ids)
        self.deployments = Deployments(store, self.ids)
        self.schedules = Schedules(store, self.ids)
        self.scheduler = Scheduler(store, self.ids, telemetry)
        self.sweeper = LeaseSweeper(store, telemetry, sweep_interval=timedelta(seconds=SWEEP_SECONDS))

    async def start(self) -> "Plane":
        """As a server starts: the default pool is there, and the first sweep, an amnesty, is over."""
        await self.store.write(lambda tx: ensure_default_pool(tx, self.ids))
        await self.sweeper.run_once()
        return self

    async def close(self) -> None:
        """End what waits here. The database is its fixture's."""
        self.wakeups.close()
        await self.dispatcher.close()

    # What users do

    async def create(self, **fields: Field) -> FlowRun:
        """Create a run; see `new_run`."""
        return (await self.creation.create(Creation(new_run(**fields), reply()))).run

    async def create_many(self, count: int, **fields: Field) -> list[FlowRun]:
        """Create so many runs in one call."""
        made = await self.creation.create_all([new_run(**fields)] * count, reply())
        return [each.run for each in made]

    async def cancel(self, run_id: UUID) -> FlowRun:
        """Ask for a stop."""
        return await self.runs.cancel(run_id, reason="enough", reply=reply())

    async def retry(self, run_id: UUID) -> FlowRun:
        """Ask for one more attempt."""
        return await self.runs.retry(run_id, reply())

    async def pool(self, name: str, **fields: Field) -> None:
        """Create a work pool."""
        await self.pools.create(WorkPoolDraft(name, **fields), reply())

    async def queue(self, name: str, *, pool: str = "default", **fields: Field) -> None:
        """Create a work queue."""
        await self.queues.create(WorkQueueDraft(pool, name, **fields), reply())

    async def pause_pool(self, *, paused: bool) -> None:
        """Pause the default pool, or let it go on."""
        await self.pools.update("default", {"paused": paused}, "", reply=reply())

    async def limit_pool(self, limit: int | None, *, name: str = "default") -> None:
        """Set a pool's concurrency limit."""
        await self.pools.update(name, {"concurrency_limit": limit}, "", reply=reply())

    async def deployment(self, name: str = "nightly", **fields: Field) -> Deployment:
        """Create a deployment of the flow "etl"."""
        return await self.deployments.create(
            DeploymentDraft("etl", name, LaunchSpec(entrypoint="etl.py:etl"), **fields), reply()
        )

    # What workers do

    async def open(
        self,
        name: str = "worker",
        *,
        pool: str = "default",
        queues: tuple[str, ...] = (),
        request_id: UUID | None = None,
    ) -> Session:
        """Open a session."""
        new = NewSession(name, pool, queues, 4, {}, (), "1")
        opened: OpenedSession = await self.workers.open(new, reply(request_id))
        return opened.session

    async def drain(self, session: Session) -> Session:
        """Ask a worker to drain."""
        return await self.workers.drain(session.id, reply())

    async def ask(
        self, session: Session, limit: int = 1, *, wait: float = 0, request_id: UUID | None = None
    ) -> Acquired:
        """Ask for runs."""
        return await self.leases.acquire(Wish(session.id, request_id or uuid4(), limit), wait_seconds=wait)

    async def acquire(
        self, session: Session, limit: int = 1, *, wait: float = 0, request_id: UUID | None = None
    ) -> list[Held]:
        """Ask for runs; what is granted, as its holder knows it."""
        return held_of((await self.ask(session, limit, wait=wait, request_id=request_id)).leases)

    async def waiting(self, count: int) -> None:
        """Wait until so many wishes wait here."""
        await until(lambda: self.dispatcher.waiting() >= count)

    async def granted(self, session: Session, **fields: Field) -> Held:
        """Create a run and have it granted to this session."""
        run = await self.create(**fields)
        [held] = await self.acquire(session)
        assert held.run_id == run.id
        return held

    async def running(self, session: Session, **fields: Field) -> Held:
        """Create a run, have it granted to this session, and report that it runs, as sequence 1."""
        held = await self.granted(session, **fields)
        reported = await self.report(held, 1, StateType.RUNNING)
        assert reported.verdict == ReportVerdict.ACCEPTED
        return held

    async def report(self, held: Held, sequence: int, state: StateType, **fields: Field) -> Reported:
        """Report one state."""
        [reported] = await self.leases.report([RunReport(held.run_id, held.token, sequence, state, **fields)])
        return reported

    async def beat(
        self, session: Session | None, *held: Held, phase: LeasePhase = LeasePhase.STARTING, draining: bool = False
    ) -> HeartbeatAnswer:
        """Send a heartbeat that names these leases. Without a session: as a run's process does."""
        named = tuple(each.named(phase) for each in held)
        return await self.leases.sync(Heartbeat(session.id if session else None, named, draining))

    async def verdict(self, session: Session | None, held: Held) -> SyncedLease:
        """Send a heartbeat for one lease; the verdict on it."""
        [synced] = (await self.beat(session, held)).synced.leases
        return synced

    async def adopt(self, held: Held, adopter_id: UUID | None = None, *, flow_version: str = "") -> GrantedLease:
        """Adopt a lease as a run's process does."""
        return await self.leases.adopt(held.run_id, held.token, adopter_id or uuid4(), flow_version=flow_version)

    async def release(self, held: Held) -> Reported:
        """Give one lease back."""
        [released] = await self.leases.release([held.named(LeasePhase.STARTING)], "given back")
        return released

    # What processes without a worker do

    def new_process_run(self, **fields: Field) -> NewProcessRun:
        """A run of the flow "etl" that a process of its own begins now, but for the fields given."""
        known: dict[str, Field] = {
            "flow_run_id": self.ids.new(self.clock.now()),
            "flow_name": "etl",
            "name": "",
            "parameters": "{}",
            "tags": (),
            "recovery_policy": NO_RECOVERY,
            "parent": None,
            "trace": NO_TRACE,
            "flow_version": "",
            "holder": new_holder(),
            "age": timedelta(),
        }
        return NewProcessRun(**known | fields)

    async def begin(self, new: NewProcessRun, *, request_id: UUID | None = None) -> GrantedLease:
        """Start a run as the process that runs it does."""
        return await self.process_runs.start(Start(new, reply(request_id)))

    async def begun(self, **fields: Field) -> Held:
        """Start a run of this process; see `new_process_run`."""
        granted = await self.begin(self.new_process_run(**fields))
        return Held(granted.run.id, granted.lease.token)

    async def resume(self, held: Held, *, request_id: UUID | None = None, **fields: Field) -> GrantedLease:
        """Take a run up again whose newest token is the one of `held`, as far as the process knows."""
        known: dict[str, Field] = {"holder": new_holder(), "flow_version": "", "take_over": False}
        return await self.process_runs.resume(
            Resumption(held.run_id, held.token, **known | fields), reply(request_id, method="Resume")
        )

    # Time

    async def sweep(self) -> Swept:
        """One round of the sweeper."""
        return await self.sweeper.run_once()

    async def pass_time(self, seconds: float, *, step: float = SWEEP_SECONDS) -> Swept:
        """Let time pass, sweeping every second as a server does; what the rounds did in all."""
        total, left = Swept(), seconds
        while left > 0:
            self.clock.advance(timedelta(seconds=min(step, left)))
            left -= step
            swept = await self.sweep()
            total = Swept(total.expired + swept.expired, total.extended + swept.extended)
        return total

    # What there is

    async def get(self, run_id: UUID) -> FlowRun:
        """A run."""
        return await self.runs.get(run_id)

    async def state(self, run_id: UUID) -> StateType:
        """The type of a run's state."""
        return (await self.get(run_id)).facts.state.type

    async def history(self, run_id: UUID) -> list[StateChange]:
        """Every state that a run has had."""
        return await self.store.read(lambda tx: tx.flow_runs.states(run_id, after_version=0, limit=_MOST))

    async def passed(self, run_id: UUID) -> list[StateType]:
        """The types of every state that a run has had."""
        return [change.state.type for change in await self.history(run_id)]

    async def live(self, session: Session | None = None) -> list[LeaseView]:
        """The leases that there are, of one session or of all."""
        session_id = session.id if session is not None else None
        return await self.store.read(
            lambda tx: tx.leases.page(work_pool_id=None, session_id=session_id, before=None, limit=_MOST)
        )

    async def lease_of(self, run_id: UUID) -> LeaseView | None:
        """A run's lease."""
        return next((view for view in await self.live() if view.lease.flow_run_id == run_id), None)

    async def all_runs(self) -> list[FlowRun]:
        """Every run."""
        return await self.store.read(lambda tx: tx.flow_runs.page(FlowRunFilter(), before=None, limit=_MOST))

    async def assert_sound(self) -> None:
        """What holds at every moment: leased states have leases of the newest token, histories are without gaps."""
        runs = {run.id: run for run in await self.all_runs()}
        leases = {view.lease.flow_run_id: view.lease for view in await self.live()}
        assert set(leases) == {run.id for run in runs.values() if run.facts.state.type in LEASED}
        for run_id, run in runs.items():
            facts = run.facts
            assert run_id not in leases or leases[run_id].token == facts.token
            assert facts.state.type == StateType.SCHEDULED or facts.state.type in LEASED | TERMINAL
            assert_history(await self.history(run_id), version=facts.version, state=facts.state.type)


def new_holder(name: str = "host/boot/7/100", *, ttl_seconds: float = TTL_SECONDS) -> ProcessHolder:
    """A process that holds runs without a worker."""
    return ProcessHolder(uuid4(), name, timedelta(seconds=ttl_seconds))


async def until(condition: Callable[[], bool], *, seconds: float = 30) -> None:
    """Let the event loop turn until something is so. For what happens in this process only: it never sleeps."""
    async with asyncio.timeout(seconds):
        for _ in count():
            if condition():
                return
            await asyncio.sleep(0)


def held_of(leases: Sequence[GrantedLease]) -> list[Held]:
    """Granted leases as their holder knows them."""
    return [Held(each.lease.flow_run_id, each.lease.token) for each in leases]


def assert_history(changes: Sequence[StateChange], *, version: int, state: StateType) -> None:
    """Versions rise by one from 1 to the run's own, tokens and times never fall, the last state is the run's."""
    assert [change.version for change in changes] == list(range(1, version + 1))
    tokens = [change.token for change in changes]
    assert tokens == sorted(tokens)
    times = [change.state.time for change in changes]
    assert times == sorted(times)
    assert changes[-1].state.type == state
