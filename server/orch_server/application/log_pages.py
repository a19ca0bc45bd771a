"""Pages of log lines: the streams of a run merged by time, as far as a page reaches, from the first line or the last.

A position says, for each stream, which chunk comes next and how many of its lines were read. A page does a bounded
piece of work, so with a filter it may be short, or empty, and not be the last.

Newest first, all is the mirror image: chunks are known by where they end, and lines are read from their ends.
"""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from orch_server.application.errors import InvalidArgument, NotFound
from orch_server.application.log_rows import ChunkWish, LogChunk
from orch_server.application.pages import decode_token, encode_token
from orch_server.application.ports import Transaction
from orch_server.domain.values import value

T = TypeVar("T")

MAX_PAGE_BYTES = 2 * 1024 * 1024
"""A page stops after the line that reaches this: it must fit into a message that every client takes."""
_MAX_STORED_BYTES = 4 * 1024 * 1024
_SCANNED_LINES = 20_000
"""How many lines of a stream a page with a filter looks at."""
_NS = 1_000_000_000
_FOR_EVER = 1 << 62
"""More than any offset, and than any second before or after 1970."""


@value
class LogFilter:
    """Conditions that must all hold; an empty one holds always."""

    min_level: int = 0
    task_run_id: str = ""
    text: str = ""
    stream: str = ""
    from_ns: int | None = None
    """Said then or later, in nanoseconds since 1970."""
    to_ns: int | None = None
    """Said before then."""

    @property
    def looks_inside(self) -> bool:
        """Whether it has to see a line to know."""
        return bool(self.min_level or self.task_run_id or self.text or self.bounded)

    @property
    def bounded(self) -> bool:
        """Whether lines are looked for by their time."""
        return self.from_ns is not None or self.to_ns is not None

    @property
    def seconds(self) -> tuple[int, int]:
        """The first and the last second in which lines may have been said."""
        first = -_FOR_EVER if self.from_ns is None else self.from_ns // _NS
        return first, _FOR_EVER if self.to_ns is None else (self.to_ns - 1) // _NS


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
    """Where a stream is read on: in the chunk that begins at `edge`, or the next one, after `skip` lines.

    Newest first: in the chunk that ends there, or the one before, without its last `skip` lines.
    """

    edge: int
    skip: int = 0

    def precedes(self, stop: int, *, newest_first: bool) -> bool:
        """Whether there is something to read on the way to an offset."""
        return self.edge - self.skip > stop if newest_first else self.edge + self.skip < stop


Positions = Mapping[str, Position]


class LogLine(NamedTuple, Generic[T]):
    """A line with its place."""

    stream: str
    offset: int
    record: T


@value
class LogPage(Generic[T]):
    """Some lines, and where reading goes on. `more`: more is stored already. `ended_for`: since the run's end.

    `ends`: after all lines that were stored when the page was read.
    """

    lines: Sequence[LogLine[T]]
    positions: Positions
    more: bool
    ended_for: timedelta | None
    ends: Positions


@value
class StreamLook:
    """What was found of a stream: where it is read on, where reading stops, and some of the chunks between."""

    stream: str
    start: Position
    stop: int
    chunks: Sequence[LogChunk]


@value
class Look:
    """What a transaction found, of every stream."""

    streams: Sequence[StreamLook]
    ends: Positions
    ended_for: timedelta | None
    newest_first: bool


def look(
    tx: Transaction,
    flow_run_id: UUID,
    log_filter: LogFilter,
    positions: Positions,
    *,
    size: int,
    newest_first: bool = False,
) -> Look:
    """What is stored from these positions on, as far as a page of this size may need it. NotFound."""
    standing = tx.logs.standing(flow_run_id)
    if standing is None:
        raise NotFound("flow run", str(flow_run_id))
    fence, ends = standing
    if log_filter.stream:
        ends = {stream: end for stream, end in ends.items() if stream == log_filter.stream}
    spans = {stream: (0, end) for stream, end in ends.items()}
    if _needs_spans(log_filter, positions, newest_first=newest_first):
        found = tx.logs.spans(flow_run_id, seconds=log_filter.seconds, since=fence.create_time)
        spans = {stream: found.get(stream, (end, end)) for stream, end in ends.items()}
    ways = _ways(spans, positions, newest_first=newest_first)
    unread = [stream for stream, (start, stop) in ways.items() if start.precedes(stop, newest_first=newest_first)]
    wanted = _SCANNED_LINES if log_filter.looks_inside else size

    def chunks(stream: str, start: Position, stop: int) -> Sequence[LogChunk]:
        first, end = (stop, start.edge) if newest_first else (start.edge, ends[stream])
        wish = ChunkWish(
            flow_run_id,
            stream,
            first_offset=first,
            record_count=start.skip + wanted,
            max_bytes=_MAX_STORED_BYTES // len(unread),
            min_level=log_filter.min_level,
            since=fence.create_time,
            end_offset=end,
            newest_first=newest_first,
        )
        return tx.logs.chunks(wish)

    streams = [
        StreamLook(stream, start, stop, chunks(stream, start, stop) if stream in unread else ())
        for stream, (start, stop) in ways.items()
    ]
    ended_for = tx.now - fence.end_time if fence.end_time is not None else None
    return Look(streams, {stream: Position(end) for stream, end in ends.items()}, ended_for, newest_first)


