"""Reads the lines of a recurrence (RFC 5545, sections 3.3.10 and 3.8.5) into values.

dateutil reads rules too, but fills incomplete dates from today's, accepts what the RFC forbids and says little
about what is wrong.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from orch_server.domain.schedules.recurrence import RecurrenceSet
from orch_server.domain.schedules.rrule_parts import parse_rule
from orch_server.domain.schedules.violations import InvalidScheduleError, echo
from orch_server.domain.schedules.walls import FIRST_MOMENT, LAST_MOMENT, to_moment, to_wall

MAX_LENGTH = 4096
MAX_RULES = 4

DEFAULT_START = datetime(2001, 1, 1)  # noqa: DTZ001  a wall time; a Monday and the first of a month and year

_FOLD = re.compile(r"\r?\n[ \t]")
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(Z?)", re.ASCII)
_PROPERTIES = ("DTSTART", "RRULE", "RDATE", "EXDATE")


@dataclass(slots=True)
class _Lines:
    """What the lines say, by property, not yet read."""

    starts: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)


def parse_recurrence(text: str, zone: ZoneInfo) -> RecurrenceSet:
    """Read a recurrence whose local times are in `zone`; raises InvalidScheduleError, field `rule`."""
    lines = _sort_lines(text, zone)
    start = to_wall(_parse_moment(lines.starts[0], zone), zone) if lines.starts else DEFAULT_START
    rules = tuple(parse_rule(rule, start, lambda until: _parse_until(until, zone)) for rule in lines.rules)
    if not lines.starts and any(rule.count is not None for rule in rules):
        raise invalid("COUNT counts from the start, so a DTSTART line is needed, for example DTSTART:20260301T090000")
    return RecurrenceSet(
        rules=rules,
        added=tuple(sorted({_parse_moment(value, zone) for value in lines.added})),
        excluded=frozenset(_parse_moment(value, zone) for value in lines.excluded),
    )


def _sort_lines(text: str, zone: ZoneInfo) -> _Lines:
    if len(text) > MAX_LENGTH:
        raise invalid(f"a rule has at most {MAX_LENGTH} characters, this one has {len(text)}")
    lines = _Lines()
    for line in _FOLD.sub("", text).splitlines():
        if line.strip():
            _sort_line(line.strip(), lines, zone)
    if not lines.rules and not lines.added:
        raise invalid("a rule needs an RRULE or RDATE line, for example RRULE:FREQ=WEEKLY;BYDAY=MO;BYHOUR=9")
    if len(lines.rules) > MAX_RULES or len(lines.starts) > 1:
        raise invalid(f"a rule has at most {MAX_RULES} RRULE lines and one DTSTART; make it several schedules")
    return lines


def _sort_line(line: str, lines: _Lines, zone: ZoneInfo) -> None:
    head, colon, value = line.partition(":")
    if not colon:
        head, value = "RRULE", line
    name, *parameters = head.split(";")
    match name.upper():
        case "RRULE" if not parameters:
            lines.rules.append(value)
        case "DTSTART" | "RDATE" | "EXDATE" as known:
            _check_parameters(known, parameters, zone)
            values = {"DTSTART": lines.starts, "RDATE": lines.added, "EXDATE": lines.excluded}[known]
            values += _dates(known, value)
        case "EXRULE":
            raise invalid("EXRULE is not supported (RFC 5545 dropped it); leave dates out with EXDATE or BY parts")
        case _:
            raise invalid(f"unknown line {echo(head)}; use {', '.join(_PROPERTIES)}")


def _dates(name: str, value: str) -> list[str]:
    if name == "DTSTART":
        return [value if "T" in value.upper() else f"{value}T000000"]
    return value.split(",")


def _check_parameters(name: str, parameters: list[str], zone: ZoneInfo) -> None:
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.upper() == "TZID" and value != zone.key:
            raise invalid(f"{name} is in {echo(value)}, the schedule in {zone.key}; set its time_zone and drop TZID")
        if key.upper() not in {"TZID", "VALUE"} or value.upper() == "PERIOD":
            raise invalid(f"{name} does not take {echo(parameter)}; write {name}:20260301T090000")


def _parse_until(value: str, zone: ZoneInfo) -> datetime:
    """UNTIL as a moment; a bare date means to the end of that day."""
    return _parse_moment(value if "T" in value.upper() else f"{value}T235959", zone)


def _parse_moment(value: str, zone: ZoneInfo) -> datetime:
    match = _MOMENT.fullmatch(value.strip().upper())
    if match is None:
        raise invalid(f"{echo(value)} is no date and time; write 20260301T090000 for local time, with Z for UTC")
    year, month, day, hour, minute, second = (int(digits) for digits in match.groups()[:6])
    try:
        wall = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  wall time
    except ValueError as error:
        raise invalid(f"{echo(value)} does not exist in the calendar: {error}") from error
    if not FIRST_MOMENT.year < wall.year < LAST_MOMENT.year:
        raise invalid(f"{echo(value)} lies outside the years {FIRST_MOMENT.year + 1} to {LAST_MOMENT.year - 1}")
    return wall.replace(tzinfo=UTC) if match[7] else to_moment(wall, zone)


def invalid(description: str) -> InvalidScheduleError:
    """What is wrong with the rule."""
    return InvalidScheduleError("rule", description)
