"""Workers' sessions: opened, hinted, drained, closed; and who they are."""

from collections.abc import AsyncGenerator, Mapping
from uuid import UUID

from orch_server.application.errors import FailedPrecondition, NotFound
from orch_server.application.flow_run_rows import Change
from orch_server.application.holders import apply_changes
from orch_server.application.lease_rows import LeaseView, Session
from orch_server.application.pages import Page, PageRequest, id_key, page_of
from orch_server.application.ports import Ids, Store, Transaction, Wakeups, session_topic
from orch_server.application.replies import A, Reply, once
from orch_server.application.session_hints import SessionHints
from orch_server.application.waiting import Bell
from orch_server.application.work_pools import pool_not_found
from orch_server.application.work_queues import queue_not_found
from orch_server.domain.runs import apply
from orch_server.domain.states import StateType
from orch_server.domain.transitions import Event, transition
from orch_server.domain.values import value
from orch_server.domain.work_pools import WorkPool

PROTOCOL_VERSIONS = (1,)
"""Versions of the worker protocol that this control plane speaks, ascending."""


@value
class NewSession:
    """Who opens a session."""

    worker_name: str
    work_pool_name: str
    work_queue_names: tuple[str, ...]
    slots: int
    labels: Mapping[str, str]
    capabilities: tuple[str, ...]
    worker_version: str
    protocol_version: int = 0
    """Of the worker protocol; 0: it does not say, and is taken to speak the first."""


@value
class OpenedSession:
    """A session, and the pool it serves."""

    session: Session
    pool: WorkPool


class Workers:
    """The use cases of sessions."""

    def __init__(self, store: Store, ids: Ids, wakeups: Wakeups, hints: SessionHints) -> None:
        self._store = store
        self._ids = ids
        self._wakeups = wakeups
        self._hints = hints

    async def open(self, new: NewSession, reply: Reply[OpenedSession, A]) -> A:
        """Open a session. Raises NotFound for an unknown pool or queue, FailedPrecondition for an unknown protocol."""
        _refuse_protocol(new.protocol_version)
        return await self._store.write(lambda tx: once(tx, reply, lambda: self._open(tx, new)))

    def _open(self, tx: Transaction, new: NewSession) -> OpenedSession:
        pool = tx.work_pools.get(new.work_pool_name)
        if pool is None:
            raise pool_not_found(tx, new.work_pool_name)
        for name in new.work_queue_names:
            if tx.work_queues.get(new.work_pool_name, name) is None:
                raise queue_not_found(tx, new.work_pool_name, name)
        session = Session(
            id=self._ids.new(tx.now),
            work_pool_id=pool.id,
            work_pool_name=pool.name,
            worker_name=new.worker_name,
            work_queue_names=new.work_queue_names,
            slots=new.slots,
            labels=tuple(sorted(new.labels.items())),
            capabilities=new.capabilities,
            worker_version=new.worker_version,
            draining=False,
            closed=False,
            create_time=tx.now,
            last_seen_time=tx.now,
            lease_ttl=pool.lease_ttl,
        )
        tx.sessions.add(session)
        return OpenedSession(session, pool)

    async def close(self, session_id: UUID) -> int:
        """End a session; returns how many leases went back to their queue. Closing twice does no harm."""
        released = await self._store.write(lambda tx: _close(tx, session_id))
        self._hints.forget(session_id)
        return released

    async def drain(self, session_id: UUID, reply: Reply[Session, A]) -> A:
        """Grant nothing more to a session, and tell it. Raises NotFound."""
        return await self._store.write(lambda tx: once(tx, reply, lambda: _drain(tx, session_id)))

    async def get(self, session_id: UUID) -> Session:
        """One session. Raises NotFound."""
        found = await self._store.read(lambda tx: tx.sessions.get(session_id))
        if found is None:
            raise NotFound("session", str(session_id))
        return found

    async def page(self, request: PageRequest, *, work_pool_name: str, include_closed: bool) -> Page[Session]:
        """Sessions, newest first."""
        before = id_key(request)

        def look(tx: Transaction) -> list[Session]:
            pool_id = _pool_id(tx, work_pool_name)
            return tx.sessions.page(
                work_pool_id=pool_id, include_closed=include_closed, before=before, limit=request.size + 1
            )

        rows = await self._store.read(look)
        return page_of(rows, size=request.size, scope=request.scope, key=[(str(each.id),) for each in rows])

    async def leases(
        self, request: PageRequest, *, work_pool_name: str, session_id: UUID | None, flow_run_id: UUID | None = None
    ) -> Page[LeaseView]:
        """Leases, those of the newest runs first. None: of every session or run."""
        before = id_key(request)

        def look(tx: Transaction) -> list[LeaseView]:
            pool_id = _pool_id(tx, work_pool_name)
            return tx.leases.page(
                work_pool_id=pool_id,
                session_id=session_id,
                flow_run_id=flow_run_id,
                before=before,
                limit=request.size + 1,
            )

        rows = await self._store.read(look)
        keys = [(str(each.lease.flow_run_id),) for each in rows]
        return page_of(rows, size=request.size, scope=request.scope, key=keys)

    async def watch(self, session_id: UUID) -> AsyncGenerator[Session]:
        """The session, at first, when it should sync or drain, and now and then, until its end. Raises NotFound."""
        with Bell(self._wakeups, [session_topic(session_id)]) as bell:
            while True:
                bell.reset()
                session = await self.get(session_id)
                if session.closed:
                    return
                yield session
                await bell.wait(_HINTLESS_SECONDS)


