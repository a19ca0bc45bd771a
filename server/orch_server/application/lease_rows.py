"""The ports to leases and sessions in the store. Every write of a holder is guarded by its token in the statement."""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from orch_server.domain.deployments import ConcurrencyPolicy
from orch_server.domain.flow_runs import FlowRun
from orch_server.domain.launch import LaunchSpec
from orch_server.domain.leases import Lease, LeasePhase
from orch_server.domain.values import value


@value
class Session:
    """One session of a worker."""

    id: UUID
    work_pool_id: UUID
    work_pool_name: str
    worker_name: str
    work_queue_names: tuple[str, ...]
    slots: int
    labels: tuple[tuple[str, str], ...]
    capabilities: tuple[str, ...]
    worker_version: str
    draining: bool
    closed: bool
    create_time: datetime
    last_seen_time: datetime
    lease_ttl: timedelta
    held_leases: int = 0


@value
class Wish:
    """One session's wish for runs: at most `limit` of them."""

    session_id: UUID
    request_id: UUID
    limit: int


@value
class OpenSessions:
    """Sessions that wish for runs."""

    queue_names: Mapping[UUID, tuple[str, ...]]
    """Those that are open and not draining, with the queues they serve; no names: all of the pool."""
    granted: tuple[Lease, ...]
    """Live leases that earlier calls with the same sessions and request ids were granted."""


@value
class HeardSession:
    """An open session that has just been heard of, and how long a lease lasts in its pool."""

    draining: bool
    lease_ttl: timedelta


@value
class Renewal:
    """A holder names a lease. `session_id` is None where the run's own process does."""

    flow_run_id: UUID
    token: int
    phase: LeasePhase
    session_id: UUID | None


@value
class QueueCapacity:
    """How many runs a queue may still grant now, at most what was asked for."""

    id: UUID
    name: str
    room: int


@value
class PoolCapacity:
    """What a pool may still grant now, counted from its live leases."""

    lease_ttl: timedelta
    queues: tuple[QueueCapacity, ...]
    """Open queues in order of priority."""
    total: int
    """How many runs the pool may grant in all, at most what was asked for."""


@value
class Claimable:
    """A locked run that may be granted, if its deployment's limit, where it has one (`limited`), has room."""

    run: FlowRun
    limited: bool


@value
class FullDeployment:
    """A deployment that is at its limit, and does not just let its runs wait."""

    id: UUID
    limit: int
    policy: ConcurrencyPolicy


@value
class Backlog:
    """What waits in a pool's queues that could not be granted."""

    next_due: timedelta | None
    """How long until the next run comes due, by the database's clock; None where none is timed."""
    blocked: bool
    """Whether runs are due that a limit, or an earlier run of their schedule, keeps waiting."""


NO_BACKLOG = Backlog(None, blocked=False)


@value
class LeaseView:
    """A lease as an onlooker sees it; `remaining` is negative where it is overdue. `holder_name` is of the process that
    took the run without a worker."""

    lease: Lease
    worker_name: str
    work_pool_name: str
    remaining: timedelta
    holder_name: str = ""


class LeaseRows(Protocol):
    """Leases: at most one a run, always of its newest token."""

    def capacity(self, work_pool_id: UUID, *, wanted: int) -> PoolCapacity | None:
        """What the pool may grant, at most `wanted` a queue, counted from its live leases.

        Where a limit exists, the pool is locked until the transaction ends, so that two servers cannot both use the
        last slot. None where the pool is paused or not there.
        """
        ...

    def claimable(self, work_queue_id: UUID, *, limit: int, without_deployments: Set[UUID]) -> list[Claimable]:
        """Runs of a queue whose time has come, oldest first, locked; those that others have locked are skipped.

        Runs that wait for earlier ones of their schedule are left out.
        """
        ...

    def free_slots(self, deployment_ids: Set[UUID]) -> dict[UUID, int]:
        """How many more runs of deployments that have a limit may hold a lease, counted from live leases.

        The deployments are locked until the transaction ends, so that two servers cannot both use the last slot.
        """
        ...

    def held_by_deployment(self, deployment_ids: Set[UUID]) -> dict[UUID, int]:
        """How many runs of these deployments hold a lease now, without locking anything; 0 is left out."""
        ...

    def runs_held_by_deployment(self, deployment_ids: Set[UUID]) -> dict[UUID, list[UUID]]:
        """Which runs of these deployments hold a lease now, without locking anything."""
        ...

    def full_deployments(self) -> list[FullDeployment]:
        """Deployments that are at their limit now, and whose policy is not to let runs wait."""
        ...

    def waiting_for(self, deployment_ids: Set[UUID], *, limit: int) -> list[tuple[UUID, UUID]]:
        """Runs of these deployments that are due and were never granted, newest first, each after its deployment."""
        ...

    def backlog(self, work_queue_ids: Sequence[UUID]) -> Backlog:
        """What waits in queues, due or not."""
        ...

    def launch_specs(self, versions: Set[tuple[UUID, int]]) -> dict[tuple[UUID, int], LaunchSpec]:
        """How runs are started, by deployment and version."""
        ...

    def renew(self, renewals: Sequence[Renewal]) -> dict[tuple[UUID, int], timedelta]:
        """Extend leases by their full TTL from now, each guarded by its token.

        Returns those (run, token) that were extended, and by how much.
        """
        ...

    def adopt(self, flow_run_id: UUID, token: int, adopter_id: UUID) -> bool:
        """Make a process the holder where none is yet, or the same is already, and renew; False where another is."""
        ...

    def drop_expired(self, flow_run_ids: Sequence[UUID]) -> list[Lease]:
        """End those leases of locked runs that have expired by now: finding and ending are one statement."""
        ...

    def expired(self, *, limit: int) -> list[UUID]:
        """Runs whose lease has expired, without locking anything."""
        ...

    def extend_all(self) -> int:
        """Grant every lease one full TTL from now, never less than it has; returns how many."""
        ...

    def of_session(self, session_id: UUID) -> list[Lease]:
        """The leases that a session holds."""
        ...

    def get(self, flow_run_ids: Sequence[UUID]) -> dict[UUID, Lease]:
        """Leases by run."""
        ...

    def pool_ttls(self, work_pool_ids: Set[UUID]) -> dict[UUID, timedelta]:
        """How long a lease lasts in each of these pools."""
        ...

    def forget_session(self, session_id: UUID) -> None:
        """From now on only their own processes hold the leases that this session held."""
        ...

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
        ...


class SessionRows(Protocol):
    """Sessions of workers."""

    def add(self, session: Session) -> None:
        """Insert a session."""
        ...

    def get(self, session_id: UUID) -> Session | None:
        """One session."""
        ...

    def page(
        self, *, work_pool_id: UUID | None, include_closed: bool, before: UUID | None, limit: int
    ) -> list[Session]:
        """Sessions, newest first."""
        ...

    def open_for_grants(self, wishes: Sequence[Wish]) -> OpenSessions:
        """Which sessions of these wishes may be granted runs, kept so until the transaction ends."""
        ...

    def still_open(self, session_ids: Sequence[UUID]) -> Set[UUID]:
        """Those sessions that are not closed, without locking them."""
        ...

    def touch(self, seen: Sequence[tuple[UUID, bool]]) -> dict[UUID, HeardSession]:
        """Sessions were heard of, each perhaps draining from now on; returns those that are still open."""
        ...

    def drain(self, session_id: UUID) -> bool:
        """Grant nothing more to a session; False where it is not there."""
        ...

    def close(self, session_id: UUID) -> bool:
        """End a session; False where it is not there or was closed before."""
        ...
