"""Ids as clients make them."""

import secrets
from time import time_ns
from uuid import UUID


def time_ordered_id() -> UUID:
    """A UUID of version 7 (RFC 9562 §5.7)."""
    milliseconds = time_ns() // 1_000_000
    return UUID(int=milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62))
