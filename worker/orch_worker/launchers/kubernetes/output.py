"""The lines of a Pod, with numbers that stay the same however often the connection breaks."""

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime

from orch_worker.launchers.base import OutputLine
from orch_worker.launchers.containers.lines import parse_timestamped

MOST_CHARACTERS = 16 * 1024
"""Longer lines come in pieces."""
_SECOND_NS = 1_000_000_000


class LogReader:
    """Puts together what several requests for one log have brought.

    A request can ask for lines from a second on, no more precisely. So it is known how many lines of the last second
    have come: that many are skipped when they come again.
    """

    def __init__(self) -> None:
        self._second = 0
        self._lines_of_second = 0
        self._to_skip = 0
        self._rest = b""
        self._earlier_rest = b""

    def begin(self) -> dict[str, str]:
        """What to ask for: the query of the next request, from its beginning to its end."""
        self._earlier_rest, self._rest, self._to_skip = self._rest, b"", self._lines_of_second
        if not self._second:
            return {}
        return {"sinceTime": datetime.fromtimestamp(self._second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}

    def feed(self, data: bytes) -> list[OutputLine]:
        """The lines that are new and complete."""
        self._earlier_rest = b""
        *complete, self._rest = (self._rest + data).split(b"\n")
        return [line for raw in complete for line in self._take(raw)]

    def end(self) -> list[OutputLine]:
        """A last line without its end. Only where the log has come to its own end, and not the connection."""
        rest, self._rest = self._rest or self._earlier_rest, b""
        return list(self._take(rest)) if rest else []

    def _take(self, raw: bytes) -> Iterator[OutputLine]:
        try:
            time_ns, text = parse_timestamped(raw)
        except ValueError:
            # The node says something of its own: that it cannot read the log, say.
            time_ns, text = time.time_ns(), raw
        else:
            if not self._is_new(time_ns // _SECOND_NS):
                return
        whole = text.removesuffix(b"\r").decode("utf-8", "replace")
        for start in range(0, max(len(whole), 1), MOST_CHARACTERS):
            yield OutputLine("stdout", time_ns, whole[start : start + MOST_CHARACTERS])

    def _is_new(self, second: int) -> bool:
        if self._to_skip and second >= self._second:
            if second == self._second:
                self._to_skip -= 1
                return False
            self._to_skip = 0
        if second > self._second:
            self._second, self._lines_of_second = second, 0
        self._lines_of_second += second == self._second
        return True


async def from_number(start: int, lines: AsyncIterator[Sequence[OutputLine]]) -> AsyncIterator[Sequence[OutputLine]]:
    """Without those before number `start`."""
    skip = start
    async for batch in lines:
        rest = batch[skip:]
        skip = max(0, skip - len(batch))
        if rest:
            yield rest
