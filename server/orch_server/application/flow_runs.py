"""Flow runs: read, changed, cancelled, tried again, deleted, watched. How they come into being is in `creation.py`."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from orch_server.application.errors import FailedPrecondition, InvalidArgument, NotFound
from orch_server.application.etags import check_etag
from orch_server.application.flow_run_rows import Change
from orch_server.application.holders import announce_change, apply_changes
from orch_server.application.onlookers import Onlookers
from orch_server.application.pages import Page, PageRequest, after_number, id_key, moment_key, moment_parts, page_of
from orch_server.application.ports import Lane, Store, Transaction, Wakeups, run_topic, session_topic
from orch_server.application.replies import A, Reply, once
from orch_server.application.run_counts import (
    LEAST_WIDTH,
    MOST_BUCKETS,
    Buckets,
    FlowRunCounts,
    counts_of,
    most_counted,
)
from orch_server.application.waiting import Bell
from orch_server.domain.flow_runs import FlowRun, FlowRunFilter
from orch_server.domain.runs import RunFacts, apply
from orch_server.domain.states import LEASED, TERMINAL, StateChange, StateType
from orch_server.domain.transitions import Event, transition

_DEPLOYMENT_GONE = (
    "The run's deployment has been deleted, and with it what says how the run is started. Deploy the flow again, and "
    "create a new run."
)
_POOL_GONE = "The run's work pool is gone, and with it the workers that could take the run. Create a new run."
_NO_POOL = (
    "The run was started by its own process and belongs to no work pool: no worker would take it. Run the script "
    "again, or take the run up again with ResumeFlowRun."
)

_MOST_READ = 64
"""Runs that are read together: each may have a result of its own."""


class FlowRuns:
    """The use cases of flow runs that exist."""

    def __init__(self, store: Store, wakeups: Wakeups) -> None:
        self._store = store
        self._wakeups = wakeups
        self._onlookers = Onlookers(store, lambda mark: mark.version)
        self._gets: Lane[UUID, FlowRun] = store.lane(_get_each, channel="reader", max_batch=_MOST_READ)

    async def get(self, run_id: UUID) -> FlowRun:
        """One run, read together with others'. Raises NotFound."""
        return await self._gets.submit(run_id)

    async def page(self, request: PageRequest, run_filter: FlowRunFilter) -> Page[FlowRun]:
        """Runs that match, newest first."""
        before = id_key(request)
        rows = await self._store.read(lambda tx: tx.flow_runs.page(run_filter, before=before, limit=request.size + 1))
        return page_of(rows, size=request.size, scope=request.scope, key=[(str(run.id),) for run in rows])

    async def upcoming(self, request: PageRequest, run_filter: FlowRunFilter) -> Page[FlowRun]:
        """Runs that match, in the order of the times at which they may start. Meant for SCHEDULED ones: few."""
        after = moment_key(request)
        rows = await self._store.read(lambda tx: tx.flow_runs.upcoming(run_filter, after=after, limit=request.size + 1))
        keys = [moment_parts(run.facts.scheduled_time, run.id) for run in rows]
        return page_of(rows, size=request.size, scope=request.scope, key=keys)

    async def count(self, run_filter: FlowRunFilter, *, bucket_width: timedelta | None = None) -> FlowRunCounts:
        """How many runs match, and, where a width is given, how many over time. The newest ones, up to a bound.

        Raises InvalidArgument for buckets that cannot be.
        """

        def work(tx: Transaction) -> FlowRunCounts:
            buckets = None if bucket_width is None else _buckets(run_filter, bucket_width, tx)
            wanted = run_filter if buckets is None else replace(run_filter, create_time_to=buckets.end)
            most = most_counted(run_filter)
            return counts_of(tx.flow_runs.count(wanted, buckets=buckets, most=most + 1), buckets, most=most)

        return await self._store.read(work)

    async def states(self, request: PageRequest, run_id: UUID) -> Page[StateChange]:
        """A run's history, oldest first. Raises NotFound."""
        after = after_number(request) or 0

        def look(tx: Transaction) -> list[StateChange]:
            _get(tx, run_id)
            return tx.flow_runs.states(run_id, after_version=after, limit=request.size + 1)

        rows = await self._store.read(look)
        return page_of(rows, size=request.size, scope=request.scope, key=[(each.version,) for each in rows])

    async def update(
        self,
        run_id: UUID,
        *,
        name: str | None,
        tags: tuple[str, ...] | None,
        etag: str,
        reply: Reply[FlowRun, A],
    ) -> A:
        """Change a run's name or tags. Raises NotFound, Conflict."""

        def change(tx: Transaction) -> FlowRun:
            tx.flow_runs.lock([run_id])
            run = _get(tx, run_id)
            check_etag(etag, run.facts.version, resource="flow run", key=str(run_id))
            tx.flow_runs.rename(
                run_id,
                name=run.name if name is None else name,
                tags=run.tags if tags is None else tags,
                version=run.facts.version,
            )
            tx.announce(run_topic(run_id))
            return _get(tx, run_id)

        return await self._store.write(lambda tx: once(tx, reply, lambda: change(tx)))

    async def delete(self, run_id: UUID, *, etag: str, reply: Reply[None, A]) -> A:
        """Delete a run that has ended, with its task runs and logs. Raises NotFound, Conflict, FailedPrecondition."""

        def remove(tx: Transaction) -> None:
            facts = _locked(tx, run_id)
            check_etag(etag, facts.version, resource="flow run", key=str(run_id))
            if facts.state.type not in TERMINAL:
                text = f"The run is {facts.state.name}. Cancel it, and delete it when it has ended."
                raise FailedPrecondition(text, reason="RUN_NOT_ENDED", metadata={"flow_run_id": str(run_id)})
            tx.flow_runs.delete([run_id])
            tx.announce(run_topic(run_id))

        return await self._store.write(lambda tx: once(tx, reply, lambda: remove(tx)))

    async def cancel(self, run_id: UUID, *, reason: str, reply: Reply[FlowRun, A]) -> A:
        """Ask for a stop. Raises NotFound, and FailedPrecondition for a run that has ended otherwise."""

        def stop(tx: Transaction) -> FlowRun:
            facts = _locked(tx, run_id)
            request_cancel_locked(tx, [facts], reason or "A stop was asked for.")
            run = _get(tx, run_id)
            _refuse_if_ended_otherwise(run)
            return run

        return await self._store.write(lambda tx: once(tx, reply, lambda: stop(tx)))

    async def retry(self, run_id: UUID, reply: Reply[FlowRun, A], *, from_task_run_id: UUID | None = None) -> A:
        """Queue a run that has ended for one more attempt. Raises NotFound, FailedPrecondition.

        from_task_run_id: what this task run of it returned, and all that came after, is not taken again.
        """

        def again(tx: Transaction) -> FlowRun:
            facts = _locked(tx, run_id)
            step = transition(facts.state.type, Event.RERUN)
            if step is None:
                text = f"The run is {facts.state.name}; only a run that has ended can be tried again."
                raise FailedPrecondition(text, reason="RUN_NOT_ENDED", metadata={"flow_run_id": str(run_id)})
            _refuse_unstartable(tx, _get(tx, run_id))
            message = _superseded(tx, run_id, from_task_run_id) if from_task_run_id else "Retry was asked for."
            apply_changes(tx, [Change(facts, (apply(facts, step, now=tx.now, message=message),))])
            return _get(tx, run_id)

        return await self._store.write(lambda tx: once(tx, reply, lambda: again(tx)))

    async def watch(self, run_id: UUID, *, after_version: int) -> AsyncGenerator[FlowRun]:
        """The run, and again at each change, until it has ended. Raises NotFound."""
        with Bell(self._wakeups, [run_topic(run_id)]) as bell:
            async with self._onlookers.watching(run_id, bell):
                while True:
                    bell.reset()
                    run = await self.get(run_id)
                    if run.facts.version > after_version:
                        after_version = run.facts.version
                        yield run
                    if run.facts.state.type in TERMINAL:
                        return
                    await bell.wait(None)


