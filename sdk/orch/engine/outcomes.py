"""From what user code returned or raised to the state of its run."""

import sys
from types import GeneratorType
from typing import Any, TypeVar

from orch.errors import CancelInterrupt, ProcessDiedError, RunTimeoutError, TerminationSignal, TimeoutInterrupt
from orch.states import Cancelled, Completed, Crashed, Failed, State, aggregate, is_state_collection

E = TypeVar("E", bound=RunTimeoutError)


def returned_state(value: object) -> State[Any]:
    """The state of a run whose code returned a value.

    A state that the code made is taken as it is. States of other runs are aggregated: the run has completed only where
    all of them have. Anything else is a result. A generator becomes the list of what it yields: it could be read once.
    """
    if isinstance(value, State):
        return aggregate([value], data=value) if value.run_id else _final(_own(value))
    if is_state_collection(value):
        return aggregate(value, data=value)
    if isinstance(value, GeneratorType):
        value = list(value)
    return Completed(data=value)


def _final(state: State[Any]) -> State[Any]:
    """The state, where a run can end in it. PAUSED is taken as well: the run goes on some day."""
    if state.is_final() or state.is_paused():
        return state
    return Failed(
        message=f"Its code returned the state {state.name} ({state.type.value}), in which no run can end. "
        "Return Completed(...) or Failed(...), or a value.",
    )


def _own(state: State[Any]) -> State[Any]:
    """A copy, so that a state that user code keeps and returns again belongs to no run."""
    own: State[Any] = State(state.type, state.name, state.message, state.data)
    own.handmade = True
    return own


def failed_state(error: Exception, *, what: str, timeout_seconds: float | None) -> State[Any]:
    """The state of a run whose code raised. `what`: "The task run" or "The flow run".

    `timeout_seconds`: of the run, where the error says that these are over; else None.
    """
    from orch.tracebacks import from_the_user

    if isinstance(error, ProcessDiedError):
        return Crashed(message=str(error), data=error)
    # The state keeps the exception, which keeps its frames: not those of the engine, with all that hangs on them.
    # Not by assignment: an exception may forbid that (a frozen dataclass does).
    BaseException.with_traceback(error, from_the_user(error.__traceback__))
    if isinstance(error, TimeoutError):
        # A timeout of a run around it, or inside of it, is not its own.
        own = isinstance(error, RunTimeoutError) and timeout_seconds is not None
        message = f"{what} took longer than its timeout of {timeout_seconds:g} s." if own else described(error)
        return Failed(name="TimedOut", message=message, data=error)
    return Failed(message=described(error), data=error)


def is_worth_a_retry(state: State[Any]) -> bool:
    """Whether another attempt may end better: the code failed, or the process that it was sent to has died."""
    return state.is_failed() or (state.is_crashed() and isinstance(state.data, ProcessDiedError))


def stopped_state(error: BaseException) -> State[Any]:
    """The state of a run that something other than an Exception ended: CANCELLED for a stop, else CRASHED."""
    if isinstance(error, CancelInterrupt):
        return Cancelled(message=str(error) or "Somebody asked for a stop.", data=error)
    if isinstance(error, TimeoutInterrupt):
        return Cancelled(message="The run around it took longer than its timeout.", data=error)
    if isinstance(error, KeyboardInterrupt):
        return Cancelled(message="Stopped with Ctrl-C.", data=error)
    if is_asyncio_cancel(error):
        return Cancelled(message="The asyncio task that it ran in was cancelled.", data=error)
    if isinstance(error, TerminationSignal):
        return Crashed(message=str(error), data=error)
    if isinstance(error, RecursionError):
        # Raised by the engine itself, for which a stack so deep has no room.
        return Failed(message=described(error), data=error)
    if isinstance(error, GeneratorExit):
        return Crashed(message="Broken off: the coroutine that ran it was closed before its end.", data=error)
    return Crashed(message=f"Ended by {described(error)}", data=error)


def twice_stopped_state(error: BaseException) -> State[Any]:
    """The state of a run that something ended while it was stopping already."""
    from orch.tracebacks import from_the_user

    BaseException.with_traceback(error, from_the_user(error.__traceback__))
    if isinstance(error, RecursionError):
        return stopped_state(error)
    return Crashed(message=f"Interrupted again while it was stopping: {described(error)}", data=error)


def broken_off_state(error: BaseException | None, *, what: str) -> State[Any]:
    """The state of a run that ends because the run around it does. `error`: what its code raised, if it did."""
    if error is None:
        return Cancelled(message="The flow run around it ended first.")
    return (
        failed_state(error, what=what, timeout_seconds=None) if isinstance(error, Exception) else stopped_state(error)
    )


def is_asyncio_cancel(error: BaseException) -> bool:
    """Whether it is asyncio's CancelledError. Where asyncio is not loaded, or still being so, nothing is."""
    cancelled = getattr(sys.modules.get("asyncio"), "CancelledError", None)
    return cancelled is not None and isinstance(error, cancelled)


def described(error: BaseException) -> str:
    """An exception in one line. A broken __str__ is no matter."""
    try:
        text = str(error)
    except Exception as broken:
        text = f"(its text cannot be had: {type(broken).__name__})"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def timeout_error(kind: type[E], what: str, seconds: float | None) -> E:
    """What is raised inside code that took too long."""
    return kind(f"{what} took longer than its timeout of {seconds:g} s.")
