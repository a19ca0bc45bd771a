"""What every task runner does: take work, hold it back until what it depends on is done, and end with its future."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from orch.errors import FutureError
from orch.futures import OrchFuture
from orch.states import Crashed, State

Work = Callable[[], State[Any]]
"""Runs one task run through the engine and returns its final state. Raises nothing; reports to the recorder itself."""

Future = OrchFuture[Any]


class TaskRunner(ABC):
    """Runs submitted tasks of one flow run.

    Opened (`with`) before the first submit, closed when the flow run ends. Closing waits until the future of everything
    submitted is done: who wants to end earlier (a cancelled flow) lets the work end itself.
    """

    @abstractmethod
    def submit(self, work: Work, future: Future, after: Sequence[Future] = ()) -> None:
        """Run `work` once all futures of `after` are done, and finish `future` with the state that it returns.

        Does not block. The work sees the context variables of the caller. Raises FutureError if the runner is not open.
        """

    @abstractmethod
    def duplicate(self) -> Self:
        """A runner with the same configuration that has not been opened."""

    @abstractmethod
    def __enter__(self) -> Self: ...

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


def once_done(futures: Sequence[Future], start: Callable[[], None]) -> None:
    """Call `start` once these futures are done, however they ended: at once, or in the thread that ends the last."""
    missing = [future for future in futures if not future.done()]
    if not missing:
        start()
        return
    # Popping counts, and cannot be torn apart by another thread: exactly one pop gets the True.
    left = [True] + [False] * len(missing)

    def count(_: object) -> None:
        if left.pop():
            start()

    for future in missing:
        if not future._on_done(count):
            count(future)
    count(None)


def crashed(error: BaseException) -> State[Any]:
    """The state of a task run whose engine has failed: nothing that user code can do leads here."""
    return Crashed(message=f"The task run could not be carried out: {error!r}", data=error)


def not_open(runner: TaskRunner) -> FutureError:
    """The error for a submit outside of a runner's `with` block."""
    return FutureError(
        f"{type(runner).__name__} is not open, so that nothing can be submitted to it. "
        "Submit tasks while the flow runs, or use the runner in a `with` block."
    )
