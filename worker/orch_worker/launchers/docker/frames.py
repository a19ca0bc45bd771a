"""The engine's log stream, cut into lines.

A frame has a header of 8 bytes (stream, three zeros, length) and one message: when it was written, a space, the line.
A line above 16 KiB is several messages, each with a time of its own. So messages have the same numbers whenever the log
is read. (A character that such a cut goes through is lost to the engine, which keeps texts.) What the engine has to say
itself (it cannot read its log) comes in a stream of its own, without a time.
"""

import struct
import time
from collections.abc import Sequence

from orch_worker.launchers.base import OutputLine
from orch_worker.launchers.containers.lines import parse_timestamped

_HEADER = struct.Struct(">BxxxL")
_STREAMS = {0: "stdout", 1: "stdout", 2: "stderr", 3: "stderr"}


class FrameReader:
    """Bytes as they come, cut into lines."""

    def __init__(self) -> None:
        self._data = b""

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
            lines.append(_line(_STREAMS[number], data[position + _HEADER.size : end]))
            position = end
        self._data = data[position:]
        return lines


def _line(stream: str, message: bytes) -> OutputLine:
    try:
        time_ns, text = parse_timestamped(message)
    except ValueError:
        time_ns, text = time.time_ns(), message
    return OutputLine(stream, time_ns, text.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "replace"))
