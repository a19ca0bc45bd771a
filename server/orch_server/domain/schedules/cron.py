"""Cron lines: read by cronsim, which follows Debian's cron, and put on the zone's clock by `walls`.

cronsim only enumerates wall times here. Its own handling of zones steps by whole hours and so loses times
where clocks change by half an hour (Lord Howe Island) or at midnight.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from cronsim import CronSim, CronSimError

from orch_server.domain.schedules.specs import CronSpec
from orch_server.domain.schedules.violations import InvalidScheduleError, echo
from orch_server.domain.schedules.walls import WallPolicy, first_wall, moments
from orch_server.domain.schedules.zones import find_zone

MAX_LENGTH = 256
FIELD_COUNT = 5

ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

_FIELDS = {  # by cronsim's name: position, what is allowed
    "minute": (0, "0-59, for example 0, */15 or 5,35"),
    "hour": (1, "0-23, for example 2, */6 or 9-17"),
    "day-of-month": (2, "1-31, L (last day) or LW (last weekday), for example 1, 1,15 or L"),
    "month": (3, "1-12 or JAN-DEC, for example 1, */3 or MAR-OCT"),
    "day-of-week": (4, "0-7 or SUN-SAT, 5L (last Friday) or 1#2 (second Monday), for example MON-FRI"),
}
_ANY_YEAR = datetime(2000, 1, 1)  # noqa: DTZ001  wall time


def cron_moments(spec: CronSpec, after: datetime) -> Iterator[datetime]:
    """The line's moments in order, from some moment no later than the first after `after`.

    Ends where nothing matches for 50 years. Raises InvalidScheduleError.
    """
    zone = find_zone(spec.time_zone)
    line = cron_line(spec.expression)
    start = first_wall(after, zone) - timedelta(seconds=1)
    return moments(_walls(line, start, day_or=spec.day_or), zone, _policy(line))


@lru_cache(maxsize=4096)  # thousands of schedules share few lines, and each is asked again and again
def cron_line(expression: str) -> str:
    """The five fields of an expression, aliases resolved; raises InvalidScheduleError if they are wrong."""
    if len(expression) > MAX_LENGTH:
        raise _invalid(f"a cron line has at most {MAX_LENGTH} characters, this one has {len(expression)}")
    line = expression.strip()
    if line.startswith("@"):
        if line.lower() not in ALIASES:
            raise _invalid(f"{echo(line)} is unknown; use one of {', '.join(ALIASES)}, or five fields")
        line = ALIASES[line.lower()]
    _check_fields(line)
    return line


def _check_fields(line: str) -> None:
    fields = line.split()
    if len(fields) == FIELD_COUNT + 1:
        raise _invalid(
            "six fields: lines with seconds are not supported, since some tools put them first and others last; "
            "leave the seconds out, or use an interval or an RRULE for times within a minute"
        )
    if len(fields) != FIELD_COUNT:
        raise _invalid(
            f"{len(fields)} fields instead of five (minute, hour, day of month, month, day of week), "
            "for example '0 2 * * *' for every day at 02:00"
        )
    try:
        CronSim(line, _ANY_YEAR)
    except CronSimError as error:
        raise _invalid(_describe(str(error).removeprefix("Bad "), fields)) from error


def _describe(name: str, fields: list[str]) -> str:
    position, allowed = _FIELDS[name]
    if name == "day-of-month" and fields[position].replace(",", "").replace("-", "").isdecimal():
        allowed += "; the day must also exist in at least one of the months"
    return f"bad {name} field {echo(fields[position])}: use {allowed}; ranges must rise, steps be above 0"


def _policy(line: str) -> WallPolicy:
    minute, hour, *_ = line.split()
    return WallPolicy.ELAPSING if minute.startswith("*") or hour.startswith("*") else WallPolicy.FIXED


def _walls(line: str, after: datetime, *, day_or: bool) -> Iterator[datetime]:
    simulation = CronSim(line, after)
    if not day_or:
        simulation.day_and = True
    return simulation


def _invalid(description: str) -> InvalidScheduleError:
    return InvalidScheduleError("expression", description)
