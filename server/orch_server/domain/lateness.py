"""Late runs: their time has come and gone, and nobody has taken them. Only a name; no rule looks at it."""

from dataclasses import replace
from datetime import datetime, timedelta

from orch_server.domain.runs import RunFacts
from orch_server.domain.states import State, StateType

LATE = "Late"
DEFAULT_THRESHOLD = timedelta(seconds=15)


def mark_late(run: RunFacts, *, now: datetime, threshold: timedelta) -> RunFacts | None:
    """The run, called late; None where it is not, was called so before, or waits for no worker."""
    if run.work_pool_id is None:
        return None
    waiting = now - run.scheduled_time
    if run.state.type != StateType.SCHEDULED or run.state.name == LATE or waiting <= threshold:
        return None
    message = (
        "Nobody has taken it in time. Is a worker running for this pool and queue, and has it a free slot? Or does it"
        " wait for a concurrency limit, or for an earlier run of its schedule?"
    )
    return replace(run, state=State(StateType.SCHEDULED, LATE, now, message), version=run.version + 1)
