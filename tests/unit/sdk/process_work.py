"""What the tests of the process runner run in processes: it must be importable there."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from orch import flow, get_run_logger, task
from orch.context import current_tags
from orch.runtime import flow_run, task_run
from orch.states import Completed

LOCK = threading.Lock()
"""A global that cannot be pickled: tasks of modules go by name, and do not take it along."""
started_by: list[str] = []


class HardToPickleError(Exception):
    """Cannot be pickled at all."""

    def __init__(self, code: int, *, reason: str) -> None:
        super().__init__(f"{code}: {reason}")

    def __reduce__(self) -> str:
        raise TypeError("no pickle")


class RowError(Exception):
    """Cannot be made again from its `args`."""

    def __init__(self, row: int, *, why: str) -> None:
        super().__init__(f"row {row}: {why}")
        self.row = row
        self.why = why
        self.lock = threading.Lock()


def note_start(name: str) -> None:
    started_by.append(name)


def process_id() -> int:
    with LOCK:
        return os.getpid()


def started() -> list[str]:
    return started_by


def fail(text: str) -> None:
    raise ValueError(text)


def fail_strangely() -> None:
    raise HardToPickleError(7, reason="strange")


def fail_at_a_row() -> None:
    raise RowError(3, why="empty")


def kill_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def exit_quietly() -> None:
    os._exit(3)


def unpicklable() -> object:
    return threading.Lock()


def begin_and_sleep(begun: str) -> None:
    with open(begun, "w") as told:
        print(os.getpid(), file=told, flush=True)
        time.sleep(60)


def begin_and_tidy_up(begun: str, tidied: str) -> None:
    Path(begun).write_text("begun")
    try:
        time.sleep(60)
    finally:
        Path(tidied).touch()


def begin_and_compute(begun: str) -> None:
    Path(begun).write_text(str(os.getpid()))
    sum(range(10**15))


async def add_later(number: int) -> int:
    await asyncio.sleep(0)
    return number + 1


@task
def double(number: int) -> int:
    return 2 * number


@task(log_prints=True)
def talkative(number: int) -> tuple[str, str, str, list[str], int]:
    print("printed", number)  # noqa: T201
    get_run_logger().warning("logged %s", number)
    return flow_run.name, task_run.name, flow_run.parameters["town"], sorted(current_tags()), os.getpid()


@task
def nested(number: int) -> list[int]:
    return [double(number), double.submit(number + 1).result(), quadruple(number)]


@flow
def quadruple(number: int) -> int:
    return double(double(number))


@task
def numbers() -> Iterator[int]:
    yield 1
    yield 2


@task
async def later(number: int) -> int:
    return await add_later(number)


@task
def own_state() -> object:
    return Completed(message="mine", data=5)


@task(retries=1)
def second_time(path: str) -> str:
    found = Path(path).exists()
    Path(path).touch()
    if not found:
        raise ValueError("first time")
    return "second time"


@task(timeout_seconds=0.05)
def too_slow() -> None:
    time.sleep(60)


@task
def dies() -> None:
    kill_itself()


@task(retries=1)
def dies_the_first_time(path: str) -> str:
    found = Path(path).exists()
    Path(path).touch()
    if not found:
        kill_itself()
    return "second time"


@task(retries=1)
def dies_every_time() -> None:
    kill_itself()


@task(retries=1, retry_condition_fn=lambda task, run, state: not state.is_crashed())
def may_not_die_twice() -> None:
    kill_itself()


@task
def kills_its_own_process() -> None:
    kill_itself()


@flow
def dying_flow() -> None:
    kills_its_own_process()


@task
def calls_what_dies() -> None:
    dying_flow()
