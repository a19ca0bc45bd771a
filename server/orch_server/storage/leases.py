"""Leases: narrow rows, one a leased run, rewritten by every heartbeat."""

from collections.abc import Sequence, Set
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    Update,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    update,
)

from orch_server.application.lease_rows import LeaseView, Renewal
from orch_server.domain.launch import LaunchSpec
from orch_server.domain.leases import Lease, LeasePhase
from orch_server.storage.batch import Batch, one_of
from orch_server.storage.claims import SqlClaims
from orch_server.storage.documents import load_launch_spec
from orch_server.storage.lease_mapping import lease_of, leases_locked
from orch_server.storage.scope import Kind, Scope
from orch_server.storage.tables import deployment_version, flow_run, lease, session, work_pool
from orch_server.storage.types import BIG, ID, INSTANT, SMALL, later


def _renewed(kind: Kind) -> ColumnElement[Any]:
    """A full TTL from now."""
    return later(bindparam("now", type_=INSTANT), lease.c.ttl_ms, kind)


@cache
def _renew(kind: Kind) -> tuple[Batch, Update]:
    """The heartbeat. An old token finds no row: nothing is written, and its holder hears LOST."""
    batch = Batch(kind, run_id=ID, named_token=BIG, named_phase=SMALL, named_session=ID)
    c = batch.table.c
    statement = (
        update(lease)
        .where(
            lease.c.flow_run_id == c.run_id,
            lease.c.token == c.named_token,
            leases_locked(kind),
        )
        .values(
            expire_time=_renewed(kind),
            phase=c.named_phase,
            session_id=func.coalesce(c.named_session, lease.c.session_id),
        )
        .returning(lease.c.flow_run_id, lease.c.token, lease.c.ttl_ms)
    )
    return batch, statement


@cache
def _adopt(kind: Kind) -> Update:
    adopter = bindparam("adopter", type_=ID)
    return (
        update(lease)
        .where(
            lease.c.flow_run_id == bindparam("run_id"),
            lease.c.token == bindparam("named_token"),
            or_(lease.c.adopter_id.is_(None), lease.c.adopter_id == adopter),
        )
        .values(adopter_id=adopter, phase=LeasePhase.RUNNING, expire_time=_renewed(kind))
    )


@cache
def _drop_expired(kind: Kind) -> Executable:
    """Expiry is looked at in the statement that ends the lease: a renewal that came between is honoured."""
    overdue = lease.c.expire_time <= bindparam("now", type_=INSTANT)
    named = one_of(lease.c.flow_run_id, "ids", kind)
    return delete(lease).where(named, overdue, leases_locked(kind, overdue)).returning(lease)


@cache
def _extend_all(kind: Kind) -> Update:
    return update(lease).where(lease.c.expire_time < _renewed(kind)).values(expire_time=_renewed(kind))


_EXPIRED = (
    select(lease.c.flow_run_id)
    .where(lease.c.expire_time <= bindparam("now", type_=INSTANT))
    .order_by(lease.c.expire_time)
    .limit(bindparam("most"))
)


@cache
def _get(kind: Kind) -> Select[Any]:
    return select(lease).where(one_of(lease.c.flow_run_id, "ids", kind))


@cache
def _launch_specs(kind: Kind) -> tuple[Batch, Select[Any]]:
    batch = Batch(kind, named_deployment=ID, named_number=BIG)
    c, named = deployment_version.c, batch.table.c
    same = and_(c.deployment_id == named.named_deployment, c.number == named.named_number)
    statement = select(c.deployment_id, c.number, c.launch_spec).select_from(batch.table.join(deployment_version, same))
    return batch, statement


