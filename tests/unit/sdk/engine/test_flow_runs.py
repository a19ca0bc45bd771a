"""What becomes of a flow run, and what is recorded of it."""

import asyncio
import sys
from dataclasses import dataclass
from types import ModuleType

import pytest

from orch import flow, task
from orch.context import flow_run_context, task_run_context
from orch.errors import ParameterBindError, ParameterTypeError
from orch.states import Completed, Failed
from orch.task_runners import ThreadPoolTaskRunner
from tests.unit.sdk.engine.conftest import Remembering


@task
def double(number: int) -> int:
    return number * 2


def test_a_flow_returns_what_its_function_returns(recorder: Remembering) -> None:
    @flow
    def add(first: int, second: int) -> int:
        return double(first) + double(second)

    assert add(1, second=2) == 6
    assert recorder.flow_states == [("add", "Running"), ("add", "Completed")]
    assert recorder.states_of("double-0") == ["Running", "Completed"]
    assert recorder.states_of("double-1") == ["Running", "Completed"]


def test_the_context_is_there_inside_and_gone_after(recorder: Remembering) -> None:
    @flow
    def look() -> bool:
        return flow_run_context.get() is not None and task_run_context.get() is None

    assert look()
    assert flow_run_context.get() is None


def test_what_a_flow_raises_is_raised_and_recorded(recorder: Remembering) -> None:
    error = ValueError("no")

    @flow
    def fail() -> None:
        raise error

    with pytest.raises(ValueError, match="no") as caught:
        fail()
    assert caught.value is error
    (state,) = recorder.ends.values()
    assert state.is_failed()
    assert state.message == "ValueError: no"
    assert fail(return_state=True).result(raise_on_failure=False) is error


def test_arguments_that_do_not_fit_make_no_run(recorder: Remembering) -> None:
    @flow
    def one(number: int) -> int:
        return number

    with pytest.raises(ParameterBindError, match="missing a required argument: 'number'"):
        one()
    assert recorder.begun_runs == []


def test_parameters_of_a_wrong_type_fail_the_run_before_its_code(recorder: Remembering) -> None:
    ran = []

    @flow
    def one(number: int) -> None:
        ran.append(number)

    with pytest.raises(ParameterTypeError, match="number"):
        one("many")
    assert ran == []
    assert recorder.flow_states[-1] == ("one", "Failed")


def test_a_flow_is_retried_from_its_top(recorder: Remembering) -> None:
    tries: list[int] = []

    @flow(retries=2)
    def sometimes() -> int:
        tries.append(double(len(tries)))
        if len(tries) < 3:
            raise OSError("busy")
        return len(tries)

    assert sometimes() == 3
    assert [state for _, state in recorder.flow_states] == ["Running", "Retrying", "Retrying", "Completed"]
    assert recorder.begun_runs[0].attempt == 3


def test_a_flow_that_returns_a_failed_state_is_retried_as_well(recorder: Remembering) -> None:
    tries = []

    @flow(retries=1)
    def sometimes() -> object:
        tries.append(1)
        return Completed() if len(tries) == 2 else Failed(message="not yet")

    assert sometimes(return_state=True).is_completed()


def test_a_subflow_is_a_run_of_its_own_and_a_task_run_of_its_parent(recorder: Remembering) -> None:
    @flow
    def inner(number: int) -> int:
        return double(number)

    @flow
    def outer() -> int:
        return inner(1) + inner(2)

    assert outer() == 6
    parent, first, second = recorder.begun_runs
    assert [first.parent, second.parent] == [parent, parent]
    tracking = recorder.tasks[first.parent_task_run_id]
    assert tracking.flow_run is parent
    assert tracking.child_flow_run_id == first.id
    assert recorder.states_of("inner-0") == ["Running", "Completed"]


def test_a_task_outside_of_flows_runs_in_a_run_of_its_own(recorder: Remembering) -> None:
    assert double(4) == 8
    (run,) = recorder.begun_runs
    assert run.flow_name == "double"
    assert recorder.flow_states[-1] == ("double", "Completed")


