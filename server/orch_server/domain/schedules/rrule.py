"""Recurrence rules: wall times by rule, then moments, together with RDATE and without EXDATE.

A rule runs on the wall clock of its zone, sub-daily ones too: where clocks are put back, `FREQ=HOURLY` has the
doubled hour once. DTSTART counts only if the rule matches it, as in dateutil.
"""

from collections.abc import Iterator
from datetime import datetime
from heapq import merge
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from orch_server.domain.schedules.recurrence import RecurrenceSet, Rule
from orch_server.domain.schedules.rrule_clock import Clock, clock_walls
from orch_server.domain.schedules.rrule_days import days_of, positioned_walls
from orch_server.domain.schedules.rrule_text import parse_recurrence
from orch_server.domain.schedules.specs import RRuleSpec
from orch_server.domain.schedules.walls import WallPolicy, first_wall, moments
from orch_server.domain.schedules.zones import find_zone


def rrule_moments(spec: RRuleSpec, after: datetime) -> Iterator[datetime]:
    """The moments in order, from some moment no later than the first after `after`. Raises InvalidScheduleError."""
    zone = find_zone(spec.time_zone)
    return _moments_of_set(parse_recurrence(spec.rule, zone), zone, first_wall(after, zone))


def _moments_of_set(recurrence: RecurrenceSet, zone: ZoneInfo, first: datetime) -> Iterator[datetime]:
    last = None
    for moment in merge(recurrence.added, *(_moments_of_rule(rule, zone, first) for rule in recurrence.rules)):
        if moment != last and moment not in recurrence.excluded:
            yield moment
        last = moment


def _moments_of_rule(rule: Rule, zone: ZoneInfo, first: datetime) -> Iterator[datetime]:
    # COUNT is counted from the start, so there the search cannot begin later; the reader bounds it.
    walls = _walls(rule, max(first, rule.start) if rule.count is None else rule.start)
    found = moments(islice(walls, rule.count), zone, WallPolicy.SHIFTED)
    until = rule.until
    return found if until is None else takewhile(lambda moment: moment <= until, found)


def _walls(rule: Rule, first: datetime) -> Iterator[datetime]:
    if rule.positions:
        return (wall for wall in positioned_walls(rule, first.date()) if wall >= first)
    clock = Clock.of(rule)
    return clock_walls(clock, days_of(rule, first.date()), first) if clock.ever_matches() else iter(())
