"""Telemetry that is kept in memory, for Prometheus to fetch; what it is told it passes on."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TypeAlias

from orch_server.application.telemetry import (
    Attribute,
    Counter,
    Gauge,
    Histogram,
    Observation,
    Telemetry,
)

Labels: TypeAlias = tuple[tuple[str, Attribute], ...]

_MOST_SERIES = 1_000
"""Of one meter. What comes on top counts under one series without labels, so that names cannot fill the memory."""
_OTHERS: Labels = (("others", "true"),)


@dataclass(slots=True)
class Distribution:
    """A histogram's buckets (one more than it has boundaries), not yet added up, and the sum of all values."""

    buckets: list[int]
    total: float = 0.0


class MeterTelemetry:
    """Implements `application.telemetry.Telemetry` on top of another one, whose spans it leaves to that."""

    def __init__(self, inner: Telemetry) -> None:
        self.span = inner.span
        self.traceparent = inner.traceparent
        self._inner = inner
        # By their names: a meter's own hash is reckoned anew each time, boundaries and all.
        self._counts: dict[str, tuple[Counter, dict[Labels, int]]] = {}
        self._distributions: dict[str, tuple[Histogram, dict[Labels, Distribution]]] = {}
        self._gauges: dict[Gauge, Callable[[], Iterable[Observation]]] = {}
        # The databases' threads tell it things, too.
        self._lock = Lock()

    def count(self, counter: Counter, n: int = 1, /, **attributes: Attribute) -> None:
        """See the port."""
        self._inner.count(counter, n, **attributes)
        with self._lock:
            _, series = self._counts.get(counter.name) or self._counts.setdefault(counter.name, (counter, {}))
            labels = _labels(series, attributes)
            series[labels] = series.get(labels, 0) + n

    def record(self, histogram: Histogram, /, *values: float, **attributes: Attribute) -> None:
        """See the port."""
        self._inner.record(histogram, *values, **attributes)
        with self._lock:
            kept = self._distributions.get(histogram.name)
            _, series = kept or self._distributions.setdefault(histogram.name, (histogram, {}))
            labels = _labels(series, attributes)
            seen = series.get(labels)
            if seen is None:
                seen = series[labels] = Distribution([0] * (len(histogram.boundaries) + 1))
            for value in values:
                seen.buckets[bisect_left(histogram.boundaries, value)] += 1
            seen.total += sum(values)

    def observe_gauge(self, gauge: Gauge, callback: Callable[[], Iterable[Observation]], /) -> None:
        """See the port."""
        self._inner.observe_gauge(gauge, callback)
        self._gauges[gauge] = callback

    def counts(self) -> Iterator[tuple[Counter, Mapping[Labels, int]]]:
        """What counters stand at."""
        with self._lock:
            found = [(counter, dict(series)) for counter, series in self._counts.values()]
        return iter(found)

    def distributions(self) -> Iterator[tuple[Histogram, Mapping[Labels, Distribution]]]:
        """What histograms hold."""
        with self._lock:
            found = [
                (histogram, {labels: Distribution(list(each.buckets), each.total) for labels, each in series.items()})
                for histogram, series in self._distributions.values()
            ]
        return iter(found)

    def gauges(self) -> Iterator[tuple[Gauge, Sequence[Observation]]]:
        """What gauges show now."""
        return iter([(gauge, list(callback())) for gauge, callback in self._gauges.items()])


def _labels(series: Mapping[Labels, object], attributes: Mapping[str, Attribute]) -> Labels:
    labels = tuple(attributes.items())
    return labels if labels in series or len(series) < _MOST_SERIES else _OTHERS
