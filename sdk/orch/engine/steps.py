"""What an engine asks its driver for. The engine yields a step and is sent its outcome, or has it thrown in."""

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from concurrent.futures import Future

    from orch.interrupts import Target


class Call:
    """Call the user's function, and await what it returns where it is async. Answered with its return value."""

    __slots__ = ("function", "is_async", "on_overdue", "target", "timeout_error", "timeout_seconds")

    def __init__(
        self,
        function: Callable[[], Any],
        *,
        is_async: bool,
        target: "Target",
        timeout_seconds: float | None,
        timeout_error: Callable[[], BaseException],
        on_overdue: Callable[[], None] | None,
    ) -> None:
        """`target` interrupts it; after `timeout_seconds` it is interrupted with `timeout_error()`.

        `on_overdue` is called, in another thread, where the code has not stopped soon after.
        """
        self.function = function
        self.is_async = is_async
        self.target = target
        self.timeout_seconds = timeout_seconds
        self.timeout_error = timeout_error
        self.on_overdue = on_overdue


class Block:
    """Call a function of Orch's own that may block for long: storage, locks, hooks. Answered with its return value."""

    __slots__ = ("function",)

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function


class Await:
    """Call a function that is the user's and short: hooks, conditions. What it returns is awaited where it can be."""

    __slots__ = ("function",)

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function


class Sleep:
    """Let time pass, interruptibly."""

    __slots__ = ("seconds", "target")

    def __init__(self, seconds: float, target: "Target") -> None:
        self.seconds = seconds
        self.target = target


class Emit:
    """Hand an item of a generator to whoever reads it. Raises `ReaderLeft` inside the engine where nobody does."""

    __slots__ = ("item",)

    def __init__(self, item: object) -> None:
        self.item = item


class ReaderLeft(Exception):
    """Whoever read a generator's items has stopped before its end."""


class Until:
    """Wait for a future. Answered with its result, or what it raises."""

    __slots__ = ("future",)

    def __init__(self, future: "Future[Any]") -> None:
        self.future = future


Step: TypeAlias = Call | Block | Await | Sleep | Emit | Until
Steps: TypeAlias = Generator[Step, Any, Any]
"""An engine at work; what it returns is the run's final state."""
