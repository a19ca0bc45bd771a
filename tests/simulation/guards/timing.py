"""What guards invariants 8 to 11: exclusive holders, outages, silence, cancels."""

from dataclasses import replace
from datetime import timedelta

import orch_client.leases
from orch_server.application import flow_runs, grants, sweeping
from orch_server.domain import runs
from orch_server.domain.runs import RunFacts, RunReport
from orch_server.domain.states import StateType
from orch_server.domain.transitions import Event, LeaseEffect
from orch_server.storage.flow_runs import SqlFlowRuns
from tests.simulation.checks import timing
from tests.simulation.guards.guard import Guard, Patch, Whatever
from tests.simulation.guards.outcomes import _arrow, _never_find_expired

# 8


def _trust_clocks_to_agree(patch: Patch) -> None:
    patch.setattr(orch_client.leases.SafetyMargin, "usable_seconds", lambda self, ttl_seconds: ttl_seconds)


# 9 and 10


def _no_amnesty(patch: Patch) -> None:
    patch.setattr(sweeping, "amnesty_due", lambda last, now, *, sweep_interval: False)


def _amnesty_for_ever(patch: Patch) -> None:
    patch.setattr(sweeping, "amnesty_due", lambda last, now, *, sweep_interval: True)


def _one_ttl_for_all(patch: Patch) -> None:
    original = grants._deal

    def deal(*arguments: Whatever) -> Whatever:
        pick = original(*arguments)
        later = pick.lease.grant_time + timedelta(seconds=30)
        return replace(pick, lease=replace(pick.lease, ttl=timedelta(seconds=30), expire_time=later))

    patch.setattr(grants, "_deal", deal)


# 11


def _tell_no_session(patch: Patch) -> None:
    patch.setattr(flow_runs, "session_topic", lambda session_id: "nobody")


def _hide_cancelling(patch: Patch) -> None:
    patch.setattr(SqlFlowRuns, "state_types", lambda self, ids: {})


def _let_failure_win(patch: Patch) -> None:
    original = runs._event_of

    def event_of(run: RunFacts, report: RunReport) -> Event:
        return original(replace(run, state=replace(run.state, type=StateType.RUNNING)), report)

    patch.setattr(runs, "_event_of", event_of)
    for event in (Event.RETRY, Event.RESTART):
        _arrow(patch, StateType.CANCELLING, event, StateType.SCHEDULED, LeaseEffect.DROPPED)


def _crash_what_is_being_cancelled(patch: Patch) -> None:
    patch.setattr(runs, "contact_lost", lambda run: Event.CRASH)
    _arrow(patch, StateType.CANCELLING, Event.CRASH, StateType.CRASHED, LeaseEffect.DROPPED)


GUARDS = (
    Guard(8, "a margin", timing.an_exclusive_holder_stops_first, _trust_clocks_to_agree),
    Guard(9, "amnesty", timing.an_outage_expires_nobody, _no_amnesty),
    Guard(9, "amnesty ends", timing.an_outage_expires_nobody, _amnesty_for_ever),
    Guard(10, "the sweeper", timing.silence_is_noticed_in_time, _never_find_expired),
    Guard(10, "amnesty only after a gap", timing.silence_is_noticed_in_time, _amnesty_for_ever),
    Guard(10, "the pools own ttl", timing.silence_is_noticed_in_time, _one_ttl_for_all),
    Guard(11, "the hint", timing.cancel_reaches_its_holder_at_once, _tell_no_session),
    Guard(11, "the verdict", timing.cancel_reaches_its_holder_at_once, _hide_cancelling),
    Guard(11, "cancel before failure", timing.cancel_wins, _let_failure_win),
    Guard(11, "the end without a holder", timing.cancel_ends_even_if_the_holder_dies, _crash_what_is_being_cancelled),
)
