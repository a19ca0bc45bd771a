"""What guards invariants 4 to 7: no run is lost, ends absorb, silence is no failure, holders come back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from orch_server.application import flow_runs, holders, sweeping
from orch_server.application.lease_rows import OpenSessions, Wish
from orch_server.domain import runs, transitions
from orch_server.domain.leases import LeasePhase
from orch_server.domain.runs import ReportDecision, RunFacts, RunReport
from orch_server.domain.states import StateType
from orch_server.domain.transitions import Event, LeaseEffect, Transition
from orch_server.storage.flow_runs import SqlFlowRuns
from orch_server.storage.leases import SqlLeases
from orch_server.storage.sessions import SqlSessions
from tests.simulation.checks import outcomes
from tests.simulation.guards.guard import POSTGRES, Guard, Patch, Whatever

# 4


def _forget_wishes(patch: Patch) -> None:
    original = SqlSessions.open_for_grants

    def open_for_grants(self: SqlSessions, wishes: Sequence[Wish]) -> OpenSessions:
        return replace(original(self, wishes), granted=())

    patch.setattr(SqlSessions, "open_for_grants", open_for_grants)


def _never_find_expired(patch: Patch) -> None:
    patch.setattr(SqlLeases, "expired", lambda self, *, limit: [])


def _forget_keys(patch: Patch) -> None:
    patch.setattr(SqlFlowRuns, "find_by_key", lambda self, keys: {})


def _return_without_a_lease(patch: Patch) -> None:
    patch.setattr(holders._Ledger, "_leasable", lambda self, run, after: True)
    patch.setattr(holders, "_fresh_leases", lambda tx, facts, sessions: {})


# 5


def _arrow(patch: Patch, source: StateType, event: Event, destination: StateType, effect: LeaseEffect) -> None:
    patch.setitem(transitions._TABLE, (source, event), Transition(source, event, destination, effect))


def _let_the_end_go_on(patch: Patch) -> None:
    patch.setattr(runs, "LEASED", frozenset(StateType))
    for source in (StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED, StateType.CRASHED):
        _arrow(patch, source, Event.FAIL, StateType.FAILED, LeaseEffect.NONE)
        _arrow(patch, source, Event.COMPLETE, StateType.COMPLETED, LeaseEffect.NONE)


def _take_repeats(patch: Patch) -> None:
    def decide(run: RunFacts, report: RunReport, *, now: datetime, chance: float) -> ReportDecision:
        return runs.decide_report(replace(run, report_sequence=0), report, now=now, chance=chance)

    patch.setattr(holders, "decide_report", decide)


# 6


def _call_silence_a_crash(patch: Patch) -> None:
    patch.setattr(runs, "contact_lost", lambda run: Event.CRASH)


def _forget_who_was_alive(patch: Patch) -> None:
    def silent(run: RunFacts, phase: LeasePhase, *, now: datetime, message: str) -> tuple[RunFacts, ...]:
        return runs.fall_silent(run, LeasePhase.STARTING, now=now, message=message)

    patch.setattr(sweeping, "fall_silent", silent)


def _never_restart(patch: Patch) -> None:
    patch.setattr(runs, "_may_restart", lambda run: False)


def _restart_for_ever(patch: Patch) -> None:
    patch.setattr(runs, "_may_restart", lambda run: run.state.type in {StateType.RUNNING, StateType.PAUSED})


def _count_restarts_as_retries(patch: Patch) -> None:
    original = runs.lose

    def lose(run: RunFacts, *, now: datetime, message: str) -> tuple[RunFacts, Transition]:
        after, step = original(run, now=now, message=message)
        return replace(after, retries_used=after.retries_used + 1), step

    patch.setattr(runs, "lose", lose)


# 7


def let_nobody_return(patch: Patch) -> None:
    patch.setattr(holders, "reclaim", lambda run, *, now: None)
    patch.setattr(runs, "reclaim", lambda run, *, now: None)


def _remember_who_was_lost(patch: Patch) -> None:
    def kept(run: RunFacts, step: Transition, **named: Whatever) -> RunFacts:
        return replace(runs.apply(run, step, **named), lost_from=run.lost_from)

    patch.setattr(flow_runs, "apply", kept)


def _look_once(patch: Patch) -> None:
    patch.setattr(holders, "_is_leased", lambda held, locked: False)


def _adopt_once(patch: Patch) -> None:
    original = SqlLeases.adopt
    asked = set[UUID]()

    def adopt(self: SqlLeases, flow_run_id: UUID, token: int, adopter_id: UUID) -> bool:
        if adopter_id in asked:
            return False
        asked.add(adopter_id)
        return original(self, flow_run_id, token, adopter_id)

    patch.setattr(SqlLeases, "adopt", adopt)


GUARDS = (
    Guard(4, "wishes are remembered", outcomes.a_lost_answer_is_repeated, _forget_wishes),
    Guard(4, "silent leases expire", outcomes.a_grant_that_nobody_took_falls_back, _never_find_expired),
    Guard(4, "keys are remembered", outcomes.a_repeated_create_is_one_run, _forget_keys),
    Guard(4, "who returns has a lease", outcomes.every_open_run_is_queued_or_leased, _return_without_a_lease),
    Guard(5, "nothing leads on", outcomes.the_end_absorbs, _let_the_end_go_on),
    Guard(5, "sequences are looked at", outcomes.a_repeat_is_a_duplicate, _take_repeats),
    Guard(6, "not started is queued", outcomes.lost_before_the_start_is_queued_again, _call_silence_a_crash),
    Guard(6, "alive is begun", outcomes.lost_while_its_process_was_alive_does_not_begin_again, _forget_who_was_alive),
    Guard(6, "restarts", outcomes.lost_after_the_start_is_restarted_where_asked, _never_restart),
    Guard(6, "restarts are capped", outcomes.lost_after_the_start_is_restarted_where_asked, _restart_for_ever),
    Guard(6, "counted apart", outcomes.lost_after_the_start_is_restarted_where_asked, _count_restarts_as_retries),
    Guard(7, "holders return", outcomes.who_comes_back_has_its_run_again, let_nobody_return),
    Guard(7, "claims end", outcomes.nobody_comes_back_to_what_was_decided_since, _remember_who_was_lost),
    Guard(7, "a second look", outcomes.two_who_come_back_at_once_both_have_it, _look_once, POSTGRES),
    Guard(7, "a second try", outcomes.who_adopts_while_its_worker_comes_back_has_it, _adopt_once, POSTGRES),
)
