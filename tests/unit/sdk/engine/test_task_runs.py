"""What becomes of a task run, called, submitted and mapped."""

import threading

import pytest

from orch import allow_failure, flow, task, transaction, unmapped
from orch.context import task_run_context
from orch.errors import (
    ConfigurationError,
    FutureError,
    MappingLengthMismatch,
    MappingMissingIterable,
    MissingContextError,
)
from orch.states import Completed
from orch.task_runners import ThreadPoolTaskRunner
from tests.unit.sdk.engine.conftest import Remembering


@task
def add(first: int, second: int = 1) -> int:
    return first + second


@task
def fail() -> None:
    raise ValueError("no")


def test_a_submitted_task_is_pending_before_it_runs(recorder: Remembering) -> None:
    @flow
    def one() -> int:
        return add.submit(1).result()

    assert one() == 2
    assert recorder.states_of("add-0") == ["Pending", "Running", "Completed"]


def test_futures_among_arguments_become_results_and_dependencies(recorder: Remembering) -> None:
    @task
    def total(numbers: list[int], more: dict[str, int]) -> int:
        return sum(numbers) + sum(more.values())

    @flow
    def chain() -> int:
        first, second = add.submit(1), add.submit(2)
        return total.submit([first, 10], {"more": second}, wait_for=[first]).result()

    assert chain() == 15
    by_name = {run.name: run for run in recorder.tasks.values()}
    assert set(by_name["total-0"].upstream_ids) == {by_name["add-0"].id, by_name["add-1"].id}


def test_what_depends_on_a_failure_does_not_run(recorder: Remembering) -> None:
    @flow
    def waits() -> tuple[str, str]:
        failed = fail.submit()
        late, fine = add.submit(failed), add.submit(1, wait_for=[allow_failure(failed)])
        late.wait()
        fine.wait()
        return late.state.name, fine.state.name

    assert waits() == ("NotReady", "Completed")

    @flow
    def calls() -> object:
        return add(fail.submit())

    state = calls(return_state=True)
    assert state.is_failed()


def test_a_task_called_with_a_failed_future_is_not_ready(recorder: Remembering) -> None:
    @flow
    def calls() -> str:
        failed = fail.submit()
        failed.wait()
        return str(add(failed, return_state=True).name)

    assert calls() == "NotReady"


def test_retries_are_counted_and_end_with_success(recorder: Remembering) -> None:
    tries = []

    @task(retries=3)
    def third_time() -> int:
        tries.append(1)
        if len(tries) < 3:
            raise OSError("busy")
        return len(tries)

    @flow
    def one() -> int:
        return third_time()

    assert one() == 3
    assert recorder.states_of("third_time-0") == ["Running", "Retrying", "Retrying", "Completed"]


def test_a_retry_with_a_delay_awaits_it(recorder: Remembering) -> None:
    @task(retries=1, retry_delay_seconds=0.001)
    def never() -> None:
        raise OSError("busy")

    @flow
    def one() -> str:
        return str(never(return_state=True).name)

    assert one() == "Failed"
    assert recorder.states_of("never-0") == ["Running", "AwaitingRetry", "Retrying", "Failed"]


def test_the_retry_condition_decides(recorder: Remembering) -> None:
    asked = []

    def only_busy(task: object, run: object, state: object) -> bool:
        asked.append(type(state.result(raise_on_failure=False)).__name__)  # type: ignore[attr-defined]
        return asked[-1] == "OSError"

    errors = iter([OSError(), OSError(), ValueError("final")])

    @task(retries=10, retry_condition_fn=only_busy)
    def raises() -> None:
        raise next(errors)

    @flow
    def one() -> None:
        raises()

    with pytest.raises(ValueError, match="final"):
        one()
    assert asked == ["OSError", "OSError", "ValueError"]


