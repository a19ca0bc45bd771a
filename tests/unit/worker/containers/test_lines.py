"""Times before lines."""

import pytest

from orch_worker.launchers.containers.lines import parse_timestamped


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"1970-01-01T00:00:01.000000002Z text", (1_000_000_002, b"text")),
        (b"1970-01-01T00:00:01.5Z two words", (1_500_000_000, b"two words")),
        (b"1970-01-01T00:00:01Z ", (1_000_000_000, b"")),
        (b"1970-01-01T01:00:01.5+01:00 east", (1_500_000_000, b"east")),
        (b"1969-12-31T18:30:01-05:30 west", (1_000_000_000, b"west")),
        (b"2026-11-22T16:24:33.692471133Z x", (1_795_364_673_692_471_133, b"x")),
    ],
)
def test_times(data: bytes, expected: tuple[int, bytes]) -> None:
    assert parse_timestamped(data) == expected


@pytest.mark.parametrize("data", [b"", b"no time here", b"2026-11-22 text"])
def test_no_time(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 # whatever it says: it is no line of an engine
        parse_timestamped(data)
