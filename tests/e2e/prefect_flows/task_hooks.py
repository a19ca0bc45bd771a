"""Hooks of tasks: which are called, with what, in which order, with retries, caches and failing hooks."""

import asyncio
from collections.abc import Callable
from typing import Any

from orch import flow, task
from orch.cache_policies import INPUTS

events: list[str] = []

Hook = Callable[..., None]


def noted(name: str) -> Hook:
    def hook(task: Any, task_run: Any, state: Any) -> None:
        events.append(
            f"{name}: {task.name}, {state.type.value} {state.name}, {'named' if task_run.name else 'without a name'}"
        )

    hook.__name__ = name
    return hook


def failing(task: Any, task_run: Any, state: Any) -> None:
    events.append("failing hook")
    raise RuntimeError("in a hook")


async def asynchronous(task: Any, task_run: Any, state: Any) -> None:
    await asyncio.sleep(0)
    events.append(f"asynchronous: {state.name}")


EVERY: dict[str, Any] = {
    "on_running": [noted("running")],
    "on_completion": [noted("completion 1"), noted("completion 2")],
    "on_failure": [noted("failure 1"), noted("failure 2")],
}


@task(**EVERY)
def completes() -> None:
    events.append("body")


@task(**EVERY)
def fails() -> None:
    events.append("body")
    raise ValueError("no")


@task(**EVERY, retries=1)
def fails_once() -> None:
    events.append("body")
    if events.count("body") == 1:
        raise ValueError("the first time")


@task(**EVERY, retries=1, retry_delay_seconds=0.01)
def always_fails() -> None:
    events.append("body")
    raise ValueError("every time")


@task(on_completion=[failing, noted("after the failing one")])
def with_a_failing_hook() -> str:
    return "good all the same"


@task(on_failure=[noted("failure")], on_completion=[failing])
def hook_fails_task_stands() -> None:
    events.append("body")


@task(on_completion=[asynchronous])
async def async_task() -> None:
    events.append("body")


@task(cache_policy=INPUTS, persist_result=True, on_completion=[noted("completion")], on_running=[noted("running")])
def cached(number: int = 1) -> None:
    events.append("body")


@task
def decorated() -> None:
    events.append("body")
    raise ValueError("no")


@decorated.on_failure
def when_failed(task: Any, task_run: Any, state: Any) -> None:
    events.append(f"decorated hook: {state.name}")


@task(timeout_seconds=0.1, on_failure=[noted("timed out")])
async def times_out() -> None:
    await asyncio.sleep(5)


@flow
def calls(name: str) -> list[str]:
    task_run = TASKS[name]
    return [task_run(return_state=True).type.value]


@flow
async def awaits_async() -> list[str]:
    first = await async_task(return_state=True)
    second = await times_out(return_state=True)
    return [first.name, second.name]


@flow
def submits() -> None:
    completes.submit().wait()


TASKS: dict[str, Any] = {
    "completes": completes,
    "fails": fails,
    "fails once": fails_once,
    "always fails": always_fails,
    "failing hook": with_a_failing_hook,
    "failing hook, task stands": hook_fails_task_stands,
    "cached, at first": cached,
    "cached, then": cached,
    "decorated": decorated,
}


def main() -> object:
    outcome: dict[str, object] = {}
    for name in TASKS:
        events.clear()
        outcome[name] = [*calls(name), *events]
    events.clear()
    outcome["async"] = [*asyncio.run(awaits_async()), *events]
    events.clear()
    submits()
    return {**outcome, "submitted": list(events)}
