"""Takes log lines. Offsets are contiguous: no line is lost, none stored twice, whatever is repeated or comes late."""

from collections.abc import Sequence
from uuid import UUID

from orch_server.application.errors import FailedPrecondition, NotFound
from orch_server.application.fence_rows import Fence
from orch_server.application.log_rows import LogChunk, StreamMove
from orch_server.application.ports import Transaction, log_topic, pool_topic
from orch_server.domain.runs import ReportVerdict
from orch_server.domain.states import StateType
from orch_server.domain.values import value

MAX_STREAMS = 64
"""Of one run. Each writer has one; a run with more has a writer that makes up names."""


@value
class LogAppend:
    """Lines for one stream by the run's holder; `offset` is the place of the first. `records` are opaque here."""

    flow_run_id: UUID
    token: int
    stream: str
    offset: int
    record_count: int
    max_level: int
    records: bytes
    seconds: tuple[int, int] | None = None
    """In which the first and the last line were said, since 1970; None where there are no lines."""


@value
class LogAppended:
    """Everything before `committed_offset` is stored."""

    committed_offset: int
    verdict: ReportVerdict


def append_logs(tx: Transaction, appends: Sequence[LogAppend]) -> list[LogAppended | Exception]:
    """Append lines of many writers. What is decided here holds until the commit: the runs are locked."""
    run_ids = [append.flow_run_id for append in appends]
    ledger = _Ledger(tx.fences.hold(run_ids), tx.logs.offsets(run_ids))
    answers = [ledger.take(append) for append in appends]
    tx.logs.extend(ledger.moves())
    tx.logs.add(ledger.chunks, not_before={run_id: fence.create_time for run_id, fence in ledger.fences.items()})
    for run_id in {chunk.flow_run_id for chunk in ledger.chunks}:
        tx.announce(log_topic(run_id))
        fence = ledger.fences[run_id]
        # Who looked for runs to grant has passed over one that was locked here.
        if fence.state == StateType.SCHEDULED and fence.work_pool_id is not None:
            tx.announce(pool_topic(fence.work_pool_id))
    return answers


class _Ledger:
    """Appends of one transaction: decided one by one, written together."""

    def __init__(self, fences: dict[UUID, Fence], offsets: dict[UUID, dict[str, int]]) -> None:
        self.fences = fences
        self.chunks: list[LogChunk] = []
        self._before = {run_id: dict(streams) for run_id, streams in offsets.items()}
        self._now = offsets

    def take(self, append: LogAppend) -> LogAppended | Exception:
        """Decide on one append: what the stream holds already is cut off its front, and a gap is refused."""
        fence = self.fences.get(append.flow_run_id)
        if fence is None:
            return NotFound("flow run", str(append.flow_run_id))
        streams = self._now.setdefault(append.flow_run_id, {})
        committed = streams.get(append.stream, 0)
        end = append.offset + append.record_count
        if not fence.admits(append.token):
            return LogAppended(committed, ReportVerdict.LOST)
        if append.offset > committed:
            return LogAppended(committed, ReportVerdict.INVALID)
        if end <= committed:
            return LogAppended(committed, ReportVerdict.DUPLICATE)
        if append.stream not in streams and len(streams) >= MAX_STREAMS:
            return _too_many_streams(append)
        streams[append.stream] = end
        self.chunks.append(
            LogChunk(
                append.flow_run_id,
                append.stream,
                committed,
                end - committed,
                append.max_level,
                append.records,
                append.seconds,
            )
        )
        return LogAppended(end, ReportVerdict.ACCEPTED)

    def moves(self) -> list[StreamMove]:
        """How the streams have grown."""
        grown = {(chunk.flow_run_id, chunk.stream) for chunk in self.chunks}
        return [
            StreamMove(run_id, stream, self._before.get(run_id, {}).get(stream, 0), self._now[run_id][stream])
            for run_id, stream in sorted(grown)
        ]


def _too_many_streams(append: LogAppend) -> FailedPrecondition:
    return FailedPrecondition(
        f"The flow run has {MAX_STREAMS} log streams, the most that one may have, and {append.stream!r} is not one. "
        "Append to one of those.",
        reason="TOO_MANY_LOG_STREAMS",
        metadata={"flow_run_id": str(append.flow_run_id), "stream": append.stream},
    )


def committed_offset(tx: Transaction, flow_run_id: UUID, stream: str) -> int:
    """Where a stream ends; 0 for one that has no lines yet. NotFound where there is no such run."""
    if tx.fences.look(flow_run_id) is None:
        raise NotFound("flow run", str(flow_run_id))
    return tx.logs.offsets([flow_run_id]).get(flow_run_id, {}).get(stream, 0)
