"""Whether a series that was recorded during a soak is flat or grows. Pure: samples in, verdicts out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import TypeAlias

Sample: TypeAlias = Mapping[str, float]
"""One moment: seconds since the load began as `t`, and every series by its name."""

FEWEST_SAMPLES = 12
"""In each part of a series that is looked at: below it nothing is said."""
_SECONDS_AN_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Trend:
    """What is said of one series. `begin` and `end` are typical values of the parts that were compared."""

    series: str
    begin: float
    end: float
    bound: str
    verdict: str
    flat: bool


@dataclass(frozen=True, slots=True)
class Slope:
    """The second half of a series may rise by so much an hour, judged by a line through it that odd moments do not move
    (Theil and Sen: the median of the slopes between any two samples).

    An increase below `least` within the half is no growth, however it would add up over an hour: memory comes in lumps.
    """

    per_hour: float
    least: float

    def judge(self, series: str, samples: Sequence[tuple[float, float]]) -> Trend:
        """The series as (seconds, value)."""
        half = _part(samples, 1 / 2, 1)
        bound = f"second half: below {self.per_hour:g} an hour"
        if len(half) < FEWEST_SAMPLES:
            return _unsaid(series, samples, bound)
        slope = robust_slope(half)
        begin = median(value - slope * (seconds - half[0][0]) for seconds, value in half)
        rise = slope * (half[-1][0] - half[0][0])
        flat = slope * _SECONDS_AN_HOUR <= self.per_hour or rise <= self.least
        verdict = "flat" if flat else f"grows by {slope * _SECONDS_AN_HOUR:.3g} an hour"
        return Trend(series, begin, begin + rise, bound, verdict, flat)


@dataclass(frozen=True, slots=True)
class Shift:
    """The last third of a series may typically be so many times an earlier third, and so much more. By its median."""

    factor: float
    allowance: float
    since: float = 0.1
    """Where the earlier third begins, as a share of the whole: what comes before is warming up."""

    def judge(self, series: str, samples: Sequence[tuple[float, float]]) -> Trend:
        """The series as (seconds, value)."""
        early, late = _part(samples, self.since, self.since + 1 / 3), _part(samples, 2 / 3, 1)
        bound = f"last third: below {self.factor:g} times + {self.allowance:g}"
        if min(len(early), len(late)) < FEWEST_SAMPLES:
            return _unsaid(series, samples, bound)
        begin, end = median(value for _, value in early), median(value for _, value in late)
        flat = end <= self.factor * begin + self.allowance
        return Trend(series, begin, end, bound, "flat" if flat else "grows", flat)


Rule: TypeAlias = Slope | Shift

RULES: Sequence[tuple[Callable[[str], bool], Rule]] = (
    # Megabytes. What is allocated in lumps, or by a thread that comes late, is not a leak.
    (lambda name: name.startswith("memory_mb."), Slope(per_hour=12, least=3)),
    # Files, sockets and connections are given back, so there is nothing to allow but one that is just being opened.
    (lambda name: name.startswith(("files.", "threads.", "connections")), Shift(factor=1, allowance=3)),
    # Tables and indexes: full, with what is deleted in time, after the first half.
    (lambda name: name.startswith(("table_mb.", "index_mb.")), Slope(per_hour=15, least=1.5)),
    # Vacuum comes by the minute, so these move between two heights.
    (lambda name: name.startswith("dead_tuples."), Shift(factor=1.6, allowance=3000, since=1 / 3)),
    (lambda name: name.endswith(".p50_ms"), Shift(factor=1.3, allowance=3)),
    (lambda name: name.endswith(".p99_ms"), Shift(factor=1.6, allowance=30)),
    (lambda name: name.startswith("cpu_ms_a_run."), Shift(factor=1.3, allowance=1)),
    (lambda name: name == "waiting_runs", Shift(factor=1, allowance=20)),
)
"""The first that fits a series' name. Others are recorded and not judged."""


def judged(samples: Sequence[Sample]) -> list[Trend]:
    """Every series that has a rule, in the order of their names."""
    names = sorted({name for sample in samples for name in sample})
    trends = []
    for name in names:
        rule = next((rule for fits, rule in RULES if fits(name)), None)
        if rule is not None:
            trends.append(rule.judge(name, [(each["t"], each[name]) for each in samples if name in each]))
    return trends


def robust_slope(samples: Sequence[tuple[float, float]]) -> float:
    """The median of the slopes between any two samples, in units a second."""
    return median((later[1] - one[1]) / (later[0] - one[0]) for one, later in combinations(samples, 2))


def _part(samples: Sequence[tuple[float, float]], begin: float, end: float) -> Sequence[tuple[float, float]]:
    """By time, as shares of the whole."""
    if not samples:
        return samples
    first, last = samples[0][0], samples[-1][0]
    low, high = (first + (last - first) * share for share in (begin, end))
    return [each for each in samples if low <= each[0] <= high]


def _unsaid(series: str, samples: Sequence[tuple[float, float]], bound: str) -> Trend:
    return Trend(series, samples[0][1], samples[-1][1], bound, "too few samples to say", flat=True)
