"""The real clock, ids and chance. Tests hand in others."""

import secrets
from datetime import UTC, datetime
from uuid import UUID


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return datetime.now(UTC)


class TimeOrderedIds:
    """UUIDs of version 7 (RFC 9562 §5.7): 48 bits of milliseconds, a counter of 12 bits, 62 random bits.

    Within one process later ids sort after earlier ones, also within a millisecond (method 1 of §6.2).
    """

    def __init__(self) -> None:
        self._last = 0

    def new(self, now: datetime) -> UUID:
        """A fresh id for the moment given."""
        stamp = max(int(now.timestamp() * 1000) << 12, self._last + 1)
        self._last = stamp
        milliseconds, counter = stamp >> 12, stamp & 0xFFF
        return UUID(int=milliseconds << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | secrets.randbits(62))
