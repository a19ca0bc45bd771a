"""What holders say of the runs that they have: heartbeats, adoption, reports, release. Old tokens are told LOST.

Each function takes many callers' items in one transaction (group commit) and answers each.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from orch_server.application.errors import FailedPrecondition, NotFound
from orch_server.application.flow_run_rows import Change
from orch_server.application.grants import GrantedLease
from orch_server.application.lease_rows import HeardSession, Renewal
from orch_server.application.ports import Chance, Transaction, pool_topic, run_topic, slot_topic
from orch_server.domain.flow_runs import FlowRun
from orch_server.domain.launch import NO_LAUNCH_SPEC, LaunchSpec
from orch_server.domain.leases import DEFAULT_TTL, Lease, LeasePhase, LeaseVerdict, process_lease
from orch_server.domain.runs import (
    ReportVerdict,
    RunFacts,
    RunReport,
    apply,
    decide_report,
    reclaim,
)
from orch_server.domain.states import LEASED, TERMINAL, StateType
from orch_server.domain.transitions import Event, transition
from orch_server.domain.values import value

_GONE = "There is no such run (any more)."
_STALE = "Another grant of this run is newer."
_NO_POOL = "The run's work queue is gone; its holder cannot have it back."


@value
class HeldLease:
    """A lease as its holder names it."""

    flow_run_id: UUID
    token: int
    phase: LeasePhase


@value
class Heartbeat:
    """The whole of what a holder has. `session_id` is None where a run's process renews what it adopted."""

    session_id: UUID | None
    held: tuple[HeldLease, ...]
    draining: bool = False


@value
class SyncedLease:
    """The verdict on one held lease; `ttl` where it was renewed."""

    flow_run_id: UUID
    token: int
    verdict: LeaseVerdict
    ttl: timedelta | None = None
    message: str = ""


@value
class Synced:
    """The answer to a heartbeat."""

    leases: tuple[SyncedLease, ...]
    drain: bool
    shortest_ttl: timedelta
    """Of the leases that the holder has, and of those that its pool may grant it."""


@value
class Reported:
    """What became of one report or release. `state` is None where the run is not there."""

    flow_run_id: UUID
    sequence: int
    verdict: ReportVerdict
    message: str
    state: StateType | None


def sync(tx: Transaction, heartbeats: Sequence[Heartbeat]) -> list[Synced | Exception]:
    """Renew what holders name, and tell them what has become of it."""
    sessions = [(each.session_id, each.draining) for each in heartbeats if each.session_id]
    still_open = tx.sessions.still_open([session_id for session_id, _ in sessions])
    alive = [each for each in heartbeats if each.session_id is None or each.session_id in still_open]
    named = [(lease, each.session_id) for each in alive for lease in each.held]
    verdicts = _renewed(tx, named)
    lost = [(lease, session_id) for lease, session_id in named if (lease.flow_run_id, lease.token) not in verdicts]
    verdicts |= _reclaimed(tx, lost)
    # Sessions come last, as where runs are granted: who holds one then waits for nobody's runs and leases.
    heard = tx.sessions.touch(sessions)
    return [_answer(each, verdicts, heard) for each in heartbeats]


def _answer(
    heartbeat: Heartbeat, verdicts: dict[tuple[UUID, int], SyncedLease], heard: dict[UUID, HeardSession]
) -> Synced | Exception:
    session = heard.get(heartbeat.session_id) if heartbeat.session_id is not None else None
    if heartbeat.session_id is not None and session is None:
        return NotFound("session", str(heartbeat.session_id), "It was closed. Open a new one and sync with that.")
    leases = tuple(verdicts[lease.flow_run_id, lease.token] for lease in heartbeat.held)
    ttls = [each.ttl for each in leases if each.ttl is not None]
    if session is None:
        return Synced(leases, drain=False, shortest_ttl=min(ttls, default=DEFAULT_TTL))
    return Synced(leases, drain=session.draining, shortest_ttl=min([session.lease_ttl, *ttls]))


def _renewed(tx: Transaction, named: Sequence[tuple[HeldLease, UUID | None]]) -> dict[tuple[UUID, int], SyncedLease]:
    """The usual case: leases that are there under the named token. One statement renews, another looks at states."""
    if not named:
        return {}
    renewed = tx.leases.renew(
        [Renewal(lease.flow_run_id, lease.token, lease.phase, session_id) for lease, session_id in named]
    )
    states = tx.flow_runs.state_types([run_id for run_id, _ in renewed]) if renewed else {}
    cancelling = [run_id for run_id, (type_, _) in states.items() if type_ == StateType.CANCELLING]
    found = tx.flow_runs.get(cancelling) if cancelling else {}
    reasons = {run_id: run.facts.state.message for run_id, run in found.items()}
    verdicts: dict[tuple[UUID, int], SyncedLease] = {}
    for (run_id, token), ttl in renewed.items():
        verdict = LeaseVerdict.CANCEL if run_id in reasons else LeaseVerdict.OK
        verdicts[run_id, token] = SyncedLease(run_id, token, verdict, ttl, reasons.get(run_id, ""))
    return verdicts


