"""Spans of time as people write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.deployments.spans import seconds_of, span_text
from orch.errors import ConfigurationError


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (90, 90),
        (1.5, 1.5),
        (timedelta(minutes=2), 120),
        ("90", 90),
        ("90s", 90),
        ("15m", 900),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("2 days, 3 min", 172_980),
        ("1w", 604_800),
        ("0.5 hours", 1800),
        ("1D", 86_400),
    ],
)
def test_a_span_has_seconds(written: object, seconds: float) -> None:
    assert seconds_of(written) == seconds


@pytest.mark.parametrize("wrong", ["", "soon", "1h30", "5 parsecs", "-5s", -1, True, None, [1], float("nan"), "1e3h"])
def test_what_is_no_span_is_refused_with_forms(wrong: object) -> None:
    with pytest.raises(ConfigurationError, match="the pause is"):
        seconds_of(wrong, "the pause")


@given(st.integers(0, 10**9))
def test_the_text_of_a_span_reads_back(milliseconds: int) -> None:
    seconds = milliseconds / 1000

    assert seconds_of(span_text(seconds)) == pytest.approx(seconds, abs=1e-6)
