"""Stopping code that runs: deadlines and targets, in the main thread, in other threads and in event loops."""

import asyncio
import gc
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import NoReturn

import pytest

from orch import blocking, interrupts
from orch.errors import CancelInterrupt, TimeoutInterrupt
from orch.futures import OrchFuture
from orch.interrupts import Target, targets
from orch.interrupts.deadlines import Deadlines

LONG = 60.0
SOON = 0.1


SDK_CODE = """
def work(begun, release):
    begun.set()
    while not release.is_set():
        pass
    return "whole"
"""


class OutOfTimeError(TimeoutError):
    """The caller's own."""


def out_of_time() -> OutOfTimeError:
    return OutOfTimeError("out of time")


def limited(function: Callable[[], object], seconds: float | None = SOON, target: Target | None = None) -> object:
    return interrupts.call(function, target=target, timeout_seconds=seconds, timeout_error=out_of_time)


async def alimited(make: Callable[[], object], seconds: float | None = SOON, target: Target | None = None) -> object:
    return await interrupts.acall(make, target=target, timeout_seconds=seconds, timeout_error=out_of_time)  # type: ignore[arg-type]


def spin() -> NoReturn:
    while True:
        pass


def when(event: threading.Event, act: Callable[[], object]) -> None:
    event.wait(LONG)
    act()


def begin_and_end(begun: threading.Event) -> int:
    begun.set()
    return sum(range(200))


