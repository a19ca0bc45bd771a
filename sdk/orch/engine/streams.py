"""Flows and tasks that are generators: their items reach whoever reads them as they come.

The engine asks for one item after the other (`items_of`); the drivers here hand them on. The code runs in a context of
its own, so that between two items the reader's code is not taken for the run's.
"""

import time
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from contextvars import copy_context
from functools import partial
from typing import Any

from orch.engine.drivers import carry_out, carry_out_async
from orch.engine.steps import Block, Call, Emit, ReaderLeft, Step, Steps
from orch.states import State

_END = object()


def items_of(
    make: Callable[[], Any],
    call: Callable[..., Call],
    *,
    timeout_seconds: float | None,
    collect: bool,
    reader_left: Callable[[], None],
) -> Steps:
    """Run a generator to its end, or until its reader leaves. Returns its items where they are collected, else None.

    `call` makes the step that runs a function of the user's; `timeout_seconds` counts the generator's own time.
    `reader_left` is called where the generator is not read to its end.
    """
    generator = make()
    is_async = hasattr(generator, "__anext__")
    advance = partial(_anext, generator) if is_async else partial(next, generator, _END)
    collected: list[object] = []
    left = timeout_seconds
    while True:
        began = time.monotonic()
        item = yield call(advance, timeout_seconds=left)
        if left is not None:
            left = max(left - (time.monotonic() - began), 1e-6)
        if item is _END:
            return collected if collect else None
        if collect:
            collected.append(item)
        if not (yield from _is_read(item)):
            reader_left()
            yield call(generator.aclose if is_async else generator.close, timeout_seconds=left)
            return collected if collect else None


def _is_read(item: object) -> Steps:
    """Hand on an item; whether its reader wants another."""
    try:
        yield Emit(item)
    except ReaderLeft:
        return False
    return True


def repeated(state: State[Any]) -> Steps:
    """Hand on the items of a generator that ran before, and whose items were kept; its reader may leave."""
    for item in (yield Block(state.result)) or ():
        if not (yield from _is_read(item)):
            return


async def _anext(generator: AsyncIterator[Any]) -> object:
    return await anext(generator, _END)


def iterate(steps: Steps, finish: Callable[[Any], object]) -> Generator[Any, None, object]:
    """Run an engine and yield its items. `finish` gets what it returns, and may raise."""
    context = copy_context()
    advance: Callable[[], Any] = partial(steps.send, None)
    while True:
        try:
            step = context.run(advance)
        except StopIteration as stop:
            return finish(stop.value)
        try:
            if isinstance(step, Emit):
                yield step.item
                answer: object = None
            else:
                answer = context.run(carry_out, step)
        except GeneratorExit:
            _run_out(steps, context.run, finish)
            raise
        except BaseException as error:
            advance = partial(steps.throw, error)
        else:
            advance = partial(steps.send, answer)


def _run_out(steps: Steps, run: Callable[..., Any], finish: Callable[[Any], object]) -> None:
    """The reader has left: let the engine end the run. Raises what the generator raised while it was closed."""
    advance: Callable[[], Any] = partial(steps.throw, ReaderLeft())
    while True:
        try:
            step = run(advance)
        except StopIteration as stop:
            finish(stop.value)
            return
        try:
            answer = run(_carry_out_unread, step)
        except BaseException as error:
            advance = partial(steps.throw, error)
        else:
            advance = partial(steps.send, answer)


def _carry_out_unread(step: Step) -> object:
    if isinstance(step, Emit):
        raise ReaderLeft
    return carry_out(step)


async def iterate_async(steps: Steps, finish: Callable[[Any], object]) -> AsyncIterator[Any]:
    """Run an engine and yield its items. `finish` gets what it returns, and may raise."""
    import asyncio

    context = copy_context()

    async def within(coroutine: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401
        return await asyncio.create_task(coroutine, context=context)

    advance: Callable[[], Any] = partial(steps.send, None)
    while True:
        try:
            step = context.run(advance)
        except StopIteration as stop:
            finish(stop.value)
            return
        try:
            if isinstance(step, Emit):
                yield step.item
                answer: object = None
            else:
                answer = await within(carry_out_async(step))
        except GeneratorExit:
            await _run_out_async(steps, context.run, within, finish)
            raise
        except BaseException as error:
            advance = partial(steps.throw, error)
        else:
            advance = partial(steps.send, answer)


async def _run_out_async(
    steps: Steps, run: Callable[..., Any], within: Callable[..., Any], finish: Callable[[Any], object]
) -> None:
    advance: Callable[[], Any] = partial(steps.throw, ReaderLeft())
    while True:
        try:
            step = run(advance)
        except StopIteration as stop:
            finish(stop.value)
            return
        try:
            if isinstance(step, Emit):
                raise ReaderLeft
            answer = await within(carry_out_async(step))
        except BaseException as error:
            advance = partial(steps.throw, error)
        else:
            advance = partial(steps.send, answer)
