"""Pages of log lines: the streams of a run merged by time, as far as a page reaches.

A position says, for each stream, which chunk comes next and how many of its lines were read. A page does a bounded
piece of work, so with a filter it may be short, or empty, and not be the last.
"""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from orch_server.application.errors import InvalidArgument, NotFound
from orch_server.application.log_rows import ChunkWish, LogChunk
from orch_server.application.pages import decode_token, encode_token
from orch_server.application.ports import Transaction

T = TypeVar("T")

MAX_PAGE_BYTES = 2 * 1024 * 1024
"""A page stops after the line that reaches this: it must fit into a message that every client takes."""
_MAX_STORED_BYTES = 4 * 1024 * 1024
_SCANNED_LINES = 20_000
"""How many lines of a stream a page with a filter looks at."""


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Conditions that must all hold; an empty one holds always."""

    min_level: int = 0
    task_run_id: str = ""
    text: str = ""
    stream: str = ""

    @property
    def looks_inside(self) -> bool:
        """Whether it has to see a line to know."""
        return bool(self.min_level or self.task_run_id or self.text)


class LogCodec(Protocol[T]):
    """What chunks hold. Here, lines are opaque."""

    def decode(self, records: bytes) -> Sequence[T]:
        """The lines in a chunk."""
        ...

    def time_ns(self, record: T, /) -> int:
        """When a line was said, in nanoseconds since 1970."""
        ...

    def size(self, record: T, /) -> int:
        """How many bytes a line takes on the wire."""
        ...

    def matcher(self, log_filter: LogFilter) -> Callable[[T], bool]:
        """Whether a line passes a filter."""
        ...


class Position(NamedTuple):
    """Where a stream is read on: in the chunk that begins at `first_offset`, or the next one, after `skip` lines."""

    first_offset: int
    skip: int = 0


Positions = Mapping[str, Position]


class LogLine(NamedTuple, Generic[T]):
    """A line with its place."""

    stream: str
    offset: int
    record: T


@dataclass(frozen=True, slots=True)
class LogPage(Generic[T]):
    """Some lines, and where reading goes on. `more`: more is stored already. `ended_for`: since the run's end."""

    lines: Sequence[LogLine[T]]
    positions: Positions
    more: bool
    ended_for: timedelta | None


@dataclass(frozen=True, slots=True)
class Look:
    """What a transaction found: where each stream goes on and ends, and some of the chunks between."""

    starts: Positions
    ends: Mapping[str, int]
    chunks: Mapping[str, Sequence[LogChunk]]
    ended_for: timedelta | None


def look(tx: Transaction, flow_run_id: UUID, log_filter: LogFilter, positions: Positions, *, size: int) -> Look:
    """What is stored from these positions on, as far as a page of this size may need it. NotFound."""
    standing = tx.logs.standing(flow_run_id)
    if standing is None:
        raise NotFound("flow run", str(flow_run_id))
    fence, ends = standing
    ended_for = tx.now - fence.end_time if fence.end_time is not None else None
    if log_filter.stream:
        ends = {stream: end for stream, end in ends.items() if stream == log_filter.stream}
    starts = {stream: positions.get(stream, Position(0)) for stream in sorted(ends)}
    unread = [stream for stream, start in starts.items() if start.first_offset + start.skip < ends[stream]]
    wanted = _SCANNED_LINES if log_filter.looks_inside else size
    chunks = {
        stream: tx.logs.chunks(
            ChunkWish(
                flow_run_id,
                stream,
                first_offset=starts[stream].first_offset,
                record_count=starts[stream].skip + wanted,
                max_bytes=_MAX_STORED_BYTES // len(unread),
                min_level=log_filter.min_level,
                since=fence.create_time,
            )
        )
        for stream in unread
    }
    return Look(starts, ends, chunks, ended_for)


