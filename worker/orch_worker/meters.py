"""What the worker measures, by name, and the port through which it does. Off, it costs next to nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Counter:
    """Something that happens: only rises."""

    name: str
    unit: str
    description: str


@dataclass(frozen=True, slots=True)
class Histogram:
    """Something that is measured each time."""

    name: str
    unit: str
    description: str
    boundaries: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Gauge:
    """Something that has a value now."""

    name: str
    unit: str
    description: str


_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)

RUNS_LAUNCHED = Counter("orch.worker.runs.launched", "{run}", "Attempts launched.")
RUNS_ENDED = Counter("orch.worker.runs.ended", "{run}", "Attempts that ended, by outcome.")
LAUNCH_FAILURES = Counter("orch.worker.launch.failures", "{run}", "Attempts that could not be launched.")
LAUNCH_DURATION = Histogram("orch.worker.launch.duration", "s", "From the grant to the launched attempt.", _SECONDS)
SYNC_DURATION = Histogram("orch.worker.sync.duration", "s", "How long a heartbeat took to be answered.", _SECONDS)
SYNCS_UNANSWERED = Counter("orch.worker.syncs.unanswered", "{call}", "Heartbeats that were not answered.")
LINES_SHIPPED = Counter("orch.worker.log.lines", "{line}", "Lines of attempts that were stored.")
SLOTS = Gauge("orch.worker.slots", "{slot}", "Slots of this worker.")
SLOTS_TAKEN = Gauge("orch.worker.slots.taken", "{slot}", "Slots taken by attempts that are alive.")
LEASES_HELD = Gauge(
    "orch.worker.leases", "{lease}", "Attempts held, those included that have ended and not been reported."
)

METERS = (
    RUNS_LAUNCHED,
    RUNS_ENDED,
    LAUNCH_FAILURES,
    LAUNCH_DURATION,
    SYNC_DURATION,
    SYNCS_UNANSWERED,
    LINES_SHIPPED,
    SLOTS,
    SLOTS_TAKEN,
    LEASES_HELD,
)


class Telemetry(Protocol):
    """Takes measurements."""

    def count(self, counter: Counter, n: int = 1, /, **attributes: str) -> None:
        """It happened so many times."""

    def record(self, histogram: Histogram, value: float, /) -> None:
        """It measured so much."""

    def observe(self, gauge: Gauge, value: Callable[[], float], /) -> None:
        """Asks for the value whenever it is wanted."""


class NoTelemetry:
    """Takes nothing."""

    def count(self, counter: Counter, n: int = 1, /, **attributes: str) -> None:
        """Nothing."""

    def record(self, histogram: Histogram, value: float, /) -> None:
        """Nothing."""

    def observe(self, gauge: Gauge, value: Callable[[], float], /) -> None:
        """Nothing."""
