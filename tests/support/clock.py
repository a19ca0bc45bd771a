"""A clock that tests move."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""A Monday at noon."""


class FakeClock:
    """Shows the same moment until it is moved. May be read from any thread."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start

    def now(self) -> datetime:
        """The present moment."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move the clock forward, and return what it shows then."""
        if by < timedelta(0):
            raise ValueError(f"Clocks go forward, not by {by}.")
        self._now += by
        return self._now

    def set_back(self, by: timedelta) -> None:
        """Have it go wrong: it shows an earlier moment, and goes on from there."""
        self._now -= by

    def set(self, moment: datetime) -> None:
        """Put the clock to a later moment."""
        self.advance(moment - self._now)
