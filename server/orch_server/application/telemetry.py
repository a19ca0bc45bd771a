"""The port through which the control plane says what it does and how long that takes; what may be said, by name.

Off (`NoTelemetry`), a call costs a few dozen nanoseconds. On, the adapter in `orch_server.otel` turns spans, counts and
records into OpenTelemetry's. Meters and spans are listed for users in docs/telemetry.md.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import field
from types import TracebackType
from typing import Literal, Protocol

from orch_server.domain.values import value

Attribute = str | int | float | bool
SpanKind = Literal["internal", "server"]


@value
class Counter:
    """Something that happens: only rises."""

    name: str
    unit: str
    description: str


@value
class Histogram:
    """Something that is measured each time. `boundaries` of its buckets are in its unit."""

    name: str
    unit: str
    description: str
    boundaries: tuple[float, ...]


@value
class Gauge:
    """Something that has a value now."""

    name: str
    unit: str
    description: str


@value
class Observation:
    """A gauge's value for one set of attributes."""

    value: float
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LATENESS_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)

SPAN_TRANSACTION = "orch.transaction"
SPAN_GRANT = "orch.lease.grant"
SPAN_SWEEP = "orch.lease.sweep"
SPAN_SCHEDULE = "orch.schedule.fire"
SPAN_RETENTION = "orch.retention"
SPANS = (SPAN_TRANSACTION, SPAN_GRANT, SPAN_SWEEP, SPAN_SCHEDULE, SPAN_RETENTION)

RPC_SERVER_DURATION = Histogram(
    "rpc.server.duration",
    "ms",
    "How long a call took, long polls included.",
    tuple(1000 * seconds for seconds in (*_SECONDS, 30.0, 60.0)),
)
TRANSACTION_DURATION = Histogram("orch.transaction.duration", "s", "How long a transaction took.", _SECONDS)
TRANSACTION_SIZE = Histogram(
    "orch.transaction.size", "{call}", "How many calls shared a transaction.", (1, 2, 4, 8, 16, 32, 64, 128, 256)
)
RPC_CALLS = Counter("orch.rpc.calls", "{call}", "Calls that have ended, by method and canonical code.")
LEASES_GRANTED = Counter("orch.leases.granted", "{lease}", "Leases granted.")
LEASES_EXPIRED = Counter("orch.leases.expired", "{lease}", "Leases whose holder lost contact.")
RUNS_CREATED = Counter("orch.runs.created", "{run}", "Flow runs created.")
RUNS_ENDED = Counter("orch.runs.ended", "{run}", "Flow runs that reached a terminal state, by state.")
RUN_LATENESS = Histogram("orch.run.lateness", "s", "From the time a run was due to its lease.", _LATENESS_SECONDS)
SCHEDULE_LATENESS = Histogram(
    "orch.schedule.lateness", "s", "From a schedule's nominal time to its run's creation.", _LATENESS_SECONDS
)
QUEUE_DEPTH = Gauge("orch.queue.depth", "{run}", "Runs that are due and wait for a lease, by work queue.")
LEASES_HELD = Gauge("orch.leases.held", "{lease}", "Leases that live now, by work pool.")
RUNS_ACTIVE = Gauge("orch.runs.active", "{run}", "Runs that have not ended, by state.")
METERS: tuple[Counter | Histogram | Gauge, ...] = (
    RPC_SERVER_DURATION,
    RPC_CALLS,
    TRANSACTION_DURATION,
    TRANSACTION_SIZE,
    LEASES_GRANTED,
    LEASES_EXPIRED,
    RUNS_CREATED,
    RUNS_ENDED,
    RUN_LATENESS,
    SCHEDULE_LATENESS,
    QUEUE_DEPTH,
    LEASES_HELD,
    RUNS_ACTIVE,
)


class Span(Protocol):
    """What is under way."""

    def set(self, name: str, value: Attribute, /) -> None:
        """Notes something that was not known at its start."""

    def fail(self, description: str, /) -> None:
        """Marks it as failed. An exception that leaves the span does so by itself."""


class Telemetry(Protocol):
    """Where spans, counts and records go. Every method may be called from any task, and none ever raises."""

    def span(
        self,
        name: str,
        attributes: Mapping[str, Attribute] | None = None,
        *,
        parent: str | None = None,
        parent_state: str | None = None,
        links: Sequence[str] = (),
        kind: SpanKind = "internal",
    ) -> AbstractContextManager[Span]:
        """A span around a block; spans opened inside become its children.

        parent: W3C traceparent of another process's span; without it the parent is the span around, if any.
        parent_state: the tracestate that came with it.
        links: W3C traceparents of spans that caused this one together, where none of them is its parent.
        """

    def traceparent(self) -> str | None:
        """W3C traceparent of the span under way, to hand to another process."""

    def count(self, counter: Counter, n: int = 1, /, **attributes: Attribute) -> None:
        """It happened, n times."""

    def record(self, histogram: Histogram, /, *values: float, **attributes: Attribute) -> None:
        """Measurements, in the histogram's unit."""

    def observe_gauge(self, gauge: Gauge, callback: Callable[[], Iterable[Observation]], /) -> None:
        """Asks `callback` whenever values are exported.

        From another thread: it must not wait, nor touch the event loop, only hand out numbers that are at hand.
        """


class _NoSpan:
    __slots__ = ()

    def set(self, name: str, value: Attribute, /) -> None:
        pass

    def fail(self, description: str, /) -> None:
        pass

    def __enter__(self) -> Span:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass


_NO_SPAN = _NoSpan()


class NoTelemetry:
    """Says nothing, quickly."""

    __slots__ = ()

    def span(
        self,
        name: str,
        attributes: Mapping[str, Attribute] | None = None,
        *,
        parent: str | None = None,
        parent_state: str | None = None,
        links: Sequence[str] = (),
        kind: SpanKind = "internal",
    ) -> AbstractContextManager[Span]:
        """Nothing."""
        return _NO_SPAN

    def traceparent(self) -> str | None:
        """None."""
        return None

    def count(self, counter: Counter, n: int = 1, /, **attributes: Attribute) -> None:
        """Nothing."""

    def record(self, histogram: Histogram, /, *values: float, **attributes: Attribute) -> None:
        """Nothing."""

    def observe_gauge(self, gauge: Gauge, callback: Callable[[], Iterable[Observation]], /) -> None:
        """Nothing."""
