"""Annotations of arguments: ``quote``, ``unmapped``, ``allow_failure``, alone and together."""

from orch import allow_failure, flow, task, unmapped
from orch.utilities.annotations import quote


@task
def number(value: int) -> int:
    return value


@task
def kind(value: object) -> str:
    return type(value).__name__


@task
def kinds(values: list[object]) -> list[str]:
    return [type(each).__name__ for each in values]


@task
def combine(left: object, right: object) -> str:
    return f"{left!r} {right!r}"


@task
def broken() -> int:
    raise ValueError("broken")


@flow
def quoted() -> list[object]:
    future = number.submit(1)
    return [kind(quote([1, 2])), kind.submit(quote({"a": 1})).result(), kind(future), kinds([future, 2])]


@flow
def mapped_with_constants() -> list[object]:
    return [
        combine.map(["a", "b"], unmapped(["x", "y"])).result(),
        combine.map(["a", "b"], unmapped(number.submit(3))).result(),
        combine.map(unmapped("c"), [1, 2]).result(),
        combine.map([1, 2], "x").result(),
    ]


@flow
def failures_let_through() -> list[object]:
    failed = broken.submit()
    return [
        combine(allow_failure(failed), "x"),
        combine.map([1, 2], unmapped(allow_failure(failed))).result(),
        kinds([allow_failure(failed), 1]),
    ]


@flow
def good_ones_let_through() -> list[object]:
    return [combine(allow_failure(number.submit(4)), allow_failure(5)), combine.submit(allow_failure(6), 7).result()]


def main() -> object:
    return {
        "quoted": quoted(),
        "constants": mapped_with_constants(),
        "failures": failures_let_through(),
        "good": good_ones_let_through(),
    }
