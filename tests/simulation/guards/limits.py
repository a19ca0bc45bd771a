"""Invariants 12 and 13: limits are computed from live leases; drains are final: what guards them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Select, literal_column, select

from orch_server.application.lease_rows import OpenSessions, Wish
from orch_server.domain import runs
from orch_server.domain.transitions import Event
from orch_server.storage import claims, sessions
from orch_server.storage.flow_runs import SqlFlowRuns
from orch_server.storage.leases import SqlLeases
from orch_server.storage.scope import Kind
from orch_server.storage.sessions import SqlSessions
from tests.simulation.checks import limits
from tests.simulation.guards.guard import POSTGRES, Guard, Patch, Whatever

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


GUARDS = (
    Guard(12, "leases are counted", limits.limits_follow_live_leases, _count_no_leases),
    Guard(12, "nothing else is counted", limits.limits_follow_live_leases, _count_grants_instead),
    Guard(12, "deployments are counted", limits.limits_of_queues_and_deployments, _count_no_deployments),
    Guard(
        12,
        "deployments are locked",
        limits.two_servers_do_not_both_use_a_deployments_last_slot,
        _do_not_lock_deployments,
        POSTGRES,
    ),
    Guard(12, "queues are counted", limits.limits_of_queues_and_deployments, _count_no_leases),
    Guard(12, "the pool is locked", limits.two_servers_do_not_both_use_the_last_slot, _do_not_lock_the_pool, POSTGRES),
    Guard(13, "draining is looked at", limits.nothing_is_granted_after_a_drain, _grant_to_the_draining),
    Guard(13, "sessions are locked", limits.a_drain_waits_for_the_grant_under_way, _do_not_lock_sessions, POSTGRES),
    Guard(13, "releases are free", limits.released_work_has_spent_nothing, _charge_what_is_given_back),
)
