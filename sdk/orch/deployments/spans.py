"""Spans of time as people write them: 90, "90s", "15m", "1h30m", "2 days".

seconds_of("1h30m")   5400.0
span_text(5400)       "1h30m"
"""

import re
from datetime import timedelta

from orch.errors import ConfigurationError

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_NAMES = {
    name: names[0]
    for names in ("week weeks", "day days", "hour hours hr hrs", "minute minutes min mins", "second seconds sec secs")
    for name in names.split()
}
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*,?", re.ASCII)
_NUMBER = re.compile(r"\s*\d+(?:\.\d+)?\s*", re.ASCII)
_FORMS = 'Write a number of seconds, or a span such as "90s", "15m", "1h30m" or "2d".'
_LONGEST_SECONDS = 100 * 366 * 86_400


def seconds_of(span: object, what: str = "the span") -> float:
    """Seconds of a number, a timedelta or a text. ConfigurationError names `what` is wrong."""
    if isinstance(span, timedelta):
        seconds = span.total_seconds()
    elif isinstance(span, (int, float)) and not isinstance(span, bool):
        seconds = float(span)
    elif isinstance(span, str):
        seconds = _of_text(span, what)
    else:
        raise ConfigurationError(f"{what} is {span!r}. {_FORMS}")
    if not 0 <= seconds <= _LONGEST_SECONDS:
        raise ConfigurationError(f"{what} is {span!r}: write 0 s to 100 years.")
    return seconds


def _of_text(text: str, what: str) -> float:
    if _NUMBER.fullmatch(text):
        return float(text)
    seconds, position, lowered = 0.0, 0, text.lower()
    while match := _PART.match(lowered, position):
        unit = _NAMES.get(match[2], match[2])
        if unit not in _UNITS:
            raise ConfigurationError(f"{what} is {text!r}, and {match[2]!r} is no unit of time. {_FORMS}")
        seconds += float(match[1]) * _UNITS[unit]
        position = match.end()
    if not position or lowered[position:].strip():
        raise ConfigurationError(f"{what} is {text!r}. {_FORMS}")
    return seconds


def span_text(seconds: float) -> str:
    """The shortest text for a span: "1h30m", "0s", "1.5s"."""
    whole, rest = divmod(seconds, 1)
    parts, left = [], int(whole)
    for unit, size in _UNITS.items():
        if unit in {"w", "s"}:
            continue
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    if left or rest or not parts:
        parts.append(f"{left + rest:.9f}".rstrip("0").rstrip(".") + "s")
    return "".join(parts)
