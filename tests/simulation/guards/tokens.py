"""Invariants 1 to 3: one current token, which guards every write, and which a takeover changes: what guards them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Select, Update, bindparam, delete, func, or_, true, update

from orch_server.application import creation, grants, holders
from orch_server.application.fence_rows import Fence
from orch_server.application.ports import Transaction
from orch_server.domain import runs
from orch_server.domain.leases import LeasePhase
from orch_server.domain.runs import ReportDecision, RunFacts, RunReport
from orch_server.domain.transitions import Transition
from orch_server.storage import claims, leases, opening, sqlite
from orch_server.storage.batch import one_of
from orch_server.storage.flow_runs import SqlFlowRuns
from orch_server.storage.lease_mapping import leases_locked
from orch_server.storage.postgres import PostgresDatabase
from orch_server.storage.scope import Kind
from orch_server.storage.tables import lease
from orch_server.storage.types import ID
from tests.simulation.checks import tokens
from tests.simulation.guards.guard import POSTGRES, SQLITE, Guard, Patch, Whatever
from tests.support.clock import FakeClock

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

    patch.setattr(tokens, "open_server_with", opened)


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
        newest = [
            (replace(held, token=states[held.flow_run_id][1] if held.flow_run_id in states else held.token), session)
            for held, session in lost
        ]
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


GUARDS = (
    Guard(1, "only what is queued is claimed", tokens.one_current_token, _claim_what_is_not_queued),
    Guard(1, "a grant raises the token", tokens.one_current_token, _keep_the_token),
    Guard(1, "runs are locked", tokens.a_run_picked_here_is_not_granted_there, _pick_without_locking, POSTGRES),
    Guard(1, "writers begin as writers", tokens.a_run_picked_here_is_not_granted_there, _begin_without_writing, SQLITE),
    Guard(1, "the databases clock", tokens.only_the_databases_clock_counts, _trust_the_servers_clock, POSTGRES),
    Guard(2, "token of a heartbeat", tokens.an_old_token_renews_nothing, _renew_whatever_the_token),
    Guard(2, "token of a report", tokens.an_old_token_reports_nothing, _take_reports_of_any_token),
    Guard(2, "token of a release", tokens.an_old_token_releases_nothing, _release_whatever_the_token),
    Guard(2, "token of an adoption", tokens.an_old_token_adopts_nothing, _adopt_whatever_the_token),
    Guard(2, "token of a return", tokens.an_old_token_reclaims_nothing, _reclaim_whatever_the_token),
    Guard(2, "fence of logs", tokens.an_old_token_logs_nothing, _admit_any_token),
    Guard(2, "fence of task runs", tokens.an_old_token_reports_no_task_runs, _admit_any_token),
    Guard(2, "token of a parent", tokens.an_old_token_starts_no_child, _admit_any_parent),
    Guard(3, "expiry in the statement", tokens.a_renewal_that_came_first_counts, end_leases_without_looking, POSTGRES),
    Guard(3, "a new token", tokens.what_was_taken_over_has_a_new_token, _keep_the_token),
)
