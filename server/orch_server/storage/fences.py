"""Fences: a run's newest token, locked while what its holder says is written."""

from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, bindparam, func, select

from orch_server.application.fence_rows import Fence, Mark
from orch_server.domain.states import StateType
from orch_server.storage.batch import one_of
from orch_server.storage.hopes import Hope, Place, batch_of
from orch_server.storage.scope import Kind, Scope
from orch_server.storage.tables import flow_run, log_stream
from orch_server.storage.types import BIG, ID

FENCE_COLUMNS = (
    flow_run.c.id,
    flow_run.c.token,
    flow_run.c.state_type,
    flow_run.c.work_pool_id,
    flow_run.c.create_time,
    flow_run.c.end_time,
)
_COLUMNS: Select[Any] = select(*FENCE_COLUMNS)
_LOOK = _COLUMNS.where(flow_run.c.id == bindparam("run_id"))


@cache
def _hold(kind: Kind) -> Select[Any]:
    """Locks in the order of the ids, as everywhere. `key_share`: rows that refer to the run may still be inserted."""
    statement = _COLUMNS.where(one_of(flow_run.c.id, "ids", kind)).order_by(flow_run.c.id)
    return statement.with_for_update(key_share=True)


@cache
def same_tokens() -> Hope:
    """That nobody else was granted the runs."""
    batch = batch_of("fenced", id=ID, token=BIG)
    c = batch.table.c
    same = and_(flow_run.c.id == c.id, flow_run.c.token == c.token)
    locked = select(flow_run.c.id).select_from(batch.table).join(flow_run, same).order_by(flow_run.c.id)
    return Hope("fenced", Place.RUNS, batch, locked.with_for_update(of=flow_run, key_share=True))


@cache
def same_holders() -> Hope:
    """The same of runs that nobody waits for to grant them."""
    batch = batch_of("taken", id=ID, token=BIG)
    c = batch.table.c
    taken = flow_run.c.state_type != int(StateType.SCHEDULED)
    same = and_(flow_run.c.id == c.id, flow_run.c.token == c.token, taken)
    locked = select(flow_run.c.id).select_from(batch.table).join(flow_run, same).order_by(flow_run.c.id)
    return Hope("taken", Place.RUNS, batch, locked.with_for_update(of=flow_run, key_share=True))


_LINES = select(func.sum(log_stream.c.next_offset)).where(log_stream.c.flow_run_id == flow_run.c.id).scalar_subquery()


@cache
def _marks(kind: Kind) -> Select[Any]:
    lines = func.coalesce(_LINES, 0).label("lines")
    return select(flow_run.c.id, flow_run.c.version, lines).where(one_of(flow_run.c.id, "ids", kind))


class SqlFences:
    """The store's side of `FenceRows`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def hold(self, ids: Sequence[UUID]) -> dict[UUID, Fence]:
        """Where these runs stand, kept so until the transaction ends."""
        rows = self._scope.rows(_hold(self._scope.kind), {"ids": sorted(set(ids))})
        return {row.id: fence_of(row) for row in rows}

    def look(self, flow_run_id: UUID) -> Fence | None:
        """Where one run stands now."""
        row = self._scope.connection.execute(_LOOK, {"run_id": flow_run_id}).first()
        return fence_of(row) if row is not None else None

    def marks(self, ids: Sequence[UUID]) -> dict[UUID, Mark]:
        """What tells these runs from what they were."""
        rows = self._scope.rows(_marks(self._scope.kind), {"ids": list(ids)})
        return {row.id: Mark(row.version, int(row.lines)) for row in rows}


def fence_of(row: Row[Any]) -> Fence:
    """The fence in a row of `FENCE_COLUMNS`."""
    return Fence(row.token, StateType(row.state_type), row.work_pool_id, row.create_time, row.end_time)
