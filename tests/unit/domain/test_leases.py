from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch_server.domain.leases import DEFAULT_TTL, MAX_TTL, MIN_TTL, amnesty_due, next_sync

TTLS = st.timedeltas(MIN_TTL, MAX_TTL)
CHANCES = st.floats(0, 1, exclude_max=True)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@given(ttl=TTLS, load=st.floats(-1, 3), chance=CHANCES)
def test_a_holder_has_one_more_try_before_its_lease_ends(ttl: timedelta, load: float, chance: float) -> None:
    pace = next_sync(ttl, load=load, chance=chance)

    assert 0.29 * ttl < pace <= 0.55 * ttl + TICK


@given(ttl=TTLS, chance=CHANCES, low=st.floats(0, 1), high=st.floats(0, 1))
def test_load_only_slows_the_pace(ttl: timedelta, chance: float, low: float, high: float) -> None:
    low, high = sorted((low, high))

    assert next_sync(ttl, load=low, chance=chance) <= next_sync(ttl, load=high, chance=chance) + TICK


@pytest.mark.parametrize(
    ("load", "chance", "seconds"), [(0, 0.5, 5.0), (1, 0.5, 7.5), (0, 0.0, 4.5), (2, 0.5, 7.5), (-1, 0.5, 5.0)]
)
def test_a_third_of_the_ttl_when_idle_half_of_it_at_full_load(load: float, chance: float, seconds: float) -> None:
    assert next_sync(DEFAULT_TTL, load=load, chance=chance).total_seconds() == pytest.approx(seconds)


def test_holders_that_began_together_drift_apart() -> None:
    paces = [next_sync(DEFAULT_TTL, load=0, chance=n / 10) for n in range(10)]

    assert len(set(paces)) == 10
    assert max(paces) - min(paces) >= timedelta(seconds=0.8)


@pytest.mark.parametrize(
    ("gap", "interval", "due"),
    [
        (timedelta(seconds=1), timedelta(seconds=1), False),
        (timedelta(seconds=3), timedelta(seconds=1), False),
        (timedelta(seconds=3, microseconds=1), timedelta(seconds=1), True),
        (timedelta(seconds=2), timedelta(milliseconds=50), False),
        (timedelta(seconds=29), timedelta(seconds=10), False),
        (timedelta(seconds=31), timedelta(seconds=10), True),
        (timedelta(hours=1), timedelta(seconds=1), True),
        (timedelta(seconds=-5), timedelta(seconds=1), False),
    ],
)
def test_a_few_missed_rounds_are_an_outage(gap: timedelta, interval: timedelta, due: bool) -> None:
    assert amnesty_due(NOW - gap, NOW, sweep_interval=interval) is due


def test_the_first_sweep_ever_is_one_after_an_outage() -> None:
    assert amnesty_due(None, NOW, sweep_interval=timedelta(seconds=1))
