"""Follows the log of an attempt's Pod, from its first line to its last."""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from orch_worker.launchers.base import OutputLine
from orch_worker.launchers.kubernetes.clock import Clock, growing_delays
from orch_worker.launchers.kubernetes.cluster import NOT_FOUND, Cluster
from orch_worker.launchers.kubernetes.connection import ApiAwayError, ApiError
from orch_worker.launchers.kubernetes.output import LogReader
from orch_worker.launchers.kubernetes.sights import Sight

logger = logging.getLogger(__name__)

_TRIES_AFTER_END = 4
"""A node that is away with the log is not waited for when the attempt has ended."""


class Followed(Protocol):
    """An attempt, as far as its log is concerned."""

    sight: Sight

    @property
    def namespace(self) -> str:
        """Where its Pod is."""

    @property
    def has_ended(self) -> bool:
        """Whether its end is known."""

    async def change(self) -> None:
        """Waits until there is something new to see of it."""


def _nothing() -> None:
    """Nobody waits for it."""


async def follow_log(
    attempt: Followed, cluster: Cluster, clock: Clock, *, opened: Callable[[], None] = _nothing
) -> AsyncIterator[Sequence[OutputLine]]:
    """All lines, as they come. opened: called when they are being read."""
    reader, delays, tries = LogReader(), growing_delays(), _TRIES_AFTER_END
    while not attempt.sight.has_started:
        if attempt.has_ended:
            return
        await attempt.change()
    while tries:
        # What is asked for after the end is all of it.
        is_last = attempt.sight.terminated is not None or attempt.sight.pod_gone or attempt.has_ended
        try:
            query = reader.begin()
            async with cluster.log(attempt.namespace, attempt.sight.pod_name, query) as content:
                opened()
                async for data in content:
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
        await clock.sleep(next(delays))
