"""`call` and `acall`: run user code so that it can be stopped."""

import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, cast

from orch.interrupts import delivery
from orch.interrupts.targets import Stoppable, Target

if TYPE_CHECKING:
    import asyncio

R = TypeVar("R")


def call(
    function: Callable[[], R],
    *,
    target: Target | None,
    timeout_seconds: float | None,
    timeout_error: Callable[[], BaseException],
    on_overdue: Callable[[], None] | None = None,
) -> R:
    """Call a function; stop it when `target` is interrupted, or after `timeout_seconds`.

    Returns what it returns, and raises what it raises; the target's error if that was raised in it, and
    `timeout_error()` if its time was up, whatever the function made of that. An interrupt that comes when the function
    has ended has no effect. In the main thread blocking system calls are interrupted, in other threads only Python
    code and waits of the SDK. `on_overdue()` is called, in another thread, if the function has not noticed 0.2 s after
    it was interrupted, or has noticed and not ended after 10 s.
    """
    if target is None and timeout_seconds is None:
        return function()
    listens = delivery.listen()
    stop = Stoppable(delivery.by_signal if listens else delivery.by_exception, on_overdue)
    outer: Stoppable | None = None
    value: R | None = None
    failure: BaseException | None = None
    try:
        if target is not None:
            outer = target._enter(stop)
        if timeout_seconds is not None:
            stop.stop_after(timeout_seconds)
        value = _run(stop, function)
    except BaseException as raised:  # it is raised again below
        failure = raised
    # An exception that was sent to this thread may be raised at any line from here to the end of the loop.
    while True:
        try:
            stop.close()
            delivery.withdraw(stop)
            break
        except BaseException as late:
            if late is not stop.error:
                # Another call's, around this one, or the user's Ctrl-C.
                failure = late
    if listens:
        delivery.unlisten()
    if target is not None:
        target._leave(outer)
    try:
        return _outcome(stop, value, failure, timeout_error)
    finally:
        # An exception and the frames that it passed through would keep each other alive.
        del failure


async def acall(
    make: Callable[[], Coroutine[Any, Any, R]],
    *,
    target: Target | None,
    timeout_seconds: float | None,
    timeout_error: Callable[[], BaseException],
    on_overdue: Callable[[], None] | None = None,
) -> R:
    """Await a coroutine in the running event loop; as `call` in everything else.

    The coroutine is stopped by cancelling it where it awaits. Where it holds up the loop instead, it is interrupted
    there if that is the main thread's. A cancel that comes from outside stays a cancel.
    """
    if target is None and timeout_seconds is None:
        return await make()
    import asyncio

    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("There is no asyncio task here that could be stopped; run this inside of asyncio.run().")
    listens = delivery.listen()
    canceller = _Canceller(task, listens=listens)
    stop = Stoppable(canceller, on_overdue)
    outer: Stoppable | None = None
    value: R | None = None
    failure: BaseException | None = None
    try:
        if target is not None:
            outer = target._enter(stop)
        if timeout_seconds is not None:
            stop.stop_after(timeout_seconds)
        value = await _arun(stop, make)
    except BaseException as raised:  # it is raised again below
        failure = raised
    stop.close()
    if listens:
        delivery.unlisten()
    if target is not None:
        target._leave(outer)
    try:
        if canceller.cancelled_from_outside():
            raise failure if failure is not None else asyncio.CancelledError
        return _outcome(stop, value, failure, timeout_error)
    finally:
        del failure


@delivery.runs_user_code
def _run(stop: Stoppable, function: Callable[[], R]) -> R:
    return function()


@delivery.runs_user_code
async def _arun(stop: Stoppable, make: Callable[[], Coroutine[Any, Any, R]]) -> R:
    return await make()


class _Canceller:
    """Stops a coroutine by cancelling the asyncio task that runs it."""

    def __init__(self, task: "asyncio.Task[Any]", *, listens: bool) -> None:
        self._task = task
        self._loop = task.get_loop()
        self._listens = listens
        self._cancelling = task.cancelling()
        self._cancelled = False
        self._posted = False

    def __call__(self, stop: Stoppable) -> None:
        """Try once. In the thread of the deadlines."""
        if not self._posted:
            self._posted = True
            self._post(stop)
        elif self._listens:
            delivery.by_signal(stop)

    def _post(self, stop: Stoppable) -> None:
        try:
            self._loop.call_soon_threadsafe(self._cancel, stop)
        except RuntimeError:
            # The loop was closed under the coroutine: it will never run again.
            if not self._loop.is_closed():
                raise

    def _cancel(self, stop: Stoppable) -> None:
        # In the loop: while this runs the coroutine awaits, or has ended. It cannot end without noticing.
        if not (stop.closed or stop.delivered):
            stop.delivered = True
            self._cancelled = True
            self._task.cancel()

    def cancelled_from_outside(self) -> bool:
        """In the loop, when the code has ended: whether somebody else has cancelled the task meanwhile."""
        return self._cancelled and self._task.uncancel() > self._cancelling


def _outcome(
    stop: Stoppable, value: R | None, failure: BaseException | None, timeout_error: Callable[[], BaseException]
) -> R:
    """What the caller gets."""
    try:
        if stop.error is not None and (stop.delivered or stop.overdue):
            error = timeout_error() if stop.timed_out else stop.error
            if failure is not None and failure is not error:
                _explain(error, failure, stop)
            failure = error
            del error
        if failure is not None:
            raise failure
        return cast("R", value)
    finally:
        del failure


def _explain(error: BaseException, failure: BaseException, stop: Stoppable) -> None:
    """Say where in the code the error struck, or what the code made of it."""
    if failure is stop.error or _is_cancel(failure):
        error.__traceback__, error.__cause__ = failure.__traceback__, failure.__cause__
    else:
        error.__cause__ = failure


def _is_cancel(error: BaseException) -> bool:
    # Where asyncio is not loaded there are no cancels of its own; nor while another thread is loading it.
    cancelled = getattr(sys.modules.get("asyncio"), "CancelledError", None)
    return cancelled is not None and isinstance(error, cancelled)
