"""Tasks that call and submit tasks, tasks that run flows, and what fails inside of them."""

import asyncio

from orch import flow, task
from orch.runtime import task_run


@task
def inner(number: int) -> int:
    return number * 10


@task
def calls_inner(number: int) -> int:
    return inner(number) + 1


@task
def submits_inner(number: int) -> int:
    return inner.submit(number).result() + 2


@task
def maps_inner(count: int) -> int:
    return sum(inner.map(range(count)).result())


@task
def names_around() -> list[str]:
    before = task_run.task_name
    during = name_inside()
    return [before, during, task_run.task_name]


@task
def name_inside() -> str:
    return task_run.task_name


@task
def broken() -> None:
    raise ValueError("deep inside")


@task
def passes_the_failure_on() -> None:
    broken()


@task
def catches_the_failure() -> str:
    try:
        broken()
    except ValueError as error:
        return f"caught {error}"
    return "nothing raised"


@flow
def small_flow(number: int) -> int:
    return inner(number)


@task
def runs_a_flow(number: int) -> int:
    return small_flow(number) + 3


@task
async def awaits_inner(number: int) -> int:
    return await inner_async(number) + inner(1)


@task
async def inner_async(number: int) -> int:
    await asyncio.sleep(0)
    return number


@flow
def everything() -> dict[str, object]:
    state = passes_the_failure_on(return_state=True)
    return {
        "called": calls_inner(1),
        "submitted": submits_inner(1),
        "mapped": maps_inner(4),
        "submitted twice": submits_inner.submit(2).result(),
        "many that submit": submits_inner.map(range(8)).result(),
        "names": names_around(),
        "failure": [state.name, repr(state.result(raise_on_failure=False))],
        "caught": catches_the_failure(),
        "flow in a task": runs_a_flow(1),
    }


@flow
async def asynchronously() -> int:
    return await awaits_inner(5)


def main() -> object:
    return {**everything(), "async": asyncio.run(asynchronously())}
