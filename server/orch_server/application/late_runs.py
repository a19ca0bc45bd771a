"""Marks runs as late that nobody has taken in time."""

from dataclasses import dataclass
from datetime import timedelta

from orch_server.application.flow_run_rows import Change
from orch_server.application.ports import Transaction, run_topic
from orch_server.domain.lateness import mark_late


@dataclass(frozen=True, slots=True)
class MarkedRuns:
    """How many runs were marked as late, and whether there may be more at once."""

    marked: int
    more: bool


def mark_late_runs(tx: Transaction, *, threshold: timedelta, limit: int) -> MarkedRuns:
    """Call runs "Late" whose time passed more than `threshold` ago; those that are locked wait for the next round."""
    now = tx.now
    found = tx.work_queues.overdue_runs(now - threshold, limit=limit)
    runs = tx.flow_runs.lock(found, skip_locked=True).values()
    changes = [
        Change(run, (late,)) for run in runs if (late := mark_late(run, now=now, threshold=threshold)) is not None
    ]
    tx.flow_runs.change(changes)
    tx.announce(*(run_topic(change.after.id) for change in changes))
    return MarkedRuns(len(changes), more=len(found) == limit and bool(changes))
