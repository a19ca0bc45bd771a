"""Hooks of flows: which are called, with what, in which order, and what a failing hook does."""

import asyncio
from collections.abc import Callable
from typing import Any

from orch import flow
from orch.states import Cancelled, Crashed

events: list[str] = []

Hook = Callable[..., None]


def noted(name: str) -> Hook:
    def hook(flow: Any, flow_run: Any, state: Any) -> None:
        events.append(
            f"{name}: {flow.name}, {state.type.value} {state.name}, {'named' if flow_run.name else 'without a name'}"
        )

    hook.__name__ = name
    return hook


def failing(flow: Any, flow_run: Any, state: Any) -> None:
    events.append("failing hook")
    raise RuntimeError("in a hook")


async def asynchronous(flow: Any, flow_run: Any, state: Any) -> None:
    await asyncio.sleep(0)
    events.append(f"asynchronous: {state.name}")


EVERY: dict[str, Any] = {
    "on_running": [noted("running")],
    "on_completion": [noted("completion 1"), noted("completion 2")],
    "on_failure": [noted("failure 1"), noted("failure 2")],
    "on_cancellation": [noted("cancellation")],
    "on_crashed": [noted("crashed")],
}


@flow(**EVERY)
def completes() -> None:
    events.append("body")


@flow(**EVERY)
def fails() -> None:
    events.append("body")
    raise ValueError("no")


@flow(**EVERY)
def returns_cancelled() -> object:
    return Cancelled()


@flow(**EVERY)
def returns_crashed() -> object:
    return Crashed()


@flow(**EVERY, retries=1)
def fails_once() -> None:
    events.append("body")
    if events.count("body") == 1:
        raise ValueError("the first time")


@flow(**EVERY, retries=1)
def always_fails() -> None:
    events.append("body")
    raise ValueError("every time")


@flow(on_completion=[failing, noted("after the failing one")])
def with_a_failing_hook() -> str:
    return "good all the same"


@flow(on_completion=[asynchronous])
def with_an_async_hook() -> None:
    events.append("body")


@flow(on_completion=[asynchronous, noted("plain")])
async def async_flow() -> None:
    events.append("body")


@flow
def decorated() -> None:
    events.append("body")


@decorated.on_completion
def when_completed(flow: Any, flow_run: Any, state: Any) -> None:
    events.append(f"decorated hook: {state.name}")


@decorated.on_running
def when_running(flow: Any, flow_run: Any, state: Any) -> None:
    events.append(f"decorated hook: {state.name}")


@flow(on_failure=[noted("the parent's")])
def parent() -> None:
    child()


@flow(on_failure=[noted("the child's")])
def child() -> None:
    raise ValueError("in the child")


@flow(timeout_seconds=0.1, on_failure=[noted("timed out")])
async def times_out() -> None:
    await asyncio.sleep(5)


@flow(on_failure=[noted("wrong parameter")], on_running=[noted("running")])
def badly_called(number: int) -> None:
    events.append("body")


FLOWS = (
    completes,
    fails,
    returns_cancelled,
    returns_crashed,
    fails_once,
    always_fails,
    with_a_failing_hook,
    with_an_async_hook,
    decorated,
    parent,
)


def main() -> object:
    outcome: dict[str, object] = {}
    for each in FLOWS:
        events.clear()
        state = each(return_state=True)
        outcome[each.name] = [state.type.value, *events]
    for async_each in (async_flow, times_out):
        events.clear()
        state = asyncio.run(async_each(return_state=True))
        outcome[async_each.name] = [state.type.value, state.name, *events]
    events.clear()
    state = badly_called("text", return_state=True)
    outcome["badly called"] = [state.type.value, *events]
    return outcome
