"""What a schedule says: the three ways to write down when something should run.

A spec is only a value. `validate` says whether it makes sense, `next_time` what follows from it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class CronSpec:
    """A cron line of five fields (minute, hour, day of month, month, day of week) or an alias like `@daily`.

    The line is read as Debian's cron reads it, with `L`, `LW`, `5L` (last Friday) and `1#2` (second Monday).
    Where both day fields are restricted, a day matches if either does; with `day_or=False` both must match.
    """

    expression: str
    time_zone: str = "UTC"
    day_or: bool = True


@dataclass(frozen=True, slots=True)
class IntervalSpec:
    """Every `interval`, counted from `anchor` (aware); the anchor itself is the first time.

    An interval of whole days in a time zone other than UTC keeps its wall-clock time across daylight-saving
    changes: daily from 09:00 in Berlin stays 09:00 in Berlin. Every other interval is elapsed time, so that
    "every 6 hours" always means six hours.
    """

    interval: timedelta
    anchor: datetime
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class RRuleSpec:
    """Lines of RFC 5545: RRULE, RDATE, EXDATE and at most one DTSTART, which may be left out.

    Without a DTSTART the rule counts from Monday, 1 January 2001, 00:00 in `time_zone`, so that a bare
    `FREQ=WEEKLY` means Mondays, `FREQ=MONTHLY` the first, and `FREQ=DAILY` midnight.
    """

    rule: str
    time_zone: str = "UTC"


ScheduleSpec = CronSpec | IntervalSpec | RRuleSpec
