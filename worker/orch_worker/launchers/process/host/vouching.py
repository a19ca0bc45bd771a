"""Exclusive attempts run only as long as their worker vouches for them."""

import time
from collections.abc import Callable, Sequence

from orch_worker.launchers.process.host.attempts import Attempt
from orch_worker.launchers.process.host.loop import Loop
from orch_worker.launchers.process.orders import VOUCH_SECONDS

_VOUCHED_FOR_SECONDS = 2.0
"""How long an exclusive command may go on without its worker's word. Its lease has been renewed within a third of its
TTL before that, so that this is soon enough for a TTL of 3 s and more."""


class Vouching:
    """Kills exclusive attempts of which no worker has said for a while that they may go on."""

    def __init__(self, loop: Loop, *, exclusive: Callable[[], Sequence[Attempt]], ask: Callable[[bool], None]) -> None:
        """`exclusive` gives those that run; `ask` tells the workers whether they should vouch."""
        self._loop = loop
        self._exclusive = exclusive
        self._ask = ask
        self._last = 0.0
        self.is_needed = False

    def begin(self) -> None:
        """To be called when an attempt has started."""
        if not self.is_needed and self._exclusive():
            self.is_needed = True
            self.vouch()
            self._ask(True)
            self._loop.after(VOUCH_SECONDS, self._check)

    def vouch(self) -> None:
        """A worker says that they may go on."""
        self._last = time.monotonic()

    def _check(self) -> None:
        attempts = self._exclusive()
        if not attempts:
            self.is_needed = False
            self._ask(False)
            return
        if time.monotonic() - self._last > _VOUCHED_FOR_SECONDS:
            for attempt in attempts:
                attempt.orphan()
        self._loop.after(VOUCH_SECONDS, self._check)
