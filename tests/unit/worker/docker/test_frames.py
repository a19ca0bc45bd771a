"""The engine's log stream, cut into lines."""

import struct

import pytest

from orch_worker.launchers.docker.frames import FrameReader

TIME = b"1970-01-01T00:00:01.000000002Z"


def frame(number: int, message: bytes) -> bytes:
    data = TIME + b" " + message
    return struct.pack(">BxxxL", number, len(data)) + data


STREAM = frame(1, b"one\n") + frame(2, "zwö\r\n".encode()) + frame(1, b"\n") + frame(1, b"cut off")
LINES = [("stdout", "one"), ("stderr", "zwö"), ("stdout", ""), ("stdout", "cut off")]


@pytest.mark.parametrize("size", [1, 3, 8, 41, 1000])
def test_however_it_arrives(size: int) -> None:
    reader = FrameReader()

    lines = [line for at in range(0, len(STREAM), size) for line in reader.feed(STREAM[at : at + size])]

    assert [(line.stream, line.text) for line in lines] == LINES
    assert {line.time_ns for line in lines} == {1_000_000_002}


def test_what_is_no_utf8_is_replaced() -> None:
    assert [line.text for line in FrameReader().feed(frame(1, b"a\xffb\n") + frame(1, b"\xff\xfe"))] == ["a�b", "��"]


def test_what_the_engine_says_itself_has_no_time() -> None:
    message = b"Error grabbing logs: invalid character\n"

    [line] = FrameReader().feed(struct.pack(">BxxxL", 3, len(message)) + message)

    assert (line.stream, line.text) == ("stderr", "Error grabbing logs: invalid character")


def test_what_is_no_log_stream_is_refused() -> None:
    with pytest.raises(ValueError, match="no log stream"):
        FrameReader().feed(b"plain text, of a terminal")
