"""Leases: how long they last, when their holders should speak next, and when nobody's may expire.

A lease ties one attempt of a run to a holder. Its fencing token rises with every grant of the run. Only the
database's clock is compared with an expiry; everybody else hears durations.
"""

from datetime import datetime, timedelta
from enum import IntEnum
from uuid import UUID

from orch_server.domain.values import value

DEFAULT_TTL = timedelta(seconds=15)
MIN_TTL = timedelta(seconds=1)
MAX_TTL = timedelta(hours=1)


class LeasePhase(IntEnum):
    """How far a holder is with a lease, numbered as on the wire."""

    STARTING = 1
    RUNNING = 2
    STOPPING = 3


class LeaseVerdict(IntEnum):
    """What the control plane says of a lease that a holder names, numbered as on the wire."""

    OK = 1
    CANCEL = 2
    PAUSE = 3
    LOST = 4
    FINISHED = 5


@value
class Lease:
    """A lease as it stands in the store. `session_id` is None where the run's own process is the only holder."""

    flow_run_id: UUID
    token: int
    session_id: UUID | None
    request_id: UUID | None
    """The wish that it answered: a repeat of that wish gets it again."""
    work_pool_id: UUID | None
    """None, as the queue, for a run that its own process started."""
    work_queue_id: UUID | None
    deployment_id: UUID | None
    phase: LeasePhase
    adopter_id: UUID | None
    """The process that took its place as holder; None while only the worker holds it."""
    ttl: timedelta
    grant_time: datetime
    expire_time: datetime


@value
class ProcessHolder:
    """A process that runs a run without a worker.

    id: a UUID that the process made. name: for people, and for other processes on its machine, which may see by it
    whether this one lives. lease_ttl: how long its leases last without a heartbeat.
    """

    id: UUID
    name: str
    lease_ttl: timedelta


def process_lease(flow_run_id: UUID, token: int, holder: ProcessHolder, *, now: datetime) -> Lease:
    """The lease of a process that holds a run without a worker, granted now: as if it had adopted it."""
    return Lease(
        flow_run_id=flow_run_id,
        token=token,
        session_id=None,
        request_id=None,
        work_pool_id=None,
        work_queue_id=None,
        deployment_id=None,
        phase=LeasePhase.RUNNING,
        adopter_id=holder.id,
        ttl=holder.lease_ttl,
        grant_time=now,
        expire_time=now + holder.lease_ttl,
    )


def next_sync(ttl: timedelta, *, load: float, chance: float) -> timedelta:
    """When a holder should speak next: a third of the TTL, half of it at full load, spread by ±10 %.

    So a holder has at least one more try before its lease ends, and holders that began together drift apart.
    `load` is the server's own measure from 0 (idle) to 1 (saturated); `chance` is drawn evenly from [0, 1).
    """
    share = 1 / 3 + (1 / 2 - 1 / 3) * min(max(load, 0.0), 1.0)
    return ttl * share * (0.9 + 0.2 * chance)


def amnesty_due(last_sweep: datetime | None, now: datetime, *, sweep_interval: timedelta) -> bool:
    """Whether nobody swept for so long that holders may have been unable to renew: then nobody may expire yet.

    The control plane's own outage expires nobody. A few missed rounds are an outage; a slow round is not.
    """
    if last_sweep is None:
        return True
    return now - last_sweep > max(3 * sweep_interval, timedelta(seconds=3))
