"""Sync and async together: loops started inside of flows, async tasks in sync flows, threads of one's own."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from orch import flow, task
from orch.runtime import flow_run


@task
async def later(number: int) -> int:
    await asyncio.sleep(0)
    return number * 2


@task
def plain(number: int) -> int:
    return number + 1


@flow
async def async_child(number: int) -> int:
    return await later(number)


@flow
def sync_child(number: int) -> int:
    return plain(number)


@flow
def sync_parent() -> list[object]:
    pending = later(1)
    kind = type(pending).__name__
    return [kind, asyncio.run(as_coroutine(pending)), asyncio.run(async_child(2)), sync_child(3)]


async def as_coroutine(awaitable: object) -> object:
    return await awaitable  # type: ignore[misc]


@flow
async def async_parent() -> list[object]:
    return [plain(1), sync_child(2), await later(3), await async_child(4), await asyncio.to_thread(plain, 5)]


@flow
async def with_a_task_group() -> list[int]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(async_child(number)) for number in range(3)]
    return [each.result() for each in tasks]


@flow
async def task_group_fails() -> list[str]:
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(later(1))
            group.create_task(fails())
    except ExceptionGroup as error:
        return [str(each) for each in error.exceptions]
    return []


@task
async def fails() -> None:
    raise ValueError("in the group")


@flow
def in_threads() -> list[int]:
    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(copy_context().run, plain, number) for number in range(3)]
        return [each.result() for each in futures]


@flow
def flows_in_threads() -> list[int]:
    with ThreadPoolExecutor(3) as pool:
        return list(pool.map(sync_child, range(3)))


@flow
def knows_its_flow() -> list[bool]:
    with ThreadPoolExecutor(1) as pool:
        return [pool.submit(copy_context().run, lambda: flow_run.id).result() == flow_run.id]


def main() -> object:
    return {
        "sync parent": sync_parent(),
        "async parent": asyncio.run(async_parent()),
        "task group": asyncio.run(with_a_task_group()),
        "failing group": asyncio.run(task_group_fails()),
        "threads": in_threads(),
        "flows in threads": flows_in_threads(),
        "context": knows_its_flow(),
        "flows beside each other": beside_each_other(),
    }


def beside_each_other() -> list[int]:
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(sync_child, range(8)))
