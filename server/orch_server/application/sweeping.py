"""Ending leases whose holders fell silent. Whoever sweeps after an outage grants every lease one full TTL first."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta

from orch_server.application.flow_run_rows import Change
from orch_server.application.holders import announce_change
from orch_server.application.ports import Transaction, session_topic
from orch_server.domain.leases import Lease, amnesty_due
from orch_server.domain.runs import fall_silent
from orch_server.domain.states import TERMINAL, StateType
from orch_server.domain.values import value

LOST_CONTACT = "Contact to the run's holder was lost: no heartbeat for longer than the lease lasts."
SERVICE = "lease_sweeper"


@value
class Swept:
    """What a round did: how many leases expired, how many an amnesty extended, and whether more may be waiting.

    expired_by_pool: the same leases by their pool's name, empty where the pool is gone or there was none. ended: runs
    that ended by it.
    """

    expired: int = 0
    extended: int = 0
    more: bool = False
    expired_by_pool: Mapping[str, int] = field(default_factory=dict)
    ended: Mapping[StateType, int] = field(default_factory=dict)


def sweep(tx: Transaction, *, sweep_interval: timedelta, limit: int) -> Swept:
    """One round: amnesty after a gap, else up to `limit` expired leases end and their runs go where the rules say."""
    last: datetime | None = tx.background.begin(SERVICE)
    if amnesty_due(last, tx.now, sweep_interval=sweep_interval):
        return Swept(extended=tx.leases.extend_all())
    overdue = tx.leases.expired(limit=limit)
    runs = tx.flow_runs.lock(overdue, skip_locked=True)
    dropped = tx.leases.drop_expired(list(runs))
    changes = [
        Change(run, fall_silent(run, lease.phase, now=tx.now, message=LOST_CONTACT))
        for run, lease in ((runs[lease.flow_run_id], lease) for lease in dropped)
    ]
    tx.flow_runs.change(changes)
    for change in changes:
        announce_change(tx, change)
    tx.announce(*(session_topic(lease.session_id) for lease in dropped if lease.session_id is not None))
    return Swept(
        expired=len(dropped),
        more=len(overdue) == limit,
        expired_by_pool=_by_pool(tx, dropped),
        ended=Counter(change.after.state.type for change in changes if change.after.state.type in TERMINAL),
    )


def _by_pool(tx: Transaction, leases: Sequence[Lease]) -> Mapping[str, int]:
    if not leases:
        return {}
    pool_ids = {lease.work_pool_id for lease in leases if lease.work_pool_id is not None}
    names = tx.meters.pool_names(pool_ids) if pool_ids else {}
    return Counter(names.get(lease.work_pool_id, "") if lease.work_pool_id is not None else "" for lease in leases)
