"""Lines as engines of containers write them down: when it was written (RFC 3339), a space, the line."""

from calendar import timegm
from functools import lru_cache

_SECOND = 1_000_000_000


def parse_timestamped(data: bytes) -> tuple[int, bytes]:
    """When it was written, in nanoseconds since 1970, and the rest. Raises ValueError where there is no time before it.

    Takes "2026-11-22T16:24:33.692471133Z text" with any number of digits, also with an offset such as +01:00.
    """
    stamp, _, rest = data.partition(b" ")
    return _nanoseconds(stamp), rest


def _nanoseconds(stamp: bytes) -> int:
    digits, offset = _digits_and_offset(stamp[19:])
    fraction = int(digits.ljust(9, b"0")[:9] or b"0")
    return (_seconds(stamp[:19]) - _offset_seconds(offset)) * _SECOND + fraction


def _digits_and_offset(tail: bytes) -> tuple[bytes, bytes]:
    """Of ".692471133Z" or "+01:00"."""
    end = len(tail) - 1 if tail.endswith(b"Z") else max(tail.rfind(b"+"), tail.rfind(b"-"))
    if end < 0:
        raise ValueError(f"no time: {tail!r}")
    return tail[1:end], tail[end:]


@lru_cache(maxsize=64)
def _seconds(stamp: bytes) -> int:
    """Of "2026-11-22T16:24:33": many lines are written in the same second."""
    date, _, time = stamp.decode("ascii").partition("T")
    year, month, day = map(int, date.split("-"))
    hour, minute, second = map(int, time.split(":"))
    return timegm((year, month, day, hour, minute, second))


def _offset_seconds(offset: bytes) -> int:
    if offset == b"Z":
        return 0
    sign = -1 if offset.startswith(b"-") else 1
    hours, _, minutes = offset[1:].partition(b":")
    return sign * (int(hours) * 3600 + int(minutes or b"0") * 60)