def test_tasks_that_nobody_waited_for_end_before_their_flow(recorder: Remembering) -> None:
    import threading

    go = threading.Event()

    @task
    def slow() -> None:
        go.wait(30)

    @flow
    def leaves() -> int:
        slow.submit()
        slow.submit()
        threading.Timer(0.0, go.set).start()
        return 1

    assert leaves() == 1
    assert recorder.states_of("slow-0")[-1] == recorder.states_of("slow-1")[-1] == "Completed"
    last_task = max(place for place, (name, _) in enumerate(recorder.task_states) if name.startswith("slow"))
    assert recorder.task_states[last_task][1] == "Completed"


def test_async_flows_and_tasks(recorder: Remembering) -> None:
    @task
    async def fetch(number: int) -> int:
        await asyncio.sleep(0)
        return number

    @flow
    async def gather() -> list[int]:
        direct = await asyncio.gather(*(fetch(number) for number in range(3)))
        return [*direct, await fetch.submit(3), fetch.submit(4).result()]

    assert asyncio.run(gather()) == [0, 1, 2, 3, 4]


def test_a_closed_over_event_loop_is_not_needed_for_async_tasks_of_sync_flows(recorder: Remembering) -> None:
    @task
    async def fetch(number: int) -> int:
        await asyncio.sleep(0)
        return number

    @flow
    def sync() -> list[int]:
        return fetch.map([1, 2, 3]).result()

    assert sync() == [1, 2, 3]


def test_an_interrupted_flow_is_cancelled_and_runs_its_hooks(recorder: Remembering) -> None:
    seen = []

    @flow(on_cancellation=[lambda flow, run, state: seen.append(state.name)])
    def stopped() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert seen == ["Cancelled"]
    assert recorder.flow_states[-1] == ("stopped", "Cancelled")


def test_interrupted_again_while_it_stops_it_has_crashed(recorder: Remembering) -> None:
    class InterruptedAtItsEnd(ThreadPoolTaskRunner):
        def __exit__(self, *error: object) -> None:
            super().__exit__(None, None, None)
            raise KeyboardInterrupt

    @flow(task_runner=InterruptedAtItsEnd())
    def stopped() -> None:
        double.submit(1).wait()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    (state,) = recorder.ends.values()
    assert state.is_crashed()
    assert "again" in (state.message or "")


def test_a_failing_hook_does_not_fail_the_run(recorder: Remembering) -> None:
    seen = []

    def broken(flow: object, run: object, state: object) -> None:
        raise RuntimeError("broken hook")

    @flow(on_completion=[broken, lambda flow, run, state: seen.append(run.name)], flow_run_name="run-{n}")
    def fine(n: int) -> int:
        return n

    assert fine(7) == 7
    assert seen == ["run-7"]


def test_what_ends_a_run_while_asyncio_is_being_imported_is_recorded(
    recorder: Remembering, monkeypatch: pytest.MonkeyPatch
) -> None:
    @flow
    def leave() -> None:
        # As the courier's thread has it for a moment, in the first run of a script.
        monkeypatch.setitem(sys.modules, "asyncio", ModuleType("asyncio"))
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        leave()
    monkeypatch.undo()

    assert recorder.flow_states == [("leave", "Running"), ("leave", "Crashed")]


def test_an_exception_that_forbids_attributes_is_raised_as_it_is(recorder: Remembering) -> None:
    @dataclass(frozen=True)
    class FrozenError(Exception):
        row: int

    @task
    def fail() -> None:
        raise FrozenError(7)

    @flow
    def look() -> object:
        return fail(return_state=True).result(raise_on_failure=False)

    assert look() == FrozenError(7)


def test_an_exception_that_cannot_be_written_to_stays_what_it_is(recorder: Remembering) -> None:
    @dataclass(frozen=True)
    class Refused(Exception):
        code: int

    @flow
    def refuses() -> None:
        raise Refused(7)

    with pytest.raises(Refused):
        refuses()
    (state,) = recorder.ends.values()
    assert state.is_failed()
