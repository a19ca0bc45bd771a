"""Flows that call flows: values, failures, states, futures as parameters, the same flow several times."""

from orch import flow, task
from orch.runtime import flow_run


@task
def increment(number: int) -> int:
    return number + 1


@flow(name="doubling child")
def doubled(number: int) -> int:
    return increment(number) * 2


@flow
def failing_child(reason: str) -> None:
    raise RuntimeError(f"child failed: {reason}")


@flow
def parent_values() -> list[object]:
    return [doubled(1), doubled(number=doubled(2)), doubled.name]


@flow
def parent_catches() -> str:
    try:
        failing_child("on purpose")
    except RuntimeError as error:
        return str(error)
    return "nothing raised"


@flow
def parent_fails() -> None:
    failing_child("and nobody catches")


@flow
def parent_takes_states() -> list[object]:
    good = doubled(3, return_state=True)
    bad = failing_child("kept", return_state=True)
    return [good.name, good.result(), bad.name, repr(bad.result(raise_on_failure=False))]


@flow
def parent_returns_the_bad_state() -> object:
    return failing_child("returned", return_state=True)


@flow
def parent_passes_futures() -> int:
    return doubled(increment.submit(4))


@flow
def who_is_my_parent() -> list[bool]:
    return [flow_run.parent_flow_run_id is None, flow_run.root_flow_run_id == flow_run.id]


@flow
def asks_child() -> list[list[bool]]:
    return [who_is_my_parent(), [flow_run.parent_flow_run_id is None, flow_run.root_flow_run_id == flow_run.id]]


@flow
def grandparent() -> list[object]:
    return [parent_values(), asks_child()]


@flow
def after_a_failed_task() -> str:
    failed = failing_task.submit()
    state = doubled(1, wait_for=[failed], return_state=True)
    return f"{state.type.value} {state.name}"


@task
def failing_task() -> None:
    raise ValueError("no")


def main() -> object:
    outcome: dict[str, object] = {
        "values": parent_values(),
        "catches": parent_catches(),
        "states": parent_takes_states(),
        "futures": parent_passes_futures(),
        "nested": grandparent(),
        "waits for a failed task": after_a_failed_task(),
    }
    for each in (parent_fails, parent_returns_the_bad_state):
        state = each(return_state=True)
        outcome[each.name] = [state.type.value, state.name]
    try:
        parent_fails()
    except RuntimeError as error:
        outcome["raised"] = str(error)
    return outcome
