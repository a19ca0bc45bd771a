"""One container, as the worker sees it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Protocol

from orch_worker.launchers.base import AttemptKey, Ending, OutputLine
from orch_worker.launchers.containers.endings import with_result
from orch_worker.launchers.docker.archives import NoFileError
from orch_worker.launchers.docker.endings import (
    Circumstances,
    ended,
    is_being_removed,
    is_over,
    needs_last_line,
    never_started,
    removed,
    unreadable,
)
from orch_worker.launchers.docker.engine import Engine
from orch_worker.launchers.docker.errors import EngineAwayError, EngineRefusedError
from orch_worker.launchers.docker.naming import KEPT, MEMO, container_name, key_of
from orch_worker.launchers.docker.output import ContainerOutput, last_line
from orch_worker.launchers.results import MAX_RESULT_BYTES

logger = logging.getLogger(__name__)

_NOT_FOUND = 404
_CONFLICT = 409
_NO_LINES = (_NOT_FOUND, _CONFLICT, 501)
"""The container is removed, or about to be; or its log driver keeps none (stream_output: false)."""
_RESULT_VARIABLE, _STEPS_VARIABLE = "ORCH_RESULT_FILE", "ORCH_PULL_STEPS"
_NEWS_SECONDS = 1.0
"""How long after its last line the news of a container's end may take, before it is asked for."""
_AGAIN_SECONDS = 0.2
"""Between two tries of what the engine cut off."""
_KILL_AGAIN_SECONDS = 2.0
"""What is to be killed and still runs then, is killed again."""


class Keeper(Protocol):
    """What an attempt needs of its launcher."""

    async def contact(self) -> None:
        """Returns when the engine answers."""

    def look_after(self, attempt: "DockerAttempt") -> None:
        """Somebody waits for its end: it is to hear what happens to its container."""

    async def dismiss(self, attempt: "DockerAttempt") -> None:
        """Its container is not needed any more."""


class DockerAttempt:
    """A container, named and labelled by its attempt."""

    def __init__(self, container: str, labels: Mapping[str, str], engine: Engine, keeper: Keeper) -> None:
        """container: its id. Raises ValueError, KeyError where the labels are not those of an attempt."""
        self.key: AttemptKey = key_of(labels)
        self.memo = labels.get(MEMO, "")
        self.place = f"container {container[:12]}"
        self.name = container_name(self.key)
        self.container = container
        self.kept = KEPT in labels
        """Whether its container stays when it is done with."""
        self.heard = Circumstances()
        self._engine = engine
        self._keeper = keeper
        self._ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._settling = asyncio.Lock()

    @property
    def has_ended(self) -> bool:
        """Whether its end is known."""
        return self._ending.done()

    async def wait(self) -> Ending:
        """Its end. May be awaited by several, and again."""
        return await asyncio.shield(self._ending)

    # --- its end

    async def settle(self) -> None:
        """Find out whether it has ended, and how. An engine that is away is asked again when it is back."""
        async with self._settling:
            if self.has_ended:
                return
            try:
                ending = await self._found_out()
            except EngineAwayError:
                return
            except EngineRefusedError as error:
                # It is looked at again, now and then.
                cause = {"container": self.container, "cause": error.message}
                logger.warning("cannot find out whether a container has ended", extra=cause)
                return
            if ending is not None and not self.has_ended:
                self._ending.set_result(ending)

    def never_started(self) -> None:
        """Nobody will start its container."""
        if not self.has_ended:
            self._ending.set_result(never_started())

    async def _found_out(self) -> Ending | None:
        """None where it has not ended."""
        try:
            inspected = await self._engine.inspect(self.container)
            if is_being_removed(inspected):
                return removed(self.heard)
            return await self._told(inspected) if is_over(inspected) else None
        except EngineRefusedError as error:
            if error.status == _NOT_FOUND:
                return removed(self.heard)
            raise

    async def _told(self, inspected: Mapping[str, Any]) -> Ending:
        environment = dict(each.partition("=")[::2] for each in inspected["Config"]["Env"] or ())
        code = int(inspected["State"]["ExitCode"])
        last = await last_line(self._engine, self.container) if needs_last_line(code) else ""
        ending = ended(inspected, self.heard, wrapped=_STEPS_VARIABLE in environment, last_line=last)
        path = environment.get(_RESULT_VARIABLE)
        return await self._with_result(ending, path) if code == 0 and path else ending

    async def _with_result(self, ending: Ending, path: str) -> Ending:
        """A file that cannot be read fails it, in words: asked again, the engine would say the same."""
        try:
            content = await self._engine.read(self.container, path, max_bytes=MAX_RESULT_BYTES + 1)
        except NoFileError as error:
            return unreadable(path, f"it is {error}.")
        except EngineRefusedError as error:
            if error.status == _NOT_FOUND:
                raise
            return unreadable(path, f"the engine says: {error.message}.")
        return ending if content is None else with_result(ending, content)

    # --- its lines

    async def output(self, start: int = 0) -> AsyncIterator[Sequence[OutputLine]]:
        """Lines from number `start` on, as they come, until all are there. The same numbers after a restart."""
        output = ContainerOutput(self._engine, self.container, start)
        while True:
            ended = self.has_ended
            try:
                async for lines in output.follow():
                    yield lines
                if await self._ends():
                    if not ended:
                        async for lines in output.rest():
                            yield lines
                    return
            except EngineRefusedError as error:
                if error.status not in _NO_LINES:
                    logger.warning("no lines", extra={"container": self.container, "cause": error.message})
                return
            except EngineAwayError:
                await self._keeper.contact()
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _ends(self) -> bool:
        """Whether it has ended, now that there are no more lines."""
        await asyncio.wait({self._ending}, timeout=_NEWS_SECONDS)
        await self.settle()
        return self.has_ended

    # --- stopping

    async def stop(self, *, grace_seconds: float) -> None:
        """Ask it to end; where it has not after `grace_seconds`, end it and all that it started. Returns at its end."""
        self._keeper.look_after(self)
        await self.settle()
        if self.has_ended:
            return
        if grace_seconds > 0 and not self.heard.stopped:
            self.heard.stopped = True
            await self._send(None)
        await asyncio.wait({self._ending}, timeout=grace_seconds)
        while not self.has_ended:
            self.heard.stopped = self.heard.forced = True
            await self._send("SIGKILL")
            await asyncio.wait({self._ending}, timeout=_KILL_AGAIN_SECONDS)
            await self.settle()

    async def _send(self, signal: str | None) -> None:
        """Send a signal; None: the one that its image wants to be asked with. Returns when that was done, or is too
        late; or where the engine refuses to.
        """
        while not self.has_ended:
            try:
                await self._engine.kill(self.container, signal or await self._stop_signal())
            except EngineRefusedError as error:
                if error.status in (_NOT_FOUND, _CONFLICT):
                    await self.settle()
                else:
                    cause = {"container": self.container, "cause": error.message}
                    logger.warning("the engine does not send a signal", extra=cause)
            except EngineAwayError:
                await asyncio.sleep(_AGAIN_SECONDS)
                await self._keeper.contact()
                continue
            return

    async def _stop_signal(self) -> str:
        inspected = await self._engine.inspect(self.container)
        return inspected["Config"].get("StopSignal") or "SIGTERM"

    async def forget(self) -> None:
        """Clean up: its end was reported, its lines are stored."""
        await self._keeper.dismiss(self)
