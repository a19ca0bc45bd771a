"""An attempt: a Job and its Pod, seen from the worker."""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from orch_worker.launchers.base import AttemptKey, Ending, LaunchError, Outcome, OutputLine
from orch_worker.launchers.containers.endings import CODE_NOT_READY, ending_of_exit
from orch_worker.launchers.kubernetes.cleaning import Cleaning
from orch_worker.launchers.kubernetes.clock import Clock
from orch_worker.launchers.kubernetes.cluster import Cluster, Place
from orch_worker.launchers.kubernetes.connection import ANY_REFUSAL, ApiAwayError, ApiError
from orch_worker.launchers.kubernetes.endings import Circumstances, Unsettled, end_of
from orch_worker.launchers.kubernetes.facts import LaunchFacts
from orch_worker.launchers.kubernetes.following import follow_log
from orch_worker.launchers.kubernetes.keeping import KeptOutput
from orch_worker.launchers.kubernetes.naming import MEMO
from orch_worker.launchers.kubernetes.objects import Object, text
from orch_worker.launchers.kubernetes.output import from_number
from orch_worker.launchers.kubernetes.sights import Sight
from orch_worker.launchers.kubernetes.waiting import Troubles

logger = logging.getLogger(__name__)

_TOLD_BY_LAST_LINE = frozenset({1, CODE_NOT_READY})
"""Exit codes that the last line may explain."""
_LAST_LINE_SECONDS = 5.0
_POD_END_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What attempts need of their launcher."""

    cluster: Cluster
    cleaning: Cleaning
    clock: Clock
    forget: Callable[[AttemptKey], None]


class KubernetesAttempt:
    """One attempt; see orch_worker.launchers.base.Attempt."""

    def __init__(
        self, key: AttemptKey, place: Place, sight: Sight, around: Surroundings, is_live: Callable[[], bool]
    ) -> None:
        """is_live: whether changes are heard of as they happen."""
        self.key = key
        self.place = f"job {place.namespace}/{place.name}"
        self.memo = ""
        self.sight = sight
        self._place = place
        self._around = around
        self._is_live = is_live
        self._facts = LaunchFacts()
        self._known = Circumstances()
        self._ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._concluding = False
        self._is_passive = False
        self._news = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._grace_seconds: int | None = None
        self._kept: KeptOutput | None = None
        self._troubles = Troubles(sight, place, around.cluster, around.clock, is_live)

    def is_launched(self, manifest: Object, tell: Callable[[str], None]) -> None:
        """It is being launched just now."""
        self._read(manifest)
        self._troubles.tell = tell

    def is_found(self) -> None:
        """It was launched by an earlier worker, or another one."""
        self._read(self.sight.job or self.sight.pod or {})
        self.look()

    def is_stray(self) -> None:
        """It is another worker's: it is not looked after until it is to be stopped."""
        self._is_passive = True
        self._read(self.sight.job or self.sight.pod or {})

    def look(self) -> None:
        """There is something new to see of it."""
        self._tell_news()
        if self._ending.done() or self._concluding or self._is_passive:
            return
        found = end_of(self.sight, self._known)
        if isinstance(found, Unsettled):
            self._do_once(found.awaited, self._settle(found))
        elif found is not None:
            self._conclude(found)
        else:
            self._do_once("watch over its beginning", self._watch_beginning())

    async def begun(self) -> None:
        """Waits until its container runs, or it has ended. Raises LaunchError where it was given up before it began."""
        self.look()
        while not (self.sight.has_started or self.has_ended):
            await self.change()
        if not self.sight.has_started:
            ending = await self.wait()
            if ending.outcome == Outcome.LAUNCH_FAILED:
                raise LaunchError(ending.message)

    async def wait(self) -> Ending:
        """Its end. May be awaited by several, and again."""
        if self._is_passive:
            self._is_passive = False
            self.look()
        return await asyncio.shield(self._ending)

    async def output(self, start: int = 0) -> AsyncIterator[Sequence[OutputLine]]:
        """Lines from number `start` on, as they come, until all are there. The same numbers after a restart."""
        if self._facts.output == "none":
            return
        if self._facts.output == "bad_end" and (await self.wait()).outcome == Outcome.COMPLETED:
            return
        if self._kept is not None and self.has_ended:
            lines = self._kept.lines()
        else:
            lines = follow_log(self, self._around.cluster, self._around.clock)
        async for batch in from_number(start, lines):
            yield batch

    async def stop(self, *, grace_seconds: float) -> None:
        """Ask it to end; where it has not after `grace_seconds`, end it by force. Returns at its end."""
        # A grace of 0 would take the Pod out of the list without asking whether it has ended.
        grace = max(1, math.ceil(grace_seconds))
        if self._ending.done():
            return
        if self._grace_seconds is None or grace < self._grace_seconds:
            self._grace_seconds = grace
            self._known = replace(self._known, stopped=True)
            self._is_passive = False
            self._do(f"stop within {grace} s", self._stop(grace))
        await self.wait()

    async def forget(self) -> None:
        """Clean up: its end was reported, its lines are stored."""
        await self.close()
        if not await self._is_put_aside():
            await self._around.cleaning.delete(self._place)
        self.sight.job_gone = True  # The watch will say so, too.
        self._around.forget(self.key)

    async def _is_put_aside(self) -> bool:
        """Whether its Job is kept for people to look at."""
        if not self._facts.keep_seconds or self.sight.is_deleted or not await self._is_pod_over():
            return False
        try:
            await self._around.cluster.put_aside(self._place, keep_seconds=self._facts.keep_seconds)
        except (ApiError, ApiAwayError) as error:
            logger.info("not kept", extra={"job": self.place, "cause": str(error)})
            return False
        return True

    async def _is_pod_over(self) -> bool:
        """Whether nothing runs beside it any more, which would run on for ever: a Job that is kept ends nothing. That
        is said a little later than its own end.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(_POD_END_SECONDS):
                while self.sight.pod is not None and not (self.sight.pod_phase_is_last or self.sight.pod_gone):
                    await self.change()
        return self.sight.pod is None or self.sight.pod_phase_is_last

    async def close(self) -> None:
        """Nobody watches it any more."""
        tasks = [task for task in self._tasks.values() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def namespace(self) -> str:
        """Where its Pod is."""
        return self._place.namespace

    @property
    def has_ended(self) -> bool:
        """Whether its end is known."""
        return self._ending.done()

    def change(self) -> Coroutine[Any, Any, object]:
        """Waits until there is something new to see of it, from this call on."""
        return self._news.wait()

    # --- beginning

    async def _watch_beginning(self) -> None:
        words = await self._troubles.watch(self.change)
        if words:
            self._concluding = True
            await self._give_up(words)

    async def _give_up(self, words: str) -> None:
        cluster = self._around.cluster
        try:
            await cluster.connection.patiently(lambda: cluster.delete_job(self._place, after_its_pod=False))
        except ApiError as error:
            words = f"{words} Its Job cannot be deleted: {error}"
        self._finish(Ending(Outcome.LAUNCH_FAILED, words))

    # --- the end

    async def _settle(self, awaited: Unsettled) -> None:
        was_live = False
        while not (was_live and self._is_live()):
            was_live = self._is_live()
            await self._around.clock.sleep(awaited.seconds)
        self._known = replace(self._known, settled=self._known.settled | {awaited.awaited})
        self.look()

    def _conclude(self, ending: Ending) -> None:
        if ending.exit_code in _TOLD_BY_LAST_LINE and ending.outcome in {Outcome.FAILED, Outcome.LAUNCH_FAILED}:
            self._concluding = True
            self._do("read its last line", self._conclude_with_last_line(ending))
        else:
            self._finish(ending)

    async def _conclude_with_last_line(self, ending: Ending) -> None:
        line, cluster = "", self._around.cluster
        try:
            async with asyncio.timeout(_LAST_LINE_SECONDS):
                line = await cluster.last_line(self._place.namespace, self.sight.pod_name)
        except (ApiAwayError, TimeoutError) as error:
            logger.info("no last line", extra={"job": self.place, "cause": str(error)})
        code = ending.exit_code or 0
        explained = ending_of_exit(code, wrapped=self._known.wrapped, last_line=line)
        self._finish(explained if line and not self._known.stopped else ending)

    def _finish(self, ending: Ending) -> None:
        if not self._ending.done():
            self._ending.set_result(ending)
        self._tell_news()

    def _tell_news(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _stop(self, grace_seconds: int) -> None:
        await self._keep_output()
        await self._stop_pod(grace_seconds)
        had_pod = self.sight.pod is not None
        await self._insist(lambda cluster: cluster.delete_job(self._place, after_its_pod=True))
        while not (had_pod or self.sight.pod or self.has_ended):
            await self.change()
        if not had_pod:
            await self._stop_pod(grace_seconds)
        self.look()

    async def _insist(self, do: Callable[[Cluster], Coroutine[Any, Any, None]]) -> None:
        """Do what ends it. Whatever refuses that may let it pass later; given up, it would run on for ever."""
        cluster = self._around.cluster
        await cluster.connection.patiently(lambda: do(cluster), despite=ANY_REFUSAL)

    async def _keep_output(self) -> None:
        """What is deleted has no log any more."""
        if self._kept is None and self.sight.has_started and self._facts.output != "none":
            self._kept = KeptOutput()
            self._do("keep its lines", self._kept.keep(self, self._around.cluster, self._around.clock))
            await self._kept.opened()

    async def _stop_pod(self, grace_seconds: int) -> None:
        namespace, pod = self._place.namespace, self.sight.pod_name
        if pod and not self.sight.pod_gone:
            await self._insist(lambda cluster: cluster.delete_pod(namespace, pod, grace_seconds=grace_seconds))

    # --- itself

    def _read(self, found: Object) -> None:
        self.memo = text(found, "metadata", "annotations", MEMO)
        self._facts = LaunchFacts.of(found)
        self._known = Circumstances(is_command=self._facts.is_command, wrapped=self._facts.wrapped)
        self._troubles.patience_seconds = self._facts.trouble_seconds

    def _do_once(self, what: str, doing: Coroutine[Any, Any, None]) -> None:
        if what in self._tasks:
            doing.close()
        else:
            self._do(what, doing)

    def _do(self, what: str, doing: Coroutine[Any, Any, None]) -> None:
        """Done beside; what fails by a mistake is its end, in words."""
        self._tasks[what] = asyncio.create_task(self._guarded(what, doing))

    async def _guarded(self, what: str, doing: Coroutine[Any, Any, None]) -> None:
        try:
            await doing
        except Exception as error:
            logger.exception("an attempt is not watched any more", extra={"job": self.place, "at": what})
            if not self._ending.done():
                self._ending.set_exception(error)