def _needs_spans(log_filter: LogFilter, positions: Positions, *, newest_first: bool) -> bool:
    """Where a stream begins to be read is looked for once, where it stops each time: it may have grown meanwhile."""
    stops = log_filter.from_ns if newest_first else log_filter.to_ns
    return log_filter.bounded and (not positions or stops is not None)


def _ways(
    spans: Mapping[str, tuple[int, int]], positions: Positions, *, newest_first: bool
) -> dict[str, tuple[Position, int]]:
    """Where each stream is read on, and where reading stops. A stream that is new since the first of the pages that go
    back has only lines that these pages leave out."""
    if not newest_first:
        return {stream: (positions.get(stream, Position(first)), end) for stream, (first, end) in sorted(spans.items())}
    return {
        stream: (positions.get(stream, Position(first if positions else end)), first)
        for stream, (first, end) in sorted(spans.items())
    }


def merge(found: Look, codec: LogCodec[T], log_filter: LogFilter, *, size: int) -> LogPage[T]:
    """The lines of a look by time; within a stream, always in its own order, or, newest first, against it."""
    matches = codec.matcher(log_filter) if log_filter.looks_inside else None
    newest_first = found.newest_first
    cursors = [
        _Cursor(each, codec, matches, newest_first=newest_first)
        for each in found.streams
        if each.start.precedes(each.stop, newest_first=newest_first)
    ]
    lines: list[LogLine[T]] = []
    # A stream whose lines at hand have run out while it has more may hold the next line: the page ends there.
    if not any(cursor.dry for cursor in cursors):
        _take(cursors, codec, lines, size, newest_first=newest_first)
    starts = {each.stream: each.start for each in found.streams}
    read = {cursor.stream: cursor.position for cursor in cursors}
    more = any(cursor.position.precedes(cursor.stop, newest_first=newest_first) for cursor in cursors)
    return LogPage(lines, {**starts, **read}, more, found.ended_for, found.ends)


def _take(
    cursors: Sequence["_Cursor[T]"], codec: LogCodec[T], lines: list[LogLine[T]], size: int, *, newest_first: bool
) -> None:
    sign = -1 if newest_first else 1
    heads = [(sign * codec.time_ns(c.head.record), sign * place) for place, c in enumerate(cursors) if c.head]
    heapq.heapify(heads)
    room = MAX_PAGE_BYTES
    while heads and len(lines) < size and room > 0:
        _, place = heads[0]
        cursor = cursors[sign * place]
        line = cursor.pop()
        lines.append(line)
        room -= codec.size(line.record)
        if cursor.head is not None:
            heapq.heapreplace(heads, (sign * codec.time_ns(cursor.head.record), place))
        elif cursor.dry:
            return
        else:
            heapq.heappop(heads)


class _Cursor(Generic[T]):
    """Goes through the lines of one stream that pass the filter. One chunk at a time is unpacked."""

    def __init__(
        self, found: StreamLook, codec: LogCodec[T], matches: Callable[[T], bool] | None, *, newest_first: bool
    ) -> None:
        self.stream = found.stream
        self.stop = found.stop
        self.head: LogLine[T] | None = None
        # Chunks that retention has taken are passed over.
        self.position = found.start if found.chunks else Position(found.stop)
        self._newest_first = newest_first
        self._lines = self._unpack(found.start, found.chunks, codec, matches)
        self._advance()

    @property
    def dry(self) -> bool:
        """Whether the lines at hand have run out while the stream has more."""
        return self.head is None and self.position.precedes(self.stop, newest_first=self._newest_first)

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
            first, end = chunk.first_offset, chunk.end_offset
            edge, beyond = (end, first) if self._newest_first else (first, end)
            if chunk.records is not None:
                records = codec.decode(chunk.records)
                surplus = len(records) - chunk.record_count
                for read in range(start.skip if edge == start.edge else 0, chunk.record_count):
                    index = chunk.record_count - 1 - read if self._newest_first else read
                    record = records[surplus + index]
                    if matches is None or matches(record):
                        self.position = Position(edge, read)
                        yield LogLine(self.stream, first + index, record)
            self.position = Position(beyond)


def encode_positions(scope: str, positions: Positions) -> str:
    """A token that goes on from these positions."""
    return encode_token(scope, [part for stream, position in sorted(positions.items()) for part in (stream, *position)])


def decode_positions(scope: str, token: str, field: str) -> dict[str, Position]:
    """The positions in a token. InvalidArgument for one that this run's log with this filter did not give out."""
    try:
        key = decode_token(scope, token) or []
        return {
            str(stream): Position(_offset(edge), _offset(skip))
            for stream, edge, skip in zip(key[::3], key[1::3], key[2::3], strict=True)
        }
    except (InvalidArgument, ValueError):
        text = "This token is not from this run's log with this filter. Start again without a token."
        raise InvalidArgument.of(field, text, reason="FOREIGN_PAGE_TOKEN") from None


def _offset(part: str | int) -> int:
    """An offset that can be reckoned with. Raises ValueError."""
    if not 0 <= int(part) < _FOR_EVER:
        raise ValueError(f"{part} is no offset")
    return int(part)
