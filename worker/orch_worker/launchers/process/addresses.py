"""The address of a host's socket. Standard library only."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MAX_BYTES = 100
"""The system's limit is 108 (Linux) or 104 (macOS), its last byte included."""


class AddressError(Exception):
    """A socket cannot have this address. The text says why and what to do."""


@contextmanager
def socket_address(path: Path) -> Iterator[str]:
    """What to bind or connect to, for as long as it takes, to reach `path`, which may be long. Raises AddressError."""
    if len(os.fsencode(path)) <= _MAX_BYTES:
        yield str(path)
        return
    if sys.platform != "linux":
        raise AddressError(f"{path} is too long for a socket's address; give the worker a home with a shorter path.")
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
