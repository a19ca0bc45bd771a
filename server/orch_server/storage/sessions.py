"""Sessions of workers."""

import json
from collections.abc import Sequence, Set
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Update, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.types import Boolean

from orch_server.application.lease_rows import HeardSession, OpenSessions, Session, Wish
from orch_server.storage.batch import Batch, once_locked, one_of
from orch_server.storage.lease_mapping import lease_of
from orch_server.storage.scope import Kind, Scope, stamped
from orch_server.storage.tables import lease, session, work_pool
from orch_server.storage.types import ID, INSTANT

_HELD = select(func.count()).where(lease.c.session_id == session.c.id).scalar_subquery()
_WHOLE = select(
    session, work_pool.c.name.label("work_pool_name"), work_pool.c.lease_ttl_ms, _HELD.label("held_leases")
).join(work_pool, work_pool.c.id == session.c.work_pool_id)
_ONE = _WHOLE.where(session.c.id == bindparam("session_id"))


@cache
def _open_for_grants(kind: Kind) -> Select[Any]:
    """Sessions that wish for runs, share-locked: who drains one waits until the grants are committed.

    With each come the leases that the same wish was granted before.
    """
    again = and_(lease.c.session_id == session.c.id, one_of(lease.c.request_id, "requests", kind))
    statement = (
        select(session.c.id, session.c.work_queue_names, session.c.draining, session.c.closed, lease)
        .outerjoin(lease, again)
        .where(one_of(session.c.id, "ids", kind))
        .order_by(session.c.id)
        .with_for_update(read=True, of=session)
    )
    return stamped(statement, kind)


@cache
def _still_open(kind: Kind) -> Select[tuple[UUID]]:
    return select(session.c.id).where(one_of(session.c.id, "ids", kind), ~session.c.closed)


_POOL_TTL = select(work_pool.c.lease_ttl_ms).where(work_pool.c.id == session.c.work_pool_id).scalar_subquery()


@cache
def _touch(kind: Kind) -> tuple[Batch, Update]:
    batch = Batch(kind, session_id=ID, drains=Boolean())
    c = batch.table.c
    locked = select(session.c.id).where(one_of(session.c.id, "ids", kind)).order_by(session.c.id)
    statement = (
        update(session)
        .where(session.c.id == c.session_id, ~session.c.closed, once_locked(locked))
        .values(last_seen_time=bindparam("now", type_=INSTANT), draining=or_(session.c.draining, c.drains))
        .returning(session.c.id, session.c.draining, _POOL_TTL.label("lease_ttl_ms"))
    )
    return batch, statement


class SqlSessions:
    """The store's side of `SessionRows`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def add(self, new: Session) -> None:
        """Insert a session."""
        row = {
            "id": new.id,
            "work_pool_id": new.work_pool_id,
            "worker_name": new.worker_name,
            "work_queue_names": json.dumps(new.work_queue_names),
            "slots": new.slots,
            "labels": json.dumps(dict(new.labels)),
            "capabilities": json.dumps(new.capabilities),
            "worker_version": new.worker_version,
            "draining": new.draining,
            "closed": new.closed,
            "create_time": new.create_time,
            "last_seen_time": new.last_seen_time,
        }
        self._scope.connection.execute(insert(session), row)

    def get(self, session_id: UUID) -> Session | None:
        """One session."""
        rows = self._scope.rows(_ONE, {"session_id": session_id})
        return _session(rows[0]) if rows else None

    def page(
        self, *, work_pool_id: UUID | None, include_closed: bool, before: UUID | None, limit: int
    ) -> list[Session]:
        """Sessions, newest first."""
        conditions = [
            session.c.work_pool_id == work_pool_id if work_pool_id is not None else None,
            ~session.c.closed if not include_closed else None,
            session.c.id < before if before is not None else None,
        ]
        statement = _WHOLE.where(and_(True, *(each for each in conditions if each is not None)))
        rows = self._scope.connection.execute(statement.order_by(session.c.id.desc()).limit(limit))
        return [_session(row) for row in rows]

    def open_for_grants(self, wishes: Sequence[Wish]) -> OpenSessions:
        """Which sessions of these wishes may be granted runs, kept so until the transaction ends."""
        named = {"ids": sorted({wish.session_id for wish in wishes}), "requests": [wish.request_id for wish in wishes]}
        asked = {(wish.session_id, wish.request_id) for wish in wishes}
        rows = self._scope.fetch(_open_for_grants(self._scope.kind), named)
        queue_names = {
            row.id: tuple(json.loads(row.work_queue_names)) for row in rows if not row.draining and not row.closed
        }
        granted = (lease_of(row) for row in rows if row.flow_run_id is not None)
        return OpenSessions(queue_names, tuple(each for each in granted if (each.session_id, each.request_id) in asked))

    def still_open(self, session_ids: Sequence[UUID]) -> Set[UUID]:
        """Those sessions that are not closed, without locking them."""
        if not session_ids:
            return set()
        rows = self._scope.rows(_still_open(self._scope.kind), {"ids": list(session_ids)})
        return {row.id for row in rows}

    def touch(self, seen: Sequence[tuple[UUID, bool]]) -> dict[UUID, HeardSession]:
        """Sessions were heard of, each perhaps draining from now on; returns those that are still open."""
        if not seen:
            return {}
        together: dict[UUID, bool] = {}
        for session_id, drains in seen:
            together[session_id] = drains or together.get(session_id, False)
        batch, statement = _touch(self._scope.kind)
        named = {**batch.parameters(list(together.items())), "now": self._scope.now, "ids": sorted(together)}
        rows = self._scope.rows(statement, named)
        return {row.id: HeardSession(row.draining, timedelta(milliseconds=row.lease_ttl_ms)) for row in rows}

    def drain(self, session_id: UUID) -> bool:
        """Grant nothing more to a session; False where it is not there."""
        statement = update(session).where(session.c.id == session_id).values(draining=True)
        return self._scope.connection.execute(statement).rowcount == 1

    def close(self, session_id: UUID) -> bool:
        """End a session; False where it is not there or was closed before."""
        statement = update(session).where(session.c.id == session_id, ~session.c.closed).values(closed=True)
        return self._scope.connection.execute(statement).rowcount == 1


def _session(row: Row[Any]) -> Session:
    return Session(
        id=row.id,
        work_pool_id=row.work_pool_id,
        work_pool_name=row.work_pool_name,
        worker_name=row.worker_name,
        work_queue_names=tuple(json.loads(row.work_queue_names)),
        slots=row.slots,
        labels=tuple(json.loads(row.labels).items()),
        capabilities=tuple(json.loads(row.capabilities)),
        worker_version=row.worker_version,
        draining=row.draining,
        closed=row.closed,
        create_time=row.create_time,
        last_seen_time=row.last_seen_time,
        lease_ttl=timedelta(milliseconds=row.lease_ttl_ms),
        held_leases=row.held_leases,
    )