def _buckets(run_filter: FlowRunFilter, width: timedelta, tx: Transaction) -> Buckets:
    start = run_filter.create_time_from
    if start is None:
        text = "is missing: with bucket_width it says when the first bucket begins."
        raise InvalidArgument.of("filter.create_time_from", text)
    if width < LEAST_WIDTH:
        raise InvalidArgument.of("bucket_width", "must be at least a millisecond.")
    buckets = Buckets(start, run_filter.create_time_to or tx.now, width)
    if len(buckets) > MOST_BUCKETS:
        text = f"would make {len(buckets)} buckets, more than the limit of {MOST_BUCKETS}. Take wider ones."
        raise InvalidArgument.of("bucket_width", text, reason="TOO_MANY_BUCKETS")
    return buckets


def request_cancel(tx: Transaction, run_ids: Sequence[UUID], reason: str) -> None:
    """Ask for a stop of runs: those that nobody holds end at once, the others' holders are told. Ended ones stay."""
    request_cancel_locked(tx, list(tx.flow_runs.lock(run_ids).values()), reason)


def request_cancel_locked(tx: Transaction, runs: Sequence[RunFacts], reason: str) -> int:
    """The same, for runs that are locked already; returns how many were asked for that had not been before."""
    steps = [(run, step) for run in runs if (step := transition(run.state.type, Event.REQUEST_CANCEL)) is not None]
    changes = [Change(run, (apply(run, step, now=tx.now, message=reason),)) for run, step in steps]
    tx.flow_runs.change(changes)
    for change in changes:
        announce_change(tx, change)
    held = [change.after.id for change in changes if change.after.state.type in LEASED]
    for lease in tx.leases.get(held).values() if held else ():
        if lease.session_id is not None:
            tx.announce(session_topic(lease.session_id))
    return len(changes)


