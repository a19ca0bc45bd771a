"""Starting flow runs that their own processes run: many callers' in one transaction, each answered apart.

Such a run is created, leased and RUNNING in one step. Its process made its id and need not wait for the answer.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from orch_server.application.creation import Parent, refuse_parent
from orch_server.application.errors import AlreadyExists, FailedPrecondition, InvalidArgument, OrchError
from orch_server.application.flows import KnownFlows
from orch_server.application.grants import GrantedLease
from orch_server.application.holders import restore
from orch_server.application.ports import Ids, Transaction, run_topic
from orch_server.domain.flow_runs import FlowRun, TraceContext
from orch_server.domain.launch import NO_LAUNCH_SPEC
from orch_server.domain.leases import Lease, ProcessHolder, process_lease
from orch_server.domain.policies import RecoveryPolicy
from orch_server.domain.process_runs import MAX_AGE, begin, create_time_near
from orch_server.domain.runs import RunFacts
from orch_server.domain.states import LEASED, TERMINAL
from orch_server.domain.values import value

_CLOCK_ERROR = timedelta(days=1)
"""How wrong a process's clock may be."""
_LAST_SECOND = 253402300799
"""Of the year 9999. An id has room for later times."""


@value
class NewProcessRun:
    """A run that a process has begun, `age` ago, under an id that it made: a UUID of version 7."""

    flow_run_id: UUID
    flow_name: str
    name: str
    parameters: str
    tags: tuple[str, ...]
    recovery_policy: RecoveryPolicy
    parent: Parent | None
    trace: TraceContext
    flow_version: str
    holder: ProcessHolder
    age: timedelta


@value
class Started:
    """What came of wishes, in their order: the run and its lease, or why it was refused. `created`: the new ones."""

    outcomes: tuple[GrantedLease | OrchError, ...]
    created: int


def start(tx: Transaction, ids: Ids, flows: KnownFlows, news: Sequence[NewProcessRun]) -> Started:
    """Create runs and lease them to their processes, all or some."""
    return _Starts(tx, flows.ids(tx, ids, {new.flow_name for new in news}), news).write()


