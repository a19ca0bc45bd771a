"""The nominal times of a schedule: the moments, in UTC, at which by its spec it is to fire.

All times are aware; any UTC offset may go in, UTC comes out. Nothing is scheduled before 1970 or after 2999.
Work is bounded: a spec whose next time is more than about 50 years away counts as having none.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import dropwhile, islice, takewhile
from typing import assert_never

from orch_server.domain.schedules.cron import cron_moments
from orch_server.domain.schedules.interval import interval_moments
from orch_server.domain.schedules.rrule import rrule_moments
from orch_server.domain.schedules.specs import CronSpec, IntervalSpec, RRuleSpec, ScheduleSpec
from orch_server.domain.schedules.walls import FIRST_MOMENT, LAST_MOMENT

_SECOND = timedelta(seconds=1)
_BEFORE_ALL = FIRST_MOMENT - _SECOND


def next_time(spec: ScheduleSpec, after: datetime) -> datetime | None:
    """The first nominal time strictly after `after`; None if there is none.

    Raises InvalidScheduleError for a spec that `validate` objects to, ValueError for a naive `after`.
    """
    return next(times_after(spec, after), None)


def times_between(spec: ScheduleSpec, after: datetime, until: datetime, limit: int) -> list[datetime]:
    """The first `limit` nominal times strictly after `after`, up to and including `until`. Raises as `next_time`."""
    end = _in_utc(until)
    return list(islice(takewhile(lambda time: time <= end, times_after(spec, after)), limit))


def preview(spec: ScheduleSpec, after: datetime, count: int) -> list[datetime]:
    """The first `count` nominal times strictly after `after`; fewer if the schedule ends. Raises as `next_time`."""
    return list(islice(times_after(spec, after), count))


def latest_between(spec: ScheduleSpec, since: datetime, before: datetime) -> datetime | None:
    """The last nominal time from `since` on and before `before`; None if there is none. Raises as `next_time`.

    Bisected, so that a second-by-second schedule after a year's outage takes some 30 searches.
    """
    latest = next_time(spec, since - timedelta(microseconds=1))
    if latest is None or latest >= before:
        return None
    empty_after = before  # no nominal time lies between this one and `before`
    while empty_after - latest > _SECOND:
        middle = latest + (empty_after - latest) / 2
        found = next_time(spec, middle)
        if found is None or found >= before:
            empty_after = middle
        else:
            latest = found
    found = next_time(spec, latest)
    return latest if found is None or found >= before else found


def times_after(spec: ScheduleSpec, after: datetime) -> Iterator[datetime]:
    """The nominal times strictly after `after`, in order, computed as they are asked for. Raises as `next_time`."""
    start = max(_in_utc(after), _BEFORE_ALL)
    if start >= LAST_MOMENT:
        return iter(())
    return dropwhile(lambda time: time <= start, _moments(spec, start))


def _moments(spec: ScheduleSpec, after: datetime) -> Iterator[datetime]:
    match spec:
        case CronSpec():
            return cron_moments(spec, after)
        case IntervalSpec():
            return interval_moments(spec, after)
        case RRuleSpec():
            return rrule_moments(spec, after)
    assert_never(spec)


def _in_utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError(f"{moment.isoformat()} has no UTC offset; say which moment is meant")
    return moment.astimezone(UTC)
