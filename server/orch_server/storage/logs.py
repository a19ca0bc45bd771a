"""Logs: where streams end, and the chunks between."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Update, bindparam, case, func, insert, or_, select, update

from orch_server.application.fence_rows import Fence
from orch_server.application.log_rows import ChunkWish, LogChunk, StreamMove
from orch_server.storage.batch import Batch, one_of
from orch_server.storage.fences import FENCE_COLUMNS, fence_of
from orch_server.storage.scope import Kind, Scope
from orch_server.storage.tables import flow_run, log_chunk, log_stream
from orch_server.storage.types import BIG, ID, INSTANT, TEXT

_MOST_CHUNKS = 512
"""In one look at a stream. Streams of single lines have as many."""

_ADD_STREAMS = insert(log_stream)
_ADD_CHUNKS = insert(log_chunk)


@cache
def _offsets(kind: Kind) -> Select[UUID, str, int]:
    statement = select(log_stream.c.flow_run_id, log_stream.c.stream, log_stream.c.next_offset)
    return statement.where(one_of(log_stream.c.flow_run_id, "ids", kind))


@cache
def _extend(kind: Kind) -> tuple[Batch, Update]:
    """The guard stands in the statement: a stream grows from where it ends, and from nowhere else."""
    batch = Batch(kind, flow_run_id=ID, stream=TEXT, start_offset=BIG, end_offset=BIG)
    c = batch.table.c
    statement = (
        update(log_stream)
        .where(
            log_stream.c.flow_run_id == c.flow_run_id,
            log_stream.c.stream == c.stream,
            log_stream.c.next_offset == c.start_offset,
        )
        .values(next_offset=c.end_offset)
    )
    return batch, statement


_STANDING: Select[Any] = (
    select(*FENCE_COLUMNS, log_stream.c.stream, log_stream.c.next_offset)
    .outerjoin(log_stream, log_stream.c.flow_run_id == flow_run.c.id)
    .where(flow_run.c.id == bindparam("run_id"))
)


@cache
def _chunks(*, newest_first: bool) -> Select[Any]:
    c = log_chunk.c
    found = (
        select(
            c.first_offset,
            c.record_count,
            c.max_level,
            case((c.max_level >= bindparam("min_level"), c.records)).label("records"),
        )
        .where(
            c.flow_run_id == bindparam("run_id"),
            c.stream == bindparam("stream"),
            c.first_offset >= bindparam("first_offset"),
            c.first_offset < bindparam("end_offset"),
            c.create_time >= bindparam("since", type_=INSTANT),
        )
        .order_by(c.first_offset.desc() if newest_first else c.first_offset)
        .limit(_MOST_CHUNKS)
        .subquery("found")
    )
    order = found.c.first_offset.desc() if newest_first else found.c.first_offset
    size = func.coalesce(func.length(found.c.records), 0)
    # What is passed over is no work: only the lines that come along count.
    lines = case((found.c.records.is_not(None), found.c.record_count), else_=0)
    running = select(
        found,
        (func.sum(lines).over(order_by=order) - lines).label("lines"),
        (func.sum(size).over(order_by=order) - size).label("bytes"),
    ).subquery("running")
    return (
        select(running.c.first_offset, running.c.record_count, running.c.max_level, running.c.records)
        .where(running.c.lines < bindparam("lines"), running.c.bytes < bindparam("max_bytes"))
        .order_by(running.c.first_offset.desc() if newest_first else running.c.first_offset)
    )


_c = log_chunk.c
_SPANS: Select[Any] = (
    select(
        _c.stream, func.min(_c.first_offset).label("first"), func.max(_c.first_offset + _c.record_count).label("end")
    )
    .where(
        _c.flow_run_id == bindparam("run_id"),
        _c.create_time >= bindparam("since", type_=INSTANT),
        or_(_c.max_second.is_(None), _c.max_second >= bindparam("from_second", type_=BIG)),
        or_(_c.min_second.is_(None), _c.min_second <= bindparam("to_second", type_=BIG)),
    )
    .group_by(_c.stream)
)


class SqlLogs:
    """The store's side of `LogRows`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def offsets(self, flow_run_ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
        """Where each stream of these runs ends."""
        rows = self._scope.rows(_offsets(self._scope.kind), {"ids": sorted(set(flow_run_ids))})
        found: dict[UUID, dict[str, int]] = {}
        for row in rows:
            found.setdefault(row.flow_run_id, {})[row.stream] = row.next_offset
        return found

    def standing(self, flow_run_id: UUID) -> tuple[Fence, dict[str, int]] | None:
        """Where a run stands and each of its streams ends, seen at one moment."""
        rows = self._scope.rows(_STANDING, {"run_id": flow_run_id})
        if not rows:
            return None
        return fence_of(rows[0]), {row.stream: row.next_offset for row in rows if row.stream is not None}

    def extend(self, moves: Sequence[StreamMove]) -> None:
        """Move the ends of streams, each guarded by where it starts; one that starts at 0 is new."""
        new = [
            {"flow_run_id": move.flow_run_id, "stream": move.stream, "next_offset": move.end}
            for move in moves
            if move.start == 0
        ]
        if new:
            self._scope.connection.execute(_ADD_STREAMS, new)
        old = [(move.flow_run_id, move.stream, move.start, move.end) for move in moves if move.start > 0]
        if old:
            batch, statement = _extend(self._scope.kind)
            moved = self._scope.connection.execute(statement, batch.parameters(old)).rowcount
            if moved != len(old):
                raise RuntimeError(f"{len(old) - moved} of {len(old)} log streams moved while their run was locked")

    def add(self, chunks: Sequence[LogChunk], *, not_before: Mapping[UUID, datetime]) -> None:
        """Store chunks, none of them older than its run."""
        now = self._scope.now
        rows = [
            {
                "flow_run_id": chunk.flow_run_id,
                "stream": chunk.stream,
                "first_offset": chunk.first_offset,
                "create_time": max(now, not_before.get(chunk.flow_run_id, now)),
                "record_count": chunk.record_count,
                "max_level": chunk.max_level,
                "records": chunk.records,
                "min_second": chunk.seconds[0] if chunk.seconds else None,
                "max_second": chunk.seconds[1] if chunk.seconds else None,
            }
            for chunk in chunks
        ]
        if rows:
            self._scope.connection.execute(_ADD_CHUNKS, rows)

    def chunks(self, wish: ChunkWish) -> list[LogChunk]:
        """Chunks of one stream, in the order asked for."""
        parameters = {
            "run_id": wish.flow_run_id,
            "stream": wish.stream,
            "first_offset": wish.first_offset,
            "end_offset": wish.end_offset,
            "since": wish.since,
            "min_level": wish.min_level,
            "lines": wish.record_count,
            "max_bytes": wish.max_bytes,
        }
        return [
            LogChunk(wish.flow_run_id, wish.stream, row.first_offset, row.record_count, row.max_level, row.records)
            for row in self._scope.rows(_chunks(newest_first=wish.newest_first), parameters)
        ]

    def spans(self, flow_run_id: UUID, *, seconds: tuple[int, int], since: datetime) -> dict[str, tuple[int, int]]:
        """Where in each stream of a run the first chunk begins and the last one ends that may hold such lines."""
        named = {"run_id": flow_run_id, "since": since, "from_second": seconds[0], "to_second": seconds[1]}
        return {row.stream: (row.first, row.end) for row in self._scope.connection.execute(_SPANS, named)}
