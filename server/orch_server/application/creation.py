"""Creating flow runs: many callers' runs in one transaction, each answered apart.

An acknowledged create survives any crash: the run's row, its first state and the answer are committed together.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from orch_server.application.concurrency import SkipLimits
from orch_server.application.errors import FailedPrecondition, InvalidArgument, NotFound, OrchError
from orch_server.application.flows import KnownFlows
from orch_server.application.parameter_schemas import unfit
from orch_server.application.ports import Ids, Lane, Store, Transaction, Turn, pool_topic, run_topic
from orch_server.application.replies import A, R, Reply, once, once_each
from orch_server.application.telemetry import RUNS_CREATED, Telemetry
from orch_server.application.work_queues import queue_not_found, resolve_queues
from orch_server.domain.deployments import RunTemplate
from orch_server.domain.flow_runs import FlowRun, TraceContext
from orch_server.domain.new_runs import queued
from orch_server.domain.policies import NO_RECOVERY, NO_RETRY, RecoveryPolicy, RetryPolicy
from orch_server.domain.runs import RunFacts
from orch_server.domain.states import LEASED
from orch_server.domain.values import value

B = TypeVar("B")


@value
class Parent:
    """The run that asks for a child run, its newest token, and the task run that stands for the child."""

    flow_run_id: UUID
    token: int
    task_run_id: UUID | None


@value
class NewFlowRun:
    """What to run: exactly one of `flow_name` and `deployment_id`. None and empty mean: as the deployment says."""

    flow_name: str
    deployment_id: UUID | None
    name: str
    parameters: Mapping[str, object]
    parameters_text: str
    tags: tuple[str, ...]
    idempotency_key: str
    scheduled_time: datetime | None
    work_pool_name: str
    work_queue_name: str
    retry_policy: RetryPolicy | None
    recovery_policy: RecoveryPolicy | None
    parent: Parent | None
    trace: TraceContext
    job_variables: str


@value
class CreatedFlowRun:
    """The run, and whether it is new: False where its idempotency key was used before."""

    run: FlowRun
    created: bool


@value
class Creation(Generic[A]):
    """One caller's wish for a run, and how it wants to be answered."""

    new: NewFlowRun
    reply: Reply[CreatedFlowRun, A]


class FlowRunCreation(Generic[A]):
    """Creates flow runs. `A` is what callers are answered with."""

    def __init__(self, store: Store, ids: Ids, telemetry: Telemetry) -> None:
        self._store = store
        self._ids = ids
        self._flows = KnownFlows()
        self._telemetry = telemetry
        self._lane: Lane[Creation[A], A] = store.lane(self._create_each, turn=Turn.CREATE)

    async def create(self, creation: Creation[A]) -> A:
        """Create a run.

        Raises NotFound for an unknown deployment, pool or queue, FailedPrecondition for a lost parent.
        """
        return await self._lane.submit(creation)

    async def create_all(self, news: Sequence[NewFlowRun], reply: Reply[Sequence[CreatedFlowRun], B]) -> B:
        """Create many runs, or, where one cannot be, none."""

        def work(tx: Transaction) -> Sequence[CreatedFlowRun]:
            outcomes = _Batch(tx, self._ids, self._flows, news).create()
            for place, outcome in enumerate(outcomes):
                if isinstance(outcome, OrchError):
                    raise _of_request(place, outcome)
            self._count(outcomes)
            return [outcome for outcome in outcomes if isinstance(outcome, CreatedFlowRun)]

        return await self._store.write(lambda tx: once(tx, reply, lambda: work(tx)))

    def _create_each(self, tx: Transaction, creations: Sequence[Creation[A]]) -> list[A | Exception]:
        def work(places: Sequence[int]) -> Sequence[CreatedFlowRun | OrchError]:
            outcomes = _Batch(tx, self._ids, self._flows, [creations[place].new for place in places]).create()
            self._count(outcomes)
            return outcomes

        return once_each(tx, [each.reply for each in creations], work)

    def _count(self, outcomes: Iterable[CreatedFlowRun | OrchError]) -> None:
        """Not those that were refused, or whose key was used before."""
        made = sum(isinstance(each, CreatedFlowRun) and each.created for each in outcomes)
        if made:
            self._telemetry.count(RUNS_CREATED, made)