def _reclaimed(tx: Transaction, lost: Sequence[tuple[HeldLease, UUID | None]]) -> dict[tuple[UUID, int], SyncedLease]:
    """The rare case: leases that are gone. A holder with the newest token has its run back, if nobody else got it."""
    if not lost:
        return {}
    runs = tx.flow_runs.lock([lease.flow_run_id for lease, _ in lost])
    # Somebody else who vouches for the run may have got it back while we waited for the lock.
    verdicts = _renewed(tx, [(lease, session_id) for lease, session_id in lost if _is_leased(lease, runs)])
    lost = [(lease, session_id) for lease, session_id in lost if (lease.flow_run_id, lease.token) not in verdicts]
    sessions = {(lease.flow_run_id, lease.token): session_id for lease, session_id in lost}
    back = [run for lease, _ in lost if (run := runs.get(lease.flow_run_id)) and run.token == lease.token]
    leases = restore(tx, {run.id: run for run in back}.values(), sessions)
    for held, _ in lost:
        key = (held.flow_run_id, held.token)
        verdicts[key] = _verdict_on_lost(held, runs.get(held.flow_run_id), leases.get(held.flow_run_id))
    return verdicts


def _is_leased(held: HeldLease, runs: dict[UUID, RunFacts]) -> bool:
    run = runs.get(held.flow_run_id)
    return run is not None and run.token == held.token and run.state.type in LEASED


def _verdict_on_lost(held: HeldLease, run: RunFacts | None, lease: Lease | None) -> SyncedLease:
    run_id, token = held.flow_run_id, held.token
    if lease is not None and lease.token == token:
        return SyncedLease(run_id, token, LeaseVerdict.OK, lease.ttl)
    if run is None:
        return SyncedLease(run_id, token, LeaseVerdict.LOST, message=_GONE)
    if run.token == token and run.state.type in TERMINAL:
        return SyncedLease(run_id, token, LeaseVerdict.FINISHED, message=f"The run has ended: {run.state.name}.")
    message = _STALE if run.token != token else "The lease was given back; the run is queued again."
    return SyncedLease(run_id, token, LeaseVerdict.LOST, message=message)


def restore(
    tx: Transaction, runs: Iterable[RunFacts], sessions: dict[tuple[UUID, int], UUID | None]
) -> dict[UUID, Lease]:
    """Give locked runs back to holders that had lost contact, where nobody else got them; returns the new leases."""
    returned = {run.id: (run, back[0]) for run in runs if (back := reclaim(run, now=tx.now)) is not None}
    leases = _fresh_leases(tx, [after for _, after in returned.values()], sessions)
    changes = [Change(run, (after,)) for run, after in returned.values() if run.id in leases]
    tx.flow_runs.change(changes, granted=list(leases.values()))
    tx.announce(*(run_topic(run_id) for run_id in leases))
    return leases


def _fresh_leases(
    tx: Transaction, facts: Sequence[RunFacts], sessions: dict[tuple[UUID, int], UUID | None]
) -> dict[UUID, Lease]:
    """Leases for runs that their holders have again, under the token they had. None for runs of deleted pools.

    They last as long as their pool's do, or, where a process holds the run without a worker, as long as it asked for.
    """
    if not facts:
        return {}
    runs = tx.flow_runs.get([each.id for each in facts])
    pool_ids = {each.work_pool_id for each in facts if each.work_pool_id is not None}
    ttls = tx.leases.pool_ttls(pool_ids) if pool_ids else {}
    leases: dict[UUID, Lease] = {}
    for each in facts:
        run = runs[each.id]
        if run.holder is not None:
            leases[each.id] = process_lease(each.id, each.token, run.holder, now=tx.now)
            continue
        if each.work_pool_id not in ttls or run.work_queue_id is None or not run.work_queue_name:
            continue
        ttl = ttls[each.work_pool_id]
        leases[each.id] = Lease(
            flow_run_id=each.id,
            token=each.token,
            session_id=sessions.get((each.id, each.token)),
            request_id=None,
            work_pool_id=each.work_pool_id,
            work_queue_id=run.work_queue_id,
            deployment_id=run.deployment_id,
            phase=LeasePhase.RUNNING,
            adopter_id=None,
            ttl=ttl,
            grant_time=tx.now,
            expire_time=tx.now + ttl,
        )
    return leases


