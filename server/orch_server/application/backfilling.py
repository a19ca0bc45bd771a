"""Making up for times of a schedule that have no run: those before it was there, while it was paused, or dropped."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from orch_server.application.concurrency import SkipLimits
from orch_server.application.deployments import deployment_for_run
from orch_server.application.errors import FailedPrecondition, InvalidArgument, NotFound
from orch_server.application.parameter_schemas import REASON, unfit
from orch_server.application.ports import Ids, Transaction, pool_topic
from orch_server.application.scheduled_runs import ScheduledTime, merged_parameters, schedule_key, scheduled_runs
from orch_server.domain.deployment_schedules import Schedule
from orch_server.domain.deployments import RunTemplate
from orch_server.domain.schedules import OverlapPolicy, times_between

MOST_RUNS = 1000
"""Runs a call."""

_MOST_TIMES = 2000
"""Times a call looks at, of which some may have runs."""
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Backfill:
    """Which times of a schedule to make up for: from `since` up to and including `until`, or now, whichever is first.

    overlap: ALLOW or QUEUE; None: as the schedule's own policy is ALLOW or another.
    """

    schedule_id: UUID
    since: datetime
    until: datetime | None
    most_runs: int
    overlap: OverlapPolicy | None


@dataclass(frozen=True, slots=True)
class Backfilled:
    """The runs that were made, with their times; how many times had one; and where to go on, None where all is done."""

    run_ids: tuple[UUID, ...]
    nominal_times: tuple[datetime, ...]
    existing_runs: int
    following: datetime | None


@dataclass(frozen=True, slots=True)
class _Gaps:
    """Times that have no run, how many others were looked at, and where to go on."""

    times: tuple[datetime, ...]
    existing: int
    following: datetime | None


def backfill(tx: Transaction, ids: Ids, wish: Backfill) -> Backfilled:
    """Make runs for the times that have none. The schedule is locked: it fires none of them meanwhile.

    Raises NotFound, InvalidArgument for a range that is none, FailedPrecondition where the parameters do not fit.
    """
    schedule = tx.schedules.lock(wish.schedule_id)
    if schedule is None:
        raise NotFound("schedule", str(wish.schedule_id))
    template = deployment_for_run(tx, schedule.deployment_id)
    now = tx.now
    _refuse(wish, schedule, template, now)
    gaps = _gaps(tx, schedule, wish, until=min(wish.until or now, now))
    overlap = wish.overlap or schedule.overlap_policy
    times = [
        ScheduledTime(schedule, template, nominal, start=now, waits=overlap != OverlapPolicy.ALLOW)
        for nominal in gaps.times
    ]
    runs = scheduled_runs(ids, times, now=now, skip_limits=SkipLimits(tx, [template] if times else []))
    tx.flow_runs.add(runs)
    if runs:
        tx.announce(pool_topic(template.work_pool_id))
    return Backfilled(tuple(run.id for run in runs), gaps.times, gaps.existing, gaps.following)


def _refuse(wish: Backfill, schedule: Schedule, template: RunTemplate, now: datetime) -> None:
    if wish.since > now:
        raise InvalidArgument.of("from_time", "lies in the future; the schedule fires those times itself.")
    if wish.until is not None and wish.until < wish.since:
        raise InvalidArgument.of("until_time", "lies before from_time.")
    parameters = json.loads(merged_parameters(template.parameters, schedule.parameters))
    misfit = unfit(template.parameter_schema, parameters, "parameters_json")
    if misfit is not None:
        raise FailedPrecondition(
            f"The schedule's parameters do not fit its deployment's schema: {misfit.message} Change them first.",
            reason=REASON,
            metadata={"schedule_id": str(schedule.id)},
        )


def _gaps(tx: Transaction, schedule: Schedule, wish: Backfill, *, until: datetime) -> _Gaps:
    times = times_between(schedule.spec, wish.since - _TICK, until, _MOST_TIMES + 1)
    beyond = times[_MOST_TIMES:]
    known = _known(tx, schedule, times[:_MOST_TIMES])
    missing = [time for time in times[:_MOST_TIMES] if time not in known]
    following = next(iter(missing[wish.most_runs :] + beyond), None)
    existing = sum(following is None or time < following for time in known)
    return _Gaps(tuple(missing[: wish.most_runs]), existing, following)


def _known(tx: Transaction, schedule: Schedule, times: Sequence[datetime]) -> set[datetime]:
    """Those times that have a run."""
    keys = {(schedule.deployment_id, schedule_key(schedule, time)): time for time in times}
    return {keys[key] for key in tx.flow_runs.find_by_key(list(keys))}
