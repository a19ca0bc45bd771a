"""The guards behind the invariants, each with the check that misses it and a way to take it out.

A guard is taken out by a patch that is gone after the test. Where an invariant has two walls, one behind the other,
both are taken out together: what is shown is that the check notices, not that a single wall would do.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Select, Update, bindparam, delete, func, literal_column, or_, select, true, update

import orch_client.leases
from orch_server.application import creation, firing, flow_runs, grants, holders, log_appends, sweeping
from orch_server.application.fence_rows import Fence
from orch_server.application.lease_rows import OpenSessions, Wish
from orch_server.application.log_appends import LogAppend
from orch_server.application.ports import Transaction
from orch_server.domain import runs, transitions
from orch_server.domain.leases import LeasePhase
from orch_server.domain.runs import ReportDecision, RunFacts, RunReport
from orch_server.domain.states import StateType
from orch_server.domain.transitions import Event, LeaseEffect, Transition
from orch_server.storage import claims, leases, opening, sessions, sqlite
from orch_server.storage import schedules as stored_schedules
from orch_server.storage.batch import one_of
from orch_server.storage.flow_runs import SqlFlowRuns
from orch_server.storage.lease_mapping import leases_locked
from orch_server.storage.leases import SqlLeases
from orch_server.storage.postgres import PostgresDatabase
from orch_server.storage.schedules import SqlSchedules
from orch_server.storage.scope import Kind
from orch_server.storage.sessions import SqlSessions
from orch_server.storage.tables import lease
from orch_server.storage.types import ID
from tests.simulation import checks
from tests.simulation.scene import Scene
from tests.support.clock import FakeClock

Patch = pytest.MonkeyPatch
Whatever: TypeAlias = Any
"""What a patched function hands on without looking at it."""
BOTH: tuple[Kind, ...] = ("sqlite", "postgresql")
POSTGRES: tuple[Kind, ...] = ("postgresql",)
SQLITE: tuple[Kind, ...] = ("sqlite",)


@dataclass(frozen=True)
class Guard:
    """A guard of one invariant."""

    invariant: int
    name: str
    check: Callable[[Scene], Awaitable[None]]
    take_out: Callable[[Patch], None]
    kinds: tuple[Kind, ...] = BOTH


# 1


def _claim_what_is_not_queued(patch: Patch) -> None:
    patch.setattr(claims, "_QUEUED", true())
    patch.setattr(claims, "_claimable", claims._claimable.__wrapped__)


def _keep_the_token(patch: Patch) -> None:
    def kept(run: RunFacts, step: Transition, *, now: datetime) -> RunFacts:
        return replace(runs.apply(run, step, now=now), token=max(run.token, 1))

    patch.setattr(grants, "apply", kept)
    _change_lease_tokens(patch)


def _change_lease_tokens(patch: Patch) -> None:
    """The lease of a grant has its run's token, whatever that is."""
    original = SqlFlowRuns.change

    def change(
        self: SqlFlowRuns, changes: Sequence[Any], *, granted: Sequence[Any] = (), ended: Sequence[UUID] = ()
    ) -> None:
        tokens = {each.after.id: each.after.token for each in changes}
        original(
            self, changes, granted=[replace(each, token=tokens[each.flow_run_id]) for each in granted], ended=ended
        )

    patch.setattr(SqlFlowRuns, "change", change)


def _pick_without_locking(patch: Patch) -> None:
    locking = claims._claimable.__wrapped__

    def claimable(kind: Kind) -> Select[Any]:
        statement: Select[Any] = locking(kind)
        statement._for_update_arg = None
        return statement

    patch.setattr(claims, "_claimable", claimable)


def _begin_without_writing(patch: Patch) -> None:
    original = sqlite.sqlite_engine
    patch.setattr(sqlite, "sqlite_engine", lambda url, *, begin: original(url, begin="BEGIN"))


def _trust_the_servers_clock(patch: Patch) -> None:
    def opened(url: str, clock: FakeClock) -> opening.OpenStore:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(opening, "PostgresDatabase", partial(PostgresDatabase, clock=clock))
            return opening.open_store(url, clock)

    patch.setattr(checks, "open_server_with", opened)


# 2


