"""Waiting inside flows: interruptible, and in durable flows part of what is remembered."""

from typing import TYPE_CHECKING

from orch.clock import clock
from orch.context import flow_run_context

if TYPE_CHECKING:
    from datetime import timedelta

    from orch.tasks import Task


def sleep(seconds: "float | timedelta") -> None:
    """Wait. In a durable flow the wait is remembered: after a crash only what is left of it is waited for.

    A cancel interrupts it. Async flows use `asleep`.
    """
    until = _wake_time(_seconds(seconds))
    clock().sleep(max(until - clock().time(), 0))


async def asleep(seconds: "float | timedelta") -> None:
    """As `sleep`, for async flows: `await asleep(60)`."""
    until = _wake_time(_seconds(seconds))
    await clock().asleep(max(until - clock().time(), 0))


def _seconds(given: "float | timedelta") -> float:
    seconds = given if isinstance(given, (int, float)) else given.total_seconds()
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"sleep takes seconds, 0 or more, not {given!r}.")
    return float(seconds)


def _wake_time(seconds: float) -> float:
    """When to wake up, in seconds since 1970: from its checkpoint where the flow has slept here before."""
    flow = flow_run_context.get()
    if flow is None or flow.checkpoints is None:
        return clock().time() + seconds
    return _sleep_task()(seconds)


_made: "list[Task[[float], float]]" = []


def _sleep_task() -> "Task[[float], float]":
    if not _made:
        from orch.tasks import Task

        def sleep_until(seconds: float) -> float:
            return clock().time() + seconds

        _made.append(Task(sleep_until, name="sleep"))
    return _made[0]
