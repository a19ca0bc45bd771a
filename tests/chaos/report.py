"""What is told at the end: for people, and as one JSON object in a line."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from tests.chaos.figures import Spread
from tests.chaos.session import Outcome

_SHOWN = 20
"""Violations of one kind that are written out."""


def replay(outcome: Outcome) -> str:
    """The command that does the same again: the same faults and the same load, at the same moments as far as it can."""
    return f"make chaos MINUTES={outcome.plan.seconds / 60:g} SEED={outcome.plan.seed}"


def for_people(outcome: Outcome) -> str:
    """The report, some lines."""
    return "\n".join(_lines(outcome))


def _lines(outcome: Outcome) -> Iterator[str]:
    plan = outcome.plan
    yield f"Chaos of seed {plan.seed}, {plan.seconds:g} s of faults: {len(outcome.events)} faults"
    yield ""
    yield f"{'fault':<26}{'times':>6}{'noticed p50, max':>20}{'work goes on p50, max':>24}"
    counts = Counter(each.kind for each in outcome.events)
    for kind in sorted(counts):
        noticed, recovered = outcome.detections.get(kind), outcome.recoveries.get(kind)
        yield f"{kind:<26}{counts[kind]:>6}{_told(noticed):>20}{_told(recovered):>24}"
    for kind, reason in outcome.lacking.items():
        yield f"{kind:<26}  left out: {reason}"
    yield ""
    ends: dict[str, list[str]] = defaultdict(list)
    for (name, state), count in sorted(outcome.ends.items()):
        ends[name].append(f"{count} {state}")
    for name, told in ends.items():
        yield f"{name:<26}{', '.join(told)}"
    yield ""
    yield f"{outcome.steps} steps in the ledger, {outcome.cancels} cancels"
    yield f"calls that were made again: {_counts(outcome.refusals)}"
    yield f"processes that ended by themselves: {_counts(outcome.unplanned)}"
    if outcome.settled_seconds is not None:
        yield f"all had ended {outcome.settled_seconds:.1f} s after the last fault, and stayed so"
    yield ""
    if not outcome.violations:
        yield "No violation."
        return
    yield f"{sum(map(len, outcome.violations.values()))} VIOLATIONS. Again: {replay(outcome)}"
    for name, wrong in outcome.violations.items():
        yield f"- {name}: {len(wrong)}"
        yield from (f"    {each}" for each in wrong[:_SHOWN])


def _told(found: Spread | None) -> str:
    return f"{found.p50:.1f}, {found.most:.1f} s" if found is not None else "-"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"


def as_json(outcome: Outcome) -> str:
    """The figures, in one line."""
    return json.dumps(
        {
            "chaos": "installation",
            "seed": outcome.plan.seed,
            "seconds": outcome.plan.seconds,
            "faults": Counter(each.kind for each in outcome.events),
            "left_out": dict(outcome.lacking),
            "ends": {f"{name} {state}": count for (name, state), count in sorted(outcome.ends.items())},
            "steps": outcome.steps,
            "cancels": outcome.cancels,
            "calls_made_again": dict(outcome.refusals),
            "unplanned_ends": dict(outcome.unplanned),
            "settled_seconds": outcome.settled_seconds,
            "noticed_seconds": {kind: asdict(each) for kind, each in outcome.detections.items()},
            "recovered_seconds": {kind: asdict(each) for kind, each in outcome.recoveries.items()},
            "violations": {name: list(wrong) for name, wrong in outcome.violations.items()},
            "replay": replay(outcome),
        }
    )