def _renew_whatever_the_token(patch: Patch) -> None:
    original = leases._renew

    def renew(kind: Kind) -> tuple[Any, Update]:
        batch, _ = original(kind)
        c = batch.table.c
        statement = (
            update(lease)
            .where(lease.c.flow_run_id == c.run_id, leases_locked(kind))
            .values(
                expire_time=leases._renewed(kind),
                phase=c.named_phase,
                session_id=func.coalesce(c.named_session, lease.c.session_id),
            )
            .returning(lease.c.flow_run_id, lease.c.token, lease.c.ttl_ms)
        )
        return batch, statement

    patch.setattr(leases, "_renew", renew)


def _take_reports_of_any_token(patch: Patch) -> None:
    def decide(run: RunFacts, report: RunReport, *, now: datetime, chance: float) -> ReportDecision:
        return runs.decide_report(run, replace(report, token=run.token), now=now, chance=chance)

    patch.setattr(holders, "decide_report", decide)


def _release_whatever_the_token(patch: Patch) -> None:
    original = holders._release_one

    def release_one(
        tx: Transaction, held: holders.HeldLease, reason: str, locked: Whatever, changes: Whatever
    ) -> holders.Reported:
        known = locked.get(held.flow_run_id)
        return original(tx, replace(held, token=known.token) if known else held, reason, locked, changes)

    patch.setattr(holders, "_release_one", release_one)


def _adopt_whatever_the_token(patch: Patch) -> None:
    def adopt(kind: Kind) -> Update:
        adopter = bindparam("adopter", type_=ID)
        return (
            update(lease)
            .where(
                lease.c.flow_run_id == bindparam("run_id"),
                or_(lease.c.adopter_id.is_(None), lease.c.adopter_id == adopter),
            )
            .values(adopter_id=adopter, phase=LeasePhase.RUNNING, expire_time=leases._renewed(kind))
        )

    patch.setattr(leases, "_adopt", adopt)


def _reclaim_whatever_the_token(patch: Patch) -> None:
    original = holders._reclaimed

    def reclaimed(tx: Transaction, lost: Sequence[tuple[holders.HeldLease, UUID | None]]) -> dict[Any, Any]:
        states = tx.flow_runs.state_types([held.flow_run_id for held, _ in lost])
        named = {held.flow_run_id: held.token for held, _ in lost}
        newest = [(replace(held, token=states[held.flow_run_id][1]), session) for held, session in lost]
        found = original(tx, newest)
        return {
            (run_id, named[run_id]): replace(verdict, token=named[run_id]) for (run_id, _), verdict in found.items()
        }

    patch.setattr(holders, "_reclaimed", reclaimed)


def _admit_any_token(patch: Patch) -> None:
    patch.setattr(Fence, "admits", lambda self, token: True)


def _admit_any_parent(patch: Patch) -> None:
    patch.setattr(creation, "refuse_parent", lambda parent, runs: None)


# 3


def end_leases_without_looking(patch: Patch) -> None:
    def drop_expired(kind: Kind) -> Whatever:
        named = one_of(lease.c.flow_run_id, "ids", kind)
        return delete(lease).where(named, leases_locked(kind)).returning(lease)

    patch.setattr(leases, "_drop_expired", drop_expired)


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


def _never_restart(patch: Patch) -> None:
    patch.setattr(runs, "_may_restart", lambda run: False)


def _restart_for_ever(patch: Patch) -> None:
    patch.setattr(runs, "_may_restart", lambda run: run.state.type in {StateType.RUNNING, StateType.PAUSED})


def _count_restarts_as_retries(patch: Patch) -> None:
    original = runs.lose

    def lose(run: RunFacts, *, now: datetime, message: str) -> tuple[RunFacts, Transition]:
        after, step = original(run, now=now, message=message)
        return replace(after, retries_used=after.retries_used + 1), step

    patch.setattr(sweeping, "lose", lose)


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


# 12


def _count_no_leases(patch: Patch) -> None:
    patch.setattr(claims, "_LEASES_BY_QUEUE", claims._LEASES_BY_QUEUE.where(literal_column("1") == 0))


def _count_no_deployments(patch: Patch) -> None:
    patch.setattr(SqlLeases, "free_slots", lambda self, deployment_ids: {})


def _do_not_lock_deployments(patch: Patch) -> None:
    locking = claims._limits.__wrapped__

    def limits(kind: Kind) -> Select[Any]:
        statement: Select[Any] = locking(kind)
        statement._for_update_arg = None
        return statement

    patch.setattr(claims, "_limits", limits)


