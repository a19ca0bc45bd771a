"""What calling a flow gives or raises, by what the flow returns."""

from collections.abc import Callable

from orch import flow, task
from orch.states import Completed, Failed


@task
def good(value: int = 1) -> int:
    return value


@task
def bad() -> int:
    raise ValueError("bad task")


@flow
def a_future() -> object:
    return good.submit(7)


@flow
def futures() -> object:
    return [good.submit(1), good.submit(2)]


@flow
def a_map() -> object:
    return good.map([1, 2, 3])


@flow
def futures_in_a_dict() -> object:
    return {"good": good.submit(1), "number": 2}


@flow
def a_completed_state() -> object:
    return Completed(message="all is well", name="AllWell")


@flow
def a_completed_state_with_data() -> object:
    return Completed(data={"rows": 3})


@flow
def a_failed_state() -> object:
    return Failed(message="no luck")


@flow
def a_bad_future() -> object:
    return bad.submit()


@flow
def an_exception() -> object:
    return ValueError("returned")


@flow
def raises() -> None:
    raise LookupError("raised")


FLOWS: tuple[Callable[[], object], ...] = (
    a_future,
    futures,
    a_map,
    futures_in_a_dict,
    a_completed_state,
    a_completed_state_with_data,
    a_failed_state,
    a_bad_future,
    an_exception,
    raises,
)


def outcome_of(call: Callable[[], object]) -> list[str]:
    try:
        return ["returned", described(call())]
    except Exception as error:
        return ["raised", type(error).__name__, str(error)]


def described(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(described(each) for each in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {described(each)}" for key, each in value.items()) + "}"
    name = getattr(value, "name", "")
    return f"{type(value).__name__} {name}" if name else repr(value)


def main() -> object:
    return {each.name: outcome_of(each) for each in FLOWS}  # type: ignore[attr-defined]
