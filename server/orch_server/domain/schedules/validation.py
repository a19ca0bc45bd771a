"""Says what is wrong with a spec, for the one who wrote it. Never raises, and never works long."""

from collections.abc import Callable
from typing import assert_never

from orch_server.domain.schedules.cron import cron_line
from orch_server.domain.schedules.interval import check_anchor, check_interval
from orch_server.domain.schedules.rrule_text import parse_recurrence
from orch_server.domain.schedules.specs import CronSpec, IntervalSpec, RRuleSpec, ScheduleSpec
from orch_server.domain.schedules.times import next_time
from orch_server.domain.schedules.violations import InvalidScheduleError, Violation
from orch_server.domain.schedules.walls import FIRST_MOMENT
from orch_server.domain.schedules.zones import find_zone


def validate(spec: ScheduleSpec) -> list[Violation]:
    """What is wrong with a spec, field by field; empty if nothing is.

    A rule that has ended is valid; one that has no time at all, ever, is not.
    """
    violations = [found for check in _checks(spec) if (found := _attempt(check)) is not None]
    return violations or _never(spec)


def _checks(spec: ScheduleSpec) -> tuple[Callable[[], object], ...]:
    """One check a field, each of which raises if its field is wrong."""
    zone = spec.time_zone
    match spec:
        case CronSpec(expression=expression):
            return (lambda: cron_line(expression), lambda: find_zone(zone))
        case IntervalSpec(interval=interval, anchor=anchor):
            return (lambda: check_interval(interval), lambda: check_anchor(anchor), lambda: find_zone(zone))
        case RRuleSpec(rule=rule):
            return (lambda: parse_recurrence(rule, find_zone(zone)),)  # local times mean nothing without a zone
    assert_never(spec)


def _attempt(check: Callable[[], object]) -> Violation | None:
    try:
        check()
    except InvalidScheduleError as error:
        return error.violation
    return None


def _never(spec: ScheduleSpec) -> list[Violation]:
    if next_time(spec, FIRST_MOMENT) is not None:
        return []
    match spec:
        case CronSpec():
            advice = "the day and month fields never meet within 50 years, as on 30 February; change one of them"
            return [Violation("expression", f"this never fires: {advice}")]
        case IntervalSpec():
            return []  # not reached: an interval has at least its anchor
        case RRuleSpec():
            advice = "its parts exclude each other, UNTIL lies before DTSTART, or EXDATE leaves nothing; change one"
            return [Violation("rule", f"this never fires: {advice}")]
    assert_never(spec)
