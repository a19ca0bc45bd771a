import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from orch_client.leases import LeaseClock, LeaseKeeper, LeaseKey, SafetyMargin, holder_clock

A, B = LeaseKey("a", 1), LeaseKey("b", 7)

# From an hour's boot to years of it; TTLs as the contract allows them.
TIMES = st.floats(0, 1e9)
TTLS = st.floats(1, 3600)
DRIFTS = st.floats(0, 0.49)


@given(sent_at=TIMES, ttl=TTLS, margin=DRIFTS, actual=DRIFTS, travel=st.floats(0, 60), stopping=st.floats(0, 10))
def test_a_holder_has_stopped_before_its_lease_can_have_expired(
    sent_at: float, ttl: float, margin: float, actual: float, travel: float, stopping: float
) -> None:
    """For every drift up to the margin, and however long the renewal was on its way."""
    assume(actual <= margin)
    clock = LeaseClock(sent_at=sent_at, ttl_seconds=ttl, margin=SafetyMargin(drift=margin, stopping_seconds=stopping))

    # The control plane counts from the renewal's arrival, with a clock that is faster by `actual`.
    expires_at = sent_at + travel + ttl / (1 + actual)

    assert clock.must_stop_at <= expires_at + 1e-6


@given(ttl=TTLS, drift=DRIFTS, stopping=st.floats(0, 10))
def test_a_lease_leaves_some_time_to_work(ttl: float, drift: float, stopping: float) -> None:
    assert 0 < SafetyMargin(drift=drift, stopping_seconds=stopping).usable_seconds(ttl) <= ttl


@given(first=TIMES, later=st.floats(0, 3600), ttl=TTLS)
def test_an_answer_that_was_overtaken_changes_nothing(first: float, later: float, ttl: float) -> None:
    clock = LeaseClock(sent_at=first + later, ttl_seconds=ttl)

    assert clock.renewed(sent_at=first, ttl_seconds=ttl).must_stop_at == clock.must_stop_at


@pytest.mark.parametrize(("ttl", "usable"), [(15.0, 12.5), (1.0, 0.8), (3600.0, 3239.0)])
def test_the_margin_is_a_tenth_and_up_to_a_second(ttl: float, usable: float) -> None:
    assert SafetyMargin().usable_seconds(ttl) == pytest.approx(usable)


@pytest.mark.parametrize(("drift", "stopping"), [(-0.1, 0.0), (0.5, 0.0), (0.1, -1.0)])
def test_a_margin_that_makes_no_sense_is_refused(drift: float, stopping: float) -> None:
    with pytest.raises(ValueError, match="safety margin"):
        SafetyMargin(drift=drift, stopping_seconds=stopping)


def test_a_holder_may_go_on_until_it_must_stop() -> None:
    clock = LeaseClock(sent_at=100, ttl_seconds=15)

    assert clock.must_stop_at == 112.5
    assert clock.may_go_on(112.4)
    assert not clock.may_go_on(112.5)
    assert clock.renewed(sent_at=105, ttl_seconds=15).may_go_on(117.4)


def test_a_grant_whose_long_poll_took_long_must_be_renewed_first() -> None:
    keeper = LeaseKeeper(next_sync_at=105)
    keeper.hold(A, sent_at=100, ttl_seconds=15)

    assert keeper.must_stop(now=130) == (A,)

    keeper.synced(sent_at=130, next_sync_seconds=5, ttls=[(A, 15)])
    assert keeper.must_stop(now=131) == ()


def test_each_sync_says_when_the_next_is_due() -> None:
    keeper = LeaseKeeper(next_sync_at=105)

    keeper.synced(sent_at=104, next_sync_seconds=6, ttls=[])

    assert keeper.next_sync_at == 110


def test_leases_that_a_sync_does_not_renew_run_out() -> None:
    keeper = LeaseKeeper(next_sync_at=5)
    keeper.hold(A, sent_at=0, ttl_seconds=10)
    keeper.hold(B, sent_at=0, ttl_seconds=10)

    keeper.synced(sent_at=5, next_sync_seconds=5, ttls=[(B, 10)])

    assert keeper.must_stop(now=9) == (A,)
    assert keeper.next_event_at(6) == 8.0
    assert keeper.next_event_at(9) == 10


def test_a_lease_that_was_dropped_stays_dropped() -> None:
    keeper = LeaseKeeper(next_sync_at=5)
    keeper.hold(A, sent_at=0, ttl_seconds=10)

    keeper.drop(A)
    keeper.drop(A)
    keeper.synced(sent_at=1, next_sync_seconds=5, ttls=[(A, 10)])

    assert dict(keeper.held) == {}


def test_a_sync_without_an_answer_is_repeated_ever_sooner() -> None:
    keeper = LeaseKeeper(next_sync_at=5)
    keeper.hold(A, sent_at=0, ttl_seconds=15)
    now, delays = 5.0, []

    while not keeper.must_stop(now):
        keeper.unanswered(now=now)
        delays.append(keeper.next_sync_at - now)
        now = keeper.next_sync_at

    assert delays == sorted(delays, reverse=True)
    assert len(delays) >= 10
    assert min(delays) == pytest.approx(0.2)


def test_once_time_is_over_a_holder_asks_at_leisure() -> None:
    keeper = LeaseKeeper(next_sync_at=5)
    keeper.hold(A, sent_at=0, ttl_seconds=15)

    keeper.unanswered(now=60)

    assert keeper.next_sync_at == 65


def test_the_holders_clock_never_goes_back() -> None:
    clock = holder_clock()

    assert clock() <= clock()
