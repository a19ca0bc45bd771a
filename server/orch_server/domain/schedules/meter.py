"""Bounds on work, so that no rule, however it is written, can hold the scheduler up."""

from typing import Self


class OutOfReachError(Exception):
    """The next occurrence lies further away than is looked; caught where the search began."""


class Meter:
    """Counts steps of a search and ends it at a limit; `reset` starts the count again after a find."""

    __slots__ = ("_limit", "spent")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.spent = 0

    def spend(self, steps: int = 1) -> None:
        """Count `steps` more; raises OutOfReachError beyond the limit."""
        self.spent += steps
        if self.spent > self._limit:
            raise OutOfReachError

    def reset(self) -> None:
        """Something was found: the whole limit is there again for the next."""
        self.spent = 0


class MeteredInterval(int):
    """An interval that spends on a meter each time it is added or multiplied.

    dateutil steps from period to period by exactly one such operation and offers no other way to end a search
    for a date that never comes, such as 30 February, before the year 9999.
    """

    _meter: Meter
    _cost: int

    def __new__(cls, value: int, meter: Meter, cost: int) -> Self:
        """An interval of `value` periods, each step costing `cost` on `meter`."""
        interval = super().__new__(cls, value)
        interval._meter = meter
        interval._cost = cost
        return interval

    def __radd__(self, other: int) -> int:
        """`position += interval`: one step of the search."""
        self._meter.spend(self._cost)
        return other + int(self)

    def __mul__(self, other: int) -> int:
        """`interval * 7`: one step of a weekly search."""
        self._meter.spend(self._cost)
        return int(self) * other