@pytest.fixture
def elsewhere() -> Iterator[Callable[[Callable[[], object]], object]]:
    """Runs something in a thread that is not the main one, and gives its outcome."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda function: pool.submit(function).result(timeout=30)


Elsewhere = Callable[[Callable[[], object]], object]


class TestMainThread:
    @pytest.mark.parametrize(
        "block",
        [
            lambda: time.sleep(LONG),
            lambda: threading.Event().wait(LONG),
            lambda: subprocess.run([sys.executable, "-c", f"import time; time.sleep({LONG})"], check=False),
            lambda: OrchFuture[object]("never").result(),
            lambda: blocking.sleep(LONG),
            spin,
        ],
        ids=["sleep", "event", "subprocess", "future", "our sleep", "computing"],
    )
    def test_what_blocks_is_interrupted(self, block: Callable[[], object]) -> None:
        with pytest.raises(OutOfTimeError, match="out of time"):
            limited(block)

    def test_a_function_in_time_is_left_alone(self) -> None:
        assert limited(lambda: "value", LONG) == "value"
        with pytest.raises(ValueError, match="own"):
            limited(lambda: raising(ValueError("own")), LONG)

    def test_the_traceback_tells_where_the_code_was(self) -> None:
        with pytest.raises(OutOfTimeError) as caught:
            limited(spin)
        assert "spin" in [entry.name for entry in caught.traceback]

    def test_except_exception_does_not_swallow_it(self) -> None:
        def stubborn() -> None:
            while True:
                try:
                    time.sleep(LONG)
                except Exception:
                    continue

        with pytest.raises(OutOfTimeError):
            limited(stubborn)

    def test_code_that_swallows_everything_has_still_timed_out(self) -> None:
        def swallow() -> str:
            try:
                time.sleep(LONG)
            except BaseException:
                return "swallowed"
            return "unreached"

        with pytest.raises(OutOfTimeError):
            limited(swallow)

    def test_an_error_while_it_cleans_up_is_kept_as_the_cause(self) -> None:
        def untidy() -> None:
            try:
                time.sleep(LONG)
            finally:
                raise ValueError("while cleaning up")

        with pytest.raises(OutOfTimeError) as caught:
            limited(untidy)
        assert str(caught.value.__cause__) == "while cleaning up"

    def test_the_innermost_deadline_stops_the_innermost_call(self) -> None:
        def outer() -> str:
            with pytest.raises(OutOfTimeError):
                limited(lambda: time.sleep(LONG))
            return "goes on"

        assert limited(outer, LONG) == "goes on"

    def test_an_outer_deadline_stops_inner_calls_too(self) -> None:
        met: list[BaseException] = []

        def inner() -> object:
            try:
                return limited(lambda: time.sleep(LONG), LONG)
            except BaseException as error:
                met.append(error)
                raise

        with pytest.raises(OutOfTimeError):
            limited(inner)
        assert isinstance(met[0], TimeoutInterrupt)

    def test_the_users_signal_handler_is_put_back(self) -> None:
        def handler(*_: object) -> None: ...

        before = signal.signal(signal.SIGURG, handler)
        try:
            with pytest.raises(OutOfTimeError):
                limited(lambda: limited(lambda: time.sleep(LONG), LONG))
            assert signal.getsignal(signal.SIGURG) is handler
        finally:
            signal.signal(signal.SIGURG, before)

    def test_other_peoples_signals_reach_their_handler(self) -> None:
        heard: list[int] = []
        before = signal.signal(signal.SIGURG, lambda number, _: heard.append(number))
        try:
            limited(lambda: signal.raise_signal(signal.SIGURG), LONG)
        finally:
            signal.signal(signal.SIGURG, before)
        assert heard == [signal.SIGURG]


def raising(error: BaseException) -> NoReturn:
    raise error


class TestMemory:
    @pytest.mark.parametrize("seconds", [LONG, SOON], ids=["failed", "timed out"])
    def test_an_exception_is_freed_as_soon_as_it_is_let_go(self, seconds: float) -> None:
        def work() -> None:
            if seconds == LONG:
                raise OutOfTimeError
            spin()

        gc.collect()
        gc.disable()
        try:
            with suppress(OutOfTimeError):
                try:
                    limited(work, seconds)
                except OutOfTimeError as error:
                    alive = weakref.ref(error)
                    raise
            assert alive() is None
        finally:
            gc.enable()


class TestOtherThreads:
    @pytest.mark.parametrize(
        "block",
        [spin, lambda: OrchFuture[object]("never").result(), lambda: blocking.sleep(LONG)],
        ids=["computing", "future", "our sleep"],
    )
    def test_what_python_sees_is_interrupted(self, elsewhere: Elsewhere, block: Callable[[], object]) -> None:
        with pytest.raises(OutOfTimeError):
            elsewhere(lambda: limited(block))

    def test_native_code_is_overdue_and_has_timed_out_when_it_comes_back(self, elsewhere: Elsewhere) -> None:
        release = threading.Event()

        def run() -> object:
            return interrupts.call(
                lambda: release.wait(LONG),
                target=None,
                timeout_seconds=SOON,
                timeout_error=out_of_time,
                on_overdue=release.set,
            )

        with pytest.raises(OutOfTimeError):
            elsewhere(run)

    def test_code_that_cleans_up_has_more_time(self, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(targets, "UNREACHED_SECONDS", LONG)
        monkeypatch.setattr(targets, "UNFINISHED_SECONDS", 0.0)
        release = threading.Event()

        def tidy() -> None:
            try:
                spin()
            finally:
                release.wait(LONG)

        def run() -> object:
            return interrupts.call(
                tidy, target=None, timeout_seconds=SOON, timeout_error=out_of_time, on_overdue=release.set
            )

        with pytest.raises(OutOfTimeError):
            elsewhere(run)

    def test_an_interrupt_never_strikes_after_the_code_has_ended(self, elsewhere: Elsewhere) -> None:
        # The end of the code and the interrupt meet as closely as can be had, many times over.
        def race() -> int:
            struck = 0
            for _ in range(300):
                target, go = Target(), threading.Event()
                late = partial(target.interrupt, CancelInterrupt("late"))
                interrupter = threading.Thread(target=when, args=(go, late))
                interrupter.start()
                try:
                    limited(partial(begin_and_end, go), None, target)
                except CancelInterrupt:
                    struck += 1
                interrupter.join()
            # Whatever was still under way would be raised here.
            for _ in range(10_000):
                pass
            return struck

        assert 0 <= int(str(elsewhere(race))) <= 300

    def test_the_sdks_own_code_is_not_torn_apart(self, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch) -> None:
        # A module that counts as the SDK's is left to end; the user's code around it is interrupted.
        namespace = {"__name__": "orch.something"}
        exec(
            "def work(begun, release):\n    begun.set()\n    while not release.is_set(): pass\n    return 'whole'",
            namespace,
        )
        begun, release = threading.Event(), threading.Event()
        target = Target()
        ended: list[object] = []

        def user_code() -> None:
            ended.append(namespace["work"](begun, release))  # type: ignore[operator]
            spin()

        def interrupt() -> None:
            begun.wait(LONG)
            tried = threading.Event()
            deliver = targets.Stoppable._try

            def watched(stop: targets.Stoppable) -> None:
                deliver(stop)
                tried.set()

            monkeypatch.setattr(targets.Stoppable, "_try", watched)
            target.interrupt(CancelInterrupt("stop"))
            tried.wait(LONG)
            release.set()

        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(CancelInterrupt):
            elsewhere(lambda: limited(user_code, None, target))
        thread.join()
        assert ended == ["whole"]


class TestTarget:
    def test_it_raises_its_error_in_the_code(self) -> None:
        target = Target()
        error = CancelInterrupt("enough")

        def work() -> None:
            threading.Thread(target=target.interrupt, args=(error,)).start()
            time.sleep(LONG)

        with pytest.raises(CancelInterrupt) as caught:
            limited(work, None, target)
        assert caught.value is error

    def test_only_the_first_counts(self) -> None:
        target = Target()
        first = CancelInterrupt("first")
        assert target.interrupt(first)
        assert not target.interrupt(CancelInterrupt("second"))
        assert target.error is first

    def test_code_under_an_interrupted_target_does_not_start(self) -> None:
        target = Target()
        target.interrupt(CancelInterrupt("before"))
        called: list[int] = []
        with pytest.raises(CancelInterrupt, match="before"):
            limited(lambda: called.append(1), None, target)
        assert called == []

    def test_after_the_code_it_has_no_effect(self) -> None:
        target = Target()
        assert limited(lambda: 1, None, target) == 1
        target.interrupt(CancelInterrupt("late"))

    def test_it_may_be_used_again_after_a_deadline(self) -> None:
        target = Target()
        with pytest.raises(OutOfTimeError):
            limited(lambda: time.sleep(LONG), SOON, target)
        assert limited(lambda: "again", LONG, target) == "again"

    def test_code_that_interrupts_itself_is_stopped(self) -> None:
        target = Target()

        def work() -> None:
            target.interrupt(CancelInterrupt("myself"))
            time.sleep(LONG)

        with pytest.raises(CancelInterrupt, match="myself"):
            limited(work, None, target)


class TestCoroutines:
    async def test_a_coroutine_is_stopped_where_it_awaits(self) -> None:
        with pytest.raises(OutOfTimeError):
            await alimited(lambda: asyncio.sleep(LONG))
        # The task that ran it is as it was.
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    async def test_one_in_time_is_left_alone(self) -> None:
        assert await alimited(lambda: asyncio.sleep(0, "value"), LONG) == "value"

    async def test_a_coroutine_that_holds_up_the_loop_is_interrupted(self) -> None:
        async def rude() -> None:
            time.sleep(LONG)  # noqa: ASYNC251

        with pytest.raises(OutOfTimeError):
            await alimited(rude)

    async def test_one_that_waits_for_a_future_the_wrong_way_is_interrupted(self) -> None:
        async def rude() -> object:
            return OrchFuture[object]("never").result()

        with pytest.raises(OutOfTimeError):
            await alimited(rude)

    async def test_a_target_stops_it_from_any_thread(self) -> None:
        target = Target()

        async def work() -> None:
            threading.Thread(target=target.interrupt, args=(CancelInterrupt("stop"),)).start()
            await asyncio.sleep(LONG)

        with pytest.raises(CancelInterrupt, match="stop"):
            await alimited(work, None, target)

    async def test_a_cancel_from_outside_stays_a_cancel(self) -> None:
        begun = asyncio.Event()

        async def work() -> None:
            begun.set()
            await asyncio.sleep(LONG)

        task = asyncio.create_task(alimited(work, LONG))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def test_a_cancel_from_outside_wins_over_a_deadline_at_the_same_time(self) -> None:
        target = Target()
        ours = asyncio.Event()

        async def work() -> None:
            try:
                await asyncio.sleep(LONG)
            finally:
                ours.set()
                # Held until the cancel from outside has come as well.
                await asyncio.sleep(LONG)

        task = asyncio.create_task(alimited(work, None, target))
        await asyncio.sleep(0)
        target.interrupt(CancelInterrupt("ours"))
        await ours.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def test_only_the_coroutine_of_the_deadline_is_stopped(self) -> None:
        async def rude() -> str:
            # Runs in the loop while the other one is out of time.
            stop_at = time.monotonic() + 3 * SOON
            while time.monotonic() < stop_at:
                pass
            return "whole"

        late = asyncio.create_task(alimited(lambda: asyncio.sleep(LONG)))
        await asyncio.sleep(0)
        assert await alimited(rude, LONG) == "whole"
        with pytest.raises(OutOfTimeError):
            await late

    async def test_one_that_swallows_the_cancel_has_still_timed_out(self) -> None:
        async def swallow() -> str:
            try:
                await asyncio.sleep(LONG)
            except asyncio.CancelledError:
                return "swallowed"
            return "unreached"

        with pytest.raises(OutOfTimeError):
            await alimited(swallow)

    def test_native_code_in_a_loop_of_another_thread_is_overdue(self, elsewhere: Elsewhere) -> None:
        release = threading.Event()

        async def rude() -> None:
            release.wait(LONG)

        async def run() -> object:
            return await interrupts.acall(
                rude, target=None, timeout_seconds=SOON, timeout_error=out_of_time, on_overdue=release.set
            )

        with pytest.raises(OutOfTimeError):
            elsewhere(lambda: asyncio.run(run()))


class TestDeadlines:
    def test_actions_are_done_in_the_order_of_their_times(self) -> None:
        kept = Deadlines()
        order: list[str] = []
        done = threading.Event()

        def later() -> None:
            order.append("later")
            done.set()

        kept.after(3 * SOON, later)
        kept.after(SOON, lambda: order.append("sooner"))
        assert done.wait(30)
        assert order == ["sooner", "later"]

    def test_a_cancelled_one_is_not_done_and_holds_nothing(self) -> None:
        kept = Deadlines()
        alarms = [kept.after(LONG, lambda: None) for _ in range(2000)]
        for alarm in alarms:
            kept.cancel(alarm)
            kept.cancel(alarm)
        assert all(alarm.action is None for alarm in alarms)
        assert len(kept._heap) < 1000
        done = threading.Event()
        kept.after(0, done.set)
        assert done.wait(30)

    def test_one_that_fails_does_not_end_the_others(self, caplog: pytest.LogCaptureFixture) -> None:
        kept = Deadlines()
        done = threading.Event()
        kept.after(0, lambda: raising(ValueError("broken action")))
        kept.after(0, done.set)
        assert done.wait(30)
        assert "broken action" in caplog.text
