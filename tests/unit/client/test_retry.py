import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch_client.errors import Failure
from orch_client.retry import Attempts, RetryRule, is_broken_stream, is_passing

AWAY = Failure(code="UNAVAILABLE", message="away")
IN_2_S = Failure(code="UNAVAILABLE", message="busy", retry_after_seconds=2.0)
FULL = Failure(code="RESOURCE_EXHAUSTED", message="full", retry_after_seconds=1.0)
LATE = Failure(code="DEADLINE_EXCEEDED", message="Deadline Exceeded")


def attempts(*, repeatable: bool = True, deadline: float = 100.0, rule: RetryRule | None = None) -> Attempts:
    return Attempts(rule=rule or RetryRule(), repeatable=repeatable, deadline=deadline)


@pytest.mark.parametrize(
    ("failure", "passing"),
    [
        (AWAY, True),
        (FULL, True),
        (Failure(code="RESOURCE_EXHAUSTED", message="message too large"), False),
        (LATE, False),
        (Failure(code="INTERNAL", message="bug"), False),
        (Failure(code="ABORTED", message="etag", retry_after_seconds=1.0), False),
    ],
)
def test_only_what_passes_is_worth_another_attempt(failure: Failure, passing: bool) -> None:
    assert is_passing(failure) is passing


def test_delays_grow_up_to_the_ceiling() -> None:
    rule = RetryRule(first_delay_seconds=0.1, multiplier=2, max_delay_seconds=0.5)

    delays = [rule.delay_seconds(failed_attempts=n, retry_after_seconds=None, chance=1.0) for n in range(1, 6)]

    assert delays == [0.1, 0.2, 0.4, 0.5, 0.5]


@given(failed=st.integers(1, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_delays_are_spread_over_their_upper_half(failed: int, chance: float) -> None:
    rule = RetryRule()
    most = rule.delay_seconds(failed_attempts=failed, retry_after_seconds=None, chance=1.0)

    assert most / 2 <= rule.delay_seconds(failed_attempts=failed, retry_after_seconds=None, chance=chance) <= most
    assert most <= rule.max_delay_seconds


@given(after=st.floats(0, 3600), chance=st.floats(0, 1, exclude_max=True))
def test_nobody_comes_back_before_the_time_that_was_asked_for(after: float, chance: float) -> None:
    delay = RetryRule().delay_seconds(failed_attempts=1, retry_after_seconds=after, chance=chance)

    assert after <= delay <= after * 1.2


def test_a_call_that_may_not_be_repeated_fails_at_once() -> None:
    assert attempts(repeatable=False).delay_after(AWAY, now=0, chance=0) is None
    assert attempts(repeatable=False).delay_after(FULL, now=0, chance=0) is None


def test_no_delay_reaches_past_the_deadline() -> None:
    assert attempts(deadline=2.5).delay_after(IN_2_S, now=0, chance=0) == 2.0
    assert attempts(deadline=2.0).delay_after(IN_2_S, now=0, chance=0) is None


def test_attempts_may_be_counted() -> None:
    call = attempts(rule=RetryRule(max_attempts=2))

    assert call.delay_after(AWAY, now=0, chance=0) is not None
    assert call.delay_after(AWAY, now=0, chance=0) is None


def test_an_attempt_has_what_is_left() -> None:
    assert attempts(deadline=10).timeout(4) == 6
    assert attempts(deadline=10).timeout(11) == 0
    assert attempts(deadline=float("inf")).timeout(11) is None


def test_in_the_end_the_reason_is_told_not_that_time_ran_out() -> None:
    call = attempts()
    call.delay_after(AWAY, now=0, chance=0)

    assert call.outcome(LATE) == AWAY
    assert attempts().outcome(LATE) == LATE


@pytest.mark.parametrize(
    ("failure", "broken"),
    [
        (AWAY, True),
        (FULL, True),
        (Failure(code="CANCELLED", message="server stopped"), True),
        (Failure(code="INTERNAL", message="Received RST_STREAM with error code 2"), True),
        (Failure(code="UNKNOWN", message="Stream removed"), True),
        (Failure(code="INTERNAL", message="bug"), False),
        (Failure(code="NOT_FOUND", message="no such run"), False),
        (LATE, False),
    ],
)
def test_a_stream_breaks_or_is_refused(failure: Failure, broken: bool) -> None:
    assert is_broken_stream(failure) is broken