class SqlLeases(SqlClaims):
    """The store's side of `LeaseRows`; what may be granted is in `claims.py`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def renew(self, renewals: Sequence[Renewal]) -> dict[tuple[UUID, int], timedelta]:
        """Extend leases by their full TTL from now, each guarded by its token; returns those that were, by how much."""
        if not renewals:
            return {}
        batch, statement = _renew(self._scope.kind)
        rows = [(each.flow_run_id, each.token, int(each.phase), each.session_id) for each in renewals]
        named = {"now": self._scope.now, "ids": sorted({each.flow_run_id for each in renewals})}
        found = self._scope.rows(statement, {**batch.parameters(rows), **named})
        return {(row.flow_run_id, row.token): timedelta(milliseconds=row.ttl_ms) for row in found}

    def adopt(self, flow_run_id: UUID, token: int, adopter_id: UUID) -> bool:
        """Make a process the holder where none is yet, or the same is already, and renew; False where another is."""
        named = {"run_id": flow_run_id, "named_token": token, "adopter": adopter_id, "now": self._scope.now}
        return self._scope.written(_adopt(self._scope.kind), named) == 1

    def drop_expired(self, flow_run_ids: Sequence[UUID]) -> list[Lease]:
        """End those leases of locked runs that have expired by now: finding and ending are one statement."""
        if not flow_run_ids:
            return []
        named = {"ids": sorted(flow_run_ids), "now": self._scope.now}
        rows = self._scope.connection.execute(_drop_expired(self._scope.kind), named)
        return [lease_of(row) for row in rows]

    def expired(self, *, limit: int) -> list[UUID]:
        """Runs whose lease has expired, without locking anything."""
        rows = self._scope.rows(_EXPIRED, {"now": self._scope.now, "most": limit})
        return [row.flow_run_id for row in rows]

    def extend_all(self) -> int:
        """Grant every lease one full TTL from now, never less than it has; returns how many were extended."""
        return self._scope.connection.execute(_extend_all(self._scope.kind), {"now": self._scope.now}).rowcount

    def of_session(self, session_id: UUID) -> list[Lease]:
        """The leases that a session holds."""
        return [
            lease_of(row)
            for row in self._scope.connection.execute(select(lease).where(lease.c.session_id == session_id))
        ]

    def get(self, flow_run_ids: Sequence[UUID]) -> dict[UUID, Lease]:
        """Leases by run."""
        rows = self._scope.rows(_get(self._scope.kind), {"ids": list(flow_run_ids)})
        return {row.flow_run_id: lease_of(row) for row in rows}

    def pool_ttls(self, work_pool_ids: Set[UUID]) -> dict[UUID, timedelta]:
        """How long a lease lasts in each of these pools."""
        statement = select(work_pool.c.id, work_pool.c.lease_ttl_ms).where(work_pool.c.id.in_(work_pool_ids))
        rows = self._scope.connection.execute(statement)
        return {row.id: timedelta(milliseconds=row.lease_ttl_ms) for row in rows}

    def forget_session(self, session_id: UUID) -> None:
        """From now on only their own processes hold the leases that this session held."""
        self._scope.connection.execute(update(lease).where(lease.c.session_id == session_id).values(session_id=None))

    def launch_specs(self, versions: Set[tuple[UUID, int]]) -> dict[tuple[UUID, int], LaunchSpec]:
        """How runs are started, by deployment and version."""
        if not versions:
            return {}
        batch, statement = _launch_specs(self._scope.kind)
        rows = self._scope.rows(statement, batch.parameters(sorted(versions)))
        return {(row.deployment_id, row.number): load_launch_spec(row.launch_spec) for row in rows}

    def page(
        self,
        *,
        work_pool_id: UUID | None,
        session_id: UUID | None,
        before: UUID | None,
        limit: int,
        flow_run_id: UUID | None = None,
    ) -> list[LeaseView]:
        """Leases by run id, newest first, for onlookers. None: of whichever pool, session or run."""
        conditions = [
            lease.c.flow_run_id == flow_run_id if flow_run_id is not None else None,
            lease.c.work_pool_id == work_pool_id if work_pool_id is not None else None,
            lease.c.session_id == session_id if session_id is not None else None,
            lease.c.flow_run_id < before if before is not None else None,
        ]
        statement = (
            select(lease, session.c.worker_name, work_pool.c.name.label("work_pool_name"), flow_run.c.holder_name)
            .outerjoin(flow_run, flow_run.c.id == lease.c.flow_run_id)
            .outerjoin(session, session.c.id == lease.c.session_id)
            .outerjoin(work_pool, work_pool.c.id == lease.c.work_pool_id)
            .where(and_(True, *(each for each in conditions if each is not None)))
            .order_by(lease.c.flow_run_id.desc())
            .limit(limit)
        )
        now = self._scope.now
        return [
            LeaseView(
                lease_of(row),
                row.worker_name or "",
                row.work_pool_name or "",
                row.expire_time - now,
                row.holder_name or "",
            )
            for row in self._scope.connection.execute(statement)
        ]