def _count_grants_instead(patch: Patch) -> None:
    """A counter that rises with grants and falls with reports alone."""
    given = [0]
    original, ended = SqlLeases.capacity, SqlFlowRuns.change

    def capacity(self: SqlLeases, work_pool_id: UUID, *, wanted: int) -> Whatever:
        found = original(self, work_pool_id, wanted=wanted)
        return replace(found, total=max(min(wanted, 2 - given[0]), 0)) if found is not None else None

    def change(self: SqlFlowRuns, changes: Whatever, *, granted: Sequence[Any] = (), **named: Whatever) -> None:
        given[0] += len(granted) - len(named.get("ended", ()))
        ended(self, changes, granted=granted, **named)

    patch.setattr(SqlLeases, "capacity", capacity)
    patch.setattr(SqlFlowRuns, "change", change)


def _do_not_lock_the_pool(patch: Patch) -> None:
    patch.setattr(claims, "_LOCK_POOL", select(literal_column("1")).where(claims._POOL.is_not(None)))


# 13


def _grant_to_the_draining(patch: Patch) -> None:
    original = SqlSessions.open_for_grants

    def open_for_grants(self: SqlSessions, wishes: Sequence[Wish]) -> OpenSessions:
        return replace(original(self, wishes), queue_names={wish.session_id: () for wish in wishes})

    patch.setattr(SqlSessions, "open_for_grants", open_for_grants)


def _do_not_lock_sessions(patch: Patch) -> None:
    locking = sessions._open_for_grants.__wrapped__

    def open_for_grants(kind: Kind) -> Select[Any]:
        statement: Select[Any] = locking(kind)
        statement._for_update_arg = None
        return statement

    patch.setattr(sessions, "_open_for_grants", open_for_grants)


def _charge_what_is_given_back(patch: Patch) -> None:
    patch.setattr(runs, "_CODE_RAN", runs._CODE_RAN | {Event.REQUEUE})


# 14


def _fire_what_was_fired(patch: Patch) -> None:
    patch.setattr(firing, "_unfired", lambda tx, plans: list(plans))
    patch.setattr(firing, "_key", lambda plan, nominal: uuid4().hex)


def _do_not_move_schedules(patch: Patch) -> None:
    patch.setattr(SqlSchedules, "advance", lambda self, advances: None)
    _fire_what_was_fired(patch)


def _do_not_lock_schedules(patch: Patch) -> None:
    due: Select[Any] = stored_schedules._DUE._clone()
    due._for_update_arg = None
    patch.setattr(stored_schedules, "_DUE", due)


# 15


def _store_at_any_offset(patch: Patch) -> None:
    original = log_appends._Ledger.take

    def take(self: log_appends._Ledger, append: LogAppend) -> Whatever:
        committed = self._now.setdefault(append.flow_run_id, {}).get(append.stream, 0)
        return original(self, replace(append, offset=committed))

    patch.setattr(log_appends._Ledger, "take", take)


