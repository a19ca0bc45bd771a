"""The lines of one container, numbered from its first."""

import logging
from collections.abc import AsyncIterator, Sequence

from orch_worker.launchers.base import OutputLine
from orch_worker.launchers.docker.engine import Engine
from orch_worker.launchers.docker.errors import EngineRefusedError
from orch_worker.launchers.docker.frames import FrameReader

logger = logging.getLogger(__name__)

_TAIL_LINES = 1000


class ContainerOutput:
    """Reads them from a number on, each once, in several goes where the engine cuts them off.

    Raises EngineError: 404 and 409 where the container is gone.
    """

    def __init__(self, engine: Engine, container: str, start: int) -> None:
        self._engine = engine
        self._container = container
        self._number = start
        self._last: OutputLine | None = None

    async def follow(self) -> AsyncIterator[Sequence[OutputLine]]:
        """As they come, until the container ends. Of those that it writes right before that, some may be missing."""
        async for lines in self._from(self._number, follow="true"):
            yield lines

    async def rest(self) -> AsyncIterator[Sequence[OutputLine]]:
        """Those that are still missing when it has ended: engines end a stream that is followed a little too early."""
        if self._last is not None:
            tail = [line async for lines in self._read(tail=str(_TAIL_LINES)) for line in lines]
            if self._last in tail:
                missing = tail[len(tail) - tail[::-1].index(self._last) :]
                if missing:
                    yield self._taken(missing)
                return
        async for lines in self._from(self._number):
            yield lines

    async def _from(self, skip: int, **params: str) -> AsyncIterator[Sequence[OutputLine]]:
        async for lines in self._read(**params):
            skipped, skip = skip, max(0, skip - len(lines))
            if skipped < len(lines):
                yield self._taken(lines[skipped:])

    async def _read(self, **params: str) -> AsyncIterator[Sequence[OutputLine]]:
        reader = FrameReader()
        async with self._engine.logs(self._container, **params) as chunks:
            async for chunk in chunks:
                yield reader.feed(chunk)

    def _taken(self, lines: Sequence[OutputLine]) -> Sequence[OutputLine]:
        self._number += len(lines)
        self._last = lines[-1]
        return lines


async def last_line(engine: Engine, container: str) -> str:
    """The last line that it has written; empty where there is none, or it cannot be read."""
    try:
        async with engine.logs(container, tail="1") as chunks:
            reader = FrameReader()
            lines = [line async for chunk in chunks for line in reader.feed(chunk)]
    except EngineRefusedError as error:
        logger.debug("no last line", extra={"container": container, "cause": error.message})
        return ""
    return lines[-1].text if lines else ""