def merge(found: Look, codec: LogCodec[T], log_filter: LogFilter, *, size: int) -> LogPage[T]:
    """The lines of a look by time; within a stream, always in its own order."""
    matches = codec.matcher(log_filter) if log_filter.looks_inside else None
    cursors = [
        _Cursor(stream, found.starts[stream], chunks, found.ends[stream], codec, matches)
        for stream, chunks in found.chunks.items()
    ]
    lines: list[LogLine[T]] = []
    # A stream whose lines at hand have run out while it has more may hold the next line: the page ends there.
    if not any(cursor.dry for cursor in cursors):
        _take(cursors, codec, lines, size)
    read = {cursor.stream: cursor.position for cursor in cursors}
    more = any(cursor.position.first_offset + cursor.position.skip < cursor.end for cursor in cursors)
    return LogPage(lines, {**found.starts, **read}, more, found.ended_for)


def _take(cursors: Sequence["_Cursor[T]"], codec: LogCodec[T], lines: list[LogLine[T]], size: int) -> None:
    heads = [(codec.time_ns(c.head.record), place) for place, c in enumerate(cursors) if c.head is not None]
    heapq.heapify(heads)
    room = MAX_PAGE_BYTES
    while heads and len(lines) < size and room > 0:
        _, place = heads[0]
        cursor = cursors[place]
        line = cursor.pop()
        lines.append(line)
        room -= codec.size(line.record)
        if cursor.head is not None:
            heapq.heapreplace(heads, (codec.time_ns(cursor.head.record), place))
        elif cursor.dry:
            return
        else:
            heapq.heappop(heads)


class _Cursor(Generic[T]):
    """Goes through the lines of one stream that pass the filter. One chunk at a time is unpacked."""

    def __init__(
        self,
        stream: str,
        start: Position,
        chunks: Sequence[LogChunk],
        end: int,
        codec: LogCodec[T],
        matches: Callable[[T], bool] | None,
    ) -> None:
        self.stream = stream
        self.end = end
        self.head: LogLine[T] | None = None
        # Chunks that retention has taken are passed over.
        self.position = start if chunks else Position(end)
        self._lines = self._unpack(start, chunks, codec, matches)
        self._advance()

    @property
    def dry(self) -> bool:
        """Whether the lines at hand have run out while the stream has more."""
        return self.head is None and self.position.first_offset < self.end

    def pop(self) -> LogLine[T]:
        """The next line."""
        line = self.head
        if line is None:
            raise IndexError(f"stream {self.stream!r} has no line at hand")
        self._advance()
        return line

    def _advance(self) -> None:
        self.head = next(self._lines, None)

    def _unpack(
        self, start: Position, chunks: Sequence[LogChunk], codec: LogCodec[T], matches: Callable[[T], bool] | None
    ) -> Iterator[LogLine[T]]:
        for chunk in chunks:
            first = chunk.first_offset
            if chunk.records is not None:
                records = codec.decode(chunk.records)
                surplus = len(records) - chunk.record_count
                skip = start.skip if first == start.first_offset else 0
                for index in range(skip, chunk.record_count):
                    record = records[surplus + index]
                    if matches is None or matches(record):
                        self.position = Position(first, index)
                        yield LogLine(self.stream, first + index, record)
            self.position = Position(chunk.end_offset)


def encode_positions(scope: str, positions: Positions) -> str:
    """A token that goes on from these positions."""
    return encode_token(scope, [part for stream, position in sorted(positions.items()) for part in (stream, *position)])


def decode_positions(scope: str, token: str, field: str) -> dict[str, Position]:
    """The positions in a token. InvalidArgument for one that this run's log with this filter did not give out."""
    try:
        key = decode_token(scope, token) or []
        return {
            str(stream): Position(int(first), int(skip))
            for stream, first, skip in zip(key[::3], key[1::3], key[2::3], strict=True)
        }
    except (InvalidArgument, ValueError):
        text = "This token is not from this run's log with this filter. Start again without a token."
        raise InvalidArgument.of(field, text, reason="FOREIGN_PAGE_TOKEN") from None
