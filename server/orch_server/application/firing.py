"""Fires schedules: what is due becomes flow runs, many schedules in one transaction, each nominal time once.

The schedules are locked, their next times decided (`domain.schedules`), runs inserted and next times moved on, all in
one transaction: whatever stops a scheduler, a time is either decided or still due. A run is besides known by schedule
and nominal time, so that a schedule that is deleted and created again does not fire the same time twice.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from orch_server.application.concurrency import SkipLimits
from orch_server.application.flow_runs import request_cancel
from orch_server.application.ports import Ids, Transaction, pool_topic
from orch_server.application.schedule_rows import Advance
from orch_server.application.scheduled_runs import ScheduledTime, schedule_key, scheduled_runs
from orch_server.domain.deployment_schedules import Schedule
from orch_server.domain.deployments import RunTemplate
from orch_server.domain.schedules import (
    DEFAULT_WINDOW_FOR_ALL,
    CatchUpPolicy,
    Due,
    InvalidScheduleError,
    OverlapPolicy,
    decide_overlap,
    due_times,
    jittered,
    next_time,
)

logger = logging.getLogger(__name__)

MAX_SCHEDULES = 500
"""Schedules a transaction."""

MAX_RUNS = 1000
"""Runs a transaction, about: a schedule always gets to fire one."""

_UNREADABLE_RETRY = timedelta(minutes=10)


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
    times = [_time(plan, nominal) for plan in plans for nominal in plan.fire]
    skip_limits = SkipLimits(tx, {each.template.deployment_id: each.template for each in times}.values())
    runs = scheduled_runs(ids, times, now=now, skip_limits=skip_limits)
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
            schedule.overlap_policy == OverlapPolicy.CANCEL_OLD,
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
            catch_up, window = _caught_up(schedule)
            return due_times(
                schedule.spec,
                last=schedule.next_time or self._now,
                now=self._now,
                catch_up=catch_up,
                window=window,
                limit=self._most,
            )
        except InvalidScheduleError as error:
            # Valid when it was stored, so this server's time zone data differs: no reason to stop every other one.
            logger.error(
                "schedule cannot be read on this server",
                extra={"schedule_id": str(schedule.id), "schedule_name": schedule.name, "cause": str(error)},
            )
            return Due(fire=(), skipped=0, next=self._now + _UNREADABLE_RETRY)


def _caught_up(schedule: Schedule) -> tuple[CatchUpPolicy, timedelta | None]:
    """Which missed times fire, and how old they may be. Where a new run cancels the older ones, only the newest does: a
    round that fires a few at a time would begin runs for the next round to cancel."""
    if schedule.catch_up_policy != CatchUpPolicy.ALL or schedule.overlap_policy != OverlapPolicy.CANCEL_OLD:
        return schedule.catch_up_policy, schedule.catch_up_window
    window = schedule.catch_up_window
    return CatchUpPolicy.LATEST, DEFAULT_WINDOW_FOR_ALL if window is None else window


def _unfired(tx: Transaction, plans: Sequence[_Plan]) -> list[_Plan]:
    """The plans without the times that a schedule of that name has fired before."""
    keys = [_key(plan, nominal) for plan in plans for nominal in plan.fire]
    known = tx.flow_runs.find_by_key(keys)
    if not known:
        return list(plans)
    return [replace(plan, fire=tuple(time for time in plan.fire if _key(plan, time) not in known)) for plan in plans]


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


def _key(plan: _Plan, nominal: datetime) -> tuple[UUID, str]:
    return plan.template.deployment_id, schedule_key(plan.schedule, nominal)


def _time(plan: _Plan, nominal: datetime) -> ScheduledTime:
    schedule = plan.schedule
    return ScheduledTime(
        schedule=schedule,
        template=plan.template,
        nominal=nominal,
        start=jittered(nominal, schedule.jitter, str(schedule.id)),
        waits=schedule.overlap_policy in {OverlapPolicy.QUEUE, OverlapPolicy.CANCEL_OLD},
    )
