"""States made by hand: returned by tasks and flows, asked about, with names, messages and data."""

from orch import State, flow, task
from orch.states import (
    Cancelled,
    Completed,
    Crashed,
    Failed,
    Paused,
    Pending,
    Running,
    Scheduled,
    raise_state_exception,
)


@task
def skipped() -> object:
    return Completed(message="nothing to do", name="Skipped")


@task
def with_data() -> object:
    return Completed(data=[1, 2], message="two")


@task
def failed() -> object:
    return Failed(message="it did not work")


@task
def cancelled() -> object:
    return Cancelled(message="no longer wanted")


@flow
def tasks_return_states() -> list[object]:
    seen: list[object] = []
    for each in (skipped, with_data, failed, cancelled):
        state = each(return_state=True)
        seen.append([state.type.value, state.name, state.message])
    seen.append(type(with_data()).__name__)
    return seen


@flow
def returns_cancelled() -> object:
    return Cancelled(message="stopped")


@flow
def returns_crashed() -> object:
    return Crashed(message="gone")


@flow
def returns_a_named_failure() -> object:
    return Failed(name="Rejected", message="by the rules", data="the data")


def asked(state: State[object]) -> list[object]:
    return [
        state.type.value,
        state.name,
        state.message,
        state.is_scheduled(),
        state.is_pending(),
        state.is_running(),
        state.is_completed(),
        state.is_failed(),
        state.is_crashed(),
        state.is_cancelled(),
        state.is_final(),
        state.is_paused(),
    ]


def raised_by(state: State[object]) -> str:
    try:
        raise_state_exception(state)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "nothing"


def main() -> object:
    made = {
        "Completed": Completed(),
        "Completed by name": Completed(name="Odd", message="m"),
        "Failed": Failed(message="f"),
        "Cancelled": Cancelled(),
        "Crashed": Crashed(),
        "Pending": Pending(),
        "Running": Running(),
        "Scheduled": Scheduled(),
        "Paused": Paused(),
    }
    outcome: dict[str, object] = {name: asked(state) for name, state in made.items()}
    outcome["tasks"] = tasks_return_states()
    for each in (returns_cancelled, returns_crashed, returns_a_named_failure):
        state = each(return_state=True)
        outcome[each.name] = [state.type.value, state.name, state.message]
    outcome["raised by Failed"] = raised_by(Failed(message="why"))
    outcome["raised by Cancelled"] = raised_by(Cancelled(message="why"))
    outcome["raised by Crashed"] = raised_by(Crashed(message="why"))
    outcome["raised by Completed"] = raised_by(Completed())
    return outcome
