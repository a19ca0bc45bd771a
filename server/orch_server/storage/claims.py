"""What a pool may grant: capacity from live leases, and runs whose time has come."""

from collections.abc import Sequence, Set
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, bindparam, func, literal_column, not_, or_, select

from orch_server.application.lease_rows import Backlog, Claimable, FullDeployment, PoolCapacity, QueueCapacity
from orch_server.domain.deployments import ConcurrencyPolicy
from orch_server.storage.batch import one_of
from orch_server.storage.flow_run_mapping import run_columns, run_of
from orch_server.storage.scope import Kind, Scope
from orch_server.storage.tables import deployment, flow_run, lease, work_pool, work_queue
from orch_server.storage.types import ID, INSTANT

_QUEUED = flow_run.c.state_type == literal_column("1")
"""A literal, so that the planner finds the partial index of queued runs."""

_POOL = bindparam("pool_id", type_=ID)
_NOW = bindparam("now", type_=INSTANT)

_PLAN = (
    select(
        work_pool.c.paused.label("pool_paused"),
        work_pool.c.concurrency_limit.label("pool_limit"),
        work_pool.c.lease_ttl_ms,
        work_queue.c.id.label("queue_id"),
        work_queue.c.name.label("queue_name"),
        work_queue.c.paused.label("queue_paused"),
        work_queue.c.concurrency_limit.label("queue_limit"),
    )
    .join(work_queue, work_queue.c.work_pool_id == work_pool.c.id)
    .where(work_pool.c.id == _POOL)
    .order_by(work_queue.c.priority, work_queue.c.name)
)
_LOCK_POOL = select(work_pool.c.id).where(work_pool.c.id == _POOL).with_for_update(key_share=True)
_LEASES_BY_QUEUE = (
    select(lease.c.work_queue_id, func.count().label("held"))
    .where(lease.c.work_pool_id == _POOL)
    .group_by(lease.c.work_queue_id)
)


@cache
def _limits(kind: Kind) -> Select[tuple[UUID, int]]:
    return (
        select(deployment.c.id, deployment.c.concurrency_limit)
        .where(one_of(deployment.c.id, "ids", kind), deployment.c.concurrency_limit.is_not(None))
        .order_by(deployment.c.id)
        .with_for_update(key_share=True)
    )


@cache
def _leases_by_deployment(kind: Kind) -> Select[tuple[UUID | None, int]]:
    """Read after the deployments are locked, and so after whatever others have granted of them."""
    by_deployment = select(lease.c.deployment_id, func.count().label("held"))
    return by_deployment.where(one_of(lease.c.deployment_id, "ids", kind)).group_by(lease.c.deployment_id)


@cache
def _claimable(kind: Kind) -> Select[Any]:
    earlier = flow_run.alias("earlier")
    waits = (
        select(earlier.c.id)
        .where(
            earlier.c.schedule_id == flow_run.c.schedule_id,
            earlier.c.id < flow_run.c.id,
            earlier.c.end_time.is_(None),
        )
        .exists()
    )
    return (
        run_columns(with_result=False)
        .add_columns(deployment.c.concurrency_limit.is_not(None).label("limited"))
        .where(
            flow_run.c.work_queue_id == bindparam("queue_id", type_=ID),
            _QUEUED,
            flow_run.c.scheduled_time <= _NOW,
            or_(not_(flow_run.c.waits_for_schedule), not_(waits)),
            or_(
                flow_run.c.deployment_id.is_(None),
                not_(one_of(flow_run.c.deployment_id, "without", kind)),
            ),
        )
        .order_by(flow_run.c.scheduled_time, flow_run.c.id)
        .limit(bindparam("most"))
        .with_for_update(of=flow_run, skip_locked=True)
    )


_WAITING = select(flow_run.c.scheduled_time).where(flow_run.c.work_queue_id == bindparam("queue_id", type_=ID), _QUEUED)
_FIRST_DUE = _WAITING.where(flow_run.c.scheduled_time <= _NOW).limit(1)
_NEXT_DUE = _WAITING.where(flow_run.c.scheduled_time > _NOW).order_by(flow_run.c.scheduled_time).limit(1)


_HELD = (
    select(lease.c.deployment_id, func.count().label("held"))
    .where(lease.c.deployment_id.is_not(None))
    .group_by(lease.c.deployment_id)
    .subquery("held_by_deployment")
)
_FULL = (
    select(deployment.c.id, deployment.c.concurrency_limit, deployment.c.concurrency_policy)
    .outerjoin(_HELD, _HELD.c.deployment_id == deployment.c.id)
    .where(
        deployment.c.concurrency_limit.is_not(None),
        deployment.c.concurrency_policy != int(ConcurrencyPolicy.QUEUE),
        func.coalesce(_HELD.c.held, 0) >= deployment.c.concurrency_limit,
    )
    .order_by(deployment.c.id)
)


@cache
def _runs_held(kind: Kind) -> Select[Any]:
    return select(lease.c.deployment_id, lease.c.flow_run_id).where(one_of(lease.c.deployment_id, "ids", kind))


