"""What a bench has measured: figures, the budgets they must keep, and how both are printed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Self, TypeAlias

Figure: TypeAlias = float | int | str


@dataclass(frozen=True, slots=True)
class Budget:
    """A bound that a figure must keep."""

    bound: float
    at_least: bool
    limit: str = ""
    """The figure of the bench `machine` that says how much of this the machine allows; empty: none does."""

    def kept_by(self, value: float) -> bool:
        """Whether the figure is within the bound."""
        return value >= self.bound if self.at_least else value <= self.bound

    def ratio(self, value: float) -> float:
        """How well the bound is kept: 1 just so, 2 twice as well."""
        return self.times_better(value, self.bound)

    def times_better(self, value: float, other: float) -> float:
        """How many times as good a value is as another one."""
        better, worse = (value, other) if self.at_least else (other, value)
        return better / worse if worse else float("inf")

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.bound:g}"


def at_least(bound: float, *, limit: str = "") -> Budget:
    """The figure must reach the bound."""
    return Budget(bound, at_least=True, limit=limit)


def at_most(bound: float, *, limit: str = "") -> Budget:
    """The figure must not pass the bound."""
    return Budget(bound, at_least=False, limit=limit)


def _read_budget(written: str, limit: str) -> Budget:
    sign, _, bound = written.partition(" ")
    return Budget(float(bound), at_least=sign == ">=", limit=limit)


@dataclass(frozen=True, slots=True)
class Report:
    """One line of output. `budgets` are by the name of the figure that they bind."""

    bench: str
    figures: Mapping[str, Figure]
    budgets: Mapping[str, Budget] = field(default_factory=dict)
    failed: bool = False
    """The bench did not come to its end; `figures` say why."""
    peer: str = ""
    """Whose figures these are, where they are not Orch's: they stand beside ours of the same names."""

    @property
    def label(self) -> str:
        """The bench, and where it ran where that makes a difference."""
        return f"{self.bench} ({self.figures['where']})" if "where" in self.figures else self.bench

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
        limits = {name: budget.limit for name, budget in self.budgets.items() if budget.limit}
        said: dict[str, object] = {"bench": self.bench, **({"peer": self.peer} if self.peer else {}), **self.figures}
        said |= {"budget": budgets, "limit": limits, "ok": self.ok}
        return json.dumps(said | ({"failed": True} if self.failed else {}))

    @classmethod
    def read(cls, line: str) -> Self:
        """What `line` has written. Raises ValueError where it is something else."""
        said = json.loads(line)
        if not isinstance(said, dict) or "bench" not in said:
            raise ValueError(f"this is no line of a bench: {line[:100]}")
        limits = said.get("limit", {})
        budgets = {
            name: _read_budget(written, limits.get(name, "")) for name, written in said.get("budget", {}).items()
        }
        figures = {name: value for name, value in said.items() if name not in _OWN}
        return cls(said["bench"], figures, budgets, said.get("failed", False), said.get("peer", ""))


_OWN = frozenset({"bench", "peer", "budget", "limit", "ok", "failed"})


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
