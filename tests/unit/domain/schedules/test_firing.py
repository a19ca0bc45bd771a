"""What becomes of a nominal time that fires, and of one that meets an earlier run."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch_server.domain.schedules import OverlapDecision, OverlapPolicy, decide_overlap, idempotency_key, jittered
from tests.unit.domain.schedules.support import moments, utc

NOMINAL = utc("2026-03-01T02:00")


@given(moments, st.timedeltas(timedelta(0), timedelta(days=30)), st.text())
def test_jitter_delays_by_less_than_its_span(nominal: datetime, jitter: timedelta, key: str) -> None:
    start = jittered(nominal, jitter, key)

    assert timedelta(0) <= start - nominal < max(jitter, timedelta(microseconds=1))
    assert start == jittered(nominal.astimezone(timezone(timedelta(hours=2))), jitter, key)


def test_jitter_is_the_same_for_ever() -> None:
    # Written down: a change would move starts between servers of different versions.
    assert jittered(NOMINAL, timedelta(minutes=10), "nightly") == utc("2026-03-01T02:05:37.501391")


def test_jitter_spreads() -> None:
    starts = {jittered(NOMINAL, timedelta(minutes=10), f"schedule-{number}") for number in range(1000)}
    minutes = [sum(start.minute == minute for start in starts) for minute in range(10)]
    assert min(minutes) > 60


def test_jitter_is_not_negative() -> None:
    with pytest.raises(ValueError, match="cannot be negative"):
        jittered(NOMINAL, timedelta(seconds=-1), "nightly")


def test_a_time_has_one_key() -> None:
    in_berlin = NOMINAL.astimezone(timezone(timedelta(hours=1)))

    assert idempotency_key("nightly", NOMINAL) == "schedule:nightly:2026-03-01T02:00:00Z"
    assert idempotency_key("nightly", in_berlin) == idempotency_key("nightly", NOMINAL)
    assert idempotency_key("nightly", NOMINAL + timedelta(microseconds=5)).endswith("T02:00:00.000005Z")


def test_a_naive_time_has_none() -> None:
    with pytest.raises(ValueError, match="no UTC offset"):
        idempotency_key("nightly", NOMINAL.replace(tzinfo=None))


@pytest.mark.parametrize("policy", OverlapPolicy)
def test_without_an_active_run_every_policy_creates(policy: OverlapPolicy) -> None:
    assert decide_overlap(policy, 0) == OverlapDecision(create=True)


@pytest.mark.parametrize(
    ("policy", "decision"),
    [
        (OverlapPolicy.ALLOW, OverlapDecision(create=True)),
        (OverlapPolicy.SKIP, OverlapDecision(create=False)),
        (OverlapPolicy.QUEUE, OverlapDecision(create=True, wait=True)),
        (OverlapPolicy.CANCEL_OLD, OverlapDecision(create=True, wait=True, cancel_active=True)),
    ],
)
def test_overlap(policy: OverlapPolicy, decision: OverlapDecision) -> None:
    assert decide_overlap(policy, 2) == decision
