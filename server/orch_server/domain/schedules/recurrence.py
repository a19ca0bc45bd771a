"""A recurrence as values: what an RRULE says once it is read and its gaps are filled from DTSTART."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

HOURS = tuple(range(24))
MINUTES = tuple(range(60))
SECONDS = tuple(range(60))


class Frequency(IntEnum):
    """FREQ, with dateutil's numbers: the smaller, the rarer."""

    YEARLY = 0
    MONTHLY = 1
    WEEKLY = 2
    DAILY = 3
    HOURLY = 4
    MINUTELY = 5
    SECONDLY = 6


@dataclass(frozen=True, slots=True)
class NumberedDay:
    """One BYDAY entry: a weekday (Monday is 0) and which of its kind in the month or year, or None for all."""

    weekday: int
    position: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One RRULE. Day parts left empty do not limit; the times of day are always spelled out.

    `start` is DTSTART as a wall time. `until` is a moment (UTC, inclusive).
    """

    start: datetime
    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    week_start: int = 0
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    week_numbers: tuple[int, ...] = ()
    days: tuple[NumberedDay, ...] = ()
    hours: tuple[int, ...] = HOURS
    minutes: tuple[int, ...] = MINUTES
    seconds: tuple[int, ...] = SECONDS
    positions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RecurrenceSet:
    """Rules together, with the moments (UTC) that RDATE adds, in order, and those that EXDATE takes away."""

    rules: tuple[Rule, ...]
    added: tuple[datetime, ...]
    excluded: frozenset[datetime]
