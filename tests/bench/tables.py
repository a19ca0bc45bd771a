"""Reports as tables: for a terminal, and as Markdown for docs/benchmarks.md."""

from collections.abc import Iterable, Sequence

from tests.bench.figures import Budget, Report

LIMITS = "machine_limits"
"""The report whose figures budgets name as the machine's limits."""
_HEAD = ("bench", "figure", "measured", "budget", "ratio", "", "of the machine's limit", "peers (ours is better by)")
_NO_PEERS = "No peers were measured: name the bench `peers`; `make bench-peers` installs them."


def table(reports: Iterable[Report]) -> str:
    """The figures that have a budget, for people. A ratio below 1 breaks it."""
    rows = _rows(list(reports))
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, *_remarks(reports)])


def markdown(reports: Iterable[Report]) -> str:
    """The same for a page."""
    head, *rows = _rows(list(reports))
    lines = [_markdown_row(head), _markdown_row(["---"] * len(_HEAD)), *map(_markdown_row, rows)]
    return "\n".join([*lines, "", *_remarks(reports)])


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _rows(reports: Sequence[Report]) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = [_HEAD]
    for report in reports:
        if report.failed:
            rows.append((report.label, "", "", "", "", "FAILED", "", ""))
        for name, value, budget in report.bound():
            verdict = "ok" if budget.kept_by(value) else "OVER BUDGET"
            found = (report.label, name, f"{value:g}", str(budget), f"{budget.ratio(value):.2f}", verdict)
            rows.append((*found, _share(reports, value, budget), _beside(reports, report, name)))
    return rows


def _share(reports: Iterable[Report], value: float, budget: Budget) -> str:
    """How much is reached of what the machine allows, and how much that is."""
    for report in reports:
        if report.bench == LIMITS and budget.limit in report.figures:
            limit = float(report.figures[budget.limit])
            return f"{budget.times_better(value, limit):.0%} of {limit:g}"
    return ""


def _beside(reports: Iterable[Report], ours: Report, name: str) -> str:
    """The same figure of each peer that was measured."""
    value, budget = float(ours.figures[name]), ours.budgets[name]
    theirs = [
        (report.peer, float(report.figures[name]))
        for report in reports
        if report.peer and report.label == ours.label and name in report.figures
    ]
    return ", ".join(f"{peer} {other:g} ({budget.times_better(value, other):.3g} times)" for peer, other in theirs)


def _remarks(reports: Iterable[Report]) -> list[str]:
    if any(report.peer for report in reports):
        return []
    skipped = [str(report.figures["skipped"]) for report in reports if report.bench == "peers"]
    return ["", *(skipped or [_NO_PEERS])]
