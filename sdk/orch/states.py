"""States of runs, as flows and hooks see them.

A state has a type, a name (finer than the type: "TimedOut" is FAILED), a message for people and, where there is one,
the run's result. Flows and tasks may return states of their own making:

    from orch.states import Completed, Failed

    @flow
    def check() -> State:
        return Completed(message="Nothing to do") if done() else Failed(message="Try tomorrow")
"""

import time
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeGuard, TypeVar

from orch.errors import CancelledRun, CrashedRun, FailedRun, PausedRun, UnfinishedRun

if TYPE_CHECKING:
    from datetime import datetime

R = TypeVar("R")


class StateType(StrEnum):
    """The nine types of states that a run can be in."""

    SCHEDULED = "SCHEDULED"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    CANCELLING = "CANCELLING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    CRASHED = "CRASHED"

    def __str__(self) -> str:
        return self.value


TERMINAL = frozenset({StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED, StateType.CRASHED})
"""States that a run ends in."""

_UNSUCCESSFUL = frozenset({StateType.FAILED, StateType.CANCELLED, StateType.CRASHED})
_DEFAULT_NAMES = {type_: type_.value.capitalize() for type_ in StateType}


class LazyResult:
    """A result that is read when it is asked for. Subclasses say from where."""

    __slots__ = ()

    def load(self) -> object:
        """The value. Raises MissingResult, ResultStorageError."""
        raise NotImplementedError

    def returned(self) -> object:
        """What the code returned: the value, or a state of its own making, which holds it. Raises what `load` does."""
        return self.load()


class State(Generic[R]):
    """Where a run stands. Not changed once it is a run's."""

    __slots__ = ("data", "handmade", "message", "name", "run_id", "timestamp_ns", "type")

    def __init__(
        self,
        type: StateType | str,  # noqa: A002 (the field's name)
        name: str | None = None,
        message: str | None = None,
        data: Any = None,  # noqa: ANN401 (a result, an exception, or states)
        timestamp_ns: int = 0,
    ) -> None:
        """`name` defaults to the type's own; `data` holds a result, or what went wrong."""
        self.type = type if type.__class__ is StateType else StateType(type)
        self.name = name or _DEFAULT_NAMES[self.type]
        self.message = message
        self.data = data
        self.timestamp_ns = timestamp_ns or time.time_ns()
        self.run_id = ""
        """The run that is, or was, in this state; empty for a state that user code made."""
        self.handmade = False
        """A run's final state that its code made and returned."""

    @property
    def timestamp(self) -> "datetime":
        """When the run entered it: aware, UTC."""
        from datetime import UTC, datetime, timedelta

        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=self.timestamp_ns // 1000)

    def result(self, raise_on_failure: bool = True) -> Any:  # noqa: ANN401 (users' own type)
        """The run's result.

        For a run that did not complete: raises what it raised, or, with raise_on_failure=False, returns that; where it
        returned other runs' states, those. Raises UnfinishedRun for a run that has not ended, PausedRun for one that
        is paused, MissingResult where the result was not kept.
        """
        if self.type is StateType.COMPLETED:
            return self.data.load() if isinstance(self.data, LazyResult) else self.data
        if self.type in _UNSUCCESSFUL:
            if raise_on_failure:
                raise exception_of(self)
            returned_states = isinstance(self.data, State) or is_state_collection(self.data)
            return self.data if returned_states else exception_of(self)
        if raise_on_failure:
            raise_unfinished(self)
        return self.data

    def is_scheduled(self) -> bool:
        """Whether it waits for its time."""
        return self.type is StateType.SCHEDULED

    def is_pending(self) -> bool:
        """Whether it is about to run."""
        return self.type is StateType.PENDING

    def is_running(self) -> bool:
        """Whether user code runs."""
        return self.type is StateType.RUNNING

    def is_completed(self) -> bool:
        """Whether it ended well."""
        return self.type is StateType.COMPLETED

    def is_failed(self) -> bool:
        """Whether user code failed, or took too long."""
        return self.type is StateType.FAILED

    def is_crashed(self) -> bool:
        """Whether the run's surroundings ended it."""
        return self.type is StateType.CRASHED

    def is_cancelled(self) -> bool:
        """Whether somebody stopped it."""
        return self.type is StateType.CANCELLED

    def is_cancelling(self) -> bool:
        """Whether somebody asked for a stop."""
        return self.type is StateType.CANCELLING

    def is_paused(self) -> bool:
        """Whether it holds still."""
        return self.type is StateType.PAUSED

    def is_final(self) -> bool:
        """Whether the run has ended."""
        return self.type in TERMINAL

    def __repr__(self) -> str:
        parts = [f"message={self.message!r}"] if self.message else []
        parts.append(f"type={self.type.value}")
        if self.type is StateType.COMPLETED and not isinstance(self.data, LazyResult):
            parts.append(f"result={self.data!r}")
        return f"{self.name}({', '.join(parts)})"

    def __str__(self) -> str:
        return f"{self.name}({self.message!r})" if self.message else f"{self.name}()"

    def __reduce__(self) -> tuple[object, ...]:
        return _restored, (self.type, self.name, self.message, self.data, self.timestamp_ns, self.run_id)


