"""Which state a flow ends in, by what it returns: values, futures, states, lists of them, exceptions."""

from orch import flow, task


@task
def good(value: int = 1) -> int:
    return value


@task
def bad() -> int:
    raise ValueError("bad task")


@flow
def returns_nothing() -> None:
    bad.submit().wait()


@flow
def returns_a_value() -> dict[str, int]:
    return {"a": 1}


@flow
def raises() -> None:
    raise KeyError("bad flow")


@flow
def returns_an_exception() -> object:
    return ValueError("returned")


@flow
def returns_a_good_future() -> object:
    return good.submit(7)


@flow
def returns_a_bad_future() -> object:
    return bad.submit()


@flow
def returns_futures() -> object:
    return [good.submit(1), good.submit(2)]


@flow
def returns_futures_one_bad() -> object:
    return [good.submit(1), bad.submit(), good.submit(2)]


@flow
def returns_a_tuple_of_futures() -> object:
    return good.submit(1), bad.submit()


@flow
def returns_futures_in_a_dict() -> object:
    return {"good": good.submit(1), "bad": bad.submit()}


@flow
def returns_futures_among_values() -> object:
    return [1, good.submit(5), "text"]


@flow
def returns_a_map() -> object:
    return good.map([1, 2, 3])


@flow
def returns_the_state_of_a_task() -> object:
    return good(9, return_state=True)


@flow
def returns_the_state_of_a_bad_task() -> object:
    return bad(return_state=True)


@flow
def returns_states() -> object:
    return [good(1, return_state=True), bad(return_state=True), bad(return_state=True)]


@flow
def a_task_raises() -> int:
    return bad()


@flow
def catches() -> str:
    try:
        bad()
    except ValueError:
        return "caught"
    return "not raised"


FLOWS = (
    returns_nothing,
    returns_a_value,
    raises,
    returns_an_exception,
    returns_a_good_future,
    returns_a_bad_future,
    returns_futures,
    returns_futures_one_bad,
    returns_a_tuple_of_futures,
    returns_futures_in_a_dict,
    returns_futures_among_values,
    returns_a_map,
    returns_the_state_of_a_task,
    returns_the_state_of_a_bad_task,
    returns_states,
    a_task_raises,
    catches,
)


def main() -> object:
    outcome: dict[str, object] = {}
    for each in FLOWS:
        state = each(return_state=True)
        value = state.result(raise_on_failure=False)
        outcome[each.name] = [state.type.value, state.name, None if raised(value) else state.message, repr_of(value)]
    return outcome


def raised(value: object) -> bool:
    """Whether the message tells of an exception: in which words is not promised."""
    return isinstance(value, Exception)


def repr_of(value: object) -> str:
    """Like ``repr``, without what differs from run to run in a state's."""
    if isinstance(value, list | tuple):
        return f"{type(value).__name__} of {', '.join(repr_of(each) for each in value)}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {repr_of(each)}" for key, each in value.items()) + "}"
    return type(value).__name__ if hasattr(value, "is_completed") else repr(value)
