"""What each kind of schedule does where clocks are put forward or back. Expected moments are worked out by hand."""

from datetime import timedelta

import pytest

from orch_server.domain.schedules import CronSpec, IntervalSpec, RRuleSpec, ScheduleSpec, next_time, times_between
from tests.unit.domain.schedules.support import (
    APIA,
    BERLIN,
    KATHMANDU,
    LORD_HOWE,
    NEW_YORK,
    SAO_PAULO,
    local,
    texts,
    utc,
)

# zone, cron line, from (excluded), to (included), expected moments
FIXED_TIMES = {
    "forward: at the first moment after the gap": (
        BERLIN,
        "30 2 * * *",
        "2026-03-28T00:00",
        "2026-03-31T00:00",
        ["03-28T01:30", "03-29T01:00", "03-30T00:30"],
    ),
    "forward: several times in the gap fire once": (
        BERLIN,
        "0,20,40 2 * * *",
        "2026-03-29T00:00",
        "2026-03-29T22:00",
        ["03-29T01:00"],
    ),
    "forward: a time in the gap and one right after it fire once": (
        BERLIN,
        "0 2,3 * * *",
        "2026-03-29T00:00",
        "2026-03-29T22:00",
        ["03-29T01:00"],
    ),
    "forward: times around the gap stay": (
        BERLIN,
        "59 1,3 * * *",
        "2026-03-28T23:00",
        "2026-03-29T23:00",
        ["03-29T00:59", "03-29T01:59"],
    ),
    "back: the first of two": (
        BERLIN,
        "30 2 * * *",
        "2026-10-24T00:00",
        "2026-10-27T00:00",
        ["10-24T00:30", "10-25T00:30", "10-26T01:30"],
    ),
    "back: asked in the doubled hour, nothing is repeated": (
        BERLIN,
        "45 2 * * *",
        "2026-10-25T01:10",
        "2026-10-26T12:00",
        ["10-26T01:45"],
    ),
    "New York forward": (
        NEW_YORK,
        "15 2 * * *",
        "2026-03-07T12:00",
        "2026-03-10T00:00",
        ["03-08T07:00", "03-09T06:15"],
    ),
    "New York back": (
        NEW_YORK,
        "15 1 * * *",
        "2026-11-01T00:00",
        "2026-11-03T00:00",
        ["11-01T05:15", "11-02T06:15"],
    ),
    "Lord Howe forward by 30 minutes": (
        LORD_HOWE,
        "15 2 * * *",
        "2025-10-04T00:00",
        "2025-10-06T00:00",
        ["10-04T15:30", "10-05T15:15"],
    ),
    "Lord Howe forward, after the gap": (
        LORD_HOWE,
        "45 2 * * *",
        "2025-10-04T00:00",
        "2025-10-06T00:00",
        ["10-04T15:45", "10-05T15:45"],
    ),
    "Lord Howe back by 30 minutes": (
        LORD_HOWE,
        "45 1 * * *",
        "2026-04-04T00:00",
        "2026-04-06T00:00",
        ["04-04T14:45", "04-05T15:15"],
    ),
    "an odd offset": (
        KATHMANDU,
        "0 9 * * *",
        "2026-01-01T00:00",
        "2026-01-03T00:00",
        ["01-01T03:15", "01-02T03:15"],
    ),
    "a day that never was fires as the next begins": (
        APIA,
        "0 9 * * *",
        "2011-12-29T00:00",
        "2012-01-01T00:00",
        ["12-29T19:00", "12-30T10:00", "12-30T19:00", "12-31T19:00"],
    ),
    "no midnight": (
        SAO_PAULO,
        "0 0 * * *",
        "2018-11-03T00:00",
        "2018-11-06T00:00",
        ["11-03T03:00", "11-04T03:00", "11-05T02:00"],
    ),
    "an hour before midnight twice": (
        SAO_PAULO,
        "30 23 * * *",
        "2019-02-16T12:00",
        "2019-02-18T12:00",
        ["02-17T01:30", "02-18T02:30"],
    ),
}

