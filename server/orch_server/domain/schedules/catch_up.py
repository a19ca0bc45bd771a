"""Decides which nominal times fire now: those on time, and of those missed what the policy says.

A scheduler stores one moment a schedule, its next nominal time, and asks `due_times` what to do up to now. It
fires what it is told and stores `Due.next` in one transaction; as every time before `next` is decided and none
from `next` on, no time is decided twice and none is forgotten, wherever the scheduler stops.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from itertools import islice, takewhile
from typing import assert_never

from orch_server.domain.schedules.specs import ScheduleSpec
from orch_server.domain.schedules.times import latest_between, times_after
from orch_server.domain.schedules.walls import FIRST_MOMENT

GRACE = timedelta(seconds=60)
"""A time that fires at most so late is on time; later, it was missed."""

DEFAULT_WINDOW_FOR_ALL = timedelta(days=1)
"""How far back missed times fire under ALL where the schedule does not say."""

MAX_SKIPPED = 1_000
"""Skipped times are counted up to here, so that a long outage of a fast schedule costs no more than a short one."""

_TICK = timedelta(microseconds=1)


class CatchUpPolicy(IntEnum):
    """What happens to times that passed while no scheduler ran, numbered as on the wire."""

    SKIP = 1
    """Missed times are dropped."""
    LATEST = 2
    """The newest missed time fires."""
    ALL = 3
    """Every missed time fires."""


@dataclass(frozen=True, slots=True)
class Due:
    """What to do now: `fire` these nominal times, oldest first, and store `next`.

    `next` is the first nominal time not yet decided; one that is not in the future means: ask again at once.
    None: the schedule has ended. `skipped` counts dropped times, up to MAX_SKIPPED, which means "or more".
    """

    fire: tuple[datetime, ...]
    skipped: int
    next: datetime | None


def due_times(
    spec: ScheduleSpec,
    *,
    last: datetime,
    now: datetime,
    catch_up: CatchUpPolicy,
    window: timedelta | None,
    limit: int,
) -> Due:
    """What a schedule whose stored next nominal time is `last` (undecided yet) has to do at `now`.

    Times at most GRACE late always fire. Of those missed, times older than `window` are dropped, and the rest is
    the policy's. A window of None means one day for ALL and no bound for LATEST; zero catches nothing up. At most
    `limit` times (1 or more) are fired. Times are read from the spec from `last` on: a `last` that is no longer
    one of its times, after a change of the spec or of the zone's rules, does not fire.

    Raises InvalidScheduleError for an invalid spec, ValueError for a limit below 1 or naive times.
    """
    if limit < 1:
        raise ValueError(f"limit is {limit}; at least one time must be allowed to fire")
    begin = _first_to_fire(spec, last, now, catch_up, window)
    fire, following = _split(_from(spec, begin), now, limit)
    return Due(fire=fire, skipped=_count(spec, last, min(begin, now)), next=following)


def _first_to_fire(
    spec: ScheduleSpec, last: datetime, now: datetime, catch_up: CatchUpPolicy, window: timedelta | None
) -> datetime:
    """The moment from which on every time fires; all from `last` up to it are dropped."""
    on_time = max(last, now - GRACE)
    match catch_up:
        case CatchUpPolicy.SKIP:
            return on_time
        case CatchUpPolicy.LATEST:
            since = max(last, _reach(now, window))
            return (latest_between(spec, since, on_time) if since < on_time else None) or on_time
        case CatchUpPolicy.ALL:
            return min(on_time, max(last, _reach(now, DEFAULT_WINDOW_FOR_ALL if window is None else window)))
    assert_never(catch_up)


def _split(times: Iterator[datetime], now: datetime, limit: int) -> tuple[tuple[datetime, ...], datetime | None]:
    """The times up to `now`, at most `limit`, and the one that follows them."""
    due: list[datetime] = []
    for time in times:
        if time > now or len(due) == limit:
            return tuple(due), time
        due.append(time)
    return tuple(due), None


def _reach(now: datetime, window: timedelta | None) -> datetime:
    """The oldest moment within the window."""
    return FIRST_MOMENT if window is None or window > now - FIRST_MOMENT else now - window


def _count(spec: ScheduleSpec, begin: datetime, end: datetime) -> int:
    """How many times lie from `begin` on and before `end`, up to MAX_SKIPPED."""
    if begin >= end:
        return 0
    return sum(1 for _ in islice(takewhile(lambda time: time < end, _from(spec, begin)), MAX_SKIPPED))


def _from(spec: ScheduleSpec, begin: datetime) -> Iterator[datetime]:
    return times_after(spec, begin - _TICK)