def test_nested_submits_do_not_use_a_small_pool_up(recorder: Remembering) -> None:
    @task
    def depth(left: int) -> int:
        return 0 if left == 0 else 1 + depth.submit(left - 1).result()

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
    def deep() -> int:
        return depth.submit(10).result()

    assert deep() == 10


def test_map_takes_items_and_leaves_the_rest(recorder: Remembering) -> None:
    @flow
    def many() -> list[int]:
        return add.map([1, 2, 3], second=unmapped(10)).result()

    assert many() == [11, 12, 13]


def test_map_tells_what_is_wrong(recorder: Remembering) -> None:
    @flow
    def unequal() -> None:
        add.map([1, 2], [1, 2, 3])

    @flow
    def nothing() -> None:
        add.map(1, 2)

    with pytest.raises(MappingLengthMismatch, match="first: 2, second: 3"):
        unequal()
    with pytest.raises(MappingMissingIterable, match="'add'"):
        nothing()


def test_a_future_of_another_run_that_is_under_way_is_refused(recorder: Remembering) -> None:
    go = threading.Event()

    @task
    def held() -> int:
        go.wait(30)
        return 1

    @flow
    def inner(future: object) -> int:
        return add.submit(future).result()

    @flow
    def outer() -> None:
        future = held.submit()
        other = threading.Thread(target=lambda: caught.append(_raised(lambda: flow(lambda: add.submit(future))())))
        other.start()
        other.join(10)
        go.set()

    caught: list[BaseException | None] = []
    outer()
    assert isinstance(caught[0], FutureError)
    assert "another flow run" in str(caught[0])


def _raised(call: object) -> BaseException | None:
    try:
        call()  # type: ignore[operator]
    except Exception as error:
        return error
    return None


def test_submit_needs_a_flow(recorder: Remembering) -> None:
    with pytest.raises(MissingContextError, match="outside of a flow"):
        add.submit(1)


def test_a_task_inside_a_task_belongs_to_the_same_flow(recorder: Remembering) -> None:
    @task
    def outer(number: int) -> tuple[int, str]:
        inner = add(number)
        found = task_run_context.get()
        assert found is not None
        return inner, found.record.name

    @flow
    def nest() -> tuple[int, str]:
        return outer(1)

    assert nest() == (2, "outer-0")
    assert len(recorder.begun_runs) == 1


def test_a_state_that_a_task_makes_is_what_it_ends_in(recorder: Remembering) -> None:
    @task
    def skipped() -> object:
        return Completed(name="Skipped", message="nothing to do", data=5)

    @flow
    def one() -> tuple[str, object]:
        called = skipped()
        return called.name, skipped.submit().result()  # type: ignore[attr-defined]

    assert one() == ("Skipped", 5)
    assert recorder.states_of("skipped-0")[-1] == "Skipped"


def test_a_failure_in_a_transaction_rolls_back_what_was_done(recorder: Remembering) -> None:
    seen = []

    @task(on_rollback=[lambda txn: seen.append("undone")], on_commit=[lambda txn: seen.append("kept")])
    def write() -> None:
        seen.append("written")

    @flow
    def whole(broken: bool) -> None:
        with transaction():
            write()
            if broken:
                raise ValueError("half-way")

    with pytest.raises(ValueError, match="half-way"):
        whole(True)
    assert seen == ["written", "undone"]
    seen.clear()
    whole(False)
    assert seen == ["written", "kept"]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"retries": -1}, "retries is -1"),
        ({"retries": 1, "retry_delay_seconds": [1, "x"]}, "retry_delay_seconds holds 'x'"),
        ({"timeout_seconds": 0}, "timeout_seconds is 0"),
        ({"retry_jitter_factor": -1.0}, "retry_jitter_factor is -1"),
    ],
)
def test_options_that_cannot_be_right_are_named(options: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        task(**options)(lambda: None)  # type: ignore[call-overload]


def test_options_are_given_by_name() -> None:
    with pytest.raises(TypeError, match=r"a function, not 'load'"):
        task("load")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="no option retry"):
        add.with_options(retry=3)
