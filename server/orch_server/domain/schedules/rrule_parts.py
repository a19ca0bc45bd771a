"""Reads the parts of one RRULE (RFC 5545, section 3.3.10) and holds them to the RFC and to bounded work."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import TypedDict

from orch_server.domain.schedules.recurrence import HOURS, MINUTES, SECONDS, Frequency, NumberedDay, Rule
from orch_server.domain.schedules.violations import InvalidScheduleError, echo

MAX_COUNT = 10_000
MAX_POSITIONS = 31
MAX_POSITIONED_TIMES_PER_DAY = 1_440

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BY_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,9}", re.ASCII)

_LISTS = {  # part: lowest, highest, whether it also counts from the end
    "BYSECOND": (0, 59, False),
    "BYMINUTE": (0, 59, False),
    "BYHOUR": (0, 23, False),
    "BYMONTHDAY": (1, 31, True),
    "BYYEARDAY": (1, 366, True),
    "BYWEEKNO": (1, 53, True),
    "BYMONTH": (1, 12, False),
    "BYSETPOS": (1, 366, True),
}
_PARTS = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", *_LISTS)

_LONGEST_INTERVAL = {  # about ten years each
    Frequency.YEARLY: 10,
    Frequency.MONTHLY: 120,
    Frequency.WEEKLY: 522,
    Frequency.DAILY: 3_660,
    Frequency.HOURLY: 3_660 * 24,
    Frequency.MINUTELY: 3_660 * 1_440,
    Frequency.SECONDLY: 3_660 * 86_400,
}
_NOT_WITH = {  # part: the frequencies for which the RFC forbids it, or for which it would not be bounded
    "BYWEEKNO": frozenset(Frequency) - {Frequency.YEARLY},
    "BYYEARDAY": frozenset({Frequency.MONTHLY, Frequency.WEEKLY, Frequency.DAILY}),
    "BYMONTHDAY": frozenset({Frequency.WEEKLY}),
    "BYSETPOS": frozenset({Frequency.HOURLY, Frequency.MINUTELY, Frequency.SECONDLY}),
}


def parse_rule(text: str, start: datetime, parse_until: Callable[[str], datetime]) -> Rule:
    """Read what follows `RRULE:`, with what it leaves open taken from DTSTART; raises InvalidScheduleError."""
    parts = _split(text)
    frequency = _frequency(parts)
    lists = {name: _list(name, parts[name]) for name in _LISTS if name in parts}
    days = _days(parts["BYDAY"]) if "BYDAY" in parts else ()
    _check_combination(frequency, parts, days)
    rule = Rule(
        start=start,
        frequency=frequency,
        interval=_integer("INTERVAL", parts.get("INTERVAL", "1"), 1, _LONGEST_INTERVAL[frequency]),
        count=_integer("COUNT", parts["COUNT"], 1, MAX_COUNT) if "COUNT" in parts else None,
        until=parse_until(parts["UNTIL"]) if "UNTIL" in parts else None,
        week_start=_weekday("WKST", parts.get("WKST", "MO")),
        **_day_parts(frequency, lists, days, start),
        hours=lists.get("BYHOUR") or (HOURS if frequency >= Frequency.HOURLY else (start.hour,)),
        minutes=lists.get("BYMINUTE") or (MINUTES if frequency >= Frequency.MINUTELY else (start.minute,)),
        seconds=lists.get("BYSECOND") or (SECONDS if frequency >= Frequency.SECONDLY else (start.second,)),
        positions=lists.get("BYSETPOS", ()),
    )
    _check_positions(rule, parts)
    return rule


def _split(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for pair in text.strip().rstrip(";").split(";"):
        name, equals, value = pair.upper().partition("=")
        if not equals or name not in _PARTS:
            raise _invalid(f"unknown part {echo(pair)}; an RRULE has parts NAME=VALUE with {', '.join(_PARTS)}")
        if name in parts:
            raise _invalid(f"{name} stands twice; give its values in one list")
        parts[name] = value
    return parts


def _frequency(parts: dict[str, str]) -> Frequency:
    try:
        return Frequency[parts.get("FREQ", "")]
    except KeyError:
        raise _invalid(f"FREQ is needed, one of {', '.join(Frequency.__members__)}") from None


def _integer(name: str, text: str, low: int, high: int) -> int:
    if _INTEGER.fullmatch(text) and low <= int(text) <= high:
        return int(text)
    raise _invalid(f"{name} is a whole number from {low} to {high}, not {echo(text)}")


def _list(name: str, text: str) -> tuple[int, ...]:
    low, high, from_end = _LISTS[name]
    values = {_integer(name, item, -high if from_end else low, high) for item in text.split(",")}
    if from_end and 0 in values:
        raise _invalid(f"{name} counts from 1, or from -1 at the end; 0 is neither")
    if name == "BYSETPOS" and len(values) > MAX_POSITIONS:
        raise _invalid(f"BYSETPOS takes at most {MAX_POSITIONS} positions; make it several schedules")
    return tuple(sorted(values))


def _weekday(name: str, text: str) -> int:
    if text in _WEEKDAYS:
        return _WEEKDAYS.index(text)
    raise _invalid(f"{name} is one of {', '.join(_WEEKDAYS)}, not {echo(text)}")


def _days(text: str) -> tuple[NumberedDay, ...]:
    days = {_day(item): None for item in text.split(",")}
    return tuple(days)


def _day(item: str) -> NumberedDay:
    match = _BY_DAY.fullmatch(item)
    if match is None:
        raise _invalid(f"BYDAY is a list such as MO,WE or, counted in the month or year, 1MO or -1FR, not {echo(item)}")
    position = None if match[1] is None else _integer("the number in BYDAY", match[1], -53, 53)
    if position == 0:
        raise _invalid("the number in BYDAY counts from 1, or from -1 at the end; 0 is neither")
    return NumberedDay(_WEEKDAYS.index(match[2]), position)


def _check_combination(frequency: Frequency, parts: dict[str, str], days: tuple[NumberedDay, ...]) -> None:
    for name, frequencies in _NOT_WITH.items():
        if name in parts and frequency in frequencies:
            raise _invalid(f"{name} does not go with FREQ={frequency.name}")
    if "COUNT" in parts and "UNTIL" in parts:
        raise _invalid("COUNT and UNTIL exclude each other; keep one")
    is_numbered = any(day.position is not None for day in days)
    if is_numbered and (frequency > Frequency.MONTHLY or "BYWEEKNO" in parts):
        raise _invalid("numbers in BYDAY (1MO, -1FR) go with FREQ=MONTHLY or FREQ=YEARLY only, without BYWEEKNO")


def _check_positions(rule: Rule, parts: dict[str, str]) -> None:
    if not rule.positions:
        return
    if not any(name.startswith("BY") and name != "BYSETPOS" for name in parts):
        raise _invalid("BYSETPOS picks from what another BY part lists; add one, for example BYDAY=MO,TU,WE,TH,FR")
    if len(rule.hours) * len(rule.minutes) * len(rule.seconds) > MAX_POSITIONED_TIMES_PER_DAY:
        raise _invalid(f"with BYSETPOS a day has at most {MAX_POSITIONED_TIMES_PER_DAY} times; shorten BYSECOND")


class _DayParts(TypedDict):
    months: tuple[int, ...]
    month_days: tuple[int, ...]
    year_days: tuple[int, ...]
    week_numbers: tuple[int, ...]
    days: tuple[NumberedDay, ...]


def _day_parts(
    frequency: Frequency, lists: dict[str, tuple[int, ...]], days: tuple[NumberedDay, ...], start: datetime
) -> _DayParts:
    """The parts that choose days; what they leave open is DTSTART's (RFC 5545, "information missing")."""
    parts = _DayParts(
        months=lists.get("BYMONTH", ()),
        month_days=lists.get("BYMONTHDAY", ()),
        year_days=lists.get("BYYEARDAY", ()),
        week_numbers=lists.get("BYWEEKNO", ()),
        days=days,
    )
    if parts["month_days"] or parts["year_days"] or parts["days"]:
        return parts
    if frequency is Frequency.WEEKLY or parts["week_numbers"]:
        parts["days"] = (NumberedDay(start.weekday()),)
    elif frequency in {Frequency.MONTHLY, Frequency.YEARLY}:
        parts["month_days"] = (start.day,)
        if frequency is Frequency.YEARLY and not parts["months"]:
            parts["months"] = (start.month,)
    return parts


def _invalid(description: str) -> InvalidScheduleError:
    return InvalidScheduleError("rule", description)
