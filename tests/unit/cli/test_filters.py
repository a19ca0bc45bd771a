"""Times and lengths of time on a command line."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from orch_cli.failures import Wrong
from orch_cli.filters import pairs
from orch_cli.moments import duration, moment

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """People are in Berlin: an hour ahead of UTC in winter, two in summer."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("1.5h", 5400),
        ("30m", 1800),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("2 days", 172_800),
        ("1w", 604_800),
        ("5min", 300),
        ("0s", 0),
    ],
)
def test_lengths_of_time(text: str, seconds: float) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "soon", "h", "5 fortnights", "-5m", "1h foo", "1e5", "5 fortnight"])
def test_what_is_no_length_of_time_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="no length of time"):
        duration(text)


@pytest.mark.parametrize("text", ["9" * 400 + "d", "99999999d", "9" * 20])
def test_a_length_beyond_all_reason_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="hundred years"):
        duration(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        ("2h", datetime(2026, 11, 22, 10, 30, tzinfo=UTC)),
        ("7d", datetime(2026, 11, 15, 12, 30, tzinfo=UTC)),
        ("today", datetime(2026, 11, 21, 23, 0, tzinfo=UTC)),
        ("yesterday", datetime(2026, 11, 20, 23, 0, tzinfo=UTC)),
        ("Yesterday 14:30", datetime(2026, 11, 21, 13, 30, tzinfo=UTC)),
        ("09:15", datetime(2026, 11, 22, 8, 15, tzinfo=UTC)),
        ("2026-07-01", datetime(2026, 6, 30, 22, 0, tzinfo=UTC)),
        ("2026-11-01T14:30", datetime(2026, 11, 1, 13, 30, tzinfo=UTC)),
        ("2026-11-01 14:30:05+05:00", datetime(2026, 11, 1, 9, 30, 5, tzinfo=UTC)),
        ("2026-11-01T14:30Z", datetime(2026, 11, 1, 14, 30, tzinfo=UTC)),
    ],
)
def test_points_in_time_are_local_and_lengths_are_ago(text: str, expected: datetime) -> None:
    assert moment(text, NOW) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2h", datetime(2026, 11, 22, 14, 30, tzinfo=UTC)),
        ("tomorrow 08:00", datetime(2026, 11, 23, 7, 0, tzinfo=UTC)),
        ("18:00", datetime(2026, 11, 22, 17, 0, tzinfo=UTC)),
        ("13:00", datetime(2026, 11, 23, 12, 0, tzinfo=UTC)),
    ],
)
def test_ahead_lengths_count_from_now_and_a_clock_that_has_passed_is_tomorrows(text: str, expected: datetime) -> None:
    assert moment(text, NOW, ahead=True) == expected


def test_a_day_by_name_has_the_offset_of_that_day() -> None:
    after_the_change = datetime(2026, 10, 25, 12, 0, tzinfo=UTC)  # that night, summer time ended

    assert moment("yesterday 12:00", after_the_change) == datetime(2026, 10, 24, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "then", "25:00", "yesterday 99:99", "2026-13-01", "2026", "tomorrow noon"])
def test_what_is_no_time_is_told(text: str) -> None:
    if text == "2026":
        assert moment(text, NOW) == NOW - timedelta(seconds=2026), "a bare number counts seconds"
        return
    with pytest.raises(ValueError, match="is no time"):
        moment(text, NOW)


def test_pairs_keep_what_follows_the_first_sign() -> None:
    assert pairs(("a=b=c", " d = "), "--label") == {"a": "b=c", "d": " "}


@pytest.mark.parametrize("text", ["a", "=b", " =b"])
def test_a_pair_without_a_name_or_a_sign_is_told(text: str) -> None:
    with pytest.raises(Wrong, match="--label"):
        pairs((text,), "--label")
