"""Intervals: computed, never stepped, so that an old anchor costs nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, count
from zoneinfo import ZoneInfo

from orch_server.domain.schedules.specs import IntervalSpec
from orch_server.domain.schedules.violations import InvalidScheduleError
from orch_server.domain.schedules.walls import (
    FIRST_MOMENT,
    LAST_MOMENT,
    WallPolicy,
    first_wall,
    moments,
    to_wall,
)
from orch_server.domain.schedules.zones import find_zone

SHORTEST = timedelta(seconds=1)
LONGEST = timedelta(days=3660)
_DAY = timedelta(days=1)


def interval_moments(spec: IntervalSpec, after: datetime) -> Iterator[datetime]:
    """The moments in order, from some moment no later than the first after `after`. Raises InvalidScheduleError."""
    check_interval(spec.interval)
    anchor = check_anchor(spec.anchor)
    zone = find_zone(spec.time_zone)
    if spec.interval % _DAY:
        return _elapsed(spec.interval, anchor, after)
    return _same_wall_time(spec.interval, anchor, after, zone)


def check_interval(interval: timedelta) -> None:
    """Raises InvalidScheduleError unless an interval is between one second and about ten years."""
    if interval < SHORTEST:
        raise InvalidScheduleError("interval", f"an interval is at least 1 second, not {interval}")
    if interval > LONGEST:
        raise InvalidScheduleError(
            "interval", f"an interval is at most {LONGEST.days} days, not {interval}; use a cron line or an RRULE"
        )


def check_anchor(anchor: datetime) -> datetime:
    """The anchor in UTC; raises InvalidScheduleError if it is naive or outside the calendar."""
    if anchor.utcoffset() is None:
        raise InvalidScheduleError("anchor", f"{anchor.isoformat()} has no UTC offset; say which moment is meant")
    if not FIRST_MOMENT <= anchor <= LAST_MOMENT:
        raise InvalidScheduleError(
            "anchor", f"an anchor lies between {FIRST_MOMENT:%Y} and {LAST_MOMENT:%Y}, not in the year {anchor.year}"
        )
    return anchor.astimezone(UTC)


def _elapsed(interval: timedelta, anchor: datetime, after: datetime) -> Iterator[datetime]:
    moment = anchor + max(0, (after - anchor) // interval) * interval
    while moment <= LAST_MOMENT:
        yield moment
        moment += interval


def _same_wall_time(interval: timedelta, anchor: datetime, after: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    wall = to_wall(anchor, zone)
    first_step = max(1, (first_wall(after, zone) - wall) // interval)
    walls = (wall + step * interval for step in count(first_step))
    # The anchor is a moment, not a wall time: where its wall time comes twice it may mean the second.
    later = (moment for moment in moments(walls, zone, WallPolicy.SHIFTED) if moment > anchor)
    return chain((anchor,), later) if first_step == 1 else later
