"""Log lines that are easy to tell apart.

They are opaque to the store; here a line is a number, its time in seconds, and a chunk is their JSON.
"""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from orch_server.application.log_appends import LogAppend, LogAppended
from orch_server.application.log_pages import LogFilter
from orch_server.application.logs import Logs
from orch_server.domain.runs import ReportVerdict

ALL = LogFilter()
LATE = timedelta(minutes=1)
"""After so long, nothing more comes of a run that has ended."""
SECOND = 1_000_000_000


class NumberCodec:
    """Lines that are numbers: each its own time and, for filters, its own level."""

    def decode(self, records: bytes) -> Sequence[int]:
        numbers: list[int] = json.loads(records)
        return numbers

    def time_ns(self, record: int, /) -> int:
        return record * 1_000_000_000

    def size(self, record: int, /) -> int:
        return 8

    def matcher(self, log_filter: LogFilter) -> Callable[[int], bool]:
        first, end = log_filter.from_ns or 0, log_filter.to_ns or 1 << 62
        return lambda record: record >= log_filter.min_level and first <= self.time_ns(record) < end


CODEC = NumberCodec()


def lines(run_id: UUID, numbers: Sequence[int], *, offset: int, stream: str = "run", token: int = 7) -> LogAppend:
    seconds = (min(numbers), max(numbers)) if numbers else None
    records = json.dumps(numbers).encode()
    return LogAppend(run_id, token, stream, offset, len(numbers), max(numbers, default=0), records, seconds)


def accepted(committed: int) -> LogAppended:
    return LogAppended(committed, ReportVerdict.ACCEPTED)


async def read(
    logs: Logs, run_id: UUID, log_filter: LogFilter = ALL, *, size: int = 1000
) -> list[tuple[str, int, int]]:
    """All lines, page by page: (stream, offset, number)."""
    found: list[tuple[str, int, int]] = []
    token = ""
    while True:
        answer = await logs.page(run_id, log_filter, CODEC, token=token, size=size)
        found.extend(answer.page.lines)
        if not (token := answer.next_token):
            return found


async def read_back(
    logs: Logs, run_id: UUID, log_filter: LogFilter = ALL, *, size: int = 1000
) -> list[tuple[str, int, int]]:
    """All lines from the last to the first, page by page: (stream, offset, number)."""
    found: list[tuple[str, int, int]] = []
    token = ""
    while True:
        answer = await logs.page_back(run_id, log_filter, CODEC, token=token, size=size)
        found.extend(answer.page.lines)
        if not (token := answer.next_token):
            return found


async def numbers(logs: Logs, run_id: UUID, log_filter: LogFilter = ALL, *, size: int = 1000) -> list[int]:
    return [number for _, _, number in await read(logs, run_id, log_filter, size=size)]
