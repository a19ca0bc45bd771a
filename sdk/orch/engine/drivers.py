"""Carry out an engine's steps: `run_sync` in the calling thread, `run_async` in the calling event loop.

Only the drivers know which world they are in. Everything else about runs is in the engines, once.
"""

from collections.abc import Awaitable, Callable, Coroutine
from inspect import isawaitable
from typing import Any, TypeVar

from orch import blocking, interrupts
from orch.clock import clock
from orch.engine.steps import Await, Block, Call, Emit, Sleep, Step, Steps, Until
from orch.task_runners.remote import remote_caller

R = TypeVar("R")


def run_sync(steps: Steps) -> Any:  # noqa: ANN401 (the engine's own return type)
    """Run an engine to its end, and return what it returns."""
    answer: object = None
    error: BaseException | None = None
    while True:
        try:
            step = steps.send(answer) if error is None else steps.throw(error)
        except StopIteration as stop:
            error = None  # it knows this frame: they would keep each other alive
            return stop.value
        answer, error = None, None
        try:
            answer = carry_out(step)
        except BaseException as raised:
            error = raised


async def run_async(steps: Steps) -> Any:  # noqa: ANN401
    """Run an engine to its end, and return what it returns."""
    answer: object = None
    error: BaseException | None = None
    while True:
        try:
            step = steps.send(answer) if error is None else steps.throw(error)
        except StopIteration as stop:
            error = None  # it knows this frame: they would keep each other alive
            return stop.value
        answer, error = None, None
        try:
            answer = await carry_out_async(step)
        except BaseException as raised:
            error = raised


def carry_out(step: Step) -> object:
    """Carry out one step in the calling thread."""
    match step:
        case Call():
            function = _placed(step)
            return interrupts.call(
                function,
                target=step.target,
                timeout_seconds=step.timeout_seconds,
                timeout_error=step.timeout_error,
                on_overdue=step.on_overdue,
            )
        case Block():
            return step.function()
        case Await():
            found = step.function()
            return run_coroutine(_result_of(found)) if isawaitable(found) else found
        case Sleep():
            return interrupts.call(
                lambda: clock().sleep(step.seconds),
                target=step.target,
                timeout_seconds=None,
                timeout_error=TimeoutError,
                on_overdue=None,
            )
        case Emit():
            return None
        case Until():
            return blocking.result_of(step.future)


async def carry_out_async(step: Step) -> object:
    """Carry out one step in the running event loop."""
    import asyncio

    match step:
        case Call():
            if not step.is_async:
                return carry_out(step)
            return await interrupts.acall(
                step.function,
                target=step.target,
                timeout_seconds=step.timeout_seconds,
                timeout_error=step.timeout_error,
                on_overdue=step.on_overdue,
            )
        case Block():
            return await asyncio.to_thread(step.function)
        case Await():
            found = step.function()
            return await found if isawaitable(found) else found
        case Sleep():
            return await interrupts.acall(
                lambda: clock().asleep(step.seconds),
                target=step.target,
                timeout_seconds=None,
                timeout_error=TimeoutError,
                on_overdue=None,
            )
        case Emit():
            return None
        case Until():
            return await asyncio.wrap_future(step.future)


def _placed(step: Call) -> Callable[[], Any]:
    """What is called here for it: the function itself, or whoever calls it in another process."""
    remote = remote_caller()
    if remote is not None:
        return lambda: remote(step.function, is_async=step.is_async)
    return _awaited(step.function) if step.is_async else step.function


def _awaited(function: Any) -> Any:  # noqa: ANN401 (an async function without arguments, made sync)
    return lambda: run_coroutine(function())


async def _result_of(awaitable: Awaitable[R]) -> R:
    return await awaitable


def run_coroutine(coroutine: Coroutine[Any, Any, R]) -> R:
    """Run a coroutine to its end in the calling thread; in another one where this thread's loop is running already."""
    import asyncio
    from concurrent.futures import ThreadPoolExecutor
    from contextvars import copy_context

    from orch.task_runners import loops

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return loops.run_coroutine(coroutine)
    with ThreadPoolExecutor(1, "orch-coroutine") as beside:
        return beside.submit(copy_context().run, loops.run_coroutine, coroutine).result()
