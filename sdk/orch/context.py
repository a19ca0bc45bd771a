"""Which run the code that runs now belongs to.

The contexts travel with `contextvars`: into threads that a task runner starts, into asyncio tasks, and no further. Code
outside of runs finds None.
"""

from _thread import allocate_lock
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from orch.errors import FutureError, MissingContextError

if TYPE_CHECKING:
    from orch.engine.checkpoints import Checkpoints
    from orch.engine.held_run import HeldRun
    from orch.flows import Flow
    from orch.recording.records import FlowRunRecord, TaskRunRecord
    from orch.task_runners import TaskRunner
    from orch.tasks import Task


T = TypeVar("T")


class FlowRunContext:
    """The flow run around the code that runs now."""

    __slots__ = (
        "checkpoints",
        "flow",
        "has_ended",
        "held",
        "log_prints",
        "open_calls",
        "parameters",
        "record",
        "runner",
        "scope",
    )

    def __init__(
        self,
        *,
        flow: "Flow[..., Any]",
        record: "FlowRunRecord",
        parameters: dict[str, Any],
        held: "HeldRun",
        log_prints: bool,
        checkpoints: "Checkpoints | None",
    ) -> None:
        """`scope` is where submitted tasks of the run are counted; `held` stops the run on demand."""
        self.flow = flow
        self.record = record
        self.parameters = parameters
        self.held = held
        self.log_prints = log_prints
        self.checkpoints = checkpoints
        self.runner: TaskRunner | None = None
        """Opened by the first task that is submitted."""
        self.has_ended = False
        """Whether nothing can be submitted any more."""
        self.scope = Scope("")
        self.open_calls: set[OpenCall] = set()
        """Runs of tasks and subflows that have begun here and not ended."""

    @property
    def flow_run(self) -> "FlowRunRecord":
        """The run."""
        return self.record

    def open_runner(self) -> "TaskRunner":
        """The run's task runner; opened for the first task that is submitted.

        Raises FutureError when the run has ended.
        """
        with _opening:
            if self.has_ended:
                raise FutureError(
                    f"Flow run {self.record.name!r} has ended: nothing can be submitted to it any more. Threads that "
                    "submit tasks must end before their flow returns."
                )
            if self.runner is None:
                self.runner = self.flow.task_runner.duplicate()
                self.runner.__enter__()
            return self.runner

    def close_runner(self) -> None:
        """The run's tasks have ended, and nothing is submitted after this."""
        with _opening:
            self.runner, self.has_ended = None, True

    def end_open_calls(self) -> None:
        """The run ends: so do those that nobody brought to an end. Generators that are still referenced, coroutines of
        a loop that was closed, calls whose stack was too deep for an end of their own.
        """
        for call in tuple(self.open_calls):
            call.break_off()

    def is_inside(self, flow_run_id: str) -> bool:
        """Whether the run was started, at any depth, by that flow run."""
        record = self.record.parent
        while record is not None:
            if record.id == flow_run_id:
                return True
            record = record.parent
        return False

    def restart(self) -> None:
        """The flow's code starts again from its top: its calls are counted anew."""
        self.scope = Scope("")

    @staticmethod
    def get() -> "FlowRunContext | None":
        """The innermost flow run; None outside of flows."""
        return flow_run_context.get()


class OpenCall(Protocol):
    """A run that has begun."""

    def break_off(self) -> None:
        """It ends with the run around it, whatever its code does."""


class TaskRunContext:
    """The task run around the code that runs now."""

    __slots__ = ("flow_context", "log_prints", "parameters", "record", "scope", "task")

    def __init__(
        self,
        *,
        task: "Task[..., Any]",
        record: "TaskRunRecord",
        parameters: dict[str, Any],
        flow_context: FlowRunContext,
        log_prints: bool,
    ) -> None:
        """`scope` is where tasks that this task calls are counted."""
        self.task = task
        self.record = record
        self.parameters = parameters
        self.flow_context = flow_context
        self.log_prints = log_prints
        self.scope = Scope(record.dynamic_key)

    @property
    def task_run(self) -> "TaskRunRecord":
        """The run."""
        return self.record

    @staticmethod
    def get() -> "TaskRunContext | None":
        """The innermost task run; None outside of tasks."""
        return task_run_context.get()


class Scope:
    """Counts the calls that one body of code makes, by what is called."""

    __slots__ = ("_counts", "digest", "path")

    def __init__(self, path: str) -> None:
        """`path` names the body within its flow run; empty for the flow's own."""
        self.path = path
        self.digest = ""
        """A short form of the path; made by the first who needs it."""
        self._counts: dict[str, Iterator[int]] = {}

    def next(self, key: str) -> int:
        """How many calls of this key came before. Any thread may ask."""
        counter = self._counts.get(key)
        if counter is None:
            from itertools import count

            counter = self._counts.setdefault(key, count())
        return next(counter)


_opening = allocate_lock()
flow_run_context: ContextVar[FlowRunContext | None] = ContextVar("orch_flow_run", default=None)
task_run_context: ContextVar[TaskRunContext | None] = ContextVar("orch_task_run", default=None)
_tags: ContextVar[frozenset[str]] = ContextVar("orch_tags", default=frozenset())


def restore(variable: ContextVar[T], token: "Token[T]") -> None:
    """Give a variable its former value, if this is the context in which it was set.

    A coroutine or generator that is dropped before its end is closed in whatever context drops it.
    """
    try:
        variable.reset(token)
    except ValueError:
        return


def current_tags() -> frozenset[str]:
    """The tags that surrounding `with tags(...)` blocks give to runs."""
    return _tags.get()


@contextmanager
def tags(*new: str) -> Iterator[frozenset[str]]:
    """Give tags to all runs that begin inside the block, beside their own.

    with tags("nightly", "eu"):
        load()
    """
    given: tuple[object, ...] = new
    wrong = [each for each in given if not isinstance(each, str)]
    if wrong:
        raise TypeError(f"Tags are texts; {wrong[0]!r} is not. Write tags('a', 'b').")
    token = _tags.set(_tags.get() | frozenset(new))
    try:
        yield _tags.get()
    finally:
        _tags.reset(token)


def get_run_context() -> FlowRunContext | TaskRunContext:
    """The innermost run's context: of the task where there is one, else of the flow.

    Raises MissingContextError outside of runs.
    """
    found = task_run_context.get() or flow_run_context.get()
    if found is None:
        raise MissingContextError("There is no run here: call get_run_context() inside a flow or a task.")
    return found


def sorted_tags(*groups: Iterable[str]) -> tuple[str, ...]:
    """The tags of several groups, each once, in order."""
    return tuple(sorted(frozenset().union(*groups)))
