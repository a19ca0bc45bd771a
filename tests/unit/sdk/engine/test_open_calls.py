"""Calls that do not come to an end of their own while their flow does: no run of theirs is left RUNNING."""

import asyncio
import gc
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import pytest

from orch import flow, task
from tests.unit.sdk.engine.conftest import Remembering

FRAMES_FOR_ONE_CALL = 10
"""Python's limit is 1,000: so many calls inside of each other are too many, and end at another frame each time."""


@pytest.fixture(autouse=True)
def _nothing_ends_later() -> Iterator[None]:
    """What a test left behind ends with it. In another test's parser, Python 3.11 does not bear a finalizer that parses
    (a traceback's lines, for its carets)."""
    yield
    gc.collect()


def ends(recorder: Remembering) -> Counter[str]:
    """How the task runs ended, or where they are left."""
    return Counter(each.state.name for each in recorder.tasks.values() if each.state is not None)


@task
def down(depth: int, padding: int = 0) -> int:
    return pad(padding, depth)


def pad(padding: int, depth: int) -> int:
    return pad(padding - 1, depth) if padding else down(depth + 1)


@task
async def adown(depth: int) -> int:
    return await adown(depth + 1)


@flow
def subflow(depth: int) -> int:
    return subflow(depth + 1)


@pytest.mark.parametrize("padding", range(FRAMES_FOR_ONE_CALL))
def test_calls_that_are_nested_too_deep_fail(recorder: Remembering, padding: int) -> None:
    @flow
    def deep() -> str:
        try:
            return str(pad(padding, 0))
        except RecursionError as error:
            return str(error)

    assert "maximum recursion depth exceeded" in deep()
    assert ends(recorder).keys() == {"Failed"}
    assert all("RecursionError" in str(each.state.message) for each in recorder.tasks.values() if each.state)


def test_async_calls_that_are_nested_too_deep_fail(recorder: Remembering) -> None:
    @flow
    async def deep() -> int:
        return await adown(0)

    with pytest.raises(RecursionError):
        asyncio.run(deep())

    assert ends(recorder).keys() == {"Failed"}


def test_subflows_that_are_nested_too_deep_fail(recorder: Remembering) -> None:
    with pytest.raises(RecursionError):
        subflow(0)

    assert {state.name for state in recorder.ends.values()} == {"Failed"}
    assert {run.id for run in recorder.begun_runs} == recorder.ends.keys()
    assert ends(recorder).keys() == {"Failed"}


@task
def numbers() -> Iterator[int]:
    yield 1
    yield 2


@task
async def anumbers() -> AsyncIterator[int]:
    yield 1
    yield 2


@flow
def number_flow() -> Iterator[int]:
    yield from numbers()


def test_a_generator_that_is_kept_ends_with_its_flow(recorder: Remembering) -> None:
    kept: list[Iterator[int]] = []

    @flow
    def half_read() -> int:
        kept.append(numbers())
        return next(kept[0])

    assert half_read() == 1
    assert recorder.states_of("numbers-0") == ["Running", "Cancelled"]
    # Whoever reads on gets the items; the run stays as it is.
    assert list(kept[0]) == [2]
    assert recorder.states_of("numbers-0") == ["Running", "Cancelled"]


async def test_an_async_generator_that_is_kept_ends_with_its_flow(recorder: Remembering) -> None:
    kept: list[AsyncIterator[int]] = []

    @flow
    async def half_read() -> int:
        kept.append(anumbers())
        return await anext(kept[0])

    assert await half_read() == 1
    assert recorder.states_of("anumbers-0") == ["Running", "Cancelled"]
    assert [number async for number in kept[0]] == [2]


def test_a_generator_subflow_that_is_kept_ends_with_the_flow_around_it(recorder: Remembering) -> None:
    kept: list[Iterator[int]] = []

    @flow
    def half_read() -> int:
        kept.append(number_flow())
        return next(kept[0])

    assert half_read() == 1
    inner = recorder.begun_runs[-1]
    assert recorder.ends[inner.id].name == "Cancelled"
    assert recorder.states_of("numbers-0") == ["Running", "Cancelled"]
    assert recorder.states_of("number-flow-0") == ["Running", "Cancelled"]
    assert list(kept[0]) == [2]
    assert recorder.ends[inner.id].name == "Cancelled"


@pytest.mark.filterwarnings("ignore:coroutine")
def test_a_call_in_a_loop_that_was_closed_ends_with_its_flow(recorder: Remembering) -> None:
    kept: list[object] = []

    @task
    async def waits(begun: asyncio.Event) -> None:
        begun.set()
        await asyncio.get_running_loop().create_future()

    async def begin() -> None:
        begun = asyncio.Event()
        kept.append(asyncio.ensure_future(waits(begun)))
        await begun.wait()

    @flow
    def closes_its_loop() -> None:
        loop = asyncio.new_event_loop()
        loop.run_until_complete(begin())
        loop.close()

    closes_its_loop()
    assert recorder.states_of("waits-0") == ["Running", "Cancelled"]
    # Dropped after all: nothing more is told of it.
    future = kept.pop()
    assert isinstance(future, asyncio.Task)
    future._log_destroy_pending = False  # type: ignore[attr-defined] # of asyncio's own
    del future
    assert recorder.states_of("waits-0") == ["Running", "Cancelled"]
