"""Turns wall-clock times into moments, daylight-saving changes included.

A wall time is a naive datetime: what a clock on the wall of the schedule's zone shows. When clocks are put
forward some wall times never come (a gap); when they are put back some come twice (a fold). What then happens
differs by who asks:

FIXED     fixed-time cron jobs. Gap: once, at the first moment after it. Fold: the first time only.
          Source: cron(8) of Debian, "Daylight Saving Time and other time changes".
ELAPSING  cron jobs with a wildcard minute or hour, which follow the clock as it runs. Gap: those times do not
          come. Fold: both times. Same source.
SHIFTED   recurrence rules and daily intervals. Gap: moved forward by the length of the gap, which is to read
          the time with the offset from before it. Fold: the first time only. Source: RFC 5545, section 3.3.5.

Streams of moments are strictly increasing, whatever the zone does.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from itertools import takewhile
from typing import assert_never
from zoneinfo import ZoneInfo

FIRST_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)
LAST_MOMENT = datetime(2999, 12, 31, tzinfo=UTC)
"""Nothing is scheduled outside these two."""

_LAST_WALL = LAST_MOMENT.replace(tzinfo=None) + timedelta(days=2)
_LONGEST_SHIFT = timedelta(hours=25)  # Samoa skipped a day, 24 h; nothing since 1970 was longer
_SECOND = timedelta(seconds=1)


class WallPolicy(Enum):
    """What becomes of wall times that never come or come twice; see the module."""

    FIXED = auto()
    ELAPSING = auto()
    SHIFTED = auto()


def to_wall(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the zone's clocks show at an aware moment."""
    return moment.astimezone(zone).replace(tzinfo=None)


def to_moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment of one wall time, by the SHIFTED policy."""
    return _at_offset(wall, _offsets(wall, zone)[0])


def first_wall(after: datetime, zone: ZoneInfo) -> datetime:
    """A wall time from which on every wall time may matter whose moment lies after `after`.

    Usually the wall time of `after`; near a change, earlier by the length of the change, since wall times
    already shown may come again (fold) or have been moved to later moments (gap).
    """
    offsets = [(after + delta).astimezone(zone).utcoffset() for delta in (-_LONGEST_SHIFT, _SECOND, _LONGEST_SHIFT)]
    known = [offset for offset in offsets if offset is not None]
    return to_wall(after, zone) - (max(known) - min(known))


def moments(walls: Iterable[datetime], zone: ZoneInfo, policy: WallPolicy) -> Iterator[datetime]:
    """The moments of increasing wall times: UTC, strictly increasing, none after LAST_MOMENT."""
    last = FIRST_MOMENT - _SECOND
    for moment in _in_order(walls, zone, policy):
        if moment > LAST_MOMENT:
            return
        if moment > last:
            yield moment
            last = moment


def _in_order(walls: Iterable[datetime], zone: ZoneInfo, policy: WallPolicy) -> Iterator[datetime]:
    postponed: deque[datetime] = deque()  # moments that later wall times may still come before
    for wall in takewhile(lambda wall: wall <= _LAST_WALL, walls):
        now, later = _resolve(wall, zone, policy)
        if now is not None:
            while postponed and postponed[0] <= now:
                yield postponed.popleft()
            yield now
        if later is not None:
            postponed.append(later)
    yield from postponed


def _resolve(wall: datetime, zone: ZoneInfo, policy: WallPolicy) -> tuple[datetime | None, datetime | None]:
    """A wall time's moment that may follow at once, and the one that must wait for its turn."""
    before, after = _offsets(wall, zone)
    first, second = _at_offset(wall, before), _at_offset(wall, after)
    if before == after:
        return first, None
    is_fold = before > after
    match policy:
        case WallPolicy.FIXED:
            return (first if is_fold else _end_of_gap(second, first, zone)), None
        case WallPolicy.ELAPSING:
            return (first, second) if is_fold else (None, None)
        case WallPolicy.SHIFTED:
            return (first, None) if is_fold else (None, first)
    assert_never(policy)


def _offsets(wall: datetime, zone: ZoneInfo) -> tuple[timedelta, timedelta]:
    """The UTC offsets that a wall time has by the rules before and after a change (PEP 495's fold)."""
    local = wall.replace(tzinfo=zone, fold=0)
    return local.utcoffset() or timedelta(), local.replace(fold=1).utcoffset() or timedelta()


def _at_offset(wall: datetime, offset: timedelta) -> datetime:
    return (wall - offset).replace(tzinfo=UTC, fold=0)


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The moment of the change between two moments, to the second: bisected, for zoneinfo does not tell."""
    old_offset = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == old_offset:
            before = middle
        else:
            after = middle
    return after
