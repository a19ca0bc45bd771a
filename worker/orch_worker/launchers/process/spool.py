"""The file of an attempt's lines. Standard library only.

One line each: the stream's digit, when it was read (nanoseconds since 1970), the line. Its number in the file is the
line's number for good.
"""

import os
from collections.abc import Sequence
from pathlib import Path

STREAMS = {b"1": "stdout", b"2": "stderr", b"3": "worker"}
STDOUT, STDERR, WORKER = STREAMS
MAX_LINE_BYTES = 16 * 1024
"""Longer lines come in pieces."""


class SpoolWriter:
    """Appends lines to a spool. A disk that is full costs lines, which are counted, and nothing else."""

    def __init__(self, path: Path) -> None:
        """Opens it. Raises OSError."""
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._size = os.fstat(self._descriptor).st_size
        self._untold = 0
        self.lost_lines = 0

    def append(self, stream: bytes, time_ns: int, lines: Sequence[bytes]) -> None:
        """Append lines, which hold no line ends."""
        prefix = b"%s %d " % (stream, time_ns)
        if self._untold:
            self._tell(time_ns)
        lost = len(lines) - self._write(prefix + (b"\n" + prefix).join(lines) + b"\n")
        self.lost_lines += lost
        self._untold += lost

    def close(self) -> None:
        """No more lines. May be called twice."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _tell(self, time_ns: int) -> None:
        told = f"[{self._untold} lines are missing here: the worker's disk was full]"
        if self._write(b"%s %d %s\n" % (WORKER, time_ns, told.encode())):
            self._untold = 0

    def _write(self, data: bytes) -> int:
        """Write as many whole lines as there is room for, and return how many."""
        written = 0
        try:
            while written < len(data):
                written += os.write(self._descriptor, memoryview(data)[written:])
        except OSError:
            # Somebody may have read the lines that are whole; half a line is nothing yet.
            written = data.rfind(b"\n", 0, written) + 1
            os.ftruncate(self._descriptor, self._size + written)
        self._size += written
        return data.count(b"\n", 0, written)


class LineSplitter:
    """Bytes as they come, cut into lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are complete now."""
        complete, end, rest = (self._rest + data).rpartition(b"\n")
        lines = complete.split(b"\n") if end else []
        if len(complete) > MAX_LINE_BYTES:
            lines = [piece for line in lines for piece in _pieces(line)]
        if len(rest) > MAX_LINE_BYTES:
            *pieces, rest = _pieces(rest)
            lines += pieces
        self._rest = rest
        return lines

    def end(self) -> list[bytes]:
        """A last line without its end."""
        rest, self._rest = self._rest, b""
        return [rest] if rest else []


def last_line(path: Path) -> bytes:
    """The last line of a spool, with what stands before it; empty where there is none."""
    try:
        with path.open("rb") as file:
            file.seek(-min(os.fstat(file.fileno()).st_size, MAX_LINE_BYTES), os.SEEK_END)
            return file.read().rstrip(b"\n").rpartition(b"\n")[2]
    except FileNotFoundError:
        return b""


def _pieces(line: bytes) -> list[bytes]:
    """A line, cut where it is too long; never within a character of UTF-8."""
    pieces = []
    while len(line) > MAX_LINE_BYTES:
        cut = MAX_LINE_BYTES
        while cut > MAX_LINE_BYTES - 4 and line[cut] & 0xC0 == 0x80:
            cut -= 1
        pieces.append(line[:cut])
        line = line[cut:]
    pieces.append(line)
    return pieces
