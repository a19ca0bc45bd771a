"""Granting runs to workers: one transaction for all that wait in one pool.

The database decides: sessions are share-locked while they are granted to (so that an acknowledged drain is final),
runs are locked as they are picked (so that two servers never pick the same), and limits are counted from live leases.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from orch_server.application.flow_run_rows import Change
from orch_server.application.lease_rows import NO_BACKLOG, Backlog, Claimable, PoolCapacity, QueueCapacity, Wish
from orch_server.application.ports import LIMITS_TOPIC, Transaction, run_topic
from orch_server.domain.flow_runs import FlowRun
from orch_server.domain.launch import NO_LAUNCH_SPEC, LaunchSpec
from orch_server.domain.leases import Lease, LeasePhase
from orch_server.domain.runs import apply
from orch_server.domain.states import StateType
from orch_server.domain.transitions import Event, transition
from orch_server.domain.values import changed, value


@value
class GrantedLease:
    """What a holder is told: the lease, the run, and how to start it."""

    lease: Lease
    run: FlowRun
    launch_spec: LaunchSpec


@dataclass(frozen=True, slots=True)
class Grants:
    """What came of the wishes of one pool, in their order. None: the session is closed, unknown or draining."""

    answers: tuple[tuple[GrantedLease, ...] | None, ...]
    backlog: Backlog


def grant(tx: Transaction, work_pool_id: UUID, wishes: Sequence[Wish]) -> Grants:
    """Grant what the pool has to those who wish, one each in turn; wishes that were granted before get that again."""
    sessions = tx.sessions.open_for_grants(wishes)
    served, before = sessions.queue_names, sessions.granted
    repeated = {(lease.session_id, lease.request_id) for lease in before}
    # A caller that lost its connection may wish again while its first call still waits: that is one wish.
    fresh = {
        (wish.session_id, wish.request_id): _Taker(wish, served[wish.session_id], wish.limit)
        for wish in wishes
        if wish.session_id in served and (wish.session_id, wish.request_id) not in repeated
    }
    takers = list(fresh.values())
    picks, backlog = _pick(tx, work_pool_id, takers)
    granted = _grant_picks(tx, picks) + _again(tx, before)
    specs = tx.leases.launch_specs({_version(run) for _, run in granted if run.deployment_id is not None})
    answers: dict[tuple[UUID | None, UUID | None], list[GrantedLease]] = {}
    for lease, run in granted:
        spec = specs.get(_version(run), NO_LAUNCH_SPEC)
        answers.setdefault((lease.session_id, lease.request_id), []).append(GrantedLease(lease, run, spec))
    return Grants(
        tuple(
            tuple(answers.get((wish.session_id, wish.request_id), ()))
            if wish.session_id in served or (wish.session_id, wish.request_id) in repeated
            else None
            for wish in wishes
        ),
        backlog,
    )


@dataclass(slots=True)
class _Taker:
    """A wish as it is being filled."""

    wish: Wish
    queue_names: tuple[str, ...]
    wants: int

    def serves(self, queue: QueueCapacity) -> bool:
        return not self.queue_names or queue.name in self.queue_names


@value
class _Pick:
    run: FlowRun
    lease: Lease


def _version(run: FlowRun) -> tuple[UUID, int]:
    return (run.deployment_id or run.flow_id, run.deployment_version)


def _pick(tx: Transaction, work_pool_id: UUID, takers: Sequence[_Taker]) -> tuple[list[_Pick], Backlog]:
    """Lock due runs, queue by queue in order of priority, and deal them out."""
    wanted = sum(taker.wants for taker in takers)
    capacity = tx.leases.capacity(work_pool_id, wanted=wanted) if wanted else None
    if capacity is None:
        return [], NO_BACKLOG
    left, picks = capacity.total, list[_Pick]()
    slots = _DeploymentSlots(tx)
    for queue in capacity.queues:
        line = deque(taker for taker in takers if taker.wants and taker.serves(queue))
        most = min(queue.room, left, sum(taker.wants for taker in line))
        runs = _due(tx, queue, most, slots)
        left -= len(runs)
        picks += [_deal(tx, work_pool_id, capacity, queue, run, line) for run in runs]
    if picks:
        return picks, NO_BACKLOG
    return picks, tx.leases.backlog([queue.id for queue in capacity.queues])


def _due(tx: Transaction, queue: QueueCapacity, most: int, slots: "_DeploymentSlots") -> list[FlowRun]:
    """Up to `most` due runs of a queue, passing over those of deployments that are at their limit."""
    found: dict[UUID, FlowRun] = {}
    while most > len(found):
        candidates = tx.leases.claimable(queue.id, limit=most, without_deployments=slots.full())
        # What was found before is still queued, and comes again.
        fresh = [each for each in candidates if each.run.id not in found][: most - len(found)]
        slots.look(fresh)
        taken = [each.run for each in fresh if slots.take(each.run)]
        if len(taken) < len(fresh):
            slots.announce()
        found |= {run.id: run for run in taken}
        if len(candidates) < most or len(taken) == len(fresh):
            break
    return list(found.values())


class _DeploymentSlots:
    """Free slots of the deployments that have a limit, looked up as their runs are met."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._free: dict[UUID, int] = {}

    def announce(self) -> None:
        """Say that runs wait for a deployment that is full."""
        self._tx.announce(LIMITS_TOPIC)

    def full(self) -> set[UUID]:
        """Deployments that may have no more."""
        return {deployment for deployment, free in self._free.items() if free <= 0}

    def look(self, candidates: Sequence[Claimable]) -> None:
        """Learn of the deployments of these runs."""
        met = {each.run.deployment_id for each in candidates if each.limited and each.run.deployment_id is not None}
        if new := met - self._free.keys():
            self._free |= self._tx.leases.free_slots(new)

    def take(self, run: FlowRun) -> bool:
        """Take a slot for a run; False where its deployment has none left."""
        if run.deployment_id is None or run.deployment_id not in self._free:
            return True
        self._free[run.deployment_id] -= 1
        return self._free[run.deployment_id] >= 0


