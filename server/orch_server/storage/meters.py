"""What gauges show. Counts are bounded: a count of everything would read every row of a long backlog."""

from collections.abc import Set
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, func, literal_column, select

from orch_server.application.meter_rows import ActiveRuns, HeldLeases, QueueDepth
from orch_server.domain.states import TERMINAL, StateType
from orch_server.storage.scope import Scope
from orch_server.storage.tables import flow_run, lease, work_pool, work_queue
from orch_server.storage.types import INSTANT


def _depths() -> Select[Any]:
    """Each queue's entries of the partial index `ix_flow_run_queued`; the literal is how the planner knows it."""
    waiting = (
        select(literal_column("1"))
        .select_from(flow_run)
        .where(
            flow_run.c.work_queue_id == work_queue.c.id,
            flow_run.c.state_type == literal_column("1"),
            flow_run.c.scheduled_time <= bindparam("now", type_=INSTANT),
        )
        .limit(bindparam("most"))
        .correlate(work_queue)
        .subquery("waiting")
    )
    runs = select(func.count()).select_from(waiting).scalar_subquery()
    return (
        select(work_pool.c.name.label("pool_name"), work_queue.c.name.label("queue_name"), runs.label("runs"))
        .join(work_queue, work_queue.c.work_pool_id == work_pool.c.id)
        .order_by(work_pool.c.name, work_queue.c.name)
        .limit(bindparam("queues"))
    )


def _held() -> Select[Any]:
    pooled = select(lease.c.work_pool_id).where(lease.c.work_pool_id.is_not(None))
    live = pooled.limit(bindparam("most")).subquery("live")
    return (
        select(work_pool.c.name, func.count(live.c.work_pool_id).label("leases"))
        .outerjoin(live, live.c.work_pool_id == work_pool.c.id)
        .group_by(work_pool.c.id, work_pool.c.name)
        .order_by(work_pool.c.name)
    )


def _held_without_pool() -> Select[int]:
    live = select(lease.c.flow_run_id).where(lease.c.work_pool_id.is_(None)).limit(bindparam("most")).subquery("live")
    return select(func.count()).select_from(live)


def _active(state: StateType) -> Select[int]:
    """Entries of the index `ix_flow_run_state`, up to a bound."""
    found: Select[Any] = select(literal_column("1")).select_from(flow_run).where(flow_run.c.state_type == int(state))
    return select(func.count()).select_from(found.limit(bindparam("most")).subquery("found"))


_ACTIVE = {state: _active(state) for state in StateType if state not in TERMINAL}
_DEPTHS = _depths()
_HELD = _held()
_HELD_WITHOUT_POOL = _held_without_pool()


class SqlMeters:
    """The store's side of `MeterRows`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def queue_depths(self, *, most: int, queues: int) -> list[QueueDepth]:
        """Every queue's depth, none above `most`; of so many queues, by pool and name."""
        named = {"now": self._scope.now, "most": most, "queues": queues}
        rows = self._scope.connection.execute(_DEPTHS, named)
        return [QueueDepth(row.pool_name, row.queue_name, row.runs) for row in rows]

    def held_leases(self, *, most: int) -> list[HeldLeases]:
        """Every pool's leases, `most` of all pools together; under an empty name, those of runs of no pool, if any."""
        execute, named = self._scope.connection.execute, {"most": most}
        alone = execute(_HELD_WITHOUT_POOL, named).scalar_one()
        held = [HeldLeases(row.name, row.leases) for row in execute(_HELD, named)]
        return [HeldLeases("", alone), *held] if alone else held

    def active_runs(self, *, most: int) -> list[ActiveRuns]:
        """Of every state that is not an end, how many runs are in it, none above `most`."""
        execute, named = self._scope.connection.execute, {"most": most}
        return [ActiveRuns(state, execute(count, named).scalar_one()) for state, count in _ACTIVE.items()]

    def pool_names(self, work_pool_ids: Set[UUID]) -> dict[UUID, str]:
        """Names of the pools that are there."""
        statement = select(work_pool.c.id, work_pool.c.name).where(work_pool.c.id.in_(work_pool_ids))
        return {row.id: row.name for row in self._scope.connection.execute(statement)}
