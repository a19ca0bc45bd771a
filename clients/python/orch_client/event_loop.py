"""The event loop of those who wait for many small answers: the server, and scripts that call one (ADR 0021)."""

import asyncio
from collections.abc import Callable


def quickest_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes uvloop's loop, for `asyncio.Runner`; None, for asyncio's own, where there is none."""
    try:
        import uvloop
    except (ImportError, RuntimeError):  # a platform that it is not made for; an interpreter that is shutting down
        return None
    return uvloop.new_event_loop