def _deal(
    tx: Transaction,
    work_pool_id: UUID,
    capacity: PoolCapacity,
    queue: QueueCapacity,
    run: FlowRun,
    line: deque[_Taker],
) -> _Pick:
    """Give a run to whoever is first in the line; who wants more goes to its end."""
    taker = line.popleft()
    taker.wants -= 1
    if taker.wants:
        line.append(taker)
    lease = Lease(
        flow_run_id=run.id,
        token=run.facts.token + 1,
        session_id=taker.wish.session_id,
        request_id=taker.wish.request_id,
        work_pool_id=work_pool_id,
        work_queue_id=queue.id,
        deployment_id=run.deployment_id,
        phase=LeasePhase.STARTING,
        adopter_id=None,
        ttl=capacity.lease_ttl,
        grant_time=tx.now,
        expire_time=tx.now + capacity.lease_ttl,
    )
    return _Pick(run, lease)


def _grant_picks(tx: Transaction, picks: Sequence[_Pick]) -> list[tuple[Lease, FlowRun]]:
    """Raise the tokens and write the leases."""
    step = transition(StateType.SCHEDULED, Event.GRANT)
    if step is None:
        raise AssertionError("the table of transitions grants nothing")
    granted = [(pick, apply(pick.run.facts, step, now=tx.now)) for pick in picks]
    changes = [Change(pick.run.facts, (after,)) for pick, after in granted]
    tx.flow_runs.change(changes, granted=[pick.lease for pick in picks])
    tx.announce(*(run_topic(pick.run.id) for pick in picks))
    return [(pick.lease, changed(pick.run, facts=after, update_time=tx.now)) for pick, after in granted]


def _again(tx: Transaction, leases: Sequence[Lease]) -> list[tuple[Lease, FlowRun]]:
    """What was granted before and lives, for a holder that lost the answer."""
    runs = tx.flow_runs.get([lease.flow_run_id for lease in leases]) if leases else {}
    return [(lease, runs[lease.flow_run_id]) for lease in leases if lease.flow_run_id in runs]
