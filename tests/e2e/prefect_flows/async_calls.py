"""Async flows and tasks: awaited, gathered, with sync tasks among them, raising."""

import asyncio

from orch import flow, task


@task
async def fetch(number: int) -> int:
    await asyncio.sleep(0)
    return number * 10


@task
def plain(number: int) -> int:
    return number + 1


@task
async def broken() -> None:
    await asyncio.sleep(0)
    raise LookupError("not there")


@flow
async def awaited() -> list[int]:
    first = await fetch(1)
    return [first, plain(first), await fetch(first)]


@flow
async def gathered() -> list[int]:
    return list(await asyncio.gather(*(fetch(number) for number in range(5))))


@flow
async def child(number: int) -> int:
    return await fetch(number)


@flow
async def gathered_subflows() -> list[int]:
    return list(await asyncio.gather(child(1), child(2), child(3)))


@flow
async def caught() -> str:
    try:
        await broken()
    except LookupError as error:
        return f"caught {error}"
    return "nothing raised"


@flow
async def one_of_several_fails() -> list[str]:
    outcomes = await asyncio.gather(fetch(1), broken(), return_exceptions=True)
    return [repr(each) for each in outcomes]


@flow
def sync_flow_without_tasks() -> str:
    return "sync"


async def everything() -> dict[str, object]:
    return {
        "awaited": await awaited(),
        "gathered": await gathered(),
        "subflows": await gathered_subflows(),
        "caught": await caught(),
        "one fails": await one_of_several_fails(),
        "sync flow in a running loop": sync_flow_without_tasks(),
    }


def main() -> object:
    return {**asyncio.run(everything()), "again": asyncio.run(awaited())}
