"""The times of day of a rule: BYHOUR, BYMINUTE, BYSECOND, and intervals shorter than a day.

dateutil walks such intervals one by one; here the next is computed, so that `FREQ=MINUTELY` since ten years
costs nothing. Tests compare both.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from math import gcd
from typing import Self

from orch_server.domain.schedules.meter import Meter, OutOfReachError
from orch_server.domain.schedules.recurrence import Frequency, Rule

REACH_DAYS = 50 * 366
REACH_TIMES = 200_000
"""How far the next time is looked for: in days ahead, and in times of day looked at."""

_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60
_UNITS = {Frequency.HOURLY: _HOUR, Frequency.MINUTELY: _MINUTE}


@dataclass(frozen=True, slots=True)
class Clock:
    """Times of day, in seconds: those listed that also lie a multiple of `step` after `origin`.

    The step counts in units: with a unit of an hour it picks hours, of which any listed minute and second then
    counts. `origin` is in seconds of the proleptic calendar.
    """

    hours: tuple[int, ...]
    minutes: tuple[int, ...]
    seconds: tuple[int, ...]
    unit: int
    step: int
    origin: int

    @classmethod
    def of(cls, rule: Rule) -> Self:
        """The clock of a rule."""
        unit = _UNITS.get(rule.frequency, 1)
        step = unit * rule.interval if rule.frequency > Frequency.DAILY else 1
        midnight, second = _split(rule.start)
        return cls(rule.hours, rule.minutes, rule.seconds, unit, step, midnight + second // unit * unit)

    def ever_matches(self) -> bool:
        """Whether the listed times and the step meet on any day at all."""
        any_day = replace(self, step=gcd(self.step, _DAY))
        return any(True for _ in any_day.times(0, 0, Meter(REACH_TIMES)))

    def times(self, midnight: int, floor: int, meter: Meter) -> Iterator[int]:
        """The seconds of the day that begins at `midnight`, in order, from `floor` on."""
        for hour in self.hours:
            start = hour * _HOUR
            if start + _HOUR > floor and self._meets(midnight + start, _HOUR, meter):
                yield from self._times_of_hour(midnight, start, floor, meter)

    def _times_of_hour(self, midnight: int, hour: int, floor: int, meter: Meter) -> Iterator[int]:
        for minute in self.minutes:
            start = hour + minute * _MINUTE
            if start + _MINUTE > floor and self._meets(midnight + start, _MINUTE, meter):
                for second in self.seconds:
                    if start + second >= floor and self._meets(midnight + start + second, 1, meter):
                        yield start + second

    def _meets(self, begin: int, length: int, meter: Meter) -> bool:
        """Whether the step falls on a span of `length` seconds; spans shorter than a unit are not its business."""
        meter.spend()
        return length < self.unit or -(begin - self.origin) % self.step < length


def clock_walls(clock: Clock, days: Iterator[date], first: datetime) -> Iterator[datetime]:
    """The wall times of those days, in order, from `first` on."""
    meter = Meter(REACH_TIMES)
    first_midnight, first_second = _split(first)
    found_midnight = first_midnight
    try:
        for day in days:
            midnight = day.toordinal() * _DAY
            if midnight - found_midnight > REACH_DAYS * _DAY:
                return  # days there are, but the interval never falls on a listed time of one
            start = datetime(day.year, day.month, day.day)  # noqa: DTZ001  wall time
            for second in clock.times(midnight, first_second if midnight == first_midnight else 0, meter):
                yield start + timedelta(seconds=second)
                meter.reset()
                found_midnight = midnight
    except OutOfReachError:
        return


def _split(wall: datetime) -> tuple[int, int]:
    """A wall time as the calendar's seconds up to its midnight, and the seconds since."""
    return wall.toordinal() * _DAY, wall.hour * _HOUR + wall.minute * _MINUTE + wall.second
