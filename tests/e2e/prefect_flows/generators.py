"""Generators as tasks and flows: iterated, sent into, failing in the middle, nested."""

import asyncio
from collections.abc import AsyncGenerator, Generator

from orch import flow, task


@task
def numbers(count: int) -> Generator[int, None, None]:
    yield from range(count)


@task
def fails_at(count: int) -> Generator[int, None, None]:
    yield from range(count)
    raise ValueError(f"after {count}")


@task
async def async_numbers(count: int) -> AsyncGenerator[int, None]:
    for number in range(count):
        yield number


@task
def double(number: int) -> int:
    return number * 2


@flow
def collected() -> list[int]:
    return list(numbers(4))


@flow
def piece_by_piece() -> list[int]:
    return [double(number) for number in numbers(3)]


@flow
def until_it_fails() -> list[object]:
    seen: list[object] = []
    try:
        seen.extend(double(number) for number in fails_at(2))
    except ValueError as error:
        seen.append(str(error))
    return seen


@flow
def yields(count: int) -> Generator[int, None, None]:
    for number in range(count):
        yield double(number)


@flow
async def yields_async(count: int) -> AsyncGenerator[int, None]:
    async for number in async_numbers(count):
        yield number + 100


@flow
def parent() -> list[int]:
    return list(yields(2))


@flow
async def async_parent() -> list[int]:
    return [number async for number in async_numbers(3)]


async def from_an_async_flow() -> list[int]:
    return [number async for number in yields_async(3)]


def main() -> object:
    return {
        "collected": collected(),
        "piece by piece": piece_by_piece(),
        "until it fails": until_it_fails(),
        "flow": list(yields(3)),
        "parent": parent(),
        "async": asyncio.run(async_parent()),
        "async flow": asyncio.run(from_an_async_flow()),
    }
