"""Tasks in threads: order, size, nesting, and what is left when the runner is closed."""

import asyncio
import contextvars
import gc
import pickle
import threading
import weakref
from collections.abc import Callable, Iterator

import pytest

from orch import blocking
from orch.errors import ConfigurationError, FutureError
from orch.futures import OrchFuture, as_completed, wait
from orch.states import Completed, Failed, State
from orch.task_runners import ConcurrentTaskRunner, ThreadPoolTaskRunner, pool, threads
from orch.task_runners.base import TaskRunner
from orch.task_runners.loops import run_coroutine

colour = contextvars.ContextVar("colour", default="none")


def submit(
    runner: TaskRunner, function: Callable[[], object], after: tuple[OrchFuture[object], ...] = ()
) -> OrchFuture[object]:
    """What the engine does with a task, made short."""

    def work() -> State[object]:
        try:
            return Completed(data=function())
        except Exception as error:
            return Failed(data=error)

    future: OrchFuture[object] = OrchFuture("run")
    runner.submit(work, future, after)
    return future


@pytest.fixture
def runner() -> Iterator[ThreadPoolTaskRunner]:
    with ThreadPoolTaskRunner(max_workers=2) as opened:
        yield opened


def task_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "orch-task"]


def test_a_task_runs_in_another_thread(runner: ThreadPoolTaskRunner) -> None:
    assert submit(runner, threading.get_ident).result() != threading.get_ident()


def test_no_more_tasks_run_at_a_time_than_there_are_workers(runner: ThreadPoolTaskRunner) -> None:
    both = threading.Barrier(2)
    running: list[int] = []
    most: list[int] = []

    def work() -> None:
        running.append(1)
        most.append(len(running))
        both.wait(timeout=30)
        running.pop()
        both.wait(timeout=30)

    wait([submit(runner, work) for _ in range(10)])
    assert max(most) == 2
    assert len(task_threads()) == 2


def test_one_worker_runs_tasks_in_the_order_of_submission() -> None:
    order: list[int] = []
    with ThreadPoolTaskRunner(max_workers=1) as runner:
        for number in range(50):
            submit(runner, lambda number=number: order.append(number))  # type: ignore[misc]
    assert order == list(range(50))


def test_closing_waits_for_everything_and_leaves_no_thread() -> None:
    release = threading.Event()
    with ThreadPoolTaskRunner(max_workers=2) as runner:
        first = submit(runner, lambda: release.wait(timeout=30))
        futures = [submit(runner, lambda: 1, after=(first,)) for _ in range(20)]
        release.set()
    assert all(future.done() for future in futures)
    assert task_threads() == []


def test_a_closed_runner_takes_nothing() -> None:
    runner = ThreadPoolTaskRunner()
    with pytest.raises(FutureError, match="is not open"):
        submit(runner, lambda: 1)
    with runner:
        submit(runner, lambda: 1)
    with pytest.raises(FutureError, match="is not open"):
        submit(runner, lambda: 1)


def test_a_task_that_waits_for_its_inputs_takes_no_thread(runner: ThreadPoolTaskRunner) -> None:
    upstream: OrchFuture[object] = OrchFuture("elsewhere")
    held = [submit(runner, lambda: "after", after=(upstream,)) for _ in range(5)]
    assert submit(runner, lambda: "free").result() == "free"
    assert not any(future.done() for future in held)
    upstream._finish(Failed())
    assert [future.result() for future in held] == ["after"] * 5


def test_a_task_starts_when_the_last_of_its_inputs_is_done(runner: ThreadPoolTaskRunner) -> None:
    inputs: list[OrchFuture[object]] = [OrchFuture(str(number)) for number in range(3)]
    future = submit(runner, lambda: [each.done() for each in inputs], after=tuple(inputs))
    for each in inputs:
        assert not future.done()
        each._finish(Completed())
    assert future.result() == [True] * 3


