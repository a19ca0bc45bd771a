"""Which objects are handed on as they are, and which are copied: arguments, results, defaults, closures."""

from contextvars import ContextVar
from typing import Any

from orch import flow, task

setting: ContextVar[str] = ContextVar("setting", default="default")
shared: dict[str, list[int]] = {"numbers": [1]}


@task
def same(value: Any) -> Any:
    return value


@task
def append(numbers: list[int]) -> list[int]:
    numbers.append(len(numbers))
    return numbers


@task
def growing(numbers: list[int] = []) -> list[int]:  # noqa: B006
    numbers.append(1)
    return list(numbers)


@task
def reads_the_setting() -> str:
    return setting.get()


@task
def changes_the_setting() -> str:
    setting.set("changed in a task")
    return setting.get()


class Thing:
    """Something without equality, so that it can only be itself."""


@flow
def objects() -> list[bool]:
    thing = Thing()
    listed = [thing]
    future = same.submit(thing)
    return [
        same(thing) is thing,
        future.result() is thing,
        same(future) is thing,
        same(listed)[0] is thing,
        same.submit(listed).result()[0] is thing,
        same.map([thing]).result()[0] is thing,
        same(thing, return_state=True).result() is thing,
    ]


@flow
def changed_in_place() -> list[object]:
    numbers = [10]
    append(numbers)
    append.submit(numbers).result()
    append(shared["numbers"])
    return [numbers, shared["numbers"]]


@flow
def defaults() -> list[object]:
    return [growing(), growing(), growing([5])]


@flow
def settings() -> list[str]:
    setting.set("set in the flow")
    seen = [reads_the_setting(), reads_the_setting.submit().result()]
    return [*seen, changes_the_setting(), setting.get()]


@flow
def parameters_of_a_flow(value: Any, numbers: list[int]) -> list[object]:
    numbers.append(3)
    return [isinstance(value, Thing), numbers]


def main() -> object:
    numbers = [1, 2]
    thing = Thing()
    inside = parameters_of_a_flow(thing, numbers)
    return {
        "objects": objects(),
        "in place": changed_in_place(),
        "defaults": defaults(),
        "settings": settings(),
        "parameters": [*inside, numbers],
        "outside": setting.get(),
    }
