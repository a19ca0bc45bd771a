"""Times and spans for people: the local clock, "3 min ago", "1h 12m"."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from orch_cli.output.terminals import stdout_is_terminal

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

_STEPS = ((60.0, "s"), (3600.0, "min"), (86_400.0, "h"), (float("inf"), "d"))


def instant(time: "Timestamp | None") -> datetime | None:
    """A timestamp of the contract as a time in UTC; None where it was never set."""
    if time is None or not (time.seconds or time.nanos):
        return None
    return datetime.fromtimestamp(time.seconds + time.nanos / 1e9, UTC)


def when(time: "Timestamp | datetime | None") -> str:
    """A time as a table shows it: "3 min ago" at a terminal, the local time with its offset in a pipe; "" for none."""
    found = time if isinstance(time, datetime) or time is None else instant(time)
    if found is None:
        return ""
    return ago(found) if stdout_is_terminal() else clock(found)


def exactly(time: "Timestamp | None") -> str:
    """A time to the millisecond: local, and at a terminal also how long ago; "" for none."""
    found = instant(time)
    if found is None:
        return ""
    if not stdout_is_terminal():
        return found.astimezone().isoformat(timespec="milliseconds")
    local = found.astimezone()
    return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03d} ({ago(found)})"


def clock(time: datetime) -> str:
    """The local time with its offset: 2026-11-22T14:03:12+01:00."""
    return time.astimezone().isoformat(timespec="seconds")


def ago(time: datetime, now: datetime | None = None) -> str:
    """How long ago, or how far ahead: "3 min ago", "in 2 h"."""
    seconds = ((now or datetime.now(UTC)) - time).total_seconds()
    size = abs(seconds)
    if size < 1:
        return "now"
    before, unit = 1.0, "s"
    for limit, name in _STEPS:
        unit = name
        if size < limit:
            break
        before = limit
    text = f"{int(size / before)} {unit}"
    return f"{text} ago" if seconds > 0 else f"in {text}"


def seconds_between(start: "Timestamp | None", end: "Timestamp | None", now: datetime | None = None) -> float | None:
    """From start to end, or to now where there is no end yet; None before the start."""
    first, last = instant(start), instant(end)
    if first is None:
        return None
    return max(((last or now or datetime.now(UTC)) - first).total_seconds(), 0.0)


def span(seconds: float | None) -> str:
    """A length of time: "0.42 s", "12.3 s", "4m 05s", "2h 10m", "3d 04h"; "" for none."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    whole = int(seconds)
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    if whole < 86_400:
        return f"{whole // 3600}h {whole % 3600 // 60:02d}m"
    return f"{whole // 86_400}d {whole % 86_400 // 3600:02d}h"
