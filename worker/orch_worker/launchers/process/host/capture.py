"""Lines from a process's pipe to its spool."""

import os
import time

from orch_worker.launchers.process.spool import LineSplitter, SpoolWriter

_READ_BYTES = 64 * 1024
_MAX_DRAINS = 32
"""A pipe holds at most 1 MiB, and normally one read's worth."""


class Capture:
    """Reads one stream of a process."""

    def __init__(self, descriptor: int, stream: bytes, spool: SpoolWriter) -> None:
        """Owns the descriptor, the reading end of a pipe."""
        os.set_blocking(descriptor, False)
        self.descriptor = descriptor
        self._stream = stream
        self._spool = spool
        self._splitter = LineSplitter()
        self.is_open = True

    def read(self) -> bool:
        """Take what is there, without waiting. Returns whether lines were written."""
        data = self._take()
        if data is None:
            return False
        return self._write(self._splitter.feed(data)) if data else self.close()

    def drain(self) -> bool:
        """Take all that is there, and end. Returns whether lines were written."""
        wrote = False
        # What somebody who was left behind writes meanwhile must not keep this going.
        for _ in range(_MAX_DRAINS):
            data = self._take() if self.is_open else None
            if not data:
                break
            wrote = self._write(self._splitter.feed(data)) or wrote
        return self.close() or wrote

    def close(self) -> bool:
        """The end: what is left is a line. May be called twice. Returns whether lines were written."""
        if not self.is_open:
            return False
        self.is_open = False
        os.close(self.descriptor)
        return self._write(self._splitter.end())

    def _take(self) -> bytes | None:
        """Empty: there will be no more; None: not now."""
        try:
            return os.read(self.descriptor, _READ_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def _write(self, lines: list[bytes]) -> bool:
        if lines:
            self._spool.append(self._stream, time.time_ns(), lines)
        return bool(lines)