def _restored(
    type_: StateType, name: str, message: str | None, data: object, timestamp_ns: int, run_id: str
) -> State[Any]:
    state: State[Any] = State(type_, name, message, data, timestamp_ns)
    state.run_id = run_id
    return state


def Scheduled(**fields: Any) -> State[Any]:  # noqa: ANN401
    """A run that waits for its time."""
    return State(StateType.SCHEDULED, **fields)


def AwaitingRetry(**fields: Any) -> State[Any]:  # noqa: ANN401
    """A run that waits before it is tried again."""
    return State(StateType.SCHEDULED, **{"name": "AwaitingRetry", **fields})


def Pending(**fields: Any) -> State[Any]:  # noqa: ANN401
    """A run that is about to begin."""
    return State(StateType.PENDING, **fields)


def Running(**fields: Any) -> State[Any]:  # noqa: ANN401
    """A run whose code runs."""
    return State(StateType.RUNNING, **fields)


def Retrying(**fields: Any) -> State[Any]:  # noqa: ANN401
    """A run that is tried again."""
    return State(StateType.RUNNING, **{"name": "Retrying", **fields})


def Paused(**fields: Any) -> State[Any]:  # noqa: ANN401
    """A run that holds still."""
    return State(StateType.PAUSED, **fields)


def Suspended(**fields: Any) -> State[Any]:  # noqa: ANN401
    """A run that holds still without a process."""
    return State(StateType.PAUSED, **{"name": "Suspended", **fields})


def Cancelling(**fields: Any) -> State[Any]:  # noqa: ANN401
    """A run that somebody asked to stop."""
    return State(StateType.CANCELLING, **fields)


def Completed(**fields: Any) -> State[Any]:  # noqa: ANN401
    """A run that ended well."""
    return State(StateType.COMPLETED, **fields)


def Failed(**fields: Any) -> State[Any]:  # noqa: ANN401
    """A run whose code failed."""
    return State(StateType.FAILED, **fields)


def Cancelled(**fields: Any) -> State[Any]:  # noqa: ANN401
    """A run that somebody stopped."""
    return State(StateType.CANCELLED, **fields)


def Crashed(**fields: Any) -> State[Any]:  # noqa: ANN401
    """A run that its surroundings ended."""
    return State(StateType.CRASHED, **fields)


def raise_unfinished(state: State[Any]) -> NoReturn:
    """Raise what stands for the missing result of a run that has not ended."""
    if state.type is StateType.PAUSED:
        raise PausedRun("The run is paused; its result comes when it goes on and completes.")
    raise UnfinishedRun(f"The run is in state {state.name} ({state.type.value}); its result is not available yet.")


_WRAPPERS: dict[StateType, tuple[type[Exception], str]] = {
    StateType.FAILED: (FailedRun, "The run failed."),
    StateType.CRASHED: (CrashedRun, "The run crashed."),
    StateType.CANCELLED: (CancelledRun, "The run was cancelled."),
}


def exception_of(state: State[Any]) -> BaseException:
    """What went wrong in a run that did not complete.

    Its own exception; that of the first unsuccessful state where the run returned states; else a FailedRun, CrashedRun
    or CancelledRun with its text or message. Raises ValueError for other states.
    """
    if state.type not in _WRAPPERS:
        raise ValueError(f"{state!r} did not fail.")
    wrapper, text = _WRAPPERS[state.type]
    found = state.data.load() if isinstance(state.data, LazyResult) else state.data
    if isinstance(found, BaseException):
        return found
    if isinstance(found, str):
        return wrapper(found)
    states = [found] if isinstance(found, State) else found
    if is_state_collection(states):
        unsuccessful = next((each for each in states if each.type in _UNSUCCESSFUL), None)
        if unsuccessful is not None:
            return exception_of(unsuccessful)
    return wrapper(state.message or text)


def raise_state_exception(state: State[Any]) -> None:
    """Raise what went wrong in a run; nothing for one that completed or has not ended."""
    if state.type in _UNSUCCESSFUL:
        raise exception_of(state)


def is_state_collection(value: object) -> TypeGuard[Iterable[State[Any]]]:
    """Whether a value is a list, tuple or set that holds states and nothing else."""
    return isinstance(value, (list, tuple, set)) and bool(value) and all(isinstance(each, State) for each in value)


def aggregate(states: Iterable[State[Any]], *, data: object) -> State[Any]:
    """The state of a flow that returned other runs' states: COMPLETED only where all of them are."""
    found = list(states)
    counts = Counter(state.type for state in found)
    total = len(found)
    failed = counts[StateType.FAILED] + counts[StateType.CRASHED]
    unfinished = sum(not state.is_final() for state in found)
    if counts[StateType.COMPLETED] == total:
        return Completed(message="All states completed.", data=data)
    if counts[StateType.CANCELLED]:
        return Cancelled(message=f"{counts[StateType.CANCELLED]}/{total} states cancelled.", data=data)
    if counts[StateType.PAUSED]:
        return Paused(message=f"{counts[StateType.PAUSED]}/{total} states paused.", data=data)
    if failed:
        return Failed(message=f"{failed}/{total} states failed.", data=data)
    return Failed(message=f"{unfinished}/{total} states are not final.", data=data)
