"""An attempt, seen from the worker."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from orch_worker.code import Prepared, hold_again
from orch_worker.launchers.base import AttemptKey, Ending, LauncherUnavailableError, OutputLine
from orch_worker.launchers.process.folders import SPOOL, EndingFacts, read_entries, write_entries
from orch_worker.launchers.process.spool import STREAMS
from orch_worker.launchers.process.words import ending_of

FORGOTTEN = ".forgotten"
"""Ends the name of a folder that is being removed."""
_READ_BYTES = 256 * 1024


class Owner(Protocol):
    """What an attempt needs of its launcher."""

    async def stop(self, attempt: "ProcessAttempt", grace_seconds: float) -> None:
        """Have its process stopped; returns when that has begun."""

    def forget(self, attempt: "ProcessAttempt") -> None:
        """It is not needed any more."""


class ProcessAttempt:
    """A process, with what it leaves in its folder."""

    def __init__(self, key: AttemptKey, folder: Path, owner: Owner) -> None:
        self.key = key
        self.place = "process"
        self.memo = ""  # The worker keeps what it wants to know on the same disk.
        self.folder = folder
        self._owner = owner
        self._ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._news = asyncio.Event()
        self._release: Callable[[], object] = _nothing_to_release

    @property
    def has_ended(self) -> bool:
        """Whether its end is known."""
        return self._ending.done()

    async def wait(self) -> Ending:
        """Its end. May be awaited by several, and again."""
        return await asyncio.shield(self._ending)

    async def output(self, start: int = 0) -> AsyncIterator[Sequence[OutputLine]]:
        """Lines from number `start` on, as they come, until all are there. The same numbers after a restart."""
        path = self.folder / SPOOL
        position = 0
        skip = start
        while True:
            ended, news = self.has_ended, self._news
            while read := _read(path, position):
                position += len(read)
                lines = read.split(b"\n")[:-1]
                skipped, skip = skip, max(0, skip - len(lines))
                if skipped < len(lines):
                    yield [_parsed(line) for line in lines[skipped:]]
            if ended:
                return
            await news.wait()

    async def stop(self, *, grace_seconds: float) -> None:
        """Ask it to end; where it has not after `grace_seconds`, end it and all that it started. Returns at its end."""
        if not self.has_ended:
            await self._owner.stop(self, grace_seconds)
            await self.wait()

    async def forget(self) -> None:
        """Clean up: its end was reported, its lines are stored."""
        self._owner.forget(self)
        self._release()
        # In one step, so that nobody finds half of it.
        forgotten = self.folder.with_name(self.folder.name + FORGOTTEN)
        with suppress(OSError):
            self.folder.rename(forgotten)
        await asyncio.to_thread(shutil.rmtree, forgotten, ignore_errors=True)

    def uses(self, prepared: Prepared) -> None:
        """Its code is kept for as long as it is not forgotten. Raises LauncherUnavailableError where that cannot be
        noted.
        """
        self._release = prepared.release
        try:
            write_entries(self.folder, prepared.entries)
        except OSError as error:
            raise LauncherUnavailableError(
                f"The worker cannot keep an attempt's files: {error}. Make room there."
            ) from error

    def uses_again(self) -> None:
        """The same, after a restart of the worker."""
        self._release = hold_again(read_entries(self.folder)).release

    def runs_as(self, pid: int) -> None:
        """Its process is known."""
        self.place = f"process {pid}"

    def heard_output(self) -> None:
        """There are new lines."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    def heard_end(self, facts: EndingFacts) -> None:
        """It has ended. To be called once or more often: the first end counts."""
        if not self._ending.done():
            self._ending.set_result(ending_of(facts, self.folder))
        self.heard_output()


def _nothing_to_release() -> None:
    """Code that no pull step has brought."""


def _read(path: Path, position: int) -> bytes:
    """Whole lines from there on; empty where there are none yet."""
    try:
        with path.open("rb") as file:
            file.seek(position)
            data = file.read(_READ_BYTES)
    except FileNotFoundError:
        return b""
    return data[: data.rfind(b"\n") + 1]


def _parsed(line: bytes) -> OutputLine:
    stream, time_ns, text = line.split(b" ", 2)
    return OutputLine(STREAMS[stream], int(time_ns), text.removesuffix(b"\r").decode("utf-8", "replace"))
