"""``map``: several iterables, constants, futures as inputs, maps of maps, and what cannot be mapped."""

from collections.abc import Callable

from orch import flow, task, unmapped
from orch.exceptions import MappingLengthMismatch, MappingMissingIterable


@task
def add(left: int, right: int = 100) -> int:
    return left + right


@task
def numbers(count: int) -> list[int]:
    return list(range(count))


@task
def total(items: list[int], factor: int = 1) -> int:
    return sum(items) * factor


@task
def pair(key: str, options: dict[str, int]) -> str:
    return f"{key}:{sorted(options)}"


@task
def only_even(number: int) -> int:
    if number % 2:
        raise ValueError(f"{number} is odd")
    return number


@flow
def plain() -> list[object]:
    return [
        add.map([1, 2, 3]).result(),
        add.map([1, 2, 3], [10, 20, 30]).result(),
        add.map([1, 2, 3], right=7).result(),
        add.map(range(3), right=unmapped(5)).result(),
        add.map(left=(1, 2), right=[3, 4]).result(),
        [future.result() for future in add.map([1, 2])],
    ]


@flow
def not_split() -> list[object]:
    return [
        total.map(unmapped([1, 2, 3]), factor=[1, 2]).result(),
        pair.map(["a", "b"], unmapped({"x": 1, "y": 2})).result(),
        pair.map(["ab", "cd"], options=unmapped({})).result(),
    ]


@flow
def over_futures() -> list[object]:
    listed = numbers.submit(4)
    once = add.map(listed, 1)
    twice = add.map(once, once)
    return [once.result(), twice.result(), total(twice), total.submit(twice).result()]


@flow
def over_a_list_of_futures() -> list[int]:
    return list(add.map([add.submit(1, 1), add.submit(2, 2)], 10).result())


@flow
def nothing_to_map() -> list[object]:
    futures = add.map([])
    return [len(futures), futures.result()]


@flow
def some_fail() -> list[object]:
    futures = only_even.map([1, 2, 3, 4])
    futures.wait()
    results = futures.result(raise_on_failure=False)
    return [[future.state.name for future in futures], [repr(each) for each in results]]


@flow
def one_fails_unasked() -> str:
    try:
        only_even.map([2, 3, 4]).result()
    except ValueError as error:
        return str(error)
    return "nothing raised"


def refused(mapped: Callable[[], object]) -> str:
    try:
        mapped()
    except (MappingLengthMismatch, MappingMissingIterable) as error:
        return type(error).__name__
    return "accepted"


@flow
def wrong_inputs() -> list[str]:
    return [
        refused(lambda: add.map([1, 2], [1, 2, 3])),
        refused(lambda: add.map(1, 2)),
        refused(lambda: add.map(unmapped([1]), unmapped(2))),
    ]


@flow
def states() -> list[str]:
    return [state.name for state in add.map([1, 2], return_state=True)]


def main() -> object:
    return {
        "plain": plain(),
        "not split": not_split(),
        "over futures": over_futures(),
        "over a list of futures": over_a_list_of_futures(),
        "nothing": nothing_to_map(),
        "some fail": some_fail(),
        "one fails": one_fails_unasked(),
        "wrong": wrong_inputs(),
        "states": states(),
    }