class _Starts:
    """Runs to be started in one transaction."""

    def __init__(self, tx: Transaction, flow_ids: Mapping[str, UUID], news: Sequence[NewProcessRun]) -> None:
        self._tx = tx
        self._flow_ids = flow_ids
        self._news = news
        named = [new.flow_run_id for new in news] + [new.parent.flow_run_id for new in news if new.parent is not None]
        self._there: dict[UUID, RunFacts] = tx.flow_runs.lock(named)
        self._made: dict[UUID, GrantedLease] = {}

    def write(self) -> Started:
        """Start them; parents before their children, in whichever order they came."""
        found: dict[int, GrantedLease | OrchError] = {}
        waiting = list(range(len(self._news)))
        while waiting:
            unborn = {self._news[place].flow_run_id for place in waiting}
            ready = [place for place in waiting if _parent_of(self._news[place]) not in unborn] or waiting
            found |= {place: self._outcome(self._news[place]) for place in ready}
            waiting = [place for place in waiting if place not in found]
        made = list(self._made.values())
        self._tx.flow_runs.add([each.run for each in made], granted=[each.lease for each in made])
        parents = (each.run.parent_flow_run_id for each in made)
        self._tx.announce(*(run_topic(parent_id) for parent_id in parents if parent_id is not None))
        return Started(tuple(found[place] for place in range(len(self._news))), len(made))

    def _outcome(self, new: NewProcessRun) -> GrantedLease | OrchError:
        if new.flow_run_id in self._made:
            made = self._made[new.flow_run_id]
            return made if _is_its(made.run, new) else _taken(new)
        if new.flow_run_id in self._there:
            return self._again(new, self._there[new.flow_run_id])
        refusal = _refuse_id(new, self._tx.now) or refuse_parent(new.parent, self._there)
        if refusal is not None:
            return refusal
        facts = begin(new.flow_run_id, new.recovery_policy, begin_time=self._tx.now - new.age)
        lease = process_lease(facts.id, facts.token, new.holder, now=self._tx.now)
        self._made[facts.id] = GrantedLease(lease, self._run(new, facts), NO_LAUNCH_SPEC)
        self._there[facts.id] = facts
        return self._made[facts.id]

    def _run(self, new: NewProcessRun, facts: RunFacts) -> FlowRun:
        return FlowRun(
            facts=facts,
            name=new.name or f"{new.flow_name}-{new.flow_run_id.hex[-6:]}",
            flow_id=self._flow_ids[new.flow_name],
            flow_name=new.flow_name,
            deployment_id=None,
            deployment_version=0,
            work_queue_id=None,
            work_pool_name="",
            work_queue_name="",
            parameters=new.parameters,
            job_variables="",
            tags=new.tags,
            idempotency_key="",
            parent_flow_run_id=_parent_of(new),
            parent_task_run_id=new.parent.task_run_id if new.parent is not None else None,
            schedule_id=None,
            nominal_time=None,
            waits_for_schedule=False,
            trace=new.trace,
            create_time=create_time_near(id_time(new.flow_run_id), facts.state.time),
            update_time=self._tx.now,
            flow_version=new.flow_version,
            holder=new.holder,
        )

    def _again(self, new: NewProcessRun, facts: RunFacts) -> GrantedLease | OrchError:
        """The answer to a process that starts a run again which it had started, and still has or gets back."""
        run = self._tx.flow_runs.get([facts.id])[facts.id]
        if not _is_its(run, new):
            return _taken(new)
        lease = self._lease_of(facts)
        if lease is not None and facts.token == 1:
            return GrantedLease(lease, self._tx.flow_runs.get([facts.id])[facts.id], NO_LAUNCH_SPEC)
        ended = facts.token == 1 and facts.state.type in TERMINAL
        text = f"The run has ended: {facts.state.name}." if ended else "The run has been taken up again since."
        known = {"flow_run_id": str(facts.id)}
        return FailedPrecondition(f"{text} Stop.", reason="RUN_ENDED" if ended else "LEASE_LOST", metadata=known)

    def _lease_of(self, facts: RunFacts) -> Lease | None:
        if facts.state.type in LEASED:
            return self._tx.leases.get([facts.id]).get(facts.id)
        return restore(self._tx, [facts], {}).get(facts.id)


def _parent_of(new: NewProcessRun) -> UUID | None:
    return new.parent.flow_run_id if new.parent is not None else None


def _refuse_id(new: NewProcessRun, now: datetime) -> InvalidArgument | None:
    """Ids sort by the time in them, and old ones are cleared away by it: it must be near the truth."""
    made = id_time(new.flow_run_id)
    if now - MAX_AGE - _CLOCK_ERROR <= made <= now + _CLOCK_ERROR:
        return None
    text = (
        f"says that it was made at {made:%Y-%m-%d %H:%M} UTC, and it is {now:%Y-%m-%d %H:%M} now. Make the id when the "
        "run begins; if that is what happens, set the machine's clock."
    )
    return InvalidArgument.of("flow_run_id", text)


def _is_its(run: FlowRun, new: NewProcessRun) -> bool:
    return run.holder is not None and run.holder.id == new.holder.id


def _taken(new: NewProcessRun) -> AlreadyExists:
    hint = "Another process started it. Make a new UUID of version 7 for each run, or take it up with ResumeFlowRun."
    return AlreadyExists("flow run", str(new.flow_run_id), hint)


def id_time(run_id: UUID) -> datetime:
    """When a UUID of version 7 was made, by the clock of who made it (RFC 9562 §5.7)."""
    return datetime.fromtimestamp(min((run_id.int >> 80) / 1000, _LAST_SECOND), UTC)
