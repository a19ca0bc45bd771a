"""Meters in Prometheus' text format, version 0.0.4."""

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate, chain

from orch_server.application.telemetry import Attribute, Counter, Gauge, Histogram
from orch_server.web.meters import Distribution, Labels, MeterTelemetry

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_NO_NAME = re.compile(r"[^A-Za-z0-9_]")
_UNITS = {"s": "_seconds", "ms": "_milliseconds"}


def exposition(meters: MeterTelemetry) -> str:
    """Everything that the meters hold. Names are theirs, with underscores, units and Prometheus' endings."""
    lines = chain(
        chain.from_iterable(_counter(counter, series.items()) for counter, series in meters.counts()),
        chain.from_iterable(_histogram(each, series.items()) for each, series in meters.distributions()),
        chain.from_iterable(
            _family(gauge, "gauge", _name(gauge))
            + [_sample(_name(gauge), tuple(seen.attributes.items()), seen.value) for seen in observations]
            for gauge, observations in meters.gauges()
        ),
    )
    return "".join(f"{line}\n" for line in lines)


def _counter(counter: Counter, series: Iterable[tuple[Labels, int]]) -> list[str]:
    name = f"{_name(counter)}_total"
    return _family(counter, "counter", name) + [_sample(name, labels, value) for labels, value in series]


def _histogram(histogram: Histogram, series: Iterable[tuple[Labels, Distribution]]) -> list[str]:
    name = _name(histogram)
    lines = _family(histogram, "histogram", name)
    for labels, seen in series:
        lines += _buckets(name, histogram, labels, seen)
    return lines


def _buckets(name: str, histogram: Histogram, labels: Labels, seen: Distribution) -> Iterator[str]:
    bounds = [*(f"{bound:g}" for bound in histogram.boundaries), "+Inf"]
    for bound, count in zip(bounds, accumulate(seen.buckets), strict=True):
        yield _sample(f"{name}_bucket", (*labels, ("le", bound)), count)
    yield _sample(f"{name}_sum", labels, seen.total)
    yield _sample(f"{name}_count", labels, sum(seen.buckets))


def _family(meter: Counter | Histogram | Gauge, kind: str, name: str) -> list[str]:
    return [f"# HELP {name} {meter.description}", f"# TYPE {name} {kind}"]


def _name(meter: Counter | Histogram | Gauge) -> str:
    return _NO_NAME.sub("_", meter.name) + _UNITS.get(meter.unit, "")


def _sample(name: str, labels: Labels, value: float) -> str:
    written = ",".join(f'{_NO_NAME.sub("_", label)}="{_escaped(text)}"' for label, text in labels)
    return f"{name}{{{written}}} {_number(value)}" if written else f"{name} {_number(value)}"


def _escaped(value: Attribute) -> str:
    return str(value).replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    """Whole numbers to the last digit: a counter must not stand still because it has become large."""
    return str(value) if isinstance(value, int) else repr(value)
