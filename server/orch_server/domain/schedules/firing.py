"""What a nominal time becomes when it fires: the same on every server and after every restart."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

_TICK = timedelta(microseconds=1)


def jittered(nominal: datetime, jitter: timedelta, key: str) -> datetime:
    """When to start: `nominal` plus a delay from 0 up to, but not including, `jitter`; UTC.

    The delay is drawn by a hash of `key` (the schedule's id) and the nominal time, so that schedules spread
    while each time keeps its start. Raises ValueError for a negative jitter or a naive time.
    """
    if jitter < timedelta(0):
        raise ValueError(f"jitter is {jitter}; it delays starts and cannot be negative")
    start = _in_utc(nominal)
    if not jitter:
        return start
    digest = sha256(f"{key}\n{_text(start)}".encode("utf-8", "surrogatepass")).digest()
    return start + int.from_bytes(digest[:16]) % (jitter // _TICK) * _TICK


def idempotency_key(schedule_slug: str, nominal: datetime) -> str:
    """The key under which a time's run is created, so that it is created once: `schedule:nightly:2026-03-01T02:00:00Z`.

    Microseconds are written only where there are any. Raises ValueError for a naive time.
    """
    return f"schedule:{schedule_slug}:{_text(_in_utc(nominal))}"


def _in_utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError(f"{moment.isoformat()} has no UTC offset; say which moment is meant")
    return moment.astimezone(UTC)


def _text(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat() + "Z"
