from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch_server.domain.policies import DURABLE_CRASH_RESTARTS, NO_RECOVERY, NO_RETRY, RecoveryPolicy, RetryPolicy

SECONDS = [timedelta(seconds=n) for n in (1, 5, 30)]


def test_delays_come_in_order_and_the_last_stays() -> None:
    policy = RetryPolicy(max_retries=9, delays=tuple(SECONDS))

    assert [policy.delay(used, chance=0.5) for used in range(5)] == [*SECONDS, SECONDS[-1], SECONDS[-1]]


def test_no_delays_mean_at_once() -> None:
    assert RetryPolicy(max_retries=3).delay(2, chance=0.9) == timedelta(0)


@given(jitter=st.floats(0, 10), chance=st.floats(0, 1, exclude_max=True), used=st.integers(0, 100))
def test_jitter_adds_up_to_its_share(jitter: float, chance: float, used: int) -> None:
    policy = RetryPolicy(max_retries=100, delays=tuple(SECONDS), jitter_factor=jitter)
    base = SECONDS[min(used, 2)]

    assert base <= policy.delay(used, chance) <= base * (1 + jitter) + timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("policy", "allowed"),
    [
        (NO_RECOVERY, 0),
        (RecoveryPolicy(crash_restarts=3), 3),
        (RecoveryPolicy(durable=True), DURABLE_CRASH_RESTARTS),
        (RecoveryPolicy(crash_restarts=2, durable=True), 2),
        (RecoveryPolicy(exclusive=True), 0),
    ],
)
def test_restarts_are_asked_for_by_number_or_by_being_durable(policy: RecoveryPolicy, allowed: int) -> None:
    assert policy.allowed_restarts == allowed


def test_nothing_is_tried_again_unless_asked_for() -> None:
    assert (NO_RETRY.max_retries, NO_RECOVERY.allowed_restarts) == (0, 0)
