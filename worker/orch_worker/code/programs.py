"""Runs the programs that fetch and install: without questions, with a time limit, and with nothing left behind."""

import asyncio
import os
import signal
import socket
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from orch_worker.code.errors import CodeError

LAST_LINES = 15


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended."""

    exit_code: int
    output: str
    errors: str

    @property
    def well(self) -> bool:
        """Whether it says that it did what it was asked for."""
        return self.exit_code == 0

    def last_lines(self, *secrets: str) -> str:
        """What it said at last, without the secrets: what a person needs to know why it failed."""
        lines = [line.rstrip() for line in (self.errors or self.output).splitlines() if line.strip()]
        return redacted("\n".join(lines[-LAST_LINES:]), *secrets) or f"exit code {self.exit_code}"


async def run_program(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    timeout_seconds: float,
    folder: Path | None = None,
    given: str = "",
) -> Finished:
    """Runs a program to its end. Cancelled, or out of time, it is killed with all that it started.

    given: its standard input. Raises CodeError where it is not there, cannot be started, or takes too long.
    """
    try:
        process = await _started(command, environment, folder)
    except OSError as error:
        raise CodeError(
            f"{command[0]} cannot be started on {socket.gethostname()}: {error.strerror}. Install it there, or put it "
            "on the PATH of the worker."
        ) from error
    try:
        async with asyncio.timeout(timeout_seconds):
            output, errors = await process.communicate(given.encode())
    except TimeoutError:
        raise CodeError(
            f"{os.path.basename(command[0])} took longer than {timeout_seconds:g} s and was stopped. Where that is "
            "how long it takes, raise timeout_seconds of the step."
        ) from None
    finally:
        if process.returncode is None:
            await _kill(process)
    return Finished(process.returncode or 0, output.decode(errors="replace"), errors.decode(errors="replace"))


async def _started(command: Sequence[str], environment: Mapping[str, str], folder: Path | None) -> Process:
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *command,
            env=environment,
            cwd=folder,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        # asyncio would kill the program, and leave alone what it has started already.
        with suppress(OSError):
            await _kill(await starting)
        raise


async def _kill(process: Process) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await asyncio.shield(process.wait())


def redacted(text: str, *secrets: str) -> str:
    """A text without the secrets."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return text
