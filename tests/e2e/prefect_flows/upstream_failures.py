"""``wait_for`` and ``allow_failure``: what a task does when what it depends on has failed."""

from orch import allow_failure, flow, task

order: list[str] = []


@task
def step(name: str) -> str:
    order.append(name)
    return name


@task
def broken() -> str:
    raise ValueError("broken")


@task
def take(value: object) -> str:
    return f"took {value!r}"


@flow
def in_order() -> list[str]:
    order.clear()
    first = step.submit("first")
    second = step.submit("second", wait_for=[first])
    third = step.submit("third", wait_for=[first, second])
    step("fourth", wait_for=[third])
    return list(order)


@flow
def after_a_failure() -> list[object]:
    failed = broken.submit()
    waits = step.submit("never", wait_for=[failed])
    depends = take.submit(failed)
    further = take.submit(depends)
    for future in (waits, depends, further):
        future.wait()
    states = [future.state for future in (failed, waits, depends, further)]
    order.append(",".join(f"{state.type.value} {state.name}" for state in states))
    return [waits, depends, further]


@flow
def failures_allowed() -> list[object]:
    failed = broken.submit()
    waited = step.submit("cleanup", wait_for=[allow_failure(failed)])
    taken = take.submit(allow_failure(failed))
    mapped = take.map([allow_failure(failed)])
    answers: list[object] = [waited.result(), taken.result(), *mapped.result()]
    order.append("; ".join(str(each) for each in answers))
    return answers


@flow
def called_with_an_allowed_failure() -> str:
    failed = broken.submit()
    return take(allow_failure(failed))


@flow
def mapped_over_failures() -> None:
    @task
    def check(number: int) -> int:
        if number == 1:
            raise ValueError(f"not {number}")
        return number

    checked = check.map([0, 1, 2])
    taken = take.map(checked)
    taken.wait()
    order.append(" ".join(future.state.name for future in taken))


def main() -> object:
    outcome: dict[str, object] = {"in order": in_order()}
    for each in (after_a_failure, failures_allowed, mapped_over_failures):
        order.clear()
        state = each(return_state=True)
        outcome[each.name] = [state.type.value, state.name, list(order)]
    outcome["called with an allowed failure"] = called_with_an_allowed_failure()
    return outcome
