"""Timeouts of tasks and flows, sync and async, and what they raise."""

import asyncio
import time

from orch import flow, task


@task(timeout_seconds=0.1)
def slow_task() -> str:
    time.sleep(5)
    return "too late"


@task(timeout_seconds=0.1)
async def slow_async_task() -> str:
    await asyncio.sleep(5)
    return "too late"


@task(timeout_seconds=30)
def quick_task() -> str:
    return "in time"


@task(timeout_seconds=0.1, retries=1)
def slow_once() -> str:
    runs.append("slow once")
    if len(runs) == 1:
        time.sleep(5)
    return f"run {len(runs)}"


runs: list[str] = []


@flow
def with_a_slow_task() -> list[object]:
    state = slow_task(return_state=True)
    return [
        state.type.value,
        state.name,
        type(state.result(raise_on_failure=False)).__name__,
        quick_task(),
        slow_once(),
    ]


@flow
def with_a_slow_submitted_task() -> list[object]:
    future = slow_task.submit()
    future.wait()
    return [future.state.type.value, future.state.name, type(future.result(raise_on_failure=False)).__name__]


@flow
def caught() -> str:
    try:
        slow_task()
    except TimeoutError:
        return "caught"
    return "nothing raised"


@flow
def uncaught() -> str:
    return slow_task()


@flow
async def with_a_slow_async_task() -> list[object]:
    state = await slow_async_task(return_state=True)
    return [state.type.value, state.name]


@flow(timeout_seconds=0.2)
def slow_flow() -> str:
    time.sleep(5)
    return "too late"


@flow(timeout_seconds=0.2)
async def slow_async_flow() -> str:
    await asyncio.sleep(5)
    return "too late"


@flow(timeout_seconds=30)
def quick_flow() -> str:
    return quick_task()


@flow(timeout_seconds=0.5)
def flow_with_a_slow_subflow() -> str:
    return slow_child()


@flow
def slow_child() -> str:
    time.sleep(5)
    return "too late"


@flow
def parent_of_a_slow_flow() -> list[object]:
    state = slow_flow(return_state=True)
    return [state.type.value, state.name]


def raised_by_a_slow_flow() -> str:
    try:
        slow_flow()
    except TimeoutError as error:
        return f"TimeoutError from {type(error).__name__}"
    return "nothing raised"


def main() -> object:
    outcome: dict[str, object] = {
        "task": with_a_slow_task(),
        "submitted task": with_a_slow_submitted_task(),
        "caught": caught(),
        "async task": asyncio.run(with_a_slow_async_task()),
        "quick flow": quick_flow(),
        "parent": parent_of_a_slow_flow(),
        "raised": raised_by_a_slow_flow(),
    }
    for each in (uncaught, slow_flow, flow_with_a_slow_subflow):
        state = each(return_state=True)
        outcome[each.name] = [state.type.value, state.name]
    state = asyncio.run(slow_async_flow(return_state=True))
    return {**outcome, "async flow": [state.type.value, state.name]}
