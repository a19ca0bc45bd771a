"""How many flow runs there are, by state and over time. No count goes on for ever: it stops at `most_counted`."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from orch_server.domain.flow_runs import FlowRunFilter
from orch_server.domain.states import StateType
from orch_server.domain.values import value

MOST_COUNTED = 100_000
"""Runs that one call counts, the newest ones: what a database looks through while somebody waits for a picture."""
MOST_COUNTED_BY_TEXT = 20_000
"""Where tags or a name are looked for: no index has their states."""
MOST_BUCKETS = 1000
LEAST_WIDTH = timedelta(milliseconds=1)

StateCounts = Mapping[StateType, int]
"""How many runs are in each state; states without runs are left out."""


@value
class Buckets:
    """Spans of one width from `start` to before `end`; the last one may be shorter."""

    start: datetime
    end: datetime
    width: timedelta

    def __len__(self) -> int:
        return max(-((self.start - self.end) // self.width), 0)

    def span(self, place: int) -> tuple[datetime, datetime]:
        """When a bucket begins, and before when it ends."""
        begins = self.start + place * self.width
        return begins, begins + min(self.width, self.end - begins)


@value
class RunCount:
    """So many runs of one state in the bucket that begins then (None: not counted over time)."""

    bucket: datetime | None
    state: StateType
    count: int


@value
class CountedSpan:
    """The runs that were created from `start` to before `end`."""

    start: datetime
    end: datetime
    counts: StateCounts


@value
class FlowRunCounts:
    """How many runs there are. `truncated`: there are more, and only the newest were counted; of the spans those that
    begin at `complete_from` or later are complete then."""

    counts: StateCounts
    spans: Sequence[CountedSpan] = ()
    truncated: bool = False
    complete_from: datetime | None = None

    @property
    def total(self) -> int:
        """How many in all states."""
        return sum(self.counts.values())


def most_counted(run_filter: FlowRunFilter) -> int:
    """How many of the runs that a filter finds are counted."""
    return MOST_COUNTED_BY_TEXT if run_filter.tags or run_filter.name_prefix else MOST_COUNTED


def counts_of(rows: Sequence[RunCount], buckets: Buckets | None, *, most: int) -> FlowRunCounts:
    """What rows add up to that were counted with room for one more run than `most`."""
    counts: dict[StateType, int] = {}
    by_bucket: dict[datetime | None, dict[StateType, int]] = {}
    for row in rows:
        counts[row.state] = counts.get(row.state, 0) + row.count
        by_bucket.setdefault(row.bucket, {})[row.state] = row.count
    truncated = sum(counts.values()) > most
    if buckets is None:
        return FlowRunCounts(counts, truncated=truncated)
    spans = [CountedSpan(start, end, by_bucket.get(start, {})) for start, end in map(buckets.span, range(len(buckets)))]
    complete_from = next(span.end for span in spans if span.counts) if truncated else None
    return FlowRunCounts(counts, spans, truncated, complete_from)
