"""What ends a run from outside of ordinary errors: ``SystemExit``, ``KeyboardInterrupt``, cancelled async tasks."""

import asyncio
from typing import Any

from orch import flow, task

events: list[str] = []


def note(flow: Any, flow_run: Any, state: Any) -> None:
    events.append(f"{flow.name} {state.type.value} {state.name}")


@flow(on_crashed=[note], on_cancellation=[note], on_failure=[note])
def exits() -> None:
    raise SystemExit(3)


@flow(on_crashed=[note], on_cancellation=[note], on_failure=[note])
def is_interrupted() -> None:
    raise KeyboardInterrupt


@task
def exiting_task() -> None:
    raise SystemExit(4)


@flow(on_crashed=[note], on_cancellation=[note], on_failure=[note])
def task_exits() -> None:
    exiting_task()


@flow(on_crashed=[note], on_cancellation=[note], on_failure=[note])
def with_a_child_that_exits() -> None:
    exits()


@flow(on_crashed=[note], on_cancellation=[note], on_failure=[note])
async def waits_for_ever(started: asyncio.Event) -> None:
    started.set()
    await asyncio.Event().wait()


@flow(on_crashed=[note], on_cancellation=[note], on_failure=[note], on_completion=[note])
async def cancels_a_task_of_its_own() -> str:
    work = asyncio.ensure_future(slow())
    await asyncio.sleep(0)
    work.cancel()
    try:
        await work
    except asyncio.CancelledError:
        return "cancelled"
    return "not cancelled"


async def slow() -> None:
    await asyncio.Event().wait()


async def cancelled_from_outside() -> str:
    started = asyncio.Event()
    running = asyncio.ensure_future(waits_for_ever(started))
    await started.wait()
    running.cancel()
    try:
        await running
    except BaseException as error:
        return type(error).__name__
    return "nothing raised"


def raised_by(call: Any) -> list[str]:
    events.clear()
    try:
        call()
    except BaseException as error:
        return [type(error).__name__, str(error), *events]
    return ["nothing raised", *events]


def main() -> object:
    outcome: dict[str, object] = {
        each.name: raised_by(each) for each in (exits, is_interrupted, task_exits, with_a_child_that_exits)
    }
    events.clear()
    outcome["cancelled from outside"] = [asyncio.run(cancelled_from_outside()), *events]
    events.clear()
    outcome["own task"] = [asyncio.run(cancels_a_task_of_its_own()), *events]
    return outcome
