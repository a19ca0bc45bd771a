"""Generators as tasks: what their readers get, and how their runs end."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from orch import flow, task
from orch.cache_policies import INPUTS
from orch.settings import temporary_settings
from tests.unit.sdk.engine.conftest import Remembering

runs: list[int] = []


@pytest.fixture(autouse=True)
def _home(tmp_path: Path) -> Iterator[None]:
    runs.clear()
    with temporary_settings(home=tmp_path, results_storage=""):
        yield


@task(cache_policy=INPUTS)
def numbers(most: int) -> Iterator[int]:
    runs.append(most)
    yield from range(most)


@task(cache_policy=INPUTS)
async def numbers_async(most: int) -> AsyncIterator[int]:
    runs.append(most)
    for number in range(most):
        yield number


def test_a_cached_generator_yields_its_items_again(recorder: Remembering) -> None:
    @flow
    def twice() -> tuple[list[int], list[int], object]:
        return list(numbers(3)), list(numbers(3)), numbers.submit(3).result()

    assert twice() == ([0, 1, 2], [0, 1, 2], [0, 1, 2])
    assert runs == [3]


def test_a_cached_async_generator_yields_its_items_again(recorder: Remembering) -> None:
    @flow
    async def twice() -> tuple[list[int], list[int]]:
        return [each async for each in numbers_async(2)], [each async for each in numbers_async(2)]

    assert asyncio.run(twice()) == ([0, 1], [0, 1])
    assert runs == [2]


def test_what_one_reader_left_unread_is_no_answer_for_another(recorder: Remembering) -> None:
    @flow
    def first() -> int:
        reader = numbers(3)
        found = next(reader)
        reader.close()  # type: ignore[attr-defined]
        return found

    @flow
    def whole() -> list[int]:
        return list(numbers(3))

    assert first() == 0
    assert recorder.states_of("numbers-0") == ["Running", "Completed"]
    assert whole() == [0, 1, 2]
    assert runs == [3, 3]


def test_a_generator_that_fails_while_it_is_closed_has_failed(recorder: Remembering) -> None:
    @task(retries=2)
    def careless() -> Iterator[int]:
        try:
            yield 1
        finally:
            raise ValueError("not closed")

    @flow
    def reads_one() -> None:
        reader = careless()
        next(reader)
        with pytest.raises(ValueError, match="not closed"):
            reader.close()  # type: ignore[attr-defined]

    reads_one()
    assert recorder.states_of("careless-0") == ["Running", "Failed"]


def test_a_generator_that_a_flow_returns_fails_the_flow_where_it_fails(recorder: Remembering) -> None:
    @flow
    def lazy() -> Iterator[float]:
        return (1 / number for number in (1, 0))

    assert lazy(return_state=True).name == "Failed"
    assert recorder.flow_states[-1] == ("lazy", "Failed")


def test_a_generator_that_a_task_returns_is_tried_again(recorder: Remembering) -> None:
    tries: list[int] = []

    @task(retries=1)
    def lazy() -> Iterator[float]:
        tries.append(1)
        return (1 / number for number in (1, len(tries) - 1))

    @flow
    def run() -> object:
        return lazy()

    assert run() == [1.0, 1.0]
    assert recorder.states_of("lazy-0") == ["Running", "Retrying", "Completed"]