def _refuse_unstartable(tx: Transaction, run: FlowRun) -> None:
    """Raises FailedPrecondition for a run that no worker could be granted, or start. Until the transaction ends its
    deployment stays."""
    known = {"flow_run_id": str(run.id)}
    if not run.work_queue_name:
        text = _POOL_GONE if run.facts.work_pool_id is not None else _NO_POOL
        raise FailedPrecondition(text, reason="RUN_HAS_NO_POOL", metadata=known)
    if run.deployment_id is not None and not tx.deployments.run_templates([run.deployment_id]):
        raise FailedPrecondition(_DEPLOYMENT_GONE, reason="RUN_HAS_NO_DEPLOYMENT", metadata=known)


def _superseded(tx: Transaction, run_id: UUID, first_id: UUID) -> str:
    """Let a rerun begin at a task run; returns what to say of it. Raises NotFound for one that is not this run's."""
    first = tx.task_runs.get(first_id)
    if first is None or first.flow_run_id != run_id:
        raise NotFound("task run", str(first_id), f"The flow run {run_id} has none of that id.")
    tx.task_runs.supersede(first)
    return f"A rerun from the task {first.name!r} on was asked for."


def _refuse_if_ended_otherwise(run: FlowRun) -> None:
    ended = run.facts.state
    if ended.type in TERMINAL and ended.type != StateType.CANCELLED:
        text = f"The run has ended already: {ended.name}."
        raise FailedPrecondition(text, reason="RUN_ENDED", metadata={"flow_run_id": str(run.id)})


def _get_each(tx: Transaction, run_ids: Sequence[UUID]) -> list[FlowRun | Exception]:
    found = tx.flow_runs.get(list(dict.fromkeys(run_ids)))
    return [found.get(run_id) or NotFound("flow run", str(run_id)) for run_id in run_ids]


def _get(tx: Transaction, run_id: UUID) -> FlowRun:
    run = tx.flow_runs.get([run_id]).get(run_id)
    if run is None:
        raise NotFound("flow run", str(run_id))
    return run


def _locked(tx: Transaction, run_id: UUID) -> RunFacts:
    facts = tx.flow_runs.lock([run_id]).get(run_id)
    if facts is None:
        raise NotFound("flow run", str(run_id))
    return facts
