"""The port to logs: streams with contiguous offsets, and the chunks that hold their lines."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from orch_server.application.fence_rows import Fence
from orch_server.domain.values import value


@value
class LogChunk:
    """Some lines of one stream, `first_offset` the place of the first. `max_level` is that of the gravest, or above.

    `records` are the lines as they came, opaque here. Where it holds more than `record_count`, the last ones count: the
    others had been stored before. None where they were not asked for. `seconds`: when
    the first and the last of them was said, since 1970, or a wider span; None where that is not known.
    """

    flow_run_id: UUID
    stream: str
    first_offset: int
    record_count: int
    max_level: int
    records: bytes | None
    seconds: tuple[int, int] | None = None

    @property
    def end_offset(self) -> int:
        """The place after its last line."""
        return self.first_offset + self.record_count


@value
class StreamMove:
    """A stream grows from `start`, where it must end now, to `end`."""

    flow_run_id: UUID
    stream: str
    start: int
    end: int


@value
class ChunkWish:
    """Which chunks of a run to read: of `stream`, those that begin at `first_offset` or later and before `end_offset`,
    in their order, or, where `newest_first`, against it.

    No more than are needed for `record_count` lines or hold `max_bytes` (the first one comes anyway), and without the
    lines of those that hold none of `min_level`. `since`: none was written before.
    """

    flow_run_id: UUID
    stream: str
    first_offset: int
    record_count: int
    max_bytes: int
    min_level: int
    since: datetime
    end_offset: int = (1 << 63) - 1
    newest_first: bool = False


class LogRows(Protocol):
    """Log streams and chunks. Whoever appends holds the run's fence."""

    def offsets(self, flow_run_ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
        """Where each stream of these runs ends."""
        ...

    def standing(self, flow_run_id: UUID) -> tuple[Fence, dict[str, int]] | None:
        """Where a run stands and each of its streams ends, seen at one moment; None where there is no such run."""
        ...

    def extend(self, moves: Sequence[StreamMove]) -> None:
        """Move the ends of streams, each guarded by where it starts; one that starts at 0 is new.

        Raises RuntimeError, which rolls everything back, where a guard does not hold.
        """
        ...

    def add(self, chunks: Sequence[LogChunk], *, not_before: Mapping[UUID, datetime]) -> None:
        """Store chunks. not_before: when their runs were made; readers look for nothing older, and a clock may have
        been set back since."""
        ...

    def chunks(self, wish: ChunkWish) -> list[LogChunk]:
        """Chunks of one stream, in the order asked for."""
        ...

    def spans(self, flow_run_id: UUID, *, seconds: tuple[int, int], since: datetime) -> dict[str, tuple[int, int]]:
        """Where in each stream of a run the first chunk begins and the last one ends that may hold lines said within
        these seconds since 1970, both included; streams without are left out. `since`: none was written before."""
        ...
