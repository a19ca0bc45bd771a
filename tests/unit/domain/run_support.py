"""Runs in any state, for tests of decisions."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import UUID

from orch_server.domain.policies import NO_RECOVERY, NO_RETRY
from orch_server.domain.runs import RunFacts, RunReport
from orch_server.domain.states import TERMINAL, State, StateType, default_name

Field: TypeAlias = Any
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
RUN_ID = UUID(int=1)
POOL_ID = UUID(int=2)


def run_in(state: StateType, **fields: Field) -> RunFacts:
    """A run of token 3 in this state, version 5, with one report taken."""
    facts = RunFacts(
        id=RUN_ID,
        state=State(state, default_name(state), NOW),
        version=5,
        token=3,
        report_sequence=1,
        attempt=0 if state in {StateType.SCHEDULED, StateType.PENDING} else 1,
        retries_used=0,
        crash_restarts_used=0,
        lost_from=None,
        retry_policy=NO_RETRY,
        recovery_policy=NO_RECOVERY,
        scheduled_time=NOW,
        start_time=None,
        end_time=NOW if state in TERMINAL else None,
        work_pool_id=POOL_ID,
    )
    return replace(facts, **fields)


def report_of(type_: StateType, **fields: Field) -> RunReport:
    """A report by the holder of token 3, the second one."""
    return replace(RunReport(RUN_ID, 3, 2, type_), **fields)
