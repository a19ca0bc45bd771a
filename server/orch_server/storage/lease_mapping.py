"""Between rows of leases and their values, and how leases are locked."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, select

from orch_server.domain.leases import Lease, LeasePhase
from orch_server.storage.batch import Cell, once_locked, one_of
from orch_server.storage.scope import Kind
from orch_server.storage.tables import lease


def leases_locked(kind: Kind, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """A condition that is always true, once the leases of the runs in `ids` are locked in the order of those ids."""
    locked = select(lease.c.flow_run_id).where(one_of(lease.c.flow_run_id, "ids", kind), *conditions)
    return once_locked(locked.order_by(lease.c.flow_run_id))


def lease_row(each: Lease) -> dict[str, Cell]:
    """A lease as a row."""
    return {
        "flow_run_id": each.flow_run_id,
        "token": each.token,
        "session_id": each.session_id,
        "request_id": each.request_id,
        "work_pool_id": each.work_pool_id,
        "work_queue_id": each.work_queue_id,
        "deployment_id": each.deployment_id,
        "phase": int(each.phase),
        "adopter_id": each.adopter_id,
        "ttl_ms": each.ttl // timedelta(milliseconds=1),
        "grant_time": each.grant_time,
        "expire_time": each.expire_time,
    }


def lease_of(row: Row[*tuple[Any, ...]]) -> Lease:
    """A row's lease."""
    return Lease(
        flow_run_id=row.flow_run_id,
        token=row.token,
        session_id=row.session_id,
        request_id=row.request_id,
        work_pool_id=row.work_pool_id,
        work_queue_id=row.work_queue_id,
        deployment_id=row.deployment_id,
        phase=LeasePhase(row.phase),
        adopter_id=row.adopter_id,
        ttl=timedelta(milliseconds=row.ttl_ms),
        grant_time=row.grant_time,
        expire_time=row.expire_time,
    )
