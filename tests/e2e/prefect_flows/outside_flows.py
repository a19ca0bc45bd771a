"""Tasks without a flow around them: called, nested, failing, retried; and plain functions by ``fn``."""

import asyncio

from orch import flow, task
from orch.runtime import flow_run, task_run

calls: list[str] = []


@task
def add(left: int, right: int = 1) -> int:
    return left + right


@task
def broken() -> None:
    raise ValueError("broken")


@task(retries=2)
def third_time() -> int:
    calls.append("third time")
    if len(calls) < 3:
        raise ValueError("not yet")
    return len(calls)


@task
async def later(number: int) -> int:
    return number * 2


@task
def where_am_i() -> list[object]:
    return [task_run.task_name, flow_run.id is None, flow_run.flow_name]


@task
def outer() -> int:
    return add(1) + add(2)


@flow
def a_flow(number: int) -> int:
    return add(number)


def caught() -> str:
    try:
        broken()
    except ValueError as error:
        return str(error)
    return "nothing raised"


def main() -> object:
    state = broken(return_state=True)
    return {
        "called": add(1, 2),
        "caught": caught(),
        "state": [state.type.value, state.name],
        "retried": third_time(),
        "async": asyncio.run(later(4)),
        "where": where_am_i(),
        "nested": outer(),
        "plain functions": [add.fn(1), a_flow.fn(3), asyncio.run(later.fn(2))],
        "attributes": [add.fn.__name__, add.__name__, a_flow.fn.__name__, a_flow.__name__, add.isasync, later.isasync],
    }
