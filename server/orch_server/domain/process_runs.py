"""Runs that a process runs itself, without pool and worker: how they begin, and who may take them up again."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from orch_server.domain.policies import NO_RETRY, RecoveryPolicy
from orch_server.domain.runs import RunFacts, apply
from orch_server.domain.states import State, StateType, default_name
from orch_server.domain.transitions import Event, transition

MAX_AGE = timedelta(days=7)
"""How long ago a run may have begun that is only now told of."""
_NEAR = timedelta(seconds=30)


def begin(run_id: UUID, recovery_policy: RecoveryPolicy, *, begin_time: datetime) -> RunFacts:
    """A run that its process has begun: RUNNING from its first state on, under its first token, in no pool."""
    return RunFacts(
        id=run_id,
        state=State(StateType.RUNNING, default_name(StateType.RUNNING), begin_time),
        version=1,
        token=1,
        report_sequence=0,
        attempt=1,
        retries_used=0,
        crash_restarts_used=0,
        lost_from=None,
        retry_policy=NO_RETRY,
        recovery_policy=recovery_policy,
        scheduled_time=begin_time,
        start_time=begin_time,
        end_time=None,
        work_pool_id=None,
    )


def create_time_near(id_time: datetime, begin_time: datetime) -> datetime:
    """When a run counts as created: when it began, or, where its process's clock is wrong, near the time of its id.

    Lists sort by id and filter by creation, so that the two must never be far apart.
    """
    return min(max(begin_time, id_time - _NEAR), id_time + _NEAR)


class ResumeRefusal(StrEnum):
    """Why a process may not take a run up again."""

    POOL_RUN = "POOL_RUN"
    """It belongs to a pool: its workers run it."""
    LEASE_LOST = "LEASE_LOST"
    """Somebody else took it up since."""
    RUN_ENDED = "RUN_ENDED"
    """It is completed: there is nothing left to do."""


def refuse_resume(run: RunFacts, *, expected_token: int) -> ResumeRefusal | None:
    """Why a process that knows of this token may not take the run up again; None where it may.

    Whether the run still has a living holder is for the caller to see.
    """
    if run.work_pool_id is not None:
        return ResumeRefusal.POOL_RUN
    if run.token != expected_token:
        return ResumeRefusal.LEASE_LOST
    return ResumeRefusal.RUN_ENDED if run.state.type == StateType.COMPLETED else None


def resume(run: RunFacts, *, now: datetime) -> RunFacts:
    """A run that nobody holds, as a process has taken it up again: RUNNING, its token and attempt raised by one."""
    step = transition(run.state.type, Event.RESUME)
    if step is None:
        raise ValueError(f"A run that is {run.state.type.name} cannot be taken up again.")
    return apply(run, step, now=now, message="Taken up again.")
