"""One event stream of the engine for all containers of a pool, whatever their number.

After a loss it is opened again, and all containers are looked at: nothing that happened meanwhile is missed. So they
are every now and then as well, in one call: a connection may die without a word.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any

from orch_worker.launchers.docker.attempt import DockerAttempt
from orch_worker.launchers.docker.engine import Engine
from orch_worker.launchers.docker.errors import EngineAwayError, EngineError

logger = logging.getLogger(__name__)

_EVENTS = ("die", "destroy", "kill")
_LOOK_SECONDS = 30.0
_FIRST_DELAY_SECONDS = 0.1
_LONGEST_DELAY_SECONDS = 2.0
_ALIVE = ("created", "running", "paused", "restarting")


class Watch:
    """Tells attempts what happens to their containers."""

    def __init__(self, engine: Engine, labels: Sequence[str], on_contact: Callable[[], Awaitable[None]]) -> None:
        """on_contact: called whenever the engine was lost and is back, and now and then."""
        self._engine = engine
        self._labels = labels
        self._on_contact = on_contact
        self._attempts: dict[str, DockerAttempt] = {}
        self._here = asyncio.Event()
        self._settling: set[asyncio.Task[None]] = set()
        self._was_lost = False

    def add(self, attempt: DockerAttempt) -> None:
        """To be told from now on."""
        self._attempts[attempt.container] = attempt

    def remove(self, container: str) -> None:
        """Nobody wants to know any more."""
        self._attempts.pop(container, None)

    async def contact(self) -> None:
        """Returns when the engine answers."""
        await self._here.wait()

    async def run(self) -> None:
        """Watch until it is cancelled."""
        failures = 0
        try:
            while True:
                try:
                    await self._watch()
                except EngineError as error:
                    failures = 0 if self._here.is_set() else failures + 1
                    self._lose(str(error))
                except Exception:
                    # Without a watch no run would ever end.
                    logger.exception("the watch of the Docker engine failed, and begins anew")
                    self._lose("see above")
                await asyncio.sleep(min(_LONGEST_DELAY_SECONDS, _FIRST_DELAY_SECONDS * 2.0 ** min(failures, 10)))
        finally:
            for task in self._settling:
                task.cancel()
            await asyncio.gather(*self._settling, return_exceptions=True)

    async def _watch(self) -> None:
        """Raises EngineError when the stream was lost."""
        since = await self._engine.now()
        async with self._engine.events(self._labels, _EVENTS, since=since) as events:
            await self._look()
            self._find()
            await _either(self._hear(events), self._look_now_and_then())
        raise EngineAwayError("The Docker engine has ended the stream of its events.")

    async def _hear(self, events: AsyncIterator[Mapping[str, Any]]) -> None:
        async for event in events:
            attempt = self._attempts.get(event["Actor"]["ID"])
            if attempt is not None:
                self._tell(attempt, event["Action"], event["Actor"]["Attributes"])

    def _tell(self, attempt: DockerAttempt, action: str, attributes: Mapping[str, str]) -> None:
        if action == "kill":
            # What the worker sends itself, it knows of already.
            number = attributes.get("signal", "")
            if not attempt.heard.stopped and number.isdigit():
                attempt.heard.signal = int(number)
            return
        if action == "die":
            attempt.heard.exit_code = int(attributes.get("exitCode", 0))
        self._settle(attempt)

    async def _look_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await self._look()

    async def _look(self) -> None:
        """Settle all whose containers have ended, or are gone."""
        alive = {each["Id"] for each in await self._engine.list(self._labels) if each["State"] in _ALIVE}
        for container, attempt in list(self._attempts.items()):
            if container not in alive and not attempt.has_ended:
                attempt.heard.engine_was_away = self._was_lost
                self._settle(attempt)
        await self._on_contact()

    def _settle(self, attempt: DockerAttempt) -> None:
        task = asyncio.create_task(self._settled(attempt))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    async def _settled(self, attempt: DockerAttempt) -> None:
        try:
            await attempt.settle()
        except Exception:
            # Looked at again, now and then.
            logger.exception("cannot find out how a container ended", extra={"container": attempt.container})

    def _lose(self, cause: str) -> None:
        if not self._was_lost:
            logger.warning("the Docker engine is away", extra={"cause": cause})
        self._was_lost = True
        self._here.clear()

    def _find(self) -> None:
        if self._was_lost:
            logger.info("the Docker engine answers again")
        self._was_lost = False
        self._here.set()


async def _either(*doings: Coroutine[Any, Any, None]) -> None:
    """Returns when one of these has ended, and the others were cancelled. Raises what it has raised."""
    tasks = [asyncio.create_task(each) for each in doings]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
