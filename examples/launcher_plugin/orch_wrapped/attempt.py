"""One attempt: its end, its lines, its stop."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from orch_worker.launchers.base import AttemptKey, Ending, Outcome, OutputLine
from orch_wrapped.jobs import RESULT

BEGUN, ENDING, JOB, OUTPUT = "begun", "ending", "job.json", "output"
FORGOTTEN = ".forgotten"
_LONGEST_LINE, _LARGEST_RESULT = 64 * 1024, 512 * 1024
_MOST_LINES = 1000
_LOOK_SECONDS = 0.1
"""A file does not say that it has grown."""
_HINTS = {
    126: " A command, or the pool's wrapper, may not be executed.",
    127: " A command, or the pool's wrapper, was not found: is it installed on the worker's machine?",
}


class WrappedAttempt:
    """See orch_worker.launchers.base.Attempt."""

    def __init__(
        self,
        key: AttemptKey,
        folder: Path,
        pid: int,
        keeper: subprocess.Popen[bytes] | None,
        drop: Callable[[], object],
    ) -> None:
        self.key, self.place = key, f"process {pid}"
        self._folder, self._pid, self._keeper, self._drop = folder, pid, keeper, drop
        job = json.loads((folder / JOB).read_text())
        self.memo: str = job["memo"]
        self._pulls: bool = job["pulls"]
        self._forced = False
        self._kill_at: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._ending: asyncio.Future[Ending] = self._loop.create_future()
        self._descriptor = os.pidfd_open(pid) if keeper is not None else _found_again(pid, folder)
        if self._descriptor is None:
            self._ended()
        else:
            self._loop.add_reader(self._descriptor, self._ended)

    async def wait(self) -> Ending:
        """Shielded: one who waits and is cancelled must not cancel the end of the others."""
        return await asyncio.shield(self._ending)

    async def output(self, start: int = 0) -> AsyncIterator[Sequence[OutputLine]]:
        """Lines have numbers by their place in the file, which no restart changes."""
        number = 0
        with (self._folder / OUTPUT).open("rb") as file:
            while True:
                ended = self._ending.done()
                lines = [line for _ in range(_MOST_LINES) if (line := _line(file, last=ended)) is not None]
                skip, number = max(start - number, 0), number + len(lines)
                if lines[skip:]:
                    yield lines[skip:]
                if not lines and ended:
                    return
                if not lines:
                    await asyncio.wait({self._ending}, timeout=_LOOK_SECONDS)

    async def stop(self, *, grace_seconds: float) -> None:
        """To all of its processes; after the grace, by force. The shorter grace counts, whoever asked."""
        if self._ending.done():
            return
        self._signal(signal.SIGTERM)
        at = self._loop.time() + grace_seconds
        if self._kill_at is None or at < self._kill_at.when():
            if self._kill_at is not None:
                self._kill_at.cancel()
            self._kill_at = self._loop.call_at(at, self._kill)
        await self.wait()

    async def forget(self) -> None:
        """In one step, so that a crash leaves no half of it that might be found."""
        self.unwatch()
        self._drop()
        forgotten = self._folder.with_name(self._folder.name + FORGOTTEN)
        with suppress(FileNotFoundError):
            self._folder.rename(forgotten)
        await asyncio.to_thread(shutil.rmtree, forgotten, ignore_errors=True)

    def unwatch(self) -> None:
        """Let go of the process, which goes on."""
        if self._kill_at is not None:
            self._kill_at.cancel()
        if self._descriptor is not None:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None
        if self._keeper is not None:
            if self._keeper.poll() is None:
                self._keeper.returncode = 0  # It is let go: nobody here waits for it any more.
            self._keeper = None

    def _ended(self) -> None:
        if not self._ending.done():
            self._ending.set_result(self._how())
        self.unwatch()

    def _kill(self) -> None:
        self._forced = True
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        # While it is watched and has not ended, the number is its own. The keeper leads its process group.
        with suppress(ProcessLookupError):
            os.killpg(self._pid, number)

    def _how(self) -> Ending:
        try:
            code = int((self._folder / ENDING).read_text())
        except FileNotFoundError:
            why = "It did not end in time when it was asked to, and was killed." if self._forced else _LOST
            return Ending(Outcome.CRASHED, why)
        if code == 0:
            return _completed(self._folder / RESULT)
        if code == 125 and self._pulls:
            return Ending(Outcome.LAUNCH_FAILED, f"Its code could not be made ready: {self._last_words()}", code)
        if code > 128:
            return Ending(Outcome.CRASHED, f"It was ended by {_signal_name(code - 128)}.")
        return Ending(Outcome.FAILED, f"It ended with exit code {code}.{_HINTS.get(code, '')}", code)

    def _last_words(self) -> str:
        with (self._folder / OUTPUT).open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _LONGEST_LINE))
            return (file.read().decode(errors="replace").splitlines() or [""])[-1]


_LOST = "Its processes were killed, by somebody or by the system, or the machine was started again."


def _found_again(pid: int, folder: Path) -> int | None:
    """A descriptor that becomes readable when the keeper has ended. None: it has."""
    try:
        descriptor = os.pidfd_open(pid)
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None
    # The number may be somebody else's by now.
    if os.fsencode(folder) in command:
        return descriptor
    os.close(descriptor)
    return None


def _line(file: BinaryIO, *, last: bool) -> OutputLine | None:
    """The next line; None where it is not complete yet."""
    position = file.tell()
    line = file.readline(_LONGEST_LINE)
    if line.endswith(b"\n") or len(line) == _LONGEST_LINE or (line and last):
        return OutputLine("stdout", time.time_ns(), line.rstrip(b"\r\n").decode(errors="replace"))
    file.seek(position)
    return None


def _completed(path: Path) -> Ending:
    if not path.exists() or not path.stat().st_size:
        return Ending(Outcome.COMPLETED, "It ended with exit code 0.", 0)
    if path.stat().st_size > _LARGEST_RESULT:
        return Ending(Outcome.FAILED, "It ended with exit code 0, but its result has more than 512 KiB.", 0)
    result = path.read_bytes()
    try:
        json.loads(result)
    except ValueError as error:
        return Ending(Outcome.FAILED, f"It ended with exit code 0, but its result is no JSON: {error}.", 0)
    return Ending(Outcome.COMPLETED, "It ended with exit code 0.", 0, result)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
