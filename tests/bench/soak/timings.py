"""How long things take, collected between two samples."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from tests.bench.figures import milliseconds


class Timings:
    """Durations by what took so long, in seconds."""

    def __init__(self) -> None:
        self._taken: defaultdict[str, list[float]] = defaultdict(list)

    def add(self, what: str, seconds: float) -> None:
        """One of them."""
        self._taken[what].append(seconds)

    @contextmanager
    def of(self, what: str) -> Iterator[None]:
        """How long the block takes; nothing where it fails."""
        begin = perf_counter()
        yield
        self.add(what, perf_counter() - begin)

    def drained(self) -> dict[str, float]:
        """Percentiles and numbers of all since the last time."""
        taken, self._taken = self._taken, defaultdict(list)
        found: dict[str, float] = {}
        for what, seconds in taken.items():
            found |= {f"{what}.p50_ms": milliseconds(seconds, 0.5), f"{what}.p99_ms": milliseconds(seconds, 0.99)}
            found[f"{what}.count"] = len(seconds)
        return found
