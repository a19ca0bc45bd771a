"""Ids of runs: UUIDs of version 7 (RFC 9562 §5.7), which sort by the time at which they were made."""

import os
import time

_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62
_RANDOM_A = 0xFFF << 64
_RANDOM_B = (1 << 62) - 1


def new_run_id() -> str:
    """A fresh id, as text."""
    milliseconds = time.time_ns() // 1_000_000
    chance = int.from_bytes(os.urandom(10), "big")
    number = milliseconds << 80 | _VERSION_7 | (chance & _RANDOM_A) | _VARIANT | (chance & _RANDOM_B)
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