@pytest.mark.parametrize("size", [1, 2])
def test_tasks_may_wait_for_tasks_to_any_depth(size: int) -> None:
    with ThreadPoolTaskRunner(max_workers=size) as runner:

        def descend(depth: int) -> int:
            if depth == 0:
                return 0
            children = [submit(runner, lambda: descend(depth - 1)) for _ in range(2 if depth < 4 else 1)]
            return 1 + max(child.result() for child in children)  # type: ignore[type-var, operator]

        assert submit(runner, lambda: descend(30)).result() == 30


def test_waiting_in_every_way_lends_the_place() -> None:
    with ThreadPoolTaskRunner(max_workers=1) as runner:

        def parent() -> list[object]:
            waited = wait([submit(runner, lambda: 1)]).done.pop().result()
            completed = [each.result() for each in as_completed([submit(runner, lambda: 2)])]
            return [waited, *completed, run_coroutine(awaited())]

        async def awaited() -> object:
            return await asyncio.gather(*(_awaited(submit(runner, lambda: 3)) for _ in range(3)))

        assert submit(runner, parent).result() == [1, 2, [3, 3, 3]]


async def _awaited(future: OrchFuture[object]) -> object:
    return await future


def test_a_woken_task_has_its_place_back_before_the_next_one_starts() -> None:
    # With one worker, a parent and the task queued behind its child never run at the same time.
    running: list[str] = []
    overlaps: list[list[str]] = []

    def noted(name: str) -> None:
        running.append(name)
        overlaps.append(list(running))
        running.remove(name)

    with ThreadPoolTaskRunner(max_workers=1) as runner:

        def parent() -> None:
            first = submit(runner, lambda: noted("first"))
            for _ in range(20):
                submit(runner, lambda: noted("later"))
            first.result()
            noted("parent")

        submit(runner, parent)
    assert len(overlaps) == 22
    assert all(len(names) == 1 for names in overlaps)


def test_tasks_see_the_context_of_their_submit(runner: ThreadPoolTaskRunner) -> None:
    token = colour.set("blue")
    future = submit(runner, colour.get)
    colour.reset(token)
    assert future.result() == "blue"

    def change() -> None:
        colour.set("red")

    submit(runner, change).result()
    assert submit(runner, colour.get).result() == "none"


def test_a_failure_of_the_engine_crashes_the_run_and_not_the_pool(
    runner: ThreadPoolTaskRunner, caplog: pytest.LogCaptureFixture
) -> None:
    def work() -> State[object]:
        raise SystemExit("broken engine")

    futures: list[OrchFuture[object]] = [OrchFuture(str(number)) for number in range(3)]
    for future in futures:
        runner.submit(work, future)
    wait(futures)
    assert all(future.state.is_crashed() for future in futures)
    assert "broken engine" in (futures[0].state.message or "")
    assert "The engine has failed" in caplog.text
    assert submit(runner, lambda: "alive").result() == "alive"


def test_a_thread_keeps_its_event_loop(runner: ThreadPoolTaskRunner) -> None:
    async def loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    def twice() -> bool:
        return run_coroutine(loop()) is run_coroutine(loop())

    assert submit(runner, twice).result() is True


def test_what_a_coroutine_leaves_behind_is_cancelled(runner: ThreadPoolTaskRunner) -> None:
    cancelled: list[bool] = []

    async def linger() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async def leave() -> object:
        task = asyncio.create_task(linger())
        await asyncio.sleep(0)
        return task

    assert submit(runner, lambda: run_coroutine(leave())).result()
    assert cancelled == [True]


def test_a_coroutine_is_not_run_inside_a_running_loop() -> None:
    async def inner() -> None: ...

    async def outer() -> None:
        run_coroutine(inner())

    with pytest.raises(RuntimeError, match="runs in this thread already"):
        run_coroutine(outer())


def test_closing_waits_for_work_that_goes_on_after_its_run_has_ended() -> None:
    release = threading.Event()
    hooks: list[str] = []
    with ThreadPoolTaskRunner(max_workers=1) as runner:
        future: OrchFuture[object] = OrchFuture("run")

        def work() -> State[object]:
            state: State[object] = Completed(data=1)
            future._finish(state)
            release.wait(timeout=30)
            hooks.append("ran")
            return state

        runner.submit(work, future)
        assert future.result() == 1
        release.set()
    assert hooks == ["ran"]


