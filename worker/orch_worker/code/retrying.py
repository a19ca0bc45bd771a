"""Tries again what failed for a moment's reason."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

Answer = TypeVar("Answer")

DELAYS_SECONDS = (1.0, 4.0)
"""Before the second try and before the third: a name server's hiccup passes, an outage is for the run's own retries."""


async def patiently(
    call: Callable[[], Awaitable[Answer]],
    *,
    again: Callable[[Answer], bool],
    delays_seconds: Sequence[float] | None = None,
) -> Answer:
    """The answer of a call: the first that is not to be had `again`, or the last."""
    for delay in DELAYS_SECONDS if delays_seconds is None else delays_seconds:
        answer = await call()
        if not again(answer):
            return answer
        await asyncio.sleep(delay)
    return await call()
