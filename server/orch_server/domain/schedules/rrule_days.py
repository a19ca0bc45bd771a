"""The days of a rule, from dateutil, without stepping through the years since DTSTART.

dateutil counts periods from DTSTART on. A search that begins later begins at the period a whole number of
intervals after DTSTART's, which leaves the rule as it is: what a period contains depends on the period alone
(COUNT is taken elsewhere, BYSETPOS counts within its period).
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Literal

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, YEARLY, rrule, weekday

from orch_server.domain.schedules.meter import Meter, MeteredInterval, OutOfReachError
from orch_server.domain.schedules.recurrence import Frequency, Rule

REACH_DAYS = 50 * 366
"""How many days that might match are looked at for the next one: 50 years, longer where an interval skips some."""

_STEPS: dict[Frequency, tuple[Literal[0, 1, 2, 3], int]] = {  # dateutil's name, and how many days a step looks at
    Frequency.YEARLY: (YEARLY, 366),
    Frequency.MONTHLY: (MONTHLY, 31),
    Frequency.WEEKLY: (WEEKLY, 7),
    Frequency.DAILY: (DAILY, 1),
}
_MIDNIGHT = (0,)


def days_of(rule: Rule, first: date) -> Iterator[date]:
    """The days from `first` on that the rule's day parts allow; sub-daily intervals are not yet applied."""
    for wall in _search(rule, first, (_MIDNIGHT, _MIDNIGHT, _MIDNIGHT)):
        if wall.date() >= first:
            yield wall.date()


def positioned_walls(rule: Rule, first: date) -> Iterator[datetime]:
    """The wall times of a rule with BYSETPOS, from the beginning of the period that contains `first`."""
    return _search(rule, first, (rule.hours, rule.minutes, rule.seconds))


def _search(rule: Rule, first: date, clock: tuple[tuple[int, ...], ...]) -> Iterator[datetime]:
    meter = Meter(REACH_DAYS)
    walls = iter(_dateutil_rule(rule, first, clock, meter))
    try:
        for wall in walls:
            yield wall
            meter.reset()
    except OutOfReachError:
        return


def _dateutil_rule(rule: Rule, first: date, clock: tuple[tuple[int, ...], ...], meter: Meter) -> rrule:
    is_sub_daily = rule.frequency > Frequency.DAILY
    frequency = Frequency.DAILY if is_sub_daily else rule.frequency
    interval = 1 if is_sub_daily else rule.interval
    begin = _period_start(rule, frequency, interval, max(first, rule.start.date()))
    hours, minutes, seconds = clock
    step, days_per_step = _STEPS[frequency]
    return rrule(
        step,
        dtstart=datetime.combine(begin, time()),
        interval=MeteredInterval(interval, meter, days_per_step),
        wkst=rule.week_start,
        bysetpos=rule.positions or None,
        bymonth=rule.months or None,
        bymonthday=rule.month_days or None,
        byyearday=rule.year_days or None,
        byweekno=rule.week_numbers or None,
        byweekday=[weekday(day.weekday, day.position) for day in rule.days] or None,
        byhour=hours,
        byminute=minutes,
        bysecond=seconds,
    )


def _period_start(rule: Rule, frequency: Frequency, interval: int, day: date) -> date:
    """The first day of the last period of the rule that begins no later than `day`."""
    start = rule.start.date()
    match frequency:
        case Frequency.YEARLY:
            return date(start.year + _whole(day.year - start.year, interval), 1, 1)
        case Frequency.MONTHLY:
            month = start.year * 12 + start.month - 1
            month += _whole(day.year * 12 + day.month - 1 - month, interval)
            return date(month // 12, month % 12 + 1, 1)
        case Frequency.WEEKLY:
            week = start - timedelta(days=(start.weekday() - rule.week_start) % 7)
            return week + timedelta(days=_whole((day - week).days, interval * 7))
        case _:
            return start + timedelta(days=_whole((day - start).days, interval))


def _whole(distance: int, interval: int) -> int:
    return distance - distance % interval
