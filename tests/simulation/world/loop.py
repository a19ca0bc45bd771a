"""An event loop whose time is simulated: where nobody has anything to do, the next timer's time has come."""

from asyncio import base_events
from collections.abc import Sequence

_MOST_TURNS = 20_000
"""Of the loop at one moment."""


class StuckError(RuntimeError):
    """Nobody has anything to do, and no timer is set: nothing will ever happen again."""


class SimulatedLoop(base_events.BaseEventLoop):
    """Runs tasks and timers as asyncio does, in the same order every time. It knows no sockets, threads or signals."""

    def __init__(self) -> None:
        super().__init__()
        self.moment = 0.0
        self._clock_resolution = 1e-7
        self._selector = _Timers(self)

    def time(self) -> float:
        """Simulated seconds since the beginning."""
        return self.moment

    def _process_events(self, event_list: Sequence[object]) -> None:
        """There are no sockets."""

    def _write_to_self(self) -> None:
        """Nobody waits for anything outside."""


class _Timers:
    """Stands where a loop has its selector: instead of waiting it moves the time."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop
        self._turns = 0

    def select(self, timeout: float | None) -> Sequence[object]:
        """Let the time pass for which there is nothing to do."""
        if timeout is None:
            raise StuckError("Nothing will ever happen again: every task waits, and no timer is set.")
        if timeout > 0:
            self._loop.moment += timeout
            self._turns = 0
        self._turns += 1
        if self._turns > _MOST_TURNS:
            raise StuckError(f"Time stands still at {self._loop.moment:.3f} s: somebody always has something to do.")
        return ()
