"""What fires after an outage, and that asking again and again fires each time once."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch_server.domain.schedules import (
    GRACE,
    MAX_SKIPPED,
    CatchUpPolicy,
    CronSpec,
    Due,
    IntervalSpec,
    RRuleSpec,
    ScheduleSpec,
    due_times,
    next_time,
    times_between,
)
from tests.unit.domain.schedules.support import moments, specs, texts, utc

HOURLY = CronSpec("0 * * * *")
FIRST = utc("2026-01-01T00:00")


def due(
    now: str,
    policy: CatchUpPolicy,
    *,
    window: timedelta | None = None,
    limit: int = 100,
    spec: ScheduleSpec = HOURLY,
) -> Due:
    return due_times(spec, last=FIRST, now=utc(now), catch_up=policy, window=window, limit=limit)


@pytest.mark.parametrize("policy", CatchUpPolicy)
def test_before_its_time_nothing_fires(policy: CatchUpPolicy) -> None:
    assert due("2025-12-31T23:59", policy) == Due(fire=(), skipped=0, next=FIRST)


@pytest.mark.parametrize("policy", CatchUpPolicy)
@pytest.mark.parametrize("now", ["2026-01-01T00:00", "2026-01-01T00:01"])
def test_on_time_fires(policy: CatchUpPolicy, now: str) -> None:
    assert due(now, policy) == Due(fire=(FIRST,), skipped=0, next=utc("2026-01-01T01:00"))


MISSED = {  # what fires of 00:00 to 04:00, at 04:30
    CatchUpPolicy.SKIP: ([], 5),
    CatchUpPolicy.LATEST: (["01-01T04:00"], 4),
    CatchUpPolicy.ALL: ([f"01-01T0{hour}:00" for hour in range(5)], 0),
}


@pytest.mark.parametrize("policy", CatchUpPolicy)
def test_after_an_outage(policy: CatchUpPolicy) -> None:
    result = due("2026-01-01T04:30", policy)

    assert (texts(result.fire), result.skipped) == MISSED[policy]
    assert result.next == utc("2026-01-01T05:00")


def test_the_newest_missed_time_fires_beside_those_on_time() -> None:
    result = due("2026-01-01T04:00:30", CatchUpPolicy.LATEST)
    assert (texts(result.fire), result.skipped) == (["01-01T03:00", "01-01T04:00"], 3)


WINDOWS = [  # policy, window, what fires at 04:30
    (CatchUpPolicy.ALL, timedelta(hours=2), ["01-01T03:00", "01-01T04:00"]),
    (CatchUpPolicy.ALL, timedelta(hours=3, minutes=30), ["01-01T01:00", "01-01T02:00", "01-01T03:00", "01-01T04:00"]),
    (CatchUpPolicy.ALL, timedelta(0), []),
    (CatchUpPolicy.ALL, timedelta.max, [f"01-01T0{hour}:00" for hour in range(5)]),
    (CatchUpPolicy.LATEST, timedelta(minutes=30), ["01-01T04:00"]),
    (CatchUpPolicy.LATEST, timedelta(minutes=29), []),
    (CatchUpPolicy.SKIP, timedelta.max, []),
]


@pytest.mark.parametrize(("policy", "window", "expected"), WINDOWS)
def test_windows(policy: CatchUpPolicy, window: timedelta, expected: list[str]) -> None:
    result = due("2026-01-01T04:30", policy, window=window)

    assert texts(result.fire) == expected
    assert result.skipped == 5 - len(expected)
    assert result.next == utc("2026-01-01T05:00")


def test_windows_where_none_is_given() -> None:
    everything = due("2026-01-03T00:30", CatchUpPolicy.ALL)
    latest = due_times(
        CronSpec("0 0 1 1 *"),
        last=FIRST,
        now=utc("2026-12-30T00:00"),
        catch_up=CatchUpPolicy.LATEST,
        window=None,
        limit=9,
    )

    assert texts(everything.fire)[0] == "01-02T01:00"  # one day back
    assert latest.fire == (FIRST,)  # however old


def test_a_limited_answer_continues_where_it_stopped() -> None:
    first = due("2026-01-01T04:30", CatchUpPolicy.ALL, limit=2)
    assert first == Due(fire=(FIRST, utc("2026-01-01T01:00")), skipped=0, next=utc("2026-01-01T02:00"))

    assert first.next is not None
    second = due_times(
        HOURLY, last=first.next, now=utc("2026-01-01T04:30"), catch_up=CatchUpPolicy.ALL, window=None, limit=9
    )
    assert texts(second.fire) == ["01-01T02:00", "01-01T03:00", "01-01T04:00"]


def test_a_schedule_that_ends_says_so() -> None:
    spec = RRuleSpec("DTSTART:20260101T000000\nFREQ=DAILY;COUNT=2")
    assert due("2026-01-09T00:00", CatchUpPolicy.LATEST, spec=spec) == Due((utc("2026-01-02T00:00"),), 1, None)


def test_a_stored_time_that_is_no_longer_one_does_not_fire() -> None:
    result = due("2026-01-01T00:01", CatchUpPolicy.ALL, spec=CronSpec("30 * * * *"))
    assert result == Due(fire=(), skipped=0, next=utc("2026-01-01T00:30"))


def test_a_long_outage_of_a_fast_schedule() -> None:
    spec = IntervalSpec(timedelta(seconds=1), FIRST)
    now = utc("2036-01-01T00:00")

    skip = due("2036-01-01T00:00", CatchUpPolicy.SKIP, spec=spec)
    latest = due("2036-01-01T00:00", CatchUpPolicy.LATEST, spec=spec, limit=1)

    assert (skip.fire[0], len(skip.fire), skip.skipped) == (now - GRACE, 61, MAX_SKIPPED)
    assert latest.fire == (now - GRACE - timedelta(seconds=1),)
    assert latest.next == now - GRACE


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="limit is 0"):
        due("2026-01-01T00:00", CatchUpPolicy.ALL, limit=0)


steps = st.lists(st.timedeltas(timedelta(0), timedelta(hours=3)), min_size=1, max_size=12)


@given(specs, moments, steps, st.integers(1, 50))
def test_all_loses_nothing_and_repeats_nothing(
    spec: ScheduleSpec, begin: datetime, waits: list[timedelta], limit: int
) -> None:
    fired: list[datetime] = []
    last, now = next_time(spec, begin), begin
    for wait in waits:
        now += wait
        if last is not None:
            result = due_times(spec, last=last, now=now, catch_up=CatchUpPolicy.ALL, window=timedelta.max, limit=limit)
            fired += result.fire
            last = result.next

    expected = times_between(spec, begin, now, 500_000)
    assert fired == expected[: len(fired)]
    assert last == next_time(spec, fired[-1] if fired else begin)
    if last is None or last > now:
        assert fired == expected


@given(specs, moments, steps, st.sampled_from(CatchUpPolicy), st.integers(1, 5))
def test_every_policy_goes_forward_over_real_times(
    spec: ScheduleSpec, begin: datetime, waits: list[timedelta], policy: CatchUpPolicy, limit: int
) -> None:
    last, now, newest = next_time(spec, begin), begin, begin
    for wait in waits:
        now += wait
        if last is None:
            return
        result = due_times(spec, last=last, now=now, catch_up=policy, window=timedelta(hours=2), limit=limit)
        for time in result.fire:
            assert newest < time <= now
            assert next_time(spec, time - timedelta(microseconds=1)) == time
            newest = time
        assert result.next is None or result.next > newest
        last = result.next


@given(specs, moments, st.lists(st.timedeltas(timedelta(0), GRACE), max_size=20), st.sampled_from(CatchUpPolicy))
def test_asked_often_enough_every_policy_fires_everything(
    spec: ScheduleSpec, begin: datetime, waits: list[timedelta], policy: CatchUpPolicy
) -> None:
    fired: list[datetime] = []
    last, now = next_time(spec, begin), begin
    for wait in waits:
        now += wait
        if last is not None:
            result = due_times(spec, last=last, now=now, catch_up=policy, window=None, limit=1000)
            assert result.skipped == 0
            fired += result.fire
            last = result.next

    assert fired == times_between(spec, begin, now, 100_000)
