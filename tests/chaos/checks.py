"""What must hold when everything has been healed and has ended. Each check says what it found wrong, in words."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from orch_server.domain.transitions import all_transitions
from tests.chaos.director import Event
from tests.chaos.ledger import Entry
from tests.chaos.load import KINDS, LIMIT, SCHEDULE_SECONDS
from tests.chaos.records import ENDED, Records, Run, Written

_ALLOWED = {(each.source.name, each.destination.name) for each in all_transitions()}
_THAW_NANOSECONDS = 2_000_000_000
"""A process that was frozen does not know that it was, until its clock thread had a turn."""
_DURABLE = frozenset(name for name, kind in KINDS.items() if kind.recovery and kind.recovery.durable)
_LINE = "did {key} under token {token}"


@dataclass(frozen=True)
class Evidence:
    """Everything that is known at the end.

    lines: the log of each run, in its order. most_limited: the most leases that runs of a limited deployment ever had.
    """

    records: Records
    entries: Sequence[Entry]
    events: Sequence[Event]
    accepted: Mapping[str, str]
    cancelled: Mapping[str, int]
    lines: Mapping[str, Sequence[str]]
    schedule_id: str
    most_limited: int

    def of_runs(self) -> Mapping[str, Sequence[Entry]]:
        """The ledger by the run that a worker launched."""
        found: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            found[entry.root].append(entry)
        return found


def nothing_is_lost(found: Evidence) -> Iterator[str]:
    """Every run whose creation was answered is there, and has ended in a state that its kind may end in."""
    for run_id, name in found.accepted.items():
        run = found.records.runs.get(run_id)
        if run is None:
            yield f"{name} {run_id}: its creation was answered, and it is not there"
        elif run.state not in KINDS[name].ends:
            yield f"{name} {run_id}: ended as {run.state}: {_told(run)}"


def nothing_sticks(found: Evidence) -> Iterator[str]:
    """No run is open, no lease is left: so no slot is, since slots are a function of leases."""
    for run in found.records.runs.values():
        if run.state not in ENDED:
            yield f"{run.kind} {run.id}: still {run.state}: {_told(run)}"
    if found.records.leases:
        yield f"{found.records.leases} leases are left"


def histories_are_whole(found: Evidence) -> Iterator[str]:
    """Versions without gaps; tokens that never fall; only transitions that the table allows; the last is the run's."""
    for run in found.records.runs.values():
        versions = [each.version for each in run.states]
        tokens = [each.token for each in run.states if each.token]
        # A run that has waited for long is SCHEDULED, and is so again under another name, Late.
        steps = {(one.type, other.type) for one, other in pairwise(run.states)} - {("SCHEDULED", "SCHEDULED")}
        if versions != list(range(1, run.version + 1)) or run.states[-1].type != run.state:
            yield f"{run.id}: versions {versions} up to {run.version}, {run.state}"
        if tokens != sorted(tokens) or (tokens and tokens[-1] > run.token):
            yield f"{run.id}: tokens {tokens} up to {run.token}"
        if wrong := steps - _ALLOWED:
            yield f"{run.id}: {sorted(wrong)}"


def no_old_holder_wrote(found: Evidence) -> Iterator[str]:
    """What a holder wrote of its tasks could be seen before the next holder's first state, never after."""
    for task in found.records.tasks:
        run = found.records.runs[task.flow_run_id]
        for written in task.states:
            successor = next((each for each in run.states if each.token > written.token > 0), None)
            if successor is not None and _is_later(written, successor):
                yield (
                    f"{run.kind} {run.id}: task {task.id} {written.type} under token {written.token} at"
                    f" {written.committed}, after token {successor.token} was granted at {successor.committed}"
                )


def _is_later(one: Written, other: Written) -> bool:
    return one.committed is not None and other.committed is not None and one.committed > other.committed


def one_process_each_attempt(found: Evidence) -> Iterator[str]:
    """No two processes ever worked under the same token, and none did a step twice under it."""
    for run_id, entries in found.of_runs().items():
        for token in {each.token for each in entries}:
            own = [each for each in entries if each.token == token]
            pids = {each.pid for each in own}
            keys = [(each.run, each.key) for each in own]
            if len(pids) > 1:
                yield f"{run_id}: token {token} was used by processes {sorted(pids)}"
            if len(keys) != len(set(keys)) and found.accepted.get(run_id) != "retried":
                yield f"{run_id}: token {token} did a step twice: {keys}"


def committed_steps_stay_done(found: Evidence) -> Iterator[str]:
    """A durable run's step that had a successor was committed: no later attempt does it again."""
    for run_id, entries in found.of_runs().items():
        if found.accepted.get(run_id) not in _DURABLE:
            continue
        committed: set[tuple[str, str]] = set()
        for token in sorted({each.token for each in entries}):
            keys = [(each.run, each.key) for each in entries if each.token == token]
            if again := committed & set(keys):
                yield f"{run_id}: done again under token {token}, though committed: {sorted(again)}"
            committed |= set(keys[:-1])


