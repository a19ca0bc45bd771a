"""The checker finds what it is there to find: each check is shown evidence of the thing that must not be."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.chaos import checks
from tests.chaos.checks import Evidence
from tests.chaos.director import Event
from tests.chaos.faults import Harm
from tests.chaos.ledger import Entry
from tests.chaos.load import KINDS, LIMIT, SCHEDULE_SECONDS
from tests.chaos.records import Chunk, Records, Run, TaskRun, Written

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def _written(version: int, type_: str, token: int, second: float) -> Written:
    time = BEGIN + timedelta(seconds=second)
    return Written(version, type_, token, time, time)


def _run(run_id: str, kind: str, *types: str, second: float = 0, schedule_id: str = "") -> Run:
    """Its states, a second apart, each grant under a higher token."""
    states, token = [], 0
    for place, type_ in enumerate(types):
        token += type_ == "PENDING"
        states.append(_written(place + 1, type_, token if type_ != "SCHEDULED" else 0, second + place))
    nominal_time = BEGIN + timedelta(seconds=second) if schedule_id else None
    return Run(run_id, kind, types[-1], len(types), token, schedule_id, nominal_time, states)


def _entries(run_id: str, kind: str, token: int, *, pid: int, at: int = 0, first: int = 0) -> list[Entry]:
    keys = range(first, KINDS[kind].steps)
    return [Entry(run_id, run_id, token, token, f"{key}", pid, "machine-0", at + key) for key in keys]


_TWICE = ("SCHEDULED", "PENDING", "RUNNING", "SCHEDULED", "PENDING", "RUNNING", "COMPLETED")


def _good() -> Evidence:
    """A durable run and an exclusive one that were begun again, a plain one, a cancelled one, two of a schedule."""
    runs = [
        _run("d", "durable", *_TWICE),
        _run("x", "exclusive", *_TWICE),
        _run("p", "plain", "SCHEDULED", "PENDING", "RUNNING", "COMPLETED"),
        _run("e", "endless", "SCHEDULED", "PENDING", "RUNNING", "CANCELLING", "CANCELLED"),
        _run("s", "scheduled", "SCHEDULED", "PENDING", "RUNNING", "CRASHED", schedule_id="often"),
        _run("t", "scheduled", "SCHEDULED", "PENDING", "CRASHED", second=SCHEDULE_SECONDS, schedule_id="often"),
    ]
    entries = [
        *_entries("d", "durable", 1, pid=1)[:3],
        *_entries("d", "durable", 2, pid=2, at=10, first=3),
        *_entries("x", "exclusive", 1, pid=3)[:2],
        *_entries("x", "exclusive", 2, pid=4, at=10),
        *_entries("p", "plain", 1, pid=5),
    ]
    task = TaskRun("task", "d", "COMPLETED", [_written(1, "RUNNING", 1, 2), _written(2, "COMPLETED", 1, 2.5)])
    logs = {("p", "run"): (6, [Chunk(0, 4), Chunk(4, 2)])}
    accepted = {run.id: run.kind for run in runs if run.kind != "scheduled"}
    lines = {
        run_id: [f"did {each.key} under token {each.token}" for each in entries if each.root == run_id]
        for run_id in accepted
    }
    return Evidence(
        Records({run.id: run for run in runs}, [task], 0, logs), entries, (), accepted, {"e": 1}, lines, "often", LIMIT
    )


Change = Callable[[Evidence], Evidence]


def _with_run(run: Run) -> Change:
    return lambda good: replace(good, records=replace(good.records, runs={**good.records.runs, run.id: run}))


def _with_records(**changes: object) -> Change:
    return lambda good: replace(good, records=replace(good.records, **changes))  # type: ignore[arg-type] # as named


def _with_entry(entry: Entry) -> Change:
    return lambda good: replace(good, entries=[*good.entries, entry])


def _without(run_id: str) -> Change:
    return lambda good: replace(good, entries=[each for each in good.entries if (each.root, each.key) != (run_id, "3")])


WRONG: list[tuple[str, Change]] = [
    ("nothing is lost", lambda good: replace(good, accepted={**good.accepted, "gone": "plain"})),
    ("nothing is lost", _with_run(_run("d", "durable", "SCHEDULED", "PENDING", "RUNNING", "CRASHED"))),
    ("nothing sticks", _with_run(_run("p", "plain", "SCHEDULED", "PENDING", "RUNNING"))),
    ("nothing sticks", _with_records(leases=1)),
    ("histories are whole", _with_run(replace(_run("p", "plain", "SCHEDULED", "CANCELLED"), version=3))),
    ("histories are whole", _with_run(_run("p", "plain", "SCHEDULED", "COMPLETED"))),
    (
        "histories are whole",
        _with_run(
            replace(
                _run("p", "plain", "SCHEDULED", "PENDING"),
                states=[_written(1, "SCHEDULED", 2, 0), _written(2, "PENDING", 1, 1)],
            )
        ),
    ),
    (
        "no old holder wrote",
        _with_records(tasks=[TaskRun("task", "d", "COMPLETED", [_written(1, "COMPLETED", 1, 9)])]),
    ),
    ("one process each attempt", _with_entry(Entry("p", "p", 1, 1, "7", 6, "machine-0", 99))),
    ("one process each attempt", _with_entry(Entry("p", "p", 1, 1, "1", 5, "machine-0", 99))),
    ("committed steps stay done", _with_entry(Entry("d", "d", 2, 2, "0", 2, "machine-0", 99))),
    ("completed runs did everything", _without("d")),
    ("completed runs did everything", _without("p")),
    ("plain runs begin once", _with_entry(Entry("p", "p", 2, 2, "0", 6, "machine-0", 99))),
    ("exclusive runs never meet", _with_entry(Entry("x", "x", 1, 1, "2", 3, "machine-0", 99))),
    ("cancels end cancelled", _with_run(_run("e", "endless", "SCHEDULED", "PENDING", "RUNNING", "COMPLETED"))),
    (
        "schedules fire once",
        _with_run(_run("u", "scheduled", "SCHEDULED", "CANCELLED", second=0, schedule_id="often")),
    ),
    (
        "schedules fire once",
        _with_run(_run("u", "scheduled", "SCHEDULED", "CANCELLED", second=60, schedule_id="often")),
    ),
    ("limits hold", lambda good: replace(good, most_limited=LIMIT + 1)),
    ("logs are contiguous", _with_records(logs={("p", "run"): (6, [Chunk(0, 4), Chunk(5, 1)])})),
    ("logs are contiguous", _with_records(logs={("p", "run"): (6, [Chunk(0, 4)])})),
    ("lines arrive once", lambda good: replace(good, lines={**good.lines, "p": []})),
    ("lines arrive once", lambda good: replace(good, lines={**good.lines, "p": [*good.lines["p"]] * 2})),
]


def test_what_is_right_is_not_complained_of() -> None:
    assert checks.violations(_good()) == {}


@pytest.mark.parametrize(("name", "change"), WRONG)
def test_what_is_wrong_is_found(name: str, change: Change) -> None:
    assert name in checks.violations(change(_good()))


def test_who_has_just_been_thawed_may_not_have_noticed_yet() -> None:
    late = _with_entry(Entry("x", "x", 1, 1, "2", 3, "machine-0", 99))
    name = "exclusive runs never meet"

    def found(*, begin: int, end: int) -> bool:
        events = [Event("freeze", begin, end, Harm(frozen=(3,)))]
        return name in checks.violations(replace(late(_good()), events=events))

    assert not found(begin=90, end=98)
    assert not found(begin=90, end=100)  # its fault was not over: others were still being thawed
    assert found(begin=100, end=101)
    assert found(begin=-4_000_000_000, end=-3_000_000_000)


def test_each_check_is_shown_something_wrong() -> None:
    assert {name for name, _ in WRONG} == set(checks.CHECKS)
