"""How quickly crashes were noticed, and how quickly work went on after each kind of fault."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from tests.chaos.director import Event
from tests.chaos.ledger import Entry
from tests.chaos.records import Records

_GONE_ON = frozenset({"CRASHED", "SCHEDULED", "CANCELLED", "PENDING"})


@dataclass(frozen=True)
class Spread:
    """Of some spans of time, in seconds."""

    count: int
    p50: float
    most: float


def spread(seconds: Sequence[float]) -> Spread | None:
    """None: there are none."""
    return Spread(len(seconds), round(median(seconds), 2), round(max(seconds), 2)) if seconds else None


@dataclass(frozen=True)
class Clocks:
    """One moment, by both clocks of the machine."""

    wall: datetime
    monotonic: int

    def at(self, monotonic: int) -> datetime:
        """The time at a monotonic moment, in nanoseconds."""
        return self.wall + timedelta(microseconds=(monotonic - self.monotonic) / 1000)


def detections(
    records: Records, entries: Sequence[Entry], events: Sequence[Event], clocks: Clocks
) -> Mapping[str, Spread]:
    """From a SIGKILL to a run until its state says so, by kind of fault. Runs that had done no step are left out."""
    worked = {each.pid: each for each in entries}
    found: dict[str, list[float]] = defaultdict(list)
    for event in events:
        killed = clocks.at(event.harm.at)
        for pid in event.harm.killed:
            entry = worked.get(pid)
            run = records.runs.get(entry.root) if entry is not None else None
            if entry is None or run is None:
                continue
            noticed = next((each.time for each in run.states if each.time >= killed and each.type in _GONE_ON), None)
            if noticed is not None:
                found[event.kind].append((noticed - killed).total_seconds())
    return _spreads(found)


def recoveries(
    entries: Sequence[Entry], events: Sequence[Event], machines: Sequence[str], *, until: int
) -> Mapping[str, Spread]:
    """From the end of a fault until every machine that it struck has begun a run that is new, by kind of fault.

    until: when the load ended, in monotonic nanoseconds: what begins later does not count.
    """
    begun: dict[str, list[int]] = defaultdict(list)
    seen: set[int] = set()
    for entry in sorted(entries, key=lambda each: each.at):
        if entry.pid not in seen and entry.at < until:
            seen.add(entry.pid)
            begun[entry.home].append(entry.at)
    found: dict[str, list[float]] = defaultdict(list)
    for event in events:
        first = [next(_after(event.end, begun[name]), None) for name in event.harm.machines or machines]
        known = [each for each in first if each is not None]
        if len(known) == len(first):
            found[event.kind].append((max(known) - event.end) / 1e9)
    return _spreads(found)


def _after(moment: int, times: Sequence[int]) -> Iterator[int]:
    return (time for time in times if time > moment)


def _spreads(found: Mapping[str, Sequence[float]]) -> Mapping[str, Spread]:
    return {kind: known for kind, seconds in found.items() if (known := spread(seconds)) is not None}
