"""Deployments at their concurrency limits: new runs that are skipped, older ones that make way.

Waiting (QUEUE) needs nothing done: a run is granted only where its deployment has a free slot. The other policies act
in two places. A run that is created, and due, while its deployment is full is skipped there and then. What waits later,
for its time or for a busy worker, is looked at by `keep_limits`, which runs every second and whenever a limit may have
been reached: it locks nothing but the runs that it ends, in the order of their ids, as everybody does.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from orch_server.application.flow_run_rows import Change
from orch_server.application.flow_runs import request_cancel_locked
from orch_server.application.holders import announce_change
from orch_server.application.lease_rows import FullDeployment
from orch_server.application.ports import LIMITS_TOPIC, Transaction
from orch_server.domain.deployments import ConcurrencyPolicy, RunTemplate
from orch_server.domain.new_runs import SKIPPED, skip_message, skipped
from orch_server.domain.runs import RunFacts, apply
from orch_server.domain.states import StateType
from orch_server.domain.transitions import Event, transition
from orch_server.domain.values import value


class SkipLimits:
    """Deployments that skip new runs now, among those whose runs are being created in a transaction."""

    def __init__(self, tx: Transaction, templates: Iterable[RunTemplate]) -> None:
        acting = [each for each in templates if _acts(each)]
        skipping = [each for each in acting if each.concurrency_policy == ConcurrencyPolicy.SKIP]
        held = tx.leases.held_by_deployment({each.deployment_id for each in skipping}) if skipping else {}
        self._full = {
            each.deployment_id
            for each in skipping
            if each.concurrency_limit is not None and held.get(each.deployment_id, 0) >= each.concurrency_limit
        }
        if acting:
            tx.announce(LIMITS_TOPIC)

    def applied(self, run: RunFacts, template: RunTemplate, *, now: datetime) -> RunFacts:
        """A new run as it is: skipped where it is due and its deployment is full."""
        limit = template.concurrency_limit
        if limit is None or template.deployment_id not in self._full or run.scheduled_time > now:
            return run
        return skipped(run, limit=limit)


def _acts(template: RunTemplate) -> bool:
    return template.concurrency_limit is not None and template.concurrency_policy != ConcurrencyPolicy.QUEUE


@value
class KeptLimits:
    """What a round did: runs that were skipped, runs whose stop was asked for, and whether there may be more."""

    skipped: int = 0
    cancelled: int = 0
    more: bool = False


def runs_wait_for_full(tx: Transaction) -> bool:
    """Whether runs are due whose deployments are full, and do not just let them wait."""
    full = {each.id for each in tx.leases.full_deployments()}
    return bool(full) and bool(tx.leases.waiting_for(full, limit=1))


def keep_limits(tx: Transaction, *, limit: int) -> KeptLimits:
    """One round: what waits for deployments that are full is skipped, or the oldest of their runs make way."""
    full = {each.id: each for each in tx.leases.full_deployments()}
    waiting = tx.leases.waiting_for(set(full), limit=limit) if full else []
    if not waiting:
        return KeptLimits()
    skips = {run_id: full[of].limit for of, run_id in waiting if full[of].policy == ConcurrencyPolicy.SKIP}
    victims = _oldest(tx, [each for each in waiting if each[1] not in skips], full)
    locked = tx.flow_runs.lock([*skips, *victims])
    skipped_runs = _skip(tx, [(locked[run_id], most) for run_id, most in skips.items() if run_id in locked])
    cancelled = _cancel(tx, [(locked[run_id], most) for run_id, most in victims.items() if run_id in locked])
    return KeptLimits(skipped_runs, cancelled, more=len(waiting) == limit and skipped_runs + cancelled > 0)


def _oldest(
    tx: Transaction, waiting: Sequence[tuple[UUID, UUID]], full: Mapping[UUID, FullDeployment]
) -> dict[UUID, int]:
    """Runs that make way, with their deployment's limit: all but its newest, of those that hold a lease or wait."""
    of_each: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for deployment_id, run_id in waiting:
        of_each[deployment_id].add(run_id)
    for deployment_id, held in tx.leases.runs_held_by_deployment(set(of_each)).items() if of_each else ():
        of_each[deployment_id].update(held)
    found: dict[UUID, int] = {}
    for deployment_id, run_ids in of_each.items():
        most = full[deployment_id].limit
        found |= dict.fromkeys(sorted(run_ids)[: len(run_ids) - most], most)
    return found


def _cancel(tx: Transaction, runs: Sequence[tuple[RunFacts, int]]) -> int:
    by_limit: defaultdict[int, list[RunFacts]] = defaultdict(list)
    for run, limit in runs:
        by_limit[limit].append(run)
    return sum(request_cancel_locked(tx, oldest, _make_way_message(limit)) for limit, oldest in by_limit.items())


def _skip(tx: Transaction, runs: Sequence[tuple[RunFacts, int]]) -> int:
    step = transition(StateType.SCHEDULED, Event.REQUEST_CANCEL)
    if step is None:
        raise AssertionError("the table of transitions cancels nothing that is scheduled")
    changes: list[Change] = []
    for run, limit in runs:
        if run.state.type == StateType.SCHEDULED and run.token == 0:
            after = apply(run, step, now=tx.now, message=skip_message(limit))
            changes.append(Change(run, (replace(after, state=replace(after.state, name=SKIPPED)),)))
    tx.flow_runs.change(changes)
    for change in changes:
        announce_change(tx, change)
    return len(changes)


def _make_way_message(limit: int) -> str:
    return f"A newer run takes its place: the deployment is at its concurrency limit of {limit}."
