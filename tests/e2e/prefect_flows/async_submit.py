"""Async flows that submit and map: futures awaited by their results, sync tasks, async subflows, failures."""

import asyncio

from orch import flow, task
from orch.futures import as_completed, wait


@task
async def double(number: int) -> int:
    await asyncio.sleep(0)
    return number * 2


@task
def plain(number: int) -> int:
    return number + 1


@task
async def broken() -> None:
    raise ValueError("broken")


@flow
async def submitted() -> list[object]:
    first = double.submit(1)
    second = plain.submit(first)
    return [first.result(), second.result(), second.state.name]


@flow
async def mapped() -> list[object]:
    return [double.map([1, 2, 3]).result(), plain.map(double.map([1, 2])).result()]


@flow
async def waited() -> list[object]:
    futures = [double.submit(number) for number in range(3)]
    done, not_done = wait(futures)
    return [len(done), len(not_done), sorted(each.result() for each in as_completed(futures))]


@flow
async def failing() -> list[object]:
    future = broken.submit()
    future.wait()
    return [future.state.name, repr(future.result(raise_on_failure=False))]


@flow
async def child(number: int) -> int:
    return double.submit(number).result()


@flow
async def parent() -> list[int]:
    return [await child(1), *await asyncio.gather(child(2), child(3))]


@flow
def sync_parent() -> list[int]:
    return [double.submit(5).result(), *double.map([6, 7]).result()]


@flow
async def awaits_a_future_of_a_task_in_a_task() -> int:
    return await submits_inside(2)


@task
async def submits_inside(number: int) -> int:
    return double.submit(number).result()


@flow
async def returns_futures() -> object:
    return [double.submit(1), broken.submit()]


def main() -> object:
    state = asyncio.run(returns_futures(return_state=True))
    return {
        "submitted": asyncio.run(submitted()),
        "mapped": asyncio.run(mapped()),
        "waited": asyncio.run(waited()),
        "failing": asyncio.run(failing()),
        "parent": asyncio.run(parent()),
        "sync parent": sync_parent(),
        "in a task": asyncio.run(awaits_a_future_of_a_task_in_a_task()),
        "returned": [state.type.value, state.name, state.message],
    }