def _of_request(place: int, error: OrchError) -> OrchError:
    """Why one of many requests was refused, told to who sent all of them."""
    if isinstance(error, InvalidArgument):
        return error.within(f"requests[{place}].")
    error.message = f"requests[{place}]: {error.message} Nothing was created."
    error.args = (error.message,)
    return error


def refuse_parent(parent: Parent | None, runs: Mapping[UUID, RunFacts]) -> OrchError | None:
    """Why a parent, one of these locked runs, may not have this child; None where it may.

    A child run is a write of its parent's holder: an old token may not make one.
    """
    if parent is None:
        return None
    facts = runs.get(parent.flow_run_id)
    if facts is None:
        return NotFound("flow run", str(parent.flow_run_id), "It was named as the parent.")
    held = facts.state.type in LEASED or facts.lost_from is not None
    if facts.token != parent.token or not held:
        text = "The parent's lease is lost or the parent has ended; it may not start child runs. Stop it."
        return FailedPrecondition(text, reason="LEASE_LOST", metadata={"flow_run_id": str(parent.flow_run_id)})
    return None


class _Batch:
    """Runs to be created in one transaction: what they refer to is looked up together, then each is made or refused."""

    def __init__(self, tx: Transaction, ids: Ids, flows: KnownFlows, news: Sequence[NewFlowRun]) -> None:
        self._tx = tx
        self._ids = ids
        self._news = news
        self._templates = tx.deployments.run_templates(
            sorted({new.deployment_id for new in news if new.deployment_id is not None})
        )
        self._skip_limits = SkipLimits(tx, self._templates.values())
        self._flows = flows.ids(tx, ids, {new.flow_name for new in news if new.flow_name})
        self._queues = resolve_queues(tx, {pair for new in news if (pair := self._queue_of(new)) is not None})
        keys = sorted({(scope, key) for new in news if (scope := self._scope(new)) and (key := new.idempotency_key)})
        known = tx.flow_runs.find_by_key(keys)
        found = tx.flow_runs.get(list(known.values())) if known else {}
        self._by_key = {key: found[run_id] for key, run_id in known.items()}
        self._parents = tx.flow_runs.hold([new.parent.flow_run_id for new in news if new.parent is not None])

    def create(self) -> list[CreatedFlowRun | OrchError]:
        """Make them; what stands in a run's place is why it was refused."""
        outcomes = [self._outcome(new) for new in self._news]
        runs = [outcome.run for outcome in outcomes if isinstance(outcome, CreatedFlowRun) and outcome.created]
        self._tx.flow_runs.add(runs)
        for run in runs:
            if run.facts.work_pool_id is not None:
                self._tx.announce(pool_topic(run.facts.work_pool_id))
            if run.parent_flow_run_id is not None:
                self._tx.announce(run_topic(run.parent_flow_run_id))
        return outcomes

    def _scope(self, new: NewFlowRun) -> UUID | None:
        return new.deployment_id or self._flows.get(new.flow_name)

    def _queue_of(self, new: NewFlowRun) -> tuple[str, str] | None:
        """The pool and queue that must be looked up by name; None where the deployment's are meant."""
        if new.deployment_id is None:
            return new.work_pool_name, new.work_queue_name
        template = self._templates.get(new.deployment_id)
        if template is None or not (new.work_pool_name or new.work_queue_name):
            return None
        return new.work_pool_name or template.work_pool_name, new.work_queue_name

    def _outcome(self, new: NewFlowRun) -> CreatedFlowRun | OrchError:
        template = self._templates.get(new.deployment_id) if new.deployment_id is not None else None
        if new.deployment_id is not None and template is None:
            return NotFound("deployment", str(new.deployment_id))
        pair = self._queue_of(new)
        if pair is not None and pair not in self._queues:
            return queue_not_found(self._tx, *pair)
        refusal = refuse_parent(new.parent, self._parents)
        if refusal is not None:
            return refusal
        scope = self._scope(new)
        key = (scope, new.idempotency_key) if scope is not None and new.idempotency_key else None
        if key is not None and key in self._by_key:
            return CreatedFlowRun(self._by_key[key], created=False)
        misfit = _misfit(new, template) if template is not None and template.parameter_schema else None
        if misfit is not None:
            return misfit
        run = self._made(new, template, pair)
        if key is not None:
            self._by_key[key] = run
        return CreatedFlowRun(run, created=True)

    def _made(self, new: NewFlowRun, template: RunTemplate | None, pair: tuple[str, str] | None) -> FlowRun:
        now = self._tx.now
        run_id = self._ids.new(now)
        if pair is not None:
            pool_id, queue_id = self._queues[pair]
            names = (pair[0] or "default", pair[1] or "default")
        elif template is not None:
            pool_id, queue_id = template.work_pool_id, template.work_queue_id
            names = (template.work_pool_name, template.work_queue_name)
        else:
            raise AssertionError("a run without a deployment always names a queue")
        flow_id = template.flow_id if template is not None else self._flows[new.flow_name]
        flow_name = template.flow_name if template is not None else new.flow_name
        return FlowRun(
            facts=self._facts(run_id, new, template, pool_id),
            name=new.name or f"{flow_name}-{run_id.hex[-6:]}",
            flow_id=flow_id,
            flow_name=flow_name,
            deployment_id=new.deployment_id,
            deployment_version=template.version if template is not None else 0,
            work_queue_id=queue_id,
            work_pool_name=names[0],
            work_queue_name=names[1],
            parameters=_parameters(new, template),
            job_variables=new.job_variables,
            tags=tuple(sorted({*new.tags, *(template.tags if template is not None else ())})),
            idempotency_key=new.idempotency_key,
            parent_flow_run_id=new.parent.flow_run_id if new.parent is not None else None,
            parent_task_run_id=new.parent.task_run_id if new.parent is not None else None,
            schedule_id=None,
            nominal_time=None,
            waits_for_schedule=False,
            trace=new.trace,
            create_time=now,
            update_time=now,
            deployment_name=template.deployment_name if template is not None else "",
        )

    def _facts(self, run_id: UUID, new: NewFlowRun, template: RunTemplate | None, pool_id: UUID) -> RunFacts:
        now = self._tx.now
        facts = queued(
            run_id,
            now=now,
            scheduled_time=max(new.scheduled_time or now, now),
            retry_policy=_first(new.retry_policy, template.retry_policy if template else None, NO_RETRY),
            recovery_policy=_first(new.recovery_policy, template.recovery_policy if template else None, NO_RECOVERY),
            work_pool_id=pool_id,
        )
        return facts if template is None else self._skip_limits.applied(facts, template, now=now)


def _first(given: R | None, from_deployment: R | None, otherwise: R) -> R:
    if given is not None:
        return given
    return from_deployment if from_deployment is not None else otherwise


def _misfit(new: NewFlowRun, template: RunTemplate) -> InvalidArgument | None:
    of_deployment = json.loads(template.parameters) if template.parameters else {}
    return unfit(template.parameter_schema, {**of_deployment, **new.parameters}, "parameters_json")


def _parameters(new: NewFlowRun, template: RunTemplate | None) -> str:
    """The run's parameters over the deployment's defaults; where there are none, the caller's text byte for byte."""
    if template is None or not template.parameters or template.parameters == "{}":
        return new.parameters_text or "{}"
    return json.dumps({**json.loads(template.parameters), **new.parameters})
