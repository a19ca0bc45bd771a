"""Fires schedules: what is due becomes flow runs, many schedules in one transaction, each nominal time once.

The schedules are locked, their next times decided (`domain.schedules`), runs inserted and next times moved on, all in
one transaction: whatever stops a scheduler, a time is either decided or still due. A run is besides known by schedule
and nominal time, so that a schedule that is deleted and created again does not fire the same time twice.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from orch_server.application.flow_runs import request_cancel
from orch_server.application.ports import Ids, Transaction, pool_topic
from orch_server.application.schedule_rows import Advance
from orch_server.domain.deployment_schedules import Schedule
from orch_server.domain.deployments import RunTemplate
from orch_server.domain.flow_runs import NO_TRACE, FlowRun
from orch_server.domain.runs import RunFacts
from orch_server.domain.schedules import (
    Due,
    InvalidScheduleError,
    OverlapPolicy,
    decide_overlap,
    due_times,
    idempotency_key,
    jittered,
    next_time,
)
from orch_server.domain.states import State, StateType, default_name

logger = logging.getLogger(__name__)

MAX_SCHEDULES = 500
"""Schedules a transaction."""

MAX_RUNS = 1000
"""Runs a transaction, about: a schedule always gets to fire one."""

_UNREADABLE_RETRY = timedelta(minutes=10)
_LONGEST_NAME = 256


@dataclass(frozen=True, slots=True)
class FiredSchedules:
    """What one round did: runs created, times dropped, and how late the created ones were.

    `moved` counts the schedules that were due and are decided. `wait` is the time from now until the next schedule is
    due, None where none ever will be; not positive where more is due at once.
    """

    fired: int
    skipped: int
    moved: int
    next_due: datetime | None
    wait: timedelta | None
    lateness: tuple[timedelta, ...] = ()


@dataclass(frozen=True, slots=True)
class _Plan:
    """One schedule's part of a round: which times fire, what was dropped, and where it stands afterwards."""

    schedule: Schedule
    template: RunTemplate
    fire: tuple[datetime, ...]
    skipped: int
    following: datetime | None
    cancel: tuple[UUID, ...] = ()


