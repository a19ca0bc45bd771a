"""Runs as they come into being: queued, or ended before they begin."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from orch_server.domain.policies import RecoveryPolicy, RetryPolicy
from orch_server.domain.runs import RunFacts
from orch_server.domain.states import State, StateType, default_name

SKIPPED = "Skipped"
"""The name of the state of a run that its deployment's concurrency policy has cancelled."""

INVALID_PARAMETERS = "InvalidParameters"
"""The name of the state of a run whose parameters do not fit its deployment's schema."""


def queued(
    run_id: UUID,
    *,
    now: datetime,
    scheduled_time: datetime,
    retry_policy: RetryPolicy,
    recovery_policy: RecoveryPolicy,
    work_pool_id: UUID,
) -> RunFacts:
    """A new run that waits for its time and for a worker."""
    return RunFacts(
        id=run_id,
        state=State(StateType.SCHEDULED, default_name(StateType.SCHEDULED), now),
        version=1,
        token=0,
        report_sequence=0,
        attempt=0,
        retries_used=0,
        crash_restarts_used=0,
        lost_from=None,
        retry_policy=retry_policy,
        recovery_policy=recovery_policy,
        scheduled_time=scheduled_time,
        start_time=None,
        end_time=None,
        work_pool_id=work_pool_id,
    )


def skipped(run: RunFacts, *, limit: int) -> RunFacts:
    """A new run that is not to begin, since its deployment is at its limit."""
    return _ended(run, State(StateType.CANCELLED, SKIPPED, run.state.time, skip_message(limit)))


def unfit(run: RunFacts, *, message: str) -> RunFacts:
    """A new run that cannot begin, since its parameters do not fit."""
    return _ended(run, State(StateType.FAILED, INVALID_PARAMETERS, run.state.time, message))


def skip_message(limit: int) -> str:
    """Why a run is skipped."""
    return f"The deployment is at its concurrency limit of {limit}, and its policy is to skip further runs."


def _ended(run: RunFacts, state: State) -> RunFacts:
    return replace(run, state=state, end_time=state.time)
