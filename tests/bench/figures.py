"""What a bench has measured: figures, the budgets they must keep, and how both are printed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import TypeAlias

Figure: TypeAlias = float | int | str


@dataclass(frozen=True, slots=True)
class Budget:
    """A bound that a figure must keep."""

    bound: float
    at_least: bool

    def kept_by(self, value: float) -> bool:
        """Whether the figure is within the bound."""
        return value >= self.bound if self.at_least else value <= self.bound

    def ratio(self, value: float) -> float:
        """How well the bound is kept: 1 just so, 2 twice as well."""
        if self.at_least:
            return value / self.bound
        return self.bound / value if value else float("inf")

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.bound:g}"


def at_least(bound: float) -> Budget:
    """The figure must reach the bound."""
    return Budget(bound, at_least=True)


def at_most(bound: float) -> Budget:
    """The figure must not pass the bound."""
    return Budget(bound, at_least=False)


@dataclass(frozen=True, slots=True)
class Report:
    """One line of output. `budgets` are by the name of the figure that they bind."""

    bench: str
    figures: Mapping[str, Figure]
    budgets: Mapping[str, Budget] = field(default_factory=dict)
    failed: bool = False
    """The bench did not come to its end; `figures` say why."""

    @property
    def ok(self) -> bool:
        """Whether every budget is kept."""
        return not self.failed and all(budget.kept_by(value) for _, value, budget in self.bound())

    def bound(self) -> list[tuple[str, float, Budget]]:
        """The figures that have a budget, with it."""
        return [(name, float(self.figures[name]), budget) for name, budget in self.budgets.items()]

    def line(self) -> str:
        """As one JSON object."""
        budgets = {name: str(budget) for name, budget in self.budgets.items()}
        return json.dumps({"bench": self.bench, **self.figures, "budget": budgets, "ok": self.ok})


def table(reports: Iterable[Report]) -> str:
    """The figures that have a budget, for people. A ratio below 1 breaks it."""
    rows = [("bench", "figure", "measured", "budget", "ratio", "")]
    for report in reports:
        if report.failed:
            rows.append((report.bench, "", "", "", "", "FAILED"))
        for name, value, budget in report.bound():
            verdict = "ok" if budget.kept_by(value) else "OVER BUDGET"
            rows.append((report.bench, name, f"{value:g}", str(budget), f"{budget.ratio(value):.2f}", verdict))
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share (0 to 1) of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def milliseconds(seconds: Sequence[float], share: float) -> float:
    """A percentile of durations in seconds, in milliseconds."""
    return round(percentile(seconds, share) * 1000, 2)


def middle(rounds: Iterable[float]) -> float:
    """The median of several rounds: the machine has other things to do now and then."""
    return round(median(rounds), 2)
