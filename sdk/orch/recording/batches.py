"""From news to requests. What belongs together is merged: all changes of a task run into one report, all reports of a
flow run into one request, the ends of all runs into one.

A batch becomes a few waves: the runs that begin (callers before the called), what their tasks did and said, and last
their own states. So nobody who sees a run ended misses a task.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from orch.recording.inbox import Begun, Ended, News, RunNews, TaskNews, Waiting
from orch.recording.messages import (
    Fields,
    adopt_request,
    log_record_fields,
    name_request,
    resume_request,
    run_report_fields,
    start_request,
    task_report_fields,
)
from orch.recording.parcels import Kind, Parcel, Wave
from orch.recording.records import LogLine, TaskRunRecord
from orch.recording.tracking import Standing, TrackedRun, Tracking
from orch_proto.v1.lease_service_pb2 import ReportRunsRequest
from orch_proto.v1.log_service_pb2 import AppendLogsRequest
from orch_proto.v1.task_run_service_pb2 import ReportTaskRunsRequest

if TYPE_CHECKING:
    from orch.results.stored import StoredResult
    from orch.states import State

T = TypeVar("T")

MOST_TASK_REPORTS = 2000
MOST_LINES = 5000
MOST_RUN_REPORTS = 500
MOST_BYTES = 1_000_000
"""Of one request, about. A control plane takes 16 MiB unless told otherwise."""
_MOST_AT_ONCE = 32
"""Parcels of a wave of runs that begin."""
# What a report or a line takes beside its texts and its result, about.
_REPORT_BYTES = 300
_LINE_BYTES = 60


@dataclass(frozen=True, slots=True)
class Holder:
    """This process, as the control plane knows it."""

    id: str
    """A UUID."""
    name: str
    """See `processes`."""
    ttl_seconds: float = 15.0
    """How long its leases last without a heartbeat."""


@dataclass(slots=True)
class _TaskChanges:
    """What happened to one task run since its last report."""

    task: TaskRunRecord
    state: "State[Any]"
    version: int
    attempt: int
    changes: "list[tuple[int, State[Any]]]"

    def add(self, news: TaskNews) -> None:
        """One more state. States are told in the order of their versions, each once."""
        if news.version > self.version:
            self.state, self.version, self.attempt = news.state, news.version, news.attempt
            self.changes.append((news.version, news.state))
        elif all(version != news.version for version, _ in self.changes):
            self.changes.append((news.version, news.state))
            self.changes.sort(key=lambda change: change[0])

    def fields(self) -> Fields:
        """The report."""
        return task_report_fields(self.task, self.changes, state=self.state, version=self.version, attempt=self.attempt)

    def size_bytes(self) -> int:
        """About."""
        result = self.task.result
        size = _REPORT_BYTES + sum(len(state.message or "") for _, state in self.changes)
        return size if result is None or result.data is None else size + len(result.data)


@dataclass(slots=True)
class Batch:
    """Waves to send, and who waits for them."""

    waves: list[Wave] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)


class Batcher:
    """Makes batches. For the courier's thread alone."""

    def __init__(self, tracking: Tracking, holder: Holder) -> None:
        self._tracking = tracking
        self._holder = holder
        self._begun: list[TrackedRun] = []
        self._tasks: dict[str, dict[str, _TaskChanges]] = {}
        self._lines: dict[str, list[LogLine]] = {}
        self._reports: list[Fields] = []
        self._named: dict[str, TrackedRun] = {}
        """Runs that have another name now."""
        self._waiting: list[Waiting] = []
        self._takers: dict[type, Callable[[Any], None]] = {
            Begun: self._take_begun,
            TaskNews: self._take_task,
            RunNews: self._take_run,
            Ended: self._take_end,
            LogLine: self._take_line,
            Waiting: self._waiting.append,
        }

    def batch(self, news: Iterable[News]) -> Batch:
        """The requests that tell the news."""
        takers = self._takers
        for each in news:
            takers[type(each)](each)
        said = self._said()
        did = Wave([*self._name_parcels(), *self._task_parcels(), *(said.pop(0).parcels if said else ())])
        waves = [*self._beginnings(), did, *said, *(Wave([parcel]) for parcel in self._run_parcels())]
        batch = Batch([wave for wave in waves if wave.parcels], list(self._waiting))
        for taken in (self._begun, self._tasks, self._lines, self._reports, self._named, self._waiting):
            taken.clear()
        return batch

    def _take_begun(self, news: Begun) -> None:
        run = self._tracking.begin(news.run)
        if run.standing is Standing.BEGINNING:
            self._begun.append(run)

    def _take_task(self, news: TaskNews) -> None:
        task = news.task
        tasks = self._tasks.get(task.flow_run.id)
        if tasks is None:
            tasks = self._tasks[task.flow_run.id] = {}
        known = tasks.get(task.id)
        if known is not None:
            known.add(news)
            return
        changes = [(news.version, news.state)]
        tasks[task.id] = _TaskChanges(task, news.state, news.version, news.attempt, changes)

    def _take_line(self, line: LogLine) -> None:
        lines = self._lines.get(line.flow_run.id)
        if lines is None:
            lines = self._lines[line.flow_run.id] = []
        lines.append(line)

    def _take_run(self, news: RunNews) -> None:
        self._report(self._tracking.find(news.run), news.state, None)

    def _take_end(self, news: Ended) -> None:
        run = self._tracking.find(news.run)
        self._report(run, news.state, news.result)
        if run is not None:
            run.ending = True
            if run.standing is Standing.GONE:
                self._tracking.ended(run)

    def _report(self, run: TrackedRun | None, state: "State[Any]", result: "StoredResult | None") -> None:
        if run is None or run.standing is Standing.GONE or run.ending:
            return
        if run.told_name and run.told_name != run.record.name:
            run.told_name = run.record.name
            self._named[run.key.flow_run_id] = run
        run.sequence += 1
        self._reports.append(run_report_fields(run, state, result))

    def _beginnings(self) -> Iterator[Wave]:
        """Runs that begin, callers first: a called run needs its caller's grant."""
        left = list(self._begun)
        while left:
            ids = {run.key.flow_run_id for run in left}
            ready: list[TrackedRun] = []
            later: list[TrackedRun] = []
            for run in left:
                parent = run.record.parent
                (later if parent is not None and parent.id in ids else ready).append(run)
            for some in _parts(ready, _MOST_AT_ONCE):
                yield Wave([self._beginning(run) for run in some])
            left = later

    def _beginning(self, run: TrackedRun) -> Parcel:
        holder = self._holder
        if run.record.adopted_token:
            return Parcel(Kind.ADOPT, adopt_request(run, holder_id=holder.id))
        run.told_name = run.record.name
        if run.record.resume_from is not None:
            request = resume_request(run, holder_id=holder.id, holder_name=holder.name, ttl_seconds=holder.ttl_seconds)
            return Parcel(Kind.RESUME, request)
        start = start_request(
            run,
            # A caller in another process (this one was forked from it) may have ended when this request arrives.
            parent=self._tracking.parent_of(run),
            holder_id=holder.id,
            holder_name=holder.name,
            ttl_seconds=holder.ttl_seconds,
        )
        return Parcel(Kind.START, start, start_ns=run.record.start_ns)

    def _name_parcels(self) -> Iterator[Parcel]:
        return (Parcel(Kind.NAME, name_request(run)) for run in self._named.values())

    def _task_parcels(self) -> Iterator[Parcel]:
        for run_id, tasks in self._tasks.items():
            run = self._sendable(run_id)
            if run is None:
                continue
            for some in _parts(list(tasks.values()), MOST_TASK_REPORTS, size=_TaskChanges.size_bytes):
                request = ReportTaskRunsRequest(flow_run_id=run_id, token=run.key.token)
                add = request.reports.add
                for changes in some:
                    add(**changes.fields())
                yield Parcel(Kind.TASKS, request)

    def _said(self) -> list[Wave]:
        """Lines of all runs. Of one run's log, the next part follows in the next wave: it must not overtake."""
        waves: list[Wave] = []
        for run_id, lines in self._lines.items():
            run = self._sendable(run_id)
            if run is None:
                continue
            for place, some in enumerate(_parts(lines, MOST_LINES, size=_line_bytes)):
                if place == len(waves):
                    waves.append(Wave([]))
                waves[place].parcels.append(_log_parcel(run, some))
        return waves

    def _run_parcels(self) -> Iterator[Parcel]:
        for some in _parts(self._reports, MOST_RUN_REPORTS, size=_report_bytes):
            request = ReportRunsRequest()
            for fields in some:
                request.reports.add(**fields)
            yield Parcel(Kind.REPORTS, request)

    def _sendable(self, run_id: str) -> TrackedRun | None:
        run = self._tracking.by_id(run_id)
        return run if run is not None and run.standing is not Standing.GONE else None


def _log_parcel(run: TrackedRun, lines: Iterable[LogLine]) -> Parcel:
    request = AppendLogsRequest(
        flow_run_id=run.key.flow_run_id, token=run.key.token, stream=run.log_stream, offset=run.log_offset
    )
    add = request.records.add
    for line in lines:
        add(**log_record_fields(line))
    run.log_offset += len(request.records)
    return Parcel(Kind.LOGS, request)


def _line_bytes(line: LogLine) -> int:
    return _LINE_BYTES + len(line.message)


def _report_bytes(report: Fields) -> int:
    return _REPORT_BYTES + len(report.get("result", {}).get("data", b""))


def _parts(items: Sequence[T], most: int, *, size: Callable[[T], int] | None = None) -> Iterator[Sequence[T]]:
    """The items in parts: each of at most so many items and, unless it is of one, not much over MOST_BYTES."""
    if size is None or len(items) <= 1:
        yield from (items[start : start + most] for start in range(0, len(items), most))
        return
    start, room = 0, MOST_BYTES
    for place, item in enumerate(items):
        room -= size(item)
        if place > start and (room < 0 or place - start == most):
            yield items[start:place]
            start, room = place, MOST_BYTES - size(item)
    if start < len(items):
        yield items[start:]
