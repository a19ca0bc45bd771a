"""Two versions measured in pairs: which figures have changed by more than chance allows.

The machine's speed moves by more than most changes do, but slowly: the two runs of a pair meet the same machine, so
their ratio says what their difference cannot. The test is Wilcoxon's signed-rank test on the ratios' logarithms, its
estimate that of Hodges and Lehmann (the median of all means of two), and the interval goes with both. It assumes
nothing of how the figures are spread, and one odd pair does not move it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations_with_replacement
from math import exp, inf, log
from statistics import median
from typing import TypeAlias

from tests.bench.figures import Report

CONFIDENCE = 0.99
"""Of a hundred figures that are what they were, one may be called changed."""
FEWEST_PAIRS = 8
"""With fewer, no order of ratios is unlikely enough."""
SMALLEST_CHANGE = 0.02
"""What nobody would notice is no change, however sure."""

_MORE_IS_BETTER = ("per_s",)
_LESS_IS_BETTER = ("_ms", "_us", "_mb", "milliseconds", "microseconds", "seconds", "cpu_ms_per_sync")
_NOT_COMPARED = ("best_", "first_", "bare_", "migrating_", "max_", "docker_run_", "fill_", "p99_", "worst_")
"""The rarest moments of a run differ between any two; what is not ours, or made once, says nothing."""

FigureName: TypeAlias = tuple[str, str]
"""A report's label and the name of one of its figures."""


class Verdict(StrEnum):
    """What a comparison has shown."""

    SLOWER = "slower"
    FASTER = "faster"
    SAME = "no difference beyond noise"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure in both versions. Ratios are now over base, and their interval holds at `CONFIDENCE`."""

    label: str
    figure: str
    base: float
    now: float
    ratio: float
    low: float
    high: float
    verdict: Verdict

    def as_json(self) -> dict[str, str | float]:
        """As one object of JSON."""
        numbers = {"base": self.base, "now": self.now, "ratio": self.ratio, "low": self.low, "high": self.high}
        rounded = {name: float(f"{value:.5g}") for name, value in numbers.items()}
        return {"bench": self.label, "figure": self.figure, **rounded, "verdict": self.verdict}


def more_is_better(figure: str) -> bool | None:
    """Which way a figure is good, by its name; None where it is not compared."""
    if figure.startswith(_NOT_COMPARED):
        return None
    if figure.endswith(_MORE_IS_BETTER):
        return True
    return False if figure.endswith(_LESS_IS_BETTER) else None


def compared_figures(reports: Sequence[Report]) -> dict[FigureName, float]:
    """The figures of one run that can be compared."""
    return {
        (report.label, name): float(value)
        for report in reports
        if not report.failed and not report.peer and not report.bench.startswith("machine")
        for name, value in report.figures.items()
        if isinstance(value, int | float) and value > 0 and more_is_better(name) is not None
    }


def compare(pairs: Sequence[tuple[Mapping[FigureName, float], Mapping[FigureName, float]]]) -> list[Comparison]:
    """Every figure that all runs have; pairs are (base, now), at least `FEWEST_PAIRS`."""
    names = [name for name in pairs[0][1] if all(name in run for pair in pairs for run in pair)]
    return [_compared(name, [(base[name], now[name]) for base, now in pairs]) for name in names]


def _compared(name: FigureName, pairs: Sequence[tuple[float, float]]) -> Comparison:
    label, figure = name
    estimate, low, high = (exp(value) for value in log_ratio_interval([log(now / base) for base, now in pairs]))
    return Comparison(
        label,
        figure,
        median(base for base, _ in pairs),
        median(now for _, now in pairs),
        estimate,
        low,
        high,
        _verdict(figure, estimate, low, high),
    )


def _verdict(figure: str, ratio: float, low: float, high: float) -> Verdict:
    if low <= 1 <= high or abs(ratio - 1) < SMALLEST_CHANGE:
        return Verdict.SAME
    return Verdict.FASTER if (ratio > 1) == more_is_better(figure) else Verdict.SLOWER


def log_ratio_interval(differences: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, float, float]:
    """The typical difference, and between what it lies. The interval is without end where there are too few."""
    means = sorted((one + other) / 2 for one, other in combinations_with_replacement(differences, 2))
    cut = _critical_sum(len(differences), (1 - confidence) / 2)
    if cut is None:
        return median(means), -inf, inf
    return median(means), means[cut], means[-1 - cut]


def _critical_sum(count: int, tail: float) -> int | None:
    """The largest sum of ranks that chance undercuts or meets in at most `tail` of all cases; None where none is."""
    reached, most = 0, tail * 2**count
    for rank_sum, ways in enumerate(_ways(count)):
        reached += ways
        if reached > most:
            return rank_sum - 1 if rank_sum else None
    raise AssertionError("a tail is less than everything")


def _ways(count: int) -> list[int]:
    """In how many of the 2^count choices of signs the positive ranks 1 to `count` have each sum."""
    ways = [1]
    for rank in range(1, count + 1):
        longer = ways + [0] * rank
        for rank_sum, number in enumerate(ways):
            longer[rank_sum + rank] += number
        ways = longer
    return ways
