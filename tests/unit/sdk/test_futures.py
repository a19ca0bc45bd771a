"""Futures: waiting for task runs, their results, and what happens when they are done."""

import asyncio
import logging
import pickle
import threading
from collections.abc import Callable

import pytest

from orch import blocking
from orch.futures import OrchFuture, OrchFutureList, as_completed, wait
from orch.states import Completed, Failed, Running


def finished(value: object) -> OrchFuture[object]:
    future: OrchFuture[object] = OrchFuture(f"run-{value}")
    future._finish(Completed(data=value))
    return future


def failed(error: Exception) -> OrchFuture[object]:
    future: OrchFuture[object] = OrchFuture("run-failed")
    future._finish(Failed(data=error))
    return future


def unfinished(number: int = 0) -> OrchFuture[object]:
    return OrchFuture(f"run-{number}", name=f"task-{number}")


def when_somebody_waits(thread_id: int, act: Callable[[], object]) -> threading.Thread:
    """Act in another thread, as soon as the given one waits."""

    def look() -> None:
        while thread_id not in blocking._waiting:
            pass
        act()

    thread = threading.Thread(target=look)
    thread.start()
    return thread


def test_an_unfinished_future_is_pending_and_follows_its_run() -> None:
    future = unfinished()
    assert future.state.is_pending()
    assert not future.done()
    future._set_state(Running())
    assert future.state.is_running()


def test_the_last_state_stays() -> None:
    future = unfinished()
    assert future._finish(Completed(data=1))
    assert not future._finish(Completed(data=2))
    future._set_state(Running())
    assert future.done()
    assert future.result() == 1


def test_result_waits_for_the_run() -> None:
    future = unfinished()
    thread = when_somebody_waits(threading.get_ident(), lambda: future._finish(Completed(data="late")))
    assert future.result() == "late"
    thread.join()


def test_result_raises_what_the_task_raised() -> None:
    error = ValueError("no")
    with pytest.raises(ValueError, match="no") as caught:
        failed(error).result()
    assert caught.value is error
    assert failed(error).result(raise_on_failure=False) is error


def test_result_times_out_and_names_the_task() -> None:
    future = unfinished(7)
    with pytest.raises(TimeoutError, match=r"Task run 'task-7' \(run-7\) did not complete within 0 seconds"):
        future.result(timeout=0)


def test_wait_returns_without_a_result_when_time_is_up() -> None:
    future = unfinished()
    future.wait(timeout=0.001)
    assert not future.done()
    # Nothing is left behind by those who have stopped waiting.
    assert future._callbacks == []


def test_callbacks_are_called_once_and_late_ones_at_once() -> None:
    future = unfinished()
    called: list[tuple[str, OrchFuture[object]]] = []
    future.add_done_callback(lambda done: called.append(("early", done)))
    assert called == []
    future._finish(Completed())
    future._finish(Completed())
    future.add_done_callback(lambda done: called.append(("late", done)))
    assert called == [("early", future), ("late", future)]


def test_a_failing_callback_is_logged_and_hurts_nobody(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: object) -> None:
        raise ValueError("broken callback")

    future = unfinished()
    called: list[object] = []
    future.add_done_callback(broken)
    future.add_done_callback(called.append)
    with caplog.at_level(logging.ERROR, logger="orch"):
        future._finish(Completed(data=1))
    assert called == [future]
    assert "broken callback" in caplog.text
    assert future.result() == 1


def test_a_future_is_not_pickled() -> None:
    with pytest.raises(TypeError, match=r"cannot be pickled.*pass future\.result\(\)"):
        pickle.dumps(unfinished())


def test_wait_tells_done_from_not_done() -> None:
    ready, open_ = finished(1), unfinished()
    done, not_done = wait([ready, open_, ready], timeout=0.001)
    assert (done, not_done) == ({ready}, {open_})
    assert open_._callbacks == []


def test_wait_returns_when_the_last_is_done() -> None:
    futures = [unfinished(number) for number in range(3)]

    def finish_all() -> None:
        for future in futures:
            future._finish(Completed())

    thread = when_somebody_waits(threading.get_ident(), finish_all)
    assert wait(futures).not_done == set()
    thread.join()


@pytest.mark.parametrize("function", [wait, as_completed])
def test_a_negative_timeout_is_refused(function: Callable[..., object]) -> None:
    with pytest.raises(ValueError, match="non-negative"):
        function([], timeout=-1)


def test_as_completed_yields_in_the_order_of_completion() -> None:
    first, second, third = (unfinished(number) for number in range(3))
    second._finish(Completed())
    order = as_completed([first, second, third, second])
    assert next(order) is second
    thread = when_somebody_waits(threading.get_ident(), lambda: third._finish(Completed()))
    assert next(order) is third
    thread.join()
    first._finish(Completed())
    assert list(order) == [first]


def test_as_completed_times_out_and_counts() -> None:
    open_ = unfinished()
    order = as_completed([finished(1), open_], timeout=0.001)
    next(order)
    with pytest.raises(TimeoutError, match=r"1 \(of 2\) futures unfinished"):
        next(order)
    assert open_._callbacks == []


def test_a_list_gives_results_in_its_own_order() -> None:
    first, second = unfinished(1), unfinished(2)
    second._finish(Completed(data="b"))
    thread = when_somebody_waits(threading.get_ident(), lambda: first._finish(Completed(data="a")))
    assert OrchFutureList([first, second, first]).result() == ["a", "b", "a"]
    thread.join()


def test_a_list_raises_the_first_failure_though_others_run() -> None:
    futures = OrchFutureList([unfinished(), failed(ValueError("second"))])
    with pytest.raises(ValueError, match="second"):
        futures.result()


def test_a_list_gives_failures_as_values_if_asked() -> None:
    error = ValueError("x")
    assert OrchFutureList([finished(1), failed(error)]).result(raise_on_failure=False) == [1, error]


def test_a_list_times_out() -> None:
    futures = OrchFutureList([finished(1), unfinished()])
    futures.wait(timeout=0.001)
    with pytest.raises(TimeoutError, match=r"all futures to complete within 0\.001 seconds"):
        futures.result(timeout=0.001)


def test_a_timeout_raised_by_a_task_is_not_taken_for_ours() -> None:
    with pytest.raises(TimeoutError, match="the task's own"):
        OrchFutureList([failed(TimeoutError("the task's own")), unfinished()]).result(timeout=60)


async def test_awaiting_a_future_leaves_the_loop_free() -> None:
    future = unfinished()
    asyncio.get_running_loop().call_soon(future._finish, Completed(data=5))
    assert await future == 5
    assert await finished(6) == 6


async def test_awaiting_raises_what_the_task_raised() -> None:
    with pytest.raises(ValueError, match="no"):
        await failed(ValueError("no"))


async def test_giving_up_an_await_leaves_nothing_behind() -> None:
    future = unfinished()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(_awaited(future), timeout=0.001)
    assert future._callbacks == []
    assert not future.done()


async def _awaited(future: OrchFuture[object]) -> object:
    return await future


async def test_a_future_that_ends_after_its_loop_is_closed_does_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    future = unfinished()

    def leave_waiting() -> None:
        loop = asyncio.new_event_loop()
        waiting = loop.create_task(_awaited(future))
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        waiting._log_destroy_pending = False  # type: ignore[attr-defined] # left waiting on purpose
        left.append(waiting)

    left: list[object] = []
    thread = threading.Thread(target=leave_waiting)
    thread.start()
    thread.join()
    future._finish(Completed(data=1))
    assert future.result() == 1
    assert caplog.records == []
