"""Exceptions of every kind through calls, futures, states and subflows: the same object, type and cause."""

from orch import flow, task


class Odd(Exception):
    """Cannot be pickled and made again: it takes more than its message."""

    def __init__(self, first: str, second: int) -> None:
        super().__init__(f"{first} {second}")
        self.second = second


class Unpicklable(Exception):
    def __init__(self) -> None:
        super().__init__("holds a function")
        self.function = lambda: 1


@task
def raises_odd() -> None:
    raise Odd("odd", 5)


@task(persist_result=True)
def raises_unpicklable() -> None:
    raise Unpicklable


@task
def raises_from() -> None:
    try:
        raise KeyError("inner")
    except KeyError as error:
        raise ValueError("outer") from error


@task
def raises_a_group() -> None:
    raise ExceptionGroup("several", [ValueError("one"), TypeError("two")])


@task
def asserts() -> None:
    assert 1 == 2, "numbers differ"


@task
def stops() -> None:
    raise StopIteration("the end")


@flow
def called() -> list[object]:
    seen: list[object] = []
    for each in (raises_odd, raises_unpicklable, raises_from, raises_a_group, asserts, stops):
        try:
            each()
        except Exception as error:
            seen.append([type(error).__name__, str(error), repr(error.__cause__)])
    return seen


@flow
def submitted() -> list[object]:
    seen: list[object] = []
    for each in (raises_odd, raises_unpicklable, raises_from, raises_a_group, asserts):
        try:
            each.submit().result()
        except Exception as error:
            seen.append([type(error).__name__, str(error), getattr(error, "second", None)])
    return seen


@flow
def child() -> None:
    raises_odd()


@flow
def in_a_child() -> list[object]:
    try:
        child()
    except Odd as error:
        return [str(error), error.second]
    return []


@flow
def from_a_state() -> list[object]:
    state = raises_odd(return_state=True)
    kept = state.result(raise_on_failure=False)
    try:
        state.result()
    except Odd as error:
        return [error.second, isinstance(kept, Odd)]
    return []


@flow
def reraised() -> None:
    try:
        raises_odd()
    except Odd as error:
        raise RuntimeError("in its place") from error


def main() -> object:
    outcome: dict[str, object] = {
        "called": called(),
        "submitted": submitted(),
        "child": in_a_child(),
        "state": from_a_state(),
    }
    try:
        reraised()
    except RuntimeError as error:
        outcome["reraised"] = [str(error), repr(error.__cause__)]
    return outcome
