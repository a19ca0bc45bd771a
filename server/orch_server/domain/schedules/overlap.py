"""Decides what happens when a time comes and earlier runs of the schedule have not ended."""

from dataclasses import dataclass
from enum import IntEnum
from typing import assert_never


class OverlapPolicy(IntEnum):
    """What to do on overlap, numbered as on the wire."""

    ALLOW = 1
    """The runs go side by side."""
    SKIP = 2
    """The new time is dropped."""
    QUEUE = 3
    """The new run waits until the earlier ones have ended."""
    CANCEL_OLD = 4
    """The earlier runs are cancelled; the new one starts when they have ended."""


@dataclass(frozen=True, slots=True)
class OverlapDecision:
    """Whether to create the new run, to make it wait for the active ones, and to cancel those."""

    create: bool
    wait: bool = False
    cancel_active: bool = False


def decide_overlap(policy: OverlapPolicy, active_runs: int) -> OverlapDecision:
    """What to do with a new run while `active_runs` of the same schedule have not ended."""
    if active_runs <= 0:
        return OverlapDecision(create=True)
    match policy:
        case OverlapPolicy.ALLOW:
            return OverlapDecision(create=True)
        case OverlapPolicy.SKIP:
            return OverlapDecision(create=False)
        case OverlapPolicy.QUEUE:
            return OverlapDecision(create=True, wait=True)
        case OverlapPolicy.CANCEL_OLD:
            return OverlapDecision(create=True, wait=True, cancel_active=True)
    assert_never(policy)
