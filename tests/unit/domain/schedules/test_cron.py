"""What cron lines mean, away from daylight-saving changes and against a minute-by-minute reading near them."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch_server.domain.schedules import CronSpec, next_time, preview, times_between, validate
from tests.unit.domain.schedules.support import CHANGES, ZONES, texts, utc

MEANINGS = {
    "0 2 * * *": ["01-01T02:00", "01-02T02:00"],
    "*/20 * * * *": ["01-01T00:20", "01-01T00:40"],
    "30 4 1,15 * *": ["01-01T04:30", "01-15T04:30"],
    "0 0 L * *": ["01-31T00:00", "02-28T00:00"],
    "0 0 LW * *": ["01-30T00:00", "02-27T00:00"],
    "0 0 * * 5L": ["01-30T00:00", "02-27T00:00"],
    "0 0 * * MON#2": ["01-12T00:00", "02-09T00:00"],
    "0 0 13 * FRI": ["01-02T00:00", "01-09T00:00"],  # either, as in cron
    "0 0 * * 7": ["01-04T00:00", "01-11T00:00"],
    "0 9-10 * MAR sun": ["03-01T09:00", "03-01T10:00"],
    "@hourly": ["01-01T01:00", "01-01T02:00"],
    "@daily": ["01-02T00:00", "01-03T00:00"],
    "@Weekly": ["01-04T00:00", "01-11T00:00"],
    "@monthly": ["02-01T00:00", "03-01T00:00"],
    " @yearly ": ["01-01T00:00", "01-01T00:00"],
}


@pytest.mark.parametrize(("line", "expected"), MEANINGS.items())
def test_lines(line: str, expected: list[str]) -> None:
    assert texts(preview(CronSpec(line), utc("2026-01-01T00:00"), 2)) == expected


BOTH_DAYS = {
    "0 0 13 * FRI": ["2026-02-13", "2026-03-13", "2026-11-13"],
    "0 0 1-7 * MON": ["2026-01-05", "2026-02-02", "2026-03-02"],
    "0 0 L * 5L": ["2026-07-31", "2027-04-30", "2027-12-31"],
    "0 0 8 * 1#2": ["2026-06-08", "2027-02-08", "2027-03-08"],
    "0 0 29 2 MON": ["2044-02-29", "2072-02-29", "2112-02-29"],
}


@pytest.mark.parametrize(("line", "expected"), BOTH_DAYS.items())
def test_day_and_weekday_both(line: str, expected: list[str]) -> None:
    times = preview(CronSpec(line, day_or=False), utc("2026-01-01T00:00"), 3)
    assert [time.strftime("%Y-%m-%d") for time in times] == expected


def test_leap_years() -> None:
    times = preview(CronSpec("0 0 29 2 *"), utc("2095-01-01T00:00"), 3)
    assert [time.year for time in times] == [2096, 2104, 2108]  # 2100 has no 29 February


def test_strictly_after() -> None:
    spec = CronSpec("0 2 * * *")
    assert next_time(spec, utc("2026-01-01T02:00")) == utc("2026-01-02T02:00")
    assert next_time(spec, utc("2026-01-01T01:59:59.999999")) == utc("2026-01-01T02:00")


def test_no_time_outside_the_calendar() -> None:
    assert next_time(CronSpec("@daily"), utc("2999-12-31T00:00")) is None
    assert next_time(CronSpec("@daily"), utc("9999-12-31T23:59")) is None
    assert next_time(CronSpec("@daily"), utc("0001-01-01T00:00")) == utc("1970-01-01T00:00")


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="no UTC offset"):
        next_time(CronSpec("@daily"), utc("2026-01-01T00:00").replace(tzinfo=None))


minutes = st.sampled_from(["*", "*/15", "*/7", "*/30"])
hours = st.sampled_from(["*", "0", "1", "2", "3", "23", "1-3"])


@given(minutes, hours, st.sampled_from(CHANGES), st.sampled_from(ZONES))
def test_wildcards_follow_the_clock_minute_by_minute(minute: str, hour: str, change: str, zone: str) -> None:
    begin, end = utc(change) - timedelta(hours=30), utc(change) + timedelta(hours=30)
    plain = CronSpec(f"{minute} {hour} * * *")
    day = times_between(plain, utc("2026-01-01T00:00") - timedelta(minutes=1), utc("2026-01-01T23:59"), 2000)
    shown = {time.strftime("%H:%M") for time in day}

    times = times_between(CronSpec(plain.expression, zone), begin, end, 10_000)

    clock = [begin + timedelta(minutes=passed) for passed in range(1, 60 * 60 + 1)]
    assert times == [time for time in clock if time.astimezone(ZoneInfo(zone)).strftime("%H:%M") in shown]


@given(st.sampled_from(["0", "30", "45", "5,35"]), st.integers(0, 23), st.sampled_from(CHANGES), st.sampled_from(ZONES))
def test_fixed_times_fire_once_for_each_date_shown(minute: str, hour: int, change: str, zone: str) -> None:
    spec = CronSpec(f"{minute} {hour} * * *", zone)
    assert validate(spec) == []

    times = times_between(spec, utc(change) - timedelta(days=4), utc(change) + timedelta(days=4), 100)

    walls = [time.astimezone(ZoneInfo(zone)) for time in times]
    wanted = {(hour, int(text)) for text in minute.split(",")}
    regular = [wall for wall in walls if (wall.hour, wall.minute) in wanted]
    assert len({wall.replace(tzinfo=None) for wall in regular}) == len(regular)
    assert len(walls) - len(regular) <= 1  # at most one was moved to the end of a gap
    assert len(walls) >= 7 * len(wanted) - 1
