"""How the engine learns that a task's own code runs somewhere else.

Whoever carries out a submitted task (its states, retries, cache, hooks) does so in a thread of the flow's process. A
task runner that has the user's function run in another process surrounds that thread's work with `calling_through`;
the engine's driver then hands the function to `remote_caller()` instead of calling it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol


class RemoteCaller(Protocol):
    """Calls functions in another process."""

    def __call__(self, function: Callable[[], Any], *, is_async: bool) -> Any:  # noqa: ANN401 (what it returns)
        """Call it there and wait; what it returns is awaited there if `is_async`. Raises what it raises.

        Raises ProcessTransferError for what cannot be sent there or back, and ProcessDiedError.
        """


_caller: ContextVar[RemoteCaller | None] = ContextVar("orch_remote_caller", default=None)


def remote_caller() -> RemoteCaller | None:
    """Who calls the functions of the task that this code carries out; None: they are called here."""
    return _caller.get()


@contextmanager
def calling_through(caller: RemoteCaller) -> Iterator[None]:
    """Inside, tasks' functions are called through this."""
    token = _caller.set(caller)
    try:
        yield
    finally:
        _caller.reset(token)
