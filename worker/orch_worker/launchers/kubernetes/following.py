"""Follows the log of an attempt's Pod, from its first line to its last."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any, Protocol

from orch_worker.launchers.base import OutputLine
from orch_worker.launchers.kubernetes.clock import Clock, growing_delays
from orch_worker.launchers.kubernetes.cluster import NOT_FOUND, Cluster
from orch_worker.launchers.kubernetes.connection import ApiAwayError, ApiError
from orch_worker.launchers.kubernetes.output import LogReader
from orch_worker.launchers.kubernetes.sights import Sight

logger = logging.getLogger(__name__)

_TRIES_AFTER_END = 6
"""A node that is away with the log is not waited for for long when the attempt has ended."""
_SILENCE_AFTER_END_SECONDS = 5.0


class Followed(Protocol):
    """An attempt, as far as its log is concerned."""

    sight: Sight

    @property
    def namespace(self) -> str:
        """Where its Pod is."""

    @property
    def has_ended(self) -> bool:
        """Whether its end is known."""

    def change(self) -> Coroutine[Any, Any, object]:
        """Waits until there is something new to see of it, from this call on."""


def _nothing() -> None:
    """Nobody waits for it."""


async def follow_log(
    attempt: Followed, cluster: Cluster, clock: Clock, *, opened: Callable[[], None] = _nothing
) -> AsyncIterator[Sequence[OutputLine]]:
    """All lines, as they come. opened: called when they are being read."""
    reader, delays, tries = LogReader(), growing_delays(), _TRIES_AFTER_END
    while tries and await _has_started(attempt):
        # What is asked for after the end is all of it.
        is_last = _is_over(attempt)
        try:
            query = reader.begin()
            async with cluster.log(attempt.namespace, attempt.sight.pod_name, query) as content:
                opened()
                async for data in _until_silent(attempt, content, clock):
                    if lines := reader.feed(data):
                        delays = growing_delays()
                        yield lines
            if is_last:
                yield reader.end()
                return
        except ApiError as error:
            logger.info("no log", extra={"pod": attempt.sight.pod_name, "cause": str(error)})
            if error.status == NOT_FOUND:
                yield reader.end()
                return
        except ApiAwayError as error:
            logger.info("the log is away", extra={"pod": attempt.sight.pod_name, "cause": str(error)})
        tries -= is_last
        if not is_last and _is_over(attempt):
            continue
        waiting = asyncio.ensure_future(clock.sleep(next(delays)))
        try:
            # Most often it is the end that is about to be seen.
            await (waiting if is_last else _first(waiting, attempt.change()))
        finally:
            waiting.cancel()


async def _has_started(attempt: Followed) -> bool:
    """Waits until its container runs, or it has ended: whether there is a log."""
    while not (attempt.sight.has_started or attempt.has_ended):
        await attempt.change()
    return attempt.sight.has_started


def _is_over(attempt: Followed) -> bool:
    """Whether nothing more will be written."""
    return attempt.sight.terminated is not None or attempt.sight.pod_gone or attempt.has_ended


async def _until_silent(attempt: Followed, content: AsyncIterator[bytes], clock: Clock) -> AsyncIterator[bytes]:
    """What comes. A connection may die without a word, and a run may be silent for as long as it wants: so its silence
    is borne until the end, and little longer. Raises ApiAwayError.
    """
    while True:
        reading: asyncio.Future[bytes] = asyncio.ensure_future(anext(content))
        try:
            while not (reading.done() or _is_over(attempt)):
                await _first(reading, attempt.change())
            if not reading.done():
                await _first(reading, clock.sleep(_SILENCE_AFTER_END_SECONDS))
            if not reading.done():
                raise ApiAwayError("its connection has died, it seems")
            yield reading.result()
        except StopAsyncIteration:
            return
        finally:
            reading.cancel()


async def _first(task: "asyncio.Future[Any]", other: Coroutine[Any, Any, object]) -> None:
    """Returns when one of them has come to its end; the task goes on."""
    beside = asyncio.ensure_future(other)
    try:
        await asyncio.wait({task, beside}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        beside.cancel()