@value
class Adoption:
    """A run's process that takes its place as holder."""

    flow_run_id: UUID
    token: int
    adopter_id: UUID
    flow_version: str = ""
    """Of the code that it runs; empty: nothing to say."""


def adopt(tx: Transaction, adoptions: Sequence[Adoption]) -> list[GrantedLease | Exception]:
    """Runs' processes take their places as holders. Only one process can; its repeat is answered alike.

    Answers FailedPrecondition (LEASE_LOST, RUN_ENDED, ALREADY_ADOPTED) and NotFound.
    """
    versioned = [each.flow_run_id for each in adoptions if each.flow_version]
    if versioned:  # runs are locked before leases, as everywhere
        tx.flow_runs.lock(versioned)
    runs = tx.flow_runs.get([each.flow_run_id for each in adoptions])
    lost = {
        each: refusal
        for each in sorted(adoptions, key=lambda each: each.flow_run_id)
        if not tx.leases.adopt(each.flow_run_id, each.token, each.adopter_id)
        if (refusal := _adopt_lost(tx, each)) is not None
    }
    adopted = [each for each in adoptions if each not in lost]
    back = {each.flow_run_id for each in adopted} & {
        run.id for run in runs.values() if run.facts.state.type not in LEASED
    }
    if back:
        runs |= tx.flow_runs.get(list(back))
    for each in adopted:
        run = runs[each.flow_run_id]
        if each.flow_version not in {"", run.flow_version}:
            tx.flow_runs.set_flow_version(run.id, each.flow_version)
            runs[run.id] = replace(run, flow_version=each.flow_version)
    leases = tx.leases.get([each.flow_run_id for each in adopted]) if adopted else {}
    specs = tx.leases.launch_specs(
        {(run.deployment_id, run.deployment_version) for run in runs.values() if run.deployment_id is not None}
    )
    return [
        lost[each] if each in lost else _granted(leases[each.flow_run_id], runs[each.flow_run_id], specs)
        for each in adoptions
    ]


def _granted(lease: Lease, run: FlowRun, specs: dict[tuple[UUID, int], LaunchSpec]) -> GrantedLease:
    version = (run.deployment_id, run.deployment_version) if run.deployment_id is not None else None
    return GrantedLease(lease, run, specs.get(version, NO_LAUNCH_SPEC) if version is not None else NO_LAUNCH_SPEC)


def _adopt_lost(tx: Transaction, wanted: Adoption) -> Exception | None:
    """Why nothing was adopted; or, for a run whose contact was lost meanwhile, adoption after all: then None."""
    flow_run_id, token, adopter_id = wanted.flow_run_id, wanted.token, wanted.adopter_id
    run = tx.flow_runs.lock([flow_run_id]).get(flow_run_id)
    known = {"flow_run_id": str(flow_run_id), "token": str(token)}
    if run is None:
        return NotFound("flow run", str(flow_run_id))
    if run.token != token:
        return FailedPrecondition(f"{_STALE} Stop.", reason="LEASE_LOST", metadata=known)
    if run.state.type in LEASED:
        # Its worker may have got it back while we waited for the lock.
        if tx.leases.adopt(flow_run_id, token, adopter_id):
            return None
        text = "Another process has adopted this lease. Stop: the run must not run twice."
        return FailedPrecondition(text, reason="ALREADY_ADOPTED", metadata=known)
    if not restore(tx, [run], {}):
        ended = run.state.type in TERMINAL
        text = f"The run has ended: {run.state.name}. Stop." if ended else "The lease was given back. Stop."
        return FailedPrecondition(text, reason="RUN_ENDED" if ended else "LEASE_LOST", metadata=known)
    tx.leases.adopt(flow_run_id, token, adopter_id)
    return None


def report(
    tx: Transaction, calls: Sequence[Sequence[RunReport]], *, chance: Chance
) -> list[list[Reported] | Exception]:
    """Take reports of states. What is written, and its guard, is decided under the runs' locks."""
    runs = tx.flow_runs.hold([each.flow_run_id for call in calls for each in call])
    ledger = _Ledger(tx, runs)
    answers: list[list[Reported] | Exception] = []
    for call in calls:
        ordered = sorted(range(len(call)), key=lambda place: call[place].sequence)
        outcomes = {place: ledger.take(call[place], chance()) for place in ordered}
        answers.append([outcomes[place] for place in range(len(call))])
    ledger.write()
    return answers


