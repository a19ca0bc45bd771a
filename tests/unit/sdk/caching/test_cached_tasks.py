"""Tasks that share their results, in flows."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from orch import flow, task
from orch.cache_policies import INPUTS
from orch.settings import temporary_settings
from orch.states import Completed, State

MANY = 40
"""More than an event loop or a task runner has threads."""


@pytest.fixture(autouse=True)
def home(tmp_path: Path) -> Iterator[Path]:
    """A home of its own, and no records."""
    with temporary_settings(home=tmp_path, recording="off"):
        yield tmp_path


def test_async_tasks_with_one_key_wait_for_the_first() -> None:
    computed: list[int] = []

    @task(cache_policy=INPUTS)
    async def double(number: int) -> int:
        computed.append(number)
        # The others come to wait meanwhile.
        for _ in range(10):
            await asyncio.sleep(0)
        return number * 2

    @flow
    async def doubles() -> list[int]:
        return await asyncio.gather(*(double(2) for _ in range(MANY)))

    assert asyncio.run(doubles()) == [4] * MANY
    assert computed == [2]


def test_submitted_tasks_with_one_key_wait_for_the_first() -> None:
    computed: list[int] = []
    begun = threading.Event()

    @task(cache_policy=INPUTS)
    def double(number: int) -> int:
        computed.append(number)
        assert begun.wait(30)
        return number * 2

    @flow
    def doubles() -> list[int]:
        futures = [double.submit(2) for _ in range(MANY)]
        begun.set()
        return [future.result() for future in futures]

    assert doubles() == [4] * MANY
    assert computed == [2]


def test_a_task_with_one_key_inside_of_itself_does_not_wait_for_itself() -> None:
    @task(cache_key_fn=lambda *_: "one key")
    def down(number: int) -> int:
        return down.submit(number - 1).result() + 1 if number else 0

    @flow
    def start() -> int:
        return down(3)

    assert start() == 3


@pytest.mark.parametrize("serializer", [None, "json", "pickle"])
def test_a_state_that_a_task_made_is_what_an_answer_from_the_cache_returns(serializer: str | None) -> None:
    computed: list[int] = []

    @task(cache_policy=INPUTS, result_serializer=serializer)
    def judge(number: int) -> State[int]:
        computed.append(number)
        return Completed(name="Judged", message="good", data=number)

    @flow
    def judged() -> list[tuple[str, str | None, int]]:
        return [(state.name, state.message, state.result()) for state in (judge(5), judge(5))]

    assert judged() == [("Judged", "good", 5)] * 2
    assert computed == [5]