def completed_runs_did_everything(found: Evidence) -> Iterator[str]:
    """A run that COMPLETED did each of its steps: a durable one in all of its attempts, any other in the last one."""
    by_run = found.of_runs()
    for run_id, name in found.accepted.items():
        run = found.records.runs.get(run_id)
        if run is None or run.state != "COMPLETED" or name == "endless":
            continue
        entries = by_run.get(run_id, ())
        own = [each for each in entries if name in _DURABLE or each.token == run.token]
        steps = {(each.run == run_id, each.key) for each in own}
        if len(steps) != KINDS[name].steps:
            yield f"{name} {run_id}: of {KINDS[name].steps} steps, {sorted(steps)} are in the ledger"


def plain_runs_begin_once(found: Evidence) -> Iterator[str]:
    """What may not be started again is not: its steps have one token."""
    for run_id, entries in found.of_runs().items():
        tokens = {each.token for each in entries}
        run = found.records.runs.get(run_id)
        if run is not None and run.kind in ("plain", "limited", "scheduled") and len(tokens) > 1:
            yield f"{run.kind} {run_id}: worked under tokens {sorted(tokens)}"


def exclusive_runs_never_meet(found: Evidence) -> Iterator[str]:
    """Nothing was done under an old token once the next one had begun: not even by one that was cut off."""
    frozen = [(pid, each.begin, each.end + _THAW_NANOSECONDS) for each in found.events for pid in each.harm.frozen]
    for run_id, entries in found.of_runs().items():
        if found.accepted.get(run_id) != "exclusive":
            continue
        newest = 0
        for entry in sorted(entries, key=lambda each: each.at):
            # Also before the fault's end was noted: who is thawed first goes on while others are thawed.
            was_frozen = any(pid == entry.pid and begin <= entry.at < until for pid, begin, until in frozen)
            if entry.token < newest and not was_frozen:
                yield f"{run_id}: step {entry.key} was done under token {entry.token}, after token {newest} had begun"
            newest = max(newest, entry.token)


def cancels_end_cancelled(found: Evidence) -> Iterator[str]:
    """Who was told that a run is to stop finds it CANCELLED."""
    for run_id in found.cancelled:
        run = found.records.runs.get(run_id)
        if run is not None and run.state != "CANCELLED":
            yield f"{run.kind} {run_id}: its cancel was answered, and it ended as {run.state}: {_told(run)}"


def schedules_fire_once(found: Evidence) -> Iterator[str]:
    """Each nominal time has one run, from the first to the last, whatever was away meanwhile."""
    times = sorted(
        run.nominal_time
        for run in found.records.runs.values()
        if run.schedule_id == found.schedule_id and run.nominal_time is not None
    )
    for one, other in pairwise(times):
        if other - one != timedelta(seconds=SCHEDULE_SECONDS):
            yield f"the schedule fired for {_time(one)} and next for {_time(other)}"
    if not times:
        yield "the schedule has never fired"


def limits_hold(found: Evidence) -> Iterator[str]:
    """Whenever somebody looked, no more runs of the limited deployment had leases than it allows."""
    if found.most_limited > LIMIT:
        yield f"{found.most_limited} runs of a deployment held leases whose limit is {LIMIT}"


def logs_are_contiguous(found: Evidence) -> Iterator[str]:
    """The offsets of each stream have no gap and no overlap, and end where the stream says."""
    for (run_id, stream), (end, chunks) in found.records.logs.items():
        reached = 0
        for chunk in chunks:
            if chunk.first != reached:
                yield f"{run_id} {stream}: a chunk begins at {chunk.first}, the one before ends at {reached}"
            reached = chunk.first + chunk.count
        if reached != end:
            yield f"{run_id} {stream}: its lines end at {reached}, and it says {end}"


def lines_arrive_once(found: Evidence) -> Iterator[str]:
    """No step's line is stored twice; all steps of an attempt that COMPLETED have theirs."""
    by_run = found.of_runs()
    for run_id, name in found.accepted.items():
        lines = [line for line in found.lines.get(run_id, ()) if line.startswith("did ")]
        if name not in ("family", "retried") and len(lines) != len(set(lines)):
            yield f"{name} {run_id}: lines are stored twice: {lines}"
        run = found.records.runs.get(run_id)
        if run is None or run.state != "COMPLETED":
            continue
        for entry in by_run.get(run_id, ()):
            line = _LINE.format(key=entry.key, token=entry.token)
            if entry.token == run.token and entry.run == run_id and line not in lines:
                yield f"{name} {run_id}: the line of step {entry.key} under token {entry.token} is missing"


CHECKS: Mapping[str, Callable[[Evidence], Iterator[str]]] = {
    check.__name__.replace("_", " "): check
    for check in (
        nothing_is_lost,
        nothing_sticks,
        histories_are_whole,
        no_old_holder_wrote,
        one_process_each_attempt,
        committed_steps_stay_done,
        completed_runs_did_everything,
        plain_runs_begin_once,
        exclusive_runs_never_meet,
        cancels_end_cancelled,
        schedules_fire_once,
        limits_hold,
        logs_are_contiguous,
        lines_arrive_once,
    )
}


def violations(found: Evidence) -> Mapping[str, Sequence[str]]:
    """What each check found wrong; nothing of those that found nothing."""
    results = {name: list(check(found)) for name, check in CHECKS.items()}
    return {name: wrong for name, wrong in results.items() if wrong}


def _told(run: Run) -> str:
    return " ".join(f"{each.type}({each.token}) {_time(each.time)}" for each in run.states)


def _time(time: datetime) -> str:
    return time.strftime("%H:%M:%S.%f")[:-3]