class _Ledger:
    """Reports of one transaction: decided one by one, written together."""

    def __init__(self, tx: Transaction, runs: dict[UUID, RunFacts]) -> None:
        self._tx = tx
        self._before = runs
        self._now = dict(runs)
        self._passed: dict[UUID, list[RunFacts]] = {}
        self._results: list[RunReport] = []

    def take(self, item: RunReport, chance: float) -> Reported:
        """Decide on one report."""
        run = self._now.get(item.flow_run_id)
        if run is None:
            return Reported(item.flow_run_id, item.sequence, ReportVerdict.LOST, _GONE, None)
        decision = decide_report(run, item, now=self._tx.now, chance=chance)
        if decision.verdict == ReportVerdict.ACCEPTED and not self._leasable(run, decision.facts):
            return Reported(run.id, item.sequence, ReportVerdict.LOST, _NO_POOL, run.state.type)
        if decision.verdict == ReportVerdict.ACCEPTED:
            self._now[run.id] = decision.facts
            self._passed.setdefault(run.id, []).extend(decision.passed)
            if item.result is not None and decision.facts.state.type == StateType.COMPLETED:
                self._results.append(item)
        state = decision.facts.state.type
        return Reported(run.id, item.sequence, decision.verdict, decision.message, state)

    def _leasable(self, run: RunFacts, after: RunFacts) -> bool:
        """Whether a run that its holder gets back can have a lease again: not where its queue was deleted meanwhile."""
        if run.state.type in LEASED or after.state.type not in LEASED:
            return True
        return bool(_fresh_leases(self._tx, [after], {}))

    def write(self) -> None:
        """Write the changed runs, their results and what becomes of their leases."""
        changes = [Change(self._before[run_id], tuple(passed)) for run_id, passed in self._passed.items()]
        apply_changes(self._tx, changes)
        self._tx.flow_runs.set_results([(each.flow_run_id, each.result) for each in self._results if each.result])


def apply_changes(tx: Transaction, changes: Sequence[Change]) -> None:
    """Write changes of locked runs, and end or restore their leases: a run has one exactly in the leased states."""
    ended = [c.before.id for c in changes if c.before.state.type in LEASED and c.after.state.type not in LEASED]
    returned = [c.after for c in changes if c.before.state.type not in LEASED and c.after.state.type in LEASED]
    tx.flow_runs.change(changes, granted=list(_fresh_leases(tx, returned, {}).values()), ended=ended)
    for change in changes:
        announce_change(tx, change)


def announce_change(tx: Transaction, change: Change) -> None:
    """Tell those who wait: for the run, for a free slot, for a run to take."""
    after = change.after
    tx.announce(run_topic(after.id))
    if after.work_pool_id is not None and after.state.type not in LEASED:
        tx.announce(slot_topic(after.work_pool_id))
        if after.state.type == StateType.SCHEDULED:
            tx.announce(pool_topic(after.work_pool_id))


def release(tx: Transaction, calls: Sequence[tuple[Sequence[HeldLease], str]]) -> list[list[Reported] | Exception]:
    """Take work back that has not started: it is queued again where it was, and no attempt is spent."""
    runs = tx.flow_runs.lock([lease.flow_run_id for leases, _ in calls for lease in leases])
    changes: dict[UUID, Change] = {}
    answers: list[list[Reported] | Exception] = []
    for leases, reason in calls:
        answers.append([_release_one(tx, lease, reason, runs, changes) for lease in leases])
    apply_changes(tx, list(changes.values()))
    return answers


def _release_one(
    tx: Transaction, held: HeldLease, reason: str, runs: dict[UUID, RunFacts], changes: dict[UUID, Change]
) -> Reported:
    run = runs.get(held.flow_run_id)
    if run is None or run.token != held.token:
        message = _GONE if run is None else _STALE
        return Reported(held.flow_run_id, 0, ReportVerdict.LOST, message, run.state.type if run else None)
    if run.state.type not in LEASED:
        return Reported(run.id, 0, ReportVerdict.DUPLICATE, "", run.state.type)
    event = Event.STOP if run.state.type == StateType.CANCELLING else Event.REQUEUE
    step = transition(run.state.type, event)
    if step is None:
        text = f"The run has started ({run.state.name}): report its end instead."
        return Reported(run.id, 0, ReportVerdict.INVALID, text, run.state.type)
    after = apply(run, step, now=tx.now, message=reason)
    changes[run.id] = Change(run, (after,))
    runs[run.id] = after
    return Reported(run.id, 0, ReportVerdict.ACCEPTED, "", after.state.type)