ELAPSING_TIMES = {
    "forward: the clock's quarter hours, none of the missing hour": (
        BERLIN,
        "*/15 * * * *",
        "2026-03-29T00:30",
        "2026-03-29T01:30",
        ["03-29T00:45", "03-29T01:00", "03-29T01:15", "03-29T01:30"],
    ),
    "forward: a missing hour does not come": (
        BERLIN,
        "*/30 2 * * *",
        "2026-03-28T12:00",
        "2026-03-30T12:00",
        ["03-30T00:00", "03-30T00:30"],
    ),
    "back: a doubled hour comes twice": (
        BERLIN,
        "*/30 2 * * *",
        "2026-10-24T12:00",
        "2026-10-25T12:00",
        ["10-25T00:00", "10-25T00:30", "10-25T01:00", "10-25T01:30"],
    ),
    "back: hourly means every hour": (
        NEW_YORK,
        "0 * * * *",
        "2026-11-01T04:00",
        "2026-11-01T08:00",
        ["11-01T05:00", "11-01T06:00", "11-01T07:00", "11-01T08:00"],
    ),
    "Lord Howe forward, within the shortened hour": (
        LORD_HOWE,
        "*/15 2 * * *",
        "2025-10-04T12:00",
        "2025-10-05T12:00",
        ["10-04T15:30", "10-04T15:45"],
    ),
    "Lord Howe forward, the hour after it": (
        LORD_HOWE,
        "*/15 3 * * *",
        "2025-10-04T12:00",
        "2025-10-05T12:00",
        ["10-04T16:00", "10-04T16:15", "10-04T16:30", "10-04T16:45"],
    ),
    "Lord Howe back": (
        LORD_HOWE,
        "*/15 1 * * *",
        "2026-04-04T12:00",
        "2026-04-05T12:00",
        ["04-04T14:00", "04-04T14:15", "04-04T14:30", "04-04T14:45", "04-04T15:00", "04-04T15:15"],
    ),
    "Lord Howe back, the hour after it": (
        LORD_HOWE,
        "*/30 2 * * *",
        "2026-04-04T12:00",
        "2026-04-05T12:00",
        ["04-04T15:30", "04-04T16:00"],
    ),
    "no midnight": (
        SAO_PAULO,
        "*/30 0 * * *",
        "2018-11-03T12:00",
        "2018-11-05T12:00",
        ["11-05T02:00", "11-05T02:30"],
    ),
    "hours go on over a day that never was": (
        APIA,
        "30 * * * *",
        "2011-12-30T08:00",
        "2011-12-30T12:00",
        ["12-30T08:30", "12-30T09:30", "12-30T10:30", "12-30T11:30"],
    ),
}


@pytest.mark.parametrize(
    ("zone", "line", "after", "until", "expected"),
    [*FIXED_TIMES.values(), *ELAPSING_TIMES.values()],
    ids=[*FIXED_TIMES, *(f"wildcard, {name}" for name in ELAPSING_TIMES)],
)
def test_cron(zone: str, line: str, after: str, until: str, expected: list[str]) -> None:
    assert texts(times_between(CronSpec(line, zone), utc(after), utc(until), 100)) == expected


# zone, wall-clock start as a moment, from, to, expected moments of "daily"
DAILY = {
    "forward: moved by the gap, for that day only": (
        BERLIN,
        "2026-03-01T01:30",
        "2026-03-28T00:00",
        "2026-03-31T00:00",
        ["03-28T01:30", "03-29T01:30", "03-30T00:30"],
    ),
    "back: the first of two": (
        BERLIN,
        "2026-10-01T00:30",
        "2026-10-24T00:00",
        "2026-10-27T00:00",
        ["10-24T00:30", "10-25T00:30", "10-26T01:30"],
    ),
    "Lord Howe forward": (
        LORD_HOWE,
        "2025-09-01T15:45",
        "2025-10-04T00:00",
        "2025-10-06T00:00",
        ["10-04T15:45", "10-05T15:15"],
    ),
    "a day that never was is not made up for": (
        APIA,
        "2011-12-01T19:00",
        "2011-12-29T00:00",
        "2012-01-01T00:00",
        ["12-29T19:00", "12-30T19:00", "12-31T19:00"],
    ),
    "no midnight": (
        SAO_PAULO,
        "2018-10-01T03:00",
        "2018-11-03T00:00",
        "2018-11-06T00:00",
        ["11-03T03:00", "11-04T03:00", "11-05T02:00"],
    ),
}


@pytest.mark.parametrize("kind", ["interval", "rrule"])
@pytest.mark.parametrize(("zone", "start", "after", "until", "expected"), DAILY.values(), ids=DAILY)
def test_daily(kind: str, zone: str, start: str, after: str, until: str, expected: list[str]) -> None:
    spec: ScheduleSpec = IntervalSpec(timedelta(days=1), utc(start), zone)
    if kind == "rrule":
        spec = RRuleSpec(f"DTSTART:{utc(start):%Y%m%dT%H%M%SZ}\nRRULE:FREQ=DAILY", zone)
    assert texts(times_between(spec, utc(after), utc(until), 100)) == expected