def test_a_run_that_was_given_up_does_not_hold_up_the_rest() -> None:
    stuck = threading.Event()
    with ThreadPoolTaskRunner(max_workers=1) as runner:
        begun = threading.Event()
        ids: list[int] = []

        def work() -> State[object]:
            ids.append(threading.get_ident())
            begun.set()
            stuck.wait(timeout=30)
            return Completed(data="too late")

        future: OrchFuture[object] = OrchFuture("stuck")
        runner.submit(work, future)
        begun.wait(timeout=30)
        # What an overdue timeout does: the place is lent out for good, and the run ends without its thread.
        place = blocking.place_of(ids[0])
        assert place is not None
        place.lend()
        future._finish(Failed(name="TimedOut"))
        place.give_up()
        assert submit(runner, lambda: "next").result() == "next"
    assert future.state.name == "TimedOut"
    stuck.set()
    for thread in task_threads():
        thread.join()
    assert future.state.name == "TimedOut"


def test_nothing_of_an_ended_task_is_kept_alive(runner: ThreadPoolTaskRunner) -> None:
    class Large:
        pass

    value = Large()
    gone = weakref.ref(value)
    holder = [value]
    del value
    future = submit(runner, holder.pop)
    future.wait()
    submit(runner, lambda: None).wait()
    del future
    gc.collect()
    assert gone() is None


def test_a_runner_can_be_duplicated_compared_and_pickled() -> None:
    runner = ThreadPoolTaskRunner(max_workers=3)
    assert runner.duplicate() == runner
    assert runner.duplicate() is not runner
    assert pickle.loads(pickle.dumps(runner)) == runner
    assert runner != ThreadPoolTaskRunner()
    assert ConcurrentTaskRunner is ThreadPoolTaskRunner


def test_a_runner_without_workers_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="at least 1, got 0"):
        ThreadPoolTaskRunner(max_workers=0)


def test_a_system_without_threads_left_lets_those_that_run_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, release = threading.Event(), threading.Event()

    def first() -> str:
        begun.set()
        release.wait(timeout=30)
        return "first"

    def none_left(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with ThreadPoolTaskRunner(max_workers=2) as runner:
        futures = [submit(runner, first)]
        begun.wait(timeout=30)
        monkeypatch.setattr(threading.Thread, "start", none_left)
        futures.append(submit(runner, lambda: "second"))
        release.set()
        assert [future.result() for future in futures] == ["first", "second"]


def test_a_system_without_any_thread_crashes_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", none_left)
    with ThreadPoolTaskRunner() as runner:
        future = submit(runner, lambda: 1)
        assert future.state.is_crashed()
        assert "can't start new thread" in (future.state.message or "")


def test_a_runner_of_no_given_size_grows_while_its_tasks_wait() -> None:
    # More tasks than it begins with have to be under way at the same time for any of them to end.
    number = threads.FIRST_WORKERS + 10
    together = threading.Barrier(number)
    with ThreadPoolTaskRunner() as runner:
        futures = [submit(runner, lambda: together.wait(timeout=50)) for _ in range(number)]
        assert {future.result() for future in futures} == set(range(number))


def test_a_runner_does_not_grow_while_its_tasks_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    processor_time = iter(range(10_000))
    monkeypatch.setattr("orch.task_runners.pool.time.process_time", lambda: next(processor_time))
    release = threading.Event()
    looked = threading.Event()
    look = pool.Pool._look

    def watched(self: pool.Pool) -> None:
        look(self)
        looked.set()

    monkeypatch.setattr(pool.Pool, "_look", watched)
    with ThreadPoolTaskRunner() as runner:
        for _ in range(threads.FIRST_WORKERS + 10):
            submit(runner, lambda: release.wait(timeout=50))
        assert looked.wait(timeout=30)
        looked.clear()
        assert looked.wait(timeout=30)
        assert len(task_threads()) == threads.FIRST_WORKERS
        release.set()
