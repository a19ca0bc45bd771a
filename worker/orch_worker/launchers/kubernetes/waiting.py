"""The time before an attempt begins: troubles are told at once, and not borne for ever."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from orch_worker.launchers.kubernetes.clock import Clock
from orch_worker.launchers.kubernetes.cluster import Cluster, Place
from orch_worker.launchers.kubernetes.connection import ApiAwayError, ApiError
from orch_worker.launchers.kubernetes.objects import uid_of
from orch_worker.launchers.kubernetes.sights import Sight
from orch_worker.launchers.kubernetes.troubles import Trouble, trouble_of, without_pod

logger = logging.getLogger(__name__)

_AWAY_SECONDS = 5.0
"""How often it is asked whether the API server is back."""
_NO_POD_SECONDS = 5.0
"""A Job that has no Pod by then is looked into."""


class Troubles:
    """Of one attempt."""

    def __init__(self, sight: Sight, place: Place, cluster: Cluster, clock: Clock, is_live: Callable[[], bool]) -> None:
        """is_live: whether changes are heard of as they happen."""
        self.tell: Callable[[str], None] = self._log
        """Takes a sentence for the run's log."""
        self.patience_seconds = 0.0
        """How long a trouble may last."""
        self._sight = sight
        self._place = place
        self._cluster = cluster
        self._clock = clock
        self._is_live = is_live
        self._begun_at: float | None = None
        self._trouble_now: Trouble | None = None
        self._troubled_since = 0.0

    async def watch(self, change: Callable[[], Coroutine[Any, Any, object]]) -> str:
        """Returns when it has begun; or with the words why it is given up.

        change: waits until there is something new to see of it.
        """
        while not self._is_over():
            changed = asyncio.create_task(change())
            try:
                self._take(await self._trouble())
                if self._trouble_now is not None and self._is_unbearable(self._trouble_now):
                    return self._words(self._trouble_now)
                await self._first(changed)
            finally:
                changed.cancel()
        return ""

    def _is_over(self) -> bool:
        return self._sight.has_started or self._sight.pod_has_ended or self._sight.is_deleted

    def _take(self, trouble: Trouble | None) -> None:
        """What is wrong now. It is told when it comes, and again when it becomes another one."""
        earlier, self._trouble_now = self._trouble_now, trouble
        if trouble is None:
            return
        if earlier is None:
            self._troubled_since = self._clock.now()
        if earlier is None or earlier.kind != trouble.kind:
            self._tell(trouble)

    def _is_unbearable(self, trouble: Trouble) -> bool:
        """Whether it is given up. Not by what was seen before the API server went away: it may run by now."""
        return trouble.is_hopeless or (self._left() <= 0 and self._is_live())

    def _left(self) -> float:
        """Seconds until it is given up."""
        return self._troubled_since + self.patience_seconds - self._clock.now()

    async def _trouble(self) -> Trouble | None:
        if self._sight.pod is not None:
            return trouble_of(self._sight)
        if self._seconds_without_pod() < _NO_POD_SECONDS or not self._is_live():
            return None
        return without_pod(await self._events())

    def _seconds_without_pod(self) -> float:
        if self._sight.job is None or not self._sight.has_begun:
            return 0.0
        if self._begun_at is None:
            self._begun_at = self._clock.now()
        return self._clock.now() - self._begun_at

    async def _events(self) -> str:
        try:
            return await self._cluster.failed_creations(self._place.namespace, uid_of(self._sight.job))
        except (ApiError, ApiAwayError) as error:
            logger.debug("no events", extra={"cause": str(error)})
            return ""

    async def _first(self, changed: "asyncio.Task[object]") -> None:
        """Waits until something changes, or the time is up for what is waited for."""
        seconds = self._until_no_pod_is_trouble()
        if self._trouble_now is not None:
            seconds = self._left() if self._left() > 0 else _AWAY_SECONDS
        timer = asyncio.create_task(self._clock.sleep(seconds)) if seconds is not None else None
        try:
            await asyncio.wait({changed, timer} if timer else {changed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if timer is not None:
                timer.cancel()

    def _until_no_pod_is_trouble(self) -> float | None:
        if self._sight.pod is not None or self._begun_at is None:
            return None
        left = _NO_POD_SECONDS - self._seconds_without_pod()
        return left if left > 0 else _AWAY_SECONDS

    def _tell(self, trouble: Trouble) -> None:
        end = "" if trouble.is_hopeless else f" It is given up if that lasts for {self.patience_seconds:g} s."
        self.tell(f"{trouble.message}{end}")

    def _words(self, trouble: Trouble) -> str:
        if trouble.is_hopeless:
            return trouble.message
        return f"{trouble.message} Given up after {self.patience_seconds:g} s (pod_watch_timeout_seconds)."

    def _log(self, sentence: str) -> None:
        logger.warning("a run does not begin", extra={"job": self._place.name, "cause": sentence})