def fire_due(tx: Transaction, ids: Ids, *, max_schedules: int = MAX_SCHEDULES) -> FiredSchedules:
    """Fire what is due, at most so many schedules, the most overdue first."""
    now = tx.now
    schedules = tx.schedules.lock_due(now, limit=max_schedules)
    templates = tx.deployments.run_templates(sorted({each.deployment_id for each in schedules}), skip_locked=True)
    ready = [each for each in schedules if each.deployment_id in templates]
    decide = _Decider(now, most=max(1, MAX_RUNS // max(1, len(ready))))
    plans = [decide(each, templates[each.deployment_id]) for each in ready]
    plans = _overlapping(tx, _unfired(tx, plans))
    runs = [_run(ids, plan, nominal, now) for plan in plans for nominal in plan.fire]
    tx.flow_runs.add(runs)
    cancelled = [run_id for plan in plans for run_id in plan.cancel]
    if cancelled:
        request_cancel(tx, cancelled, "A newer run of its schedule takes its place.")
    tx.schedules.advance([_advance(plan) for plan in plans])
    tx.announce(*{pool_topic(plan.template.work_pool_id) for plan in plans if plan.fire})
    next_due = tx.schedules.next_due()
    return FiredSchedules(
        fired=len(runs),
        skipped=sum(plan.skipped for plan in plans),
        moved=len(plans),
        next_due=next_due,
        wait=next_due - now if next_due is not None else None,
        lateness=tuple(now - nominal for plan in plans for nominal in plan.fire),
    )


class _Decider:
    """Says which times of a schedule fire, earlier runs aside. What is due together often says the same ("0 * * * *"):
    each spec is computed once a round."""

    def __init__(self, now: datetime, *, most: int) -> None:
        self._now = now
        self._most = most
        self._known: dict[object, Due] = {}

    def __call__(self, schedule: Schedule, template: RunTemplate) -> _Plan:
        question = (
            schedule.spec,
            schedule.next_time,
            schedule.catch_up_policy,
            schedule.catch_up_window,
            template.paused,
        )
        due = self._known.get(question)
        if due is None:
            due = self._known[question] = self._due(schedule, paused=template.paused)
        return _Plan(schedule, template, due.fire, due.skipped, due.next)

    def _due(self, schedule: Schedule, *, paused: bool) -> Due:
        try:
            if paused:
                return Due(fire=(), skipped=0, next=next_time(schedule.spec, self._now))
            return due_times(
                schedule.spec,
                last=schedule.next_time or self._now,
                now=self._now,
                catch_up=schedule.catch_up_policy,
                window=schedule.catch_up_window,
                limit=self._most,
            )
        except InvalidScheduleError as error:
            # Valid when it was stored, so this server's time zone data differs: no reason to stop every other one.
            logger.error(
                "schedule cannot be read on this server",
                extra={"schedule_id": str(schedule.id), "schedule_name": schedule.name, "cause": str(error)},
            )
            return Due(fire=(), skipped=0, next=self._now + _UNREADABLE_RETRY)


def _unfired(tx: Transaction, plans: Sequence[_Plan]) -> list[_Plan]:
    """The plans without the times that a schedule of that name has fired before."""
    keys = [(plan.template.deployment_id, _key(plan, nominal)) for plan in plans for nominal in plan.fire]
    known = tx.flow_runs.find_by_key(keys)
    if not known:
        return list(plans)
    return [
        replace(plan, fire=tuple(t for t in plan.fire if (plan.template.deployment_id, _key(plan, t)) not in known))
        for plan in plans
    ]


def _overlapping(tx: Transaction, plans: Sequence[_Plan]) -> list[_Plan]:
    """The plans as their overlap policies have them, given the runs that have not ended."""
    asking = [plan.schedule.id for plan in plans if plan.fire and plan.schedule.overlap_policy != OverlapPolicy.ALLOW]
    open_runs = tx.schedules.open_runs(asking) if asking else {}
    return [_overlap(plan, open_runs) for plan in plans]


def _overlap(plan: _Plan, open_runs: Mapping[UUID, Sequence[UUID]]) -> _Plan:
    """Times of one round overlap with each other, too: under CANCEL_OLD the newest makes all others pointless."""
    policy = plan.schedule.overlap_policy
    fire = plan.fire[-1:] if policy == OverlapPolicy.CANCEL_OLD else plan.fire
    earlier = tuple(open_runs.get(plan.schedule.id, ()))
    created: list[datetime] = []
    cancel: tuple[UUID, ...] = ()
    for nominal in fire:
        decision = decide_overlap(policy, len(earlier) + len(created))
        if decision.create:
            created.append(nominal)
        if decision.cancel_active:
            cancel = earlier
    dropped = len(plan.fire) - len(created)
    return replace(plan, fire=tuple(created), skipped=plan.skipped + dropped, cancel=cancel)


def _advance(plan: _Plan) -> Advance:
    schedule = plan.schedule
    if schedule.next_time is None:
        raise AssertionError("a schedule without a next time is never due")
    last = plan.fire[-1] if plan.fire else schedule.last_time
    return Advance(schedule.id, schedule.next_time, plan.following, last)


def _key(plan: _Plan, nominal: datetime) -> str:
    return idempotency_key(plan.schedule.name, nominal)


def _run(ids: Ids, plan: _Plan, nominal: datetime, now: datetime) -> FlowRun:
    schedule, template = plan.schedule, plan.template
    return FlowRun(
        facts=RunFacts(
            id=ids.new(now),
            state=State(StateType.SCHEDULED, default_name(StateType.SCHEDULED), now),
            version=1,
            token=0,
            report_sequence=0,
            attempt=0,
            retries_used=0,
            crash_restarts_used=0,
            lost_from=None,
            retry_policy=template.retry_policy,
            recovery_policy=template.recovery_policy,
            scheduled_time=jittered(nominal, schedule.jitter, str(schedule.id)),
            start_time=None,
            end_time=None,
            work_pool_id=template.work_pool_id,
        ),
        name=_name(template.deployment_name, nominal),
        flow_id=template.flow_id,
        flow_name=template.flow_name,
        deployment_id=template.deployment_id,
        deployment_version=template.version,
        work_queue_id=template.work_queue_id,
        work_pool_name=template.work_pool_name,
        work_queue_name=template.work_queue_name,
        parameters=_parameters(template.parameters, schedule.parameters),
        job_variables="",
        tags=tuple(sorted(set(template.tags))),
        idempotency_key=_key(plan, nominal),
        parent_flow_run_id=None,
        parent_task_run_id=None,
        schedule_id=schedule.id,
        nominal_time=nominal,
        waits_for_schedule=schedule.overlap_policy in {OverlapPolicy.QUEUE, OverlapPolicy.CANCEL_OLD},
        trace=NO_TRACE,
        create_time=now,
        update_time=now,
    )


def _name(deployment_name: str, nominal: datetime) -> str:
    """ "nightly-2026-03-01T02:00:00Z", cut where the deployment's name is long."""
    time = f"-{nominal:%Y-%m-%dT%H:%M:%SZ}"
    return deployment_name[: _LONGEST_NAME - len(time)] + time


def _parameters(of_deployment: str, of_schedule: str) -> str:
    """The schedule's parameters over the deployment's; the text of one as it is where the other has none.

    In ASCII: a text may hold an escaped half of a surrogate pair, which no database stores unescaped.
    """
    if not of_schedule or not of_deployment:
        return of_schedule or of_deployment or "{}"
    return json.dumps({**json.loads(of_deployment), **json.loads(of_schedule)})