@cache
def _waiting_for(kind: Kind) -> Select[Any]:
    return (
        select(flow_run.c.deployment_id, flow_run.c.id)
        .where(
            _QUEUED,
            flow_run.c.scheduled_time <= _NOW,
            flow_run.c.token == 0,
            one_of(flow_run.c.deployment_id, "ids", kind),
        )
        .order_by(flow_run.c.id.desc())
        .limit(bindparam("most"))
    )


class SqlClaims:
    """The part of `LeaseRows` that says what may be granted."""

    _scope: Scope

    def capacity(self, work_pool_id: UUID, *, wanted: int) -> PoolCapacity | None:
        """What the pool may grant, at most `wanted` a queue, counted from its live leases.

        Where a limit exists, the pool is locked until the transaction ends, so that two servers cannot both use the
        last slot. None where the pool is paused or not there.
        """
        pool = {"pool_id": work_pool_id}
        plan = self._scope.rows(_PLAN, pool)
        if not plan or plan[0].pool_paused:
            return None
        held: dict[UUID, int] = {}
        if any(row.pool_limit is not None or row.queue_limit is not None for row in plan):
            self._scope.rows(_LOCK_POOL, pool)
            held = {row.work_queue_id: row.held for row in self._scope.rows(_LEASES_BY_QUEUE, pool)}
        return _capacity(plan, held, wanted)

    def claimable(self, work_queue_id: UUID, *, limit: int, without_deployments: Set[UUID]) -> list[Claimable]:
        """Runs of a queue whose time has come, oldest first, locked; those that others have locked are skipped."""
        named = {
            "queue_id": work_queue_id,
            "now": self._scope.now,
            "most": limit,
            "without": list(without_deployments),
        }
        rows = self._scope.rows(_claimable(self._scope.kind), named)
        return [Claimable(run_of(row), bool(row[-1])) for row in rows]

    def free_slots(self, deployment_ids: Set[UUID]) -> dict[UUID, int]:
        """How many more runs of deployments that have a limit may hold a lease, counted from live leases."""
        locked = self._scope.rows(_limits(self._scope.kind), {"ids": sorted(deployment_ids)})
        limits = {row.id: row.concurrency_limit for row in locked}
        held = self.held_by_deployment(set(limits)) if limits else {}
        return {each: max(limit - held.get(each, 0), 0) for each, limit in limits.items()}

    def held_by_deployment(self, deployment_ids: Set[UUID]) -> dict[UUID, int]:
        """How many runs of these deployments hold a lease now, without locking anything; 0 is left out."""
        counted = self._scope.rows(_leases_by_deployment(self._scope.kind), {"ids": sorted(deployment_ids)})
        return {row.deployment_id: row.held for row in counted}

    def runs_held_by_deployment(self, deployment_ids: Set[UUID]) -> dict[UUID, list[UUID]]:
        """Which runs of these deployments hold a lease now, without locking anything."""
        found: dict[UUID, list[UUID]] = {}
        for row in self._scope.rows(_runs_held(self._scope.kind), {"ids": sorted(deployment_ids)}):
            found.setdefault(row.deployment_id, []).append(row.flow_run_id)
        return found

    def full_deployments(self) -> list[FullDeployment]:
        """Deployments that are at their limit now, and whose policy is not to let runs wait."""
        return [
            FullDeployment(row.id, row.concurrency_limit, ConcurrencyPolicy(row.concurrency_policy))
            for row in self._scope.rows(_FULL, {})
        ]

    def waiting_for(self, deployment_ids: Set[UUID], *, limit: int) -> list[tuple[UUID, UUID]]:
        """Runs of these deployments that are due and were never granted, newest first, each after its deployment."""
        named = {"ids": sorted(deployment_ids), "now": self._scope.now, "most": limit}
        return [(row.deployment_id, row.id) for row in self._scope.rows(_waiting_for(self._scope.kind), named)]

    def backlog(self, work_queue_ids: Sequence[UUID]) -> Backlog:
        """What waits in queues, due or not."""
        due, following = False, None
        for queue_id in work_queue_ids:
            named = {"queue_id": queue_id, "now": self._scope.now}
            due = due or bool(self._scope.rows(_FIRST_DUE, named))
            for row in self._scope.rows(_NEXT_DUE, named):
                following = min(row.scheduled_time, following or row.scheduled_time)
        return Backlog(following - self._scope.now if following is not None else None, blocked=due)


def _capacity(plan: Sequence[Row[*tuple[Any, ...]]], held: dict[UUID, int], wanted: int) -> PoolCapacity:
    first = plan[0]
    total = _room(first.pool_limit, sum(held.values()), wanted)
    queues = tuple(
        QueueCapacity(row.queue_id, row.queue_name, _room(row.queue_limit, held.get(row.queue_id, 0), wanted))
        for row in plan
        if not row.queue_paused
    )
    return PoolCapacity(timedelta(milliseconds=first.lease_ttl_ms), queues, total)


def _room(limit: int | None, held: int, wanted: int) -> int:
    return wanted if limit is None else min(wanted, max(limit - held, 0))
