"""Ends that come late, or out of order: submits while a flow settles, stops while it waits, states that end nothing."""

import asyncio
import threading
from types import TracebackType

import pytest

from orch import flow, task, transaction
from orch.context import FlowRunContext
from orch.errors import FutureError
from orch.states import Pending, Running, State
from orch.task_runners import ThreadPoolTaskRunner
from tests.unit.sdk.engine.conftest import Remembering

PATIENCE_SECONDS = 30.0
closing = threading.Event()
over = threading.Event()
happened: list[str] = []


class Telling(ThreadPoolTaskRunner):
    """Says when its flow has returned and waits for what it submitted."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        closing.set()
        super().__exit__(kind, error, traceback)


@pytest.fixture(autouse=True)
def _afresh() -> None:
    closing.clear()
    over.clear()
    happened.clear()


def note_end(*_: object) -> None:
    happened.append("over")
    over.set()


@task
def last() -> None:
    # Only a flow that does not wait is over now.
    over.wait(0.2)
    happened.append("last")


@task
def late() -> None:
    assert closing.wait(PATIENCE_SECONDS)
    last.submit()


def test_what_a_task_submits_after_its_flow_has_returned_is_waited_for(recorder: Remembering) -> None:
    @flow(task_runner=Telling(), on_completion=[note_end])
    def returns() -> None:
        late.submit()

    returns()
    assert happened == ["last", "over"]
    assert recorder.states_of("last-0")[-1] == "Completed"
    assert recorder.flow_states[-1] == ("returns", "Completed")


def test_nothing_can_be_submitted_to_a_run_that_has_ended(recorder: Remembering) -> None:
    kept: list[FlowRunContext] = []

    @flow
    def ends() -> None:
        found = FlowRunContext.get()
        assert found is not None
        kept.append(found)

    ends()
    with pytest.raises(FutureError, match="has ended: nothing can be submitted"):
        kept[0].open_runner()


def test_a_flow_that_is_cancelled_while_it_waits_for_its_tasks_still_waits(recorder: Remembering) -> None:
    @task
    def lingers() -> None:
        try:
            while True:
                threading.Event().wait(0.001)
        finally:
            # Only a flow that does not wait is over now.
            over.wait(0.2)
            happened.append("task")

    @flow(task_runner=Telling(), on_cancellation=[note_end])
    async def returns() -> None:
        lingers.submit()

    async def main() -> None:
        running = asyncio.create_task(returns())
        assert await asyncio.to_thread(closing.wait, PATIENCE_SECONDS)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(main())
    assert happened == ["task", "over"]
    assert recorder.flow_states[-1] == ("returns", "Cancelled")


def test_a_run_that_is_broken_off_has_crashed(recorder: Remembering) -> None:
    @task
    def breaks() -> None:
        raise GeneratorExit

    @flow
    def outer() -> None:
        breaks()

    with pytest.raises(GeneratorExit):
        outer()
    assert recorder.states_of("breaks-0") == ["Running", "Crashed"]
    assert recorder.flow_states[-1] == ("outer", "Crashed")


@pytest.mark.parametrize("state", [Running(), Pending()])
def test_a_state_in_which_no_run_can_end_is_a_failure(state: State[object], recorder: Remembering) -> None:
    @task
    def odd() -> State[object]:
        return state

    @flow
    def outer() -> State[object]:
        odd()
        return state

    ended = outer(return_state=True)
    assert ended.is_failed()
    assert f"returned the state {state.name}" in str(ended.message)
    assert recorder.states_of("odd-0") == ["Running", "Failed"]


@pytest.mark.parametrize(("breaks", "told"), [(False, "kept"), (True, "undone")])
def test_a_task_that_outlasts_its_transaction_shares_its_fate(breaks: bool, told: str, recorder: Remembering) -> None:
    @task(on_rollback=[lambda _: happened.append("undone")], on_commit=[lambda _: happened.append("kept")])
    def write() -> None:
        assert over.wait(PATIENCE_SECONDS)

    @flow
    def outer() -> None:
        try:
            with transaction():
                write.submit()
                if breaks:
                    raise ValueError("half-way")
        except ValueError:
            happened.append("raised")
        over.set()

    outer()
    assert happened[-1] == told


def test_a_timeout_of_a_task_is_not_told_as_that_of_its_flow(recorder: Remembering) -> None:
    @task(timeout_seconds=0.01)
    async def slow() -> None:
        await asyncio.Event().wait()

    @flow(timeout_seconds=60)
    async def outer() -> None:
        await slow()

    state = asyncio.run(outer(return_state=True))
    assert (state.name, state.message) == (
        "TimedOut",
        "TaskRunTimeoutError: Task run 'slow-0' took longer than its timeout of 0.01 s.",
    )
