"""What holds for the times of every schedule, whatever its kind."""

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from orch_server.domain.schedules import IntervalSpec, ScheduleSpec, next_time, preview, times_between
from orch_server.domain.schedules.times import latest_between
from tests.unit.domain.schedules.support import moments, specs, utc


@given(specs, moments)
def test_times_strictly_increase(spec: ScheduleSpec, after: datetime) -> None:
    times = [after, *preview(spec, after, 30)]
    assert all(earlier < later for earlier, later in pairwise(times))


@given(specs, moments)
def test_one_by_one_and_in_a_row_are_the_same(spec: ScheduleSpec, after: datetime) -> None:
    row = preview(spec, after, 12)

    one_by_one: list[datetime] = []
    time = next_time(spec, after)
    while time is not None and len(one_by_one) < 12:
        one_by_one.append(time)
        time = next_time(spec, time)

    assert one_by_one == row


@given(specs, moments, st.timedeltas(timedelta(0), timedelta(days=4)))
def test_a_span_has_the_times_that_lie_in_it(spec: ScheduleSpec, after: datetime, span: timedelta) -> None:
    times = times_between(spec, after, after + span, 40)

    assert times == [time for time in preview(spec, after, 40) if time <= after + span]


@given(specs, moments, st.timedeltas(timedelta(0), timedelta(hours=30)))
def test_from_anywhere_before_a_time_it_is_found(spec: ScheduleSpec, after: datetime, back: timedelta) -> None:
    time = next_time(spec, after)

    if time is not None:
        assert time in times_between(spec, time - back - timedelta(microseconds=1), time, 200_000)


@given(specs, moments, st.timedeltas(timedelta(0), timedelta(hours=12)))
def test_the_latest_is_the_last_of_all(spec: ScheduleSpec, since: datetime, span: timedelta) -> None:
    before = since + span
    tick = timedelta(microseconds=1)

    times = times_between(spec, since - tick, before - tick, 200_000)

    assert latest_between(spec, since, before) == (times[-1] if times else None)


def test_the_end_of_a_span_counts_and_its_beginning_does_not() -> None:
    hourly = IntervalSpec(timedelta(hours=1), utc("2026-01-01T00:00"))
    begin, end = utc("2026-01-01T01:00"), utc("2026-01-01T03:00")

    assert times_between(hourly, begin, end, 9) == [utc("2026-01-01T02:00"), end]
    assert times_between(hourly, begin, end, 1) == [utc("2026-01-01T02:00")]
    assert times_between(hourly, end, begin, 9) == []


def test_an_interval_begins_with_its_anchor() -> None:
    anchor = utc("2026-01-01T00:00")
    assert next_time(IntervalSpec(timedelta(hours=1), anchor), utc("2000-01-01T00:00")) == anchor
    assert next_time(IntervalSpec(timedelta(days=1), anchor, "Asia/Kathmandu"), utc("2000-01-01T00:00")) == anchor
