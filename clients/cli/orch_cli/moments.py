"""Times and lengths of time as people write them: "2h", "yesterday 14:30", "2026-11-01"."""

import re
from datetime import UTC, datetime, timedelta

_UNITS = {
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "m": 60.0,
    "min": 60.0,
    "minute": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
    "d": 86_400.0,
    "day": 86_400.0,
    "w": 604_800.0,
    "week": 604_800.0,
}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)\s*")
_LONGEST_SECONDS = 100 * 365 * 86_400.0
_DAYS = {"today": 0, "yesterday": -1, "tomorrow": 1}
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")
_TIME_FORMS = "a time (2026-11-01, 2026-11-01T14:30, 14:30, today, yesterday) or how long ago (90s, 30m, 2h, 7d)"


def duration(text: str) -> timedelta:
    """A length of time: "90", "90s", "30m", "1h30m", "2d", "1 week". A bare number counts seconds.

    Raises ValueError for anything else.
    """
    seconds = _seconds(text.strip().lower())
    if seconds is None:
        raise ValueError(f"{text!r} is no length of time: write 90s, 30m, 1h30m or 2d.")
    if seconds > _LONGEST_SECONDS:
        raise ValueError(f"{text!r} is longer than a hundred years.")
    return timedelta(seconds=seconds)


def _seconds(text: str) -> float | None:
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    parts = [(match.group(1), match.group(2)) for match in _PART.finditer(text)]
    if not parts or _PART.sub("", text):
        return None
    units = [_UNITS.get(unit) or _UNITS.get(unit.removesuffix("s")) for _, unit in parts]
    if None in units:
        return None
    return sum(float(number) * (unit or 0.0) for (number, _), unit in zip(parts, units, strict=True))


def moment(text: str, now: datetime | None = None, *, ahead: bool = False) -> datetime:
    """A point in time, in UTC. Without a zone it is local time.

    "2026-11-01", "2026-11-01T14:30", "2026-11-01 14:30:00+01:00", "14:30" (today), "now", "today", "yesterday",
    "tomorrow", the last three also with a clock: "yesterday 14:30". A length of time is that long ago, or, with
    `ahead`, from now; with `ahead`, a clock that has passed today is tomorrow's. Raises ValueError for anything else.
    """
    at = (now or datetime.now(UTC)).astimezone()
    wanted = text.strip().lower()
    if wanted == "now":
        return at.astimezone(UTC)
    found = _calendar(wanted, at, ahead=ahead) or _iso(text.strip())
    if found is None:
        try:
            length = duration(wanted)
        except ValueError:
            raise ValueError(f"{text!r} is no time: write {_TIME_FORMS}.") from None
        found = at + length if ahead else at - length
    return found.astimezone(UTC)


def _calendar(text: str, now: datetime, *, ahead: bool) -> datetime | None:
    """Days by name, and the clock of a day."""
    day, _, clock = text.partition(" ")
    if day not in _DAYS:
        if not _CLOCK.fullmatch(text):
            return None
        found = _on(now, 0, text)
        return _on(now, 1, text) if ahead and found < now else found
    return _on(now, _DAYS[day], clock.strip() or "00:00")


def _on(now: datetime, days: int, clock: str) -> datetime:
    if not _CLOCK.fullmatch(clock):
        raise ValueError(f"{clock!r} is no time of day: write 14:30 or 14:30:00.")
    hour, minute, second = (*map(int, clock.split(":")), 0)[:3]
    day = (now + timedelta(days=days)).date()
    try:
        # Local time of that day: its offset may be another one than today's.
        return datetime(day.year, day.month, day.day, hour, minute, second).astimezone()
    except ValueError:
        raise ValueError(f"{clock!r} is no time of day: write 14:30 or 14:30:00.") from None


def _iso(text: str) -> datetime | None:
    # "20" and "2026" are numbers before they are dates.
    if "-" not in text:
        return None
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        return None
