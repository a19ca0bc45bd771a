"""What ``submit`` gives back: results, states, waiting, and futures as arguments of further tasks."""

from threading import Event
from typing import Any

from orch import flow, task
from orch.futures import as_completed, wait


@task
def double(number: int) -> int:
    return number * 2


@task
def total(numbers: list[int]) -> int:
    return sum(numbers)


@task
def describe(mapping: dict[str, object]) -> str:
    return ", ".join(f"{key}={value}" for key, value in mapping.items())


@task
def broken() -> int:
    raise ValueError("broken")


@flow
def results() -> list[object]:
    future = double.submit(21)
    value = future.result()
    return [value, future.state.type.value, future.state.name, future.state.is_completed()]


@flow
def passed_on() -> list[object]:
    first = double.submit(1)
    second = double.submit(first)
    third = total.submit([first, second, 10])
    text = describe.submit({"first": first, "list": [second, third], "pair": (first, 3)})
    return [third.result(), text.result()]


@flow
def passed_to_a_call() -> int:
    return total([double.submit(1), double.submit(2)])


@flow
def waited() -> list[object]:
    future = double.submit(3)
    before = future.wait()
    return [before, future.state.is_final(), future.result(timeout=10)]


@flow
def failing() -> list[object]:
    future = broken.submit()
    error = future.result(raise_on_failure=False)
    caught = ""
    try:
        future.result()
    except ValueError as raised:
        caught = str(raised)
    return [repr(error), caught, future.state.type.value, future.state.name, future.state.is_failed()]


@flow
def all_done() -> list[object]:
    futures = [double.submit(number) for number in range(4)]
    done, not_done = wait(futures)
    return [len(done), len(not_done), sorted(future.result() for future in done)]


@flow
def as_they_come() -> list[int]:
    return sorted(future.result() for future in as_completed([double.submit(number) for number in range(4)]))


@flow
def called_back() -> list[str]:
    seen: list[str] = []
    called = Event()

    def note(future: Any) -> None:
        seen.append(f"called with {future.result()}")
        called.set()

    future = double.submit(5)
    future.add_done_callback(note)
    called.wait()
    late = double.submit(6)
    late.wait()
    late.add_done_callback(lambda each: seen.append(f"late {each.result()}"))
    return seen


@flow
def with_state() -> list[object]:
    good = double.submit(4, return_state=True)
    bad = broken.submit(return_state=True)
    return [good.name, good.result(), bad.name, repr(bad.result(raise_on_failure=False))]


def main() -> object:
    return {
        "results": results(),
        "passed on": passed_on(),
        "passed to a call": passed_to_a_call(),
        "waited": waited(),
        "failing": failing(),
        "all done": all_done(),
        "as they come": as_they_come(),
        "called back": called_back(),
        "with state": with_state(),
    }
