"""The engine's log stream, cut into lines.

A frame has a header of 8 bytes (stream, three zeros, length) and one message: when it was written, a space, the line.
A line above 16 KiB is several messages, each with a time of its own, of which the last ends with a line end. So
messages have the same numbers whenever the log is read.
"""

import struct
from collections.abc import Sequence

from orch_worker.launchers.base import OutputLine
from orch_worker.launchers.containers.lines import parse_timestamped

_HEADER = struct.Struct(">BxxxL")
_STREAMS = {0: "stdout", 1: "stdout", 2: "stderr"}


class FrameReader:
    """Bytes as they come, cut into lines."""

    def __init__(self) -> None:
        self._data = b""
        self._cut: dict[str, bytes] = {}
        """By stream: the first bytes of a character that a long line was cut in."""

    def feed(self, data: bytes) -> Sequence[OutputLine]:
        """The lines that are complete now. Raises ValueError for what is no log stream."""
        data, position, lines = self._data + data, 0, []
        while len(data) - position >= _HEADER.size:
            number, length = _HEADER.unpack_from(data, position)
            end = position + _HEADER.size + length
            if number not in _STREAMS:
                raise ValueError(f"no log stream of Docker: {data[position : position + 16]!r}")
            if end > len(data):
                break
            lines.append(self._line(_STREAMS[number], data[position + _HEADER.size : end]))
            position = end
        self._data = data[position:]
        return lines

    def _line(self, stream: str, message: bytes) -> OutputLine:
        time_ns, text = parse_timestamped(message)
        text = self._cut.pop(stream, b"") + text
        if text.endswith(b"\n"):
            text = text[:-1].removesuffix(b"\r")
        elif whole := _whole_characters(text):
            text, self._cut[stream] = text[:whole], text[whole:]
        return OutputLine(stream, time_ns, text.decode("utf-8", "replace"))


def _whole_characters(text: bytes) -> int:
    """How many of these bytes end with a whole character of UTF-8."""
    for back in range(1, min(4, len(text)) + 1):
        byte = text[-back]
        if byte & 0xC0 == 0xC0:  # It begins a character of 2 to 4 bytes.
            wanted = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(text) if back >= wanted else len(text) - back
        if byte & 0x80 == 0:
            break
    return len(text)