GUARDS = (
    Guard(1, "only what is queued is claimed", checks.one_current_token, _claim_what_is_not_queued),
    Guard(1, "a grant raises the token", checks.one_current_token, _keep_the_token),
    Guard(1, "runs are locked", checks.a_run_picked_here_is_not_granted_there, _pick_without_locking, POSTGRES),
    Guard(1, "writers begin as writers", checks.a_run_picked_here_is_not_granted_there, _begin_without_writing, SQLITE),
    Guard(1, "the databases clock", checks.only_the_databases_clock_counts, _trust_the_servers_clock, POSTGRES),
    Guard(2, "token of a heartbeat", checks.an_old_token_renews_nothing, _renew_whatever_the_token),
    Guard(2, "token of a report", checks.an_old_token_reports_nothing, _take_reports_of_any_token),
    Guard(2, "token of a release", checks.an_old_token_releases_nothing, _release_whatever_the_token),
    Guard(2, "token of an adoption", checks.an_old_token_adopts_nothing, _adopt_whatever_the_token),
    Guard(2, "token of a return", checks.an_old_token_reclaims_nothing, _reclaim_whatever_the_token),
    Guard(2, "fence of logs", checks.an_old_token_logs_nothing, _admit_any_token),
    Guard(2, "fence of task runs", checks.an_old_token_reports_no_task_runs, _admit_any_token),
    Guard(2, "token of a parent", checks.an_old_token_starts_no_child, _admit_any_parent),
    Guard(3, "expiry in the statement", checks.a_renewal_that_came_first_counts, end_leases_without_looking, POSTGRES),
    Guard(3, "a new token", checks.what_was_taken_over_has_a_new_token, _keep_the_token),
    Guard(4, "wishes are remembered", checks.a_lost_answer_is_repeated, _forget_wishes),
    Guard(4, "silent leases expire", checks.a_grant_that_nobody_took_falls_back, _never_find_expired),
    Guard(4, "keys are remembered", checks.a_repeated_create_is_one_run, _forget_keys),
    Guard(4, "who returns has a lease", checks.every_open_run_is_queued_or_leased, _return_without_a_lease),
    Guard(5, "nothing leads on", checks.the_end_absorbs, _let_the_end_go_on),
    Guard(5, "sequences are looked at", checks.a_repeat_is_a_duplicate, _take_repeats),
    Guard(6, "not started is queued", checks.lost_before_the_start_is_queued_again, _call_silence_a_crash),
    Guard(6, "restarts", checks.lost_after_the_start_is_restarted_where_asked, _never_restart),
    Guard(6, "restarts are capped", checks.lost_after_the_start_is_restarted_where_asked, _restart_for_ever),
    Guard(6, "counted apart", checks.lost_after_the_start_is_restarted_where_asked, _count_restarts_as_retries),
    Guard(7, "holders return", checks.who_comes_back_has_its_run_again, let_nobody_return),
    Guard(7, "claims end", checks.nobody_comes_back_to_what_was_decided_since, _remember_who_was_lost),
    Guard(7, "a second look", checks.two_who_come_back_at_once_both_have_it, _look_once, POSTGRES),
    Guard(7, "a second try", checks.who_adopts_while_its_worker_comes_back_has_it, _adopt_once, POSTGRES),
    Guard(8, "a margin", checks.an_exclusive_holder_stops_first, _trust_clocks_to_agree),
    Guard(9, "amnesty", checks.an_outage_expires_nobody, _no_amnesty),
    Guard(9, "amnesty ends", checks.an_outage_expires_nobody, _amnesty_for_ever),
    Guard(10, "the sweeper", checks.silence_is_noticed_in_time, _never_find_expired),
    Guard(10, "amnesty only after a gap", checks.silence_is_noticed_in_time, _amnesty_for_ever),
    Guard(10, "the pools own ttl", checks.silence_is_noticed_in_time, _one_ttl_for_all),
    Guard(11, "the hint", checks.cancel_reaches_its_holder_at_once, _tell_no_session),
    Guard(11, "the verdict", checks.cancel_reaches_its_holder_at_once, _hide_cancelling),
    Guard(11, "cancel before failure", checks.cancel_wins, _let_failure_win),
    Guard(11, "the end without a holder", checks.cancel_ends_even_if_the_holder_dies, _crash_what_is_being_cancelled),
    Guard(12, "leases are counted", checks.limits_follow_live_leases, _count_no_leases),
    Guard(12, "nothing else is counted", checks.limits_follow_live_leases, _count_grants_instead),
    Guard(12, "deployments are counted", checks.limits_of_queues_and_deployments, _count_no_deployments),
    Guard(
        12,
        "deployments are locked",
        checks.two_servers_do_not_both_use_a_deployments_last_slot,
        _do_not_lock_deployments,
        POSTGRES,
    ),
    Guard(12, "queues are counted", checks.limits_of_queues_and_deployments, _count_no_leases),
    Guard(12, "the pool is locked", checks.two_servers_do_not_both_use_the_last_slot, _do_not_lock_the_pool, POSTGRES),
    Guard(13, "draining is looked at", checks.nothing_is_granted_after_a_drain, _grant_to_the_draining),
    Guard(13, "sessions are locked", checks.a_drain_waits_for_the_grant_under_way, _do_not_lock_sessions, POSTGRES),
    Guard(13, "releases are free", checks.released_work_has_spent_nothing, _charge_what_is_given_back),
    Guard(14, "schedules move on", checks.a_time_fires_once, _do_not_move_schedules),
    Guard(14, "schedules are locked", checks.a_time_decided_here_is_not_fired_there, _do_not_lock_schedules, POSTGRES),
    Guard(14, "times are known by key", checks.a_redeployed_schedule_does_not_fire_again, _fire_what_was_fired),
    Guard(15, "offsets are compared", checks.log_lines_are_contiguous, _store_at_any_offset),
)