def test_daily_interval_keeps_its_wall_time_all_year() -> None:
    spec = IntervalSpec(timedelta(days=1), utc("2026-01-01T08:00"), BERLIN)

    year = times_between(spec, utc("2026-01-01T00:00"), utc("2026-12-31T23:00"), 1000)

    assert len(year) == 365
    assert {text[6:11] for text in local(year, BERLIN)} == {"09:00"}


def test_other_intervals_are_elapsed_time() -> None:
    spec = IntervalSpec(timedelta(hours=12), utc("2026-03-28T08:00"), BERLIN)

    times = times_between(spec, utc("2026-03-28T08:00"), utc("2026-03-29T23:00"), 10)

    assert local(times, BERLIN) == ["03-28T21:00+0100", "03-29T10:00+0200", "03-29T22:00+0200"]


def test_an_anchor_in_the_second_of_two_hours_stays_the_first_time() -> None:
    anchor = utc("2026-10-25T01:30")  # the second 02:30

    times = times_between(IntervalSpec(timedelta(days=1), anchor, BERLIN), utc("2026-10-24T00:00"), anchor, 10)

    assert times == [anchor]


def test_a_rule_by_the_minute_loses_and_repeats_nothing_at_the_gap() -> None:
    spec = RRuleSpec("FREQ=MINUTELY;INTERVAL=20", BERLIN)

    times = times_between(spec, utc("2026-03-29T00:30"), utc("2026-03-29T01:40"), 100)

    assert texts(times) == ["03-29T00:40", "03-29T01:00", "03-29T01:20", "03-29T01:40"]


def test_times_moved_by_the_gap_are_sorted_in() -> None:
    spec = RRuleSpec("DTSTART:20260329T000000\nRRULE:FREQ=MINUTELY;INTERVAL=50", BERLIN)  # 01:40, 02:30, 03:20, 04:10

    times = times_between(spec, utc("2026-03-29T00:00"), utc("2026-03-29T02:30"), 100)

    assert texts(times) == ["03-29T00:40", "03-29T01:20", "03-29T01:30", "03-29T02:10"]


NEAR_A_CHANGE: list[tuple[ScheduleSpec, str, str]] = [
    # Asked after the gap, a time moved behind the asking is still to come.
    (RRuleSpec("DTSTART:20260301T023000\nFREQ=DAILY", BERLIN), "2026-03-29T01:10", "2026-03-29T01:30"),
    (IntervalSpec(timedelta(days=1), utc("2026-03-01T01:30"), BERLIN), "2026-03-29T01:10", "2026-03-29T01:30"),
    # Asked late in the first of two hours, its beginning comes again.
    (CronSpec("*/30 * * * *", BERLIN), "2026-10-25T00:45", "2026-10-25T01:00"),
    (CronSpec("5 * * * *", LORD_HOWE), "2026-04-04T14:50", "2026-04-04T15:35"),
    (CronSpec("40 * * * *", LORD_HOWE), "2026-04-04T14:50", "2026-04-04T15:10"),
    # Asked in the second, a time that fired in the first does not.
    (CronSpec("45 2 * * *", BERLIN), "2026-10-25T01:10", "2026-10-26T01:45"),
    (RRuleSpec("DTSTART:20260301T024500\nFREQ=DAILY", BERLIN), "2026-10-25T01:10", "2026-10-26T01:45"),
]


@pytest.mark.parametrize(("spec", "after", "expected"), NEAR_A_CHANGE)
def test_asked_near_a_change(spec: ScheduleSpec, after: str, expected: str) -> None:
    assert next_time(spec, utc(after)) == utc(expected)


def test_a_rule_by_the_hour_has_the_doubled_hour_once() -> None:
    times = times_between(RRuleSpec("FREQ=HOURLY", BERLIN), utc("2026-10-24T23:00"), utc("2026-10-25T03:00"), 100)

    assert texts(times) == ["10-25T00:00", "10-25T02:00", "10-25T03:00"]


def test_until_names_a_moment() -> None:
    rule = "DTSTART:20261025T000000\nRRULE:FREQ=MINUTELY;INTERVAL=45;UNTIL=20261025T011500Z"

    times = times_between(RRuleSpec(rule, BERLIN), utc("2026-10-24T00:00"), utc("2026-10-26T00:00"), 100)

    assert local(times, BERLIN)[-1] == "10-25T02:15+0200"
