"""Launchers in folders of their own, and jobs for them."""

import os
import select
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_proto.v1.policy_pb2 import RecoveryPolicy
from orch_worker.launchers.base import AttemptKey, Job, LauncherSettings, OutputLine
from orch_worker.launchers.process.attempt import ProcessAttempt
from orch_worker.launchers.process.launcher import ProcessLauncher


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[ProcessLauncher]:
    """A launcher, as a worker has it."""
    launcher = ProcessLauncher(LauncherSettings(folder, "pool", "worker"))
    await launcher.open()
    try:
        yield launcher
    finally:
        await launcher.close()


def job(
    *command: str,
    key: AttemptKey | None = None,
    entrypoint: str = "",
    parameters: str = "",
    environment: dict[str, str] | None = None,
    pull_steps: str = "",
    exclusive: bool = False,
    **variables: object,
) -> Job:
    """A job that runs a command."""
    key = key or AttemptKey(str(uuid4()), 1)
    run = FlowRun(
        flow_run_id=key.flow_run_id,
        parameters_json=parameters,
        recovery_policy=RecoveryPolicy(exclusive=exclusive),
    )
    spec = LaunchSpec(command=command, entrypoint=entrypoint, pull_steps_json=pull_steps)
    return Job(key, run, spec, variables, environment or {})


def shell(script: str, **options: object) -> Job:
    """A job that runs a shell script."""
    return job("sh", "-c", script, **options)  # type: ignore[arg-type] # passed on


def python(script: str, **options: object) -> Job:
    """A job that runs a Python program."""
    return job(sys.executable, "-c", script, **options)  # type: ignore[arg-type] # passed on


async def lines_of(attempt: ProcessAttempt, start: int = 0) -> list[OutputLine]:
    """All that it writes, until its end."""
    return [line async for batch in attempt.output(start) for line in batch]


async def texts_of(attempt: ProcessAttempt, stream: str = "stdout") -> list[str]:
    """What it writes to a stream, until its end."""
    return [line.text for line in await lines_of(attempt) if line.stream == stream]


async def first_line(attempt: ProcessAttempt, matches: Callable[[str], bool] = lambda _: True) -> str:
    """The first line that it writes and that matches, as soon as it is there."""
    async for batch in attempt.output():
        for line in batch:
            if matches(line.text):
                return line.text
    raise AssertionError("it ended before it had written that")


def is_alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}


def wait_until_gone(pid: int) -> None:
    """Wait for the end of a process that is about to end."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        select.select([descriptor], [], [])
    finally:
        os.close(descriptor)