_HINTLESS_SECONDS = 30.0
"""After so long a silence a hint is sent anyway: one may have been lost."""


def _refuse_protocol(version: int) -> None:
    if version == 0 or version in PROTOCOL_VERSIONS:
        return
    known = ", ".join(map(str, PROTOCOL_VERSIONS))
    older = version < PROTOCOL_VERSIONS[0]
    raise FailedPrecondition(
        f"The worker speaks version {version} of the worker protocol, and this control plane speaks {known}. Upgrade "
        + ("the worker." if older else "the control plane, or run a worker of its version."),
        reason="PROTOCOL_VERSION",
        metadata={"asked": str(version), "supported": known},
    )


def _pool_id(tx: Transaction, name: str) -> UUID | None:
    if not name:
        return None
    pool = tx.work_pools.get(name)
    if pool is None:
        raise pool_not_found(tx, name)
    return pool.id


def _drain(tx: Transaction, session_id: UUID) -> Session:
    tx.sessions.drain(session_id)
    session = tx.sessions.get(session_id)
    if session is None:
        raise NotFound("session", str(session_id))
    tx.announce(session_topic(session_id))
    return session


def _close(tx: Transaction, session_id: UUID) -> int:
    """Runs and leases first, the session last, as everywhere. What is granted in between falls back by its TTL."""
    if tx.sessions.get(session_id) is None:
        raise NotFound("session", str(session_id))
    runs = tx.flow_runs.lock([lease.flow_run_id for lease in tx.leases.of_session(session_id)])
    # Read again under the locks: a process may have adopted its lease meanwhile.
    waiting = {(each.flow_run_id, each.token) for each in tx.leases.of_session(session_id) if each.adopter_id is None}
    step = transition(StateType.PENDING, Event.REQUEUE)
    changes = [
        Change(run, (apply(run, step, now=tx.now, message="Its worker closed its session."),))
        for run in runs.values()
        if step is not None and run.state.type == StateType.PENDING and (run.id, run.token) in waiting
    ]
    apply_changes(tx, changes)
    tx.leases.forget_session(session_id)
    tx.sessions.close(session_id)
    tx.announce(session_topic(session_id))
    return len(changes)
