"""A control plane in a few dicts, that can be made to fail. It keeps the contract's rules about tokens, versions,
sequences and offsets, so that whatever is repeated, lost or late shows in what it has stored.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from google.protobuf.message import Message

from orch_client.errors import ERRORS, Failure, OrchClientError, ServerError
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.flow_run_service_pb2 import (
    GetFlowRunRequest,
    GetFlowRunResponse,
    ListFlowRunsRequest,
    ListFlowRunsResponse,
    UpdateFlowRunRequest,
    UpdateFlowRunResponse,
)
from orch_proto.v1.lease_pb2 import Lease, LeaseVerdict, ReportVerdict
from orch_proto.v1.lease_service_pb2 import (
    AdoptLeaseRequest,
    AdoptLeaseResponse,
    ListLeasesRequest,
    ListLeasesResponse,
    ReportedRun,
    ReportRunsRequest,
    ReportRunsResponse,
    ResumeFlowRunRequest,
    ResumeFlowRunResponse,
    StartFlowRunRequest,
    StartFlowRunResponse,
    SyncedLease,
    SyncLeasesRequest,
    SyncLeasesResponse,
)
from orch_proto.v1.log_service_pb2 import (
    AppendLogsRequest,
    AppendLogsResponse,
    GetLogOffsetRequest,
    GetLogOffsetResponse,
)
from orch_proto.v1.task_run_service_pb2 import (
    GetTaskRunRequest,
    GetTaskRunResponse,
    ListTaskRunsRequest,
    ListTaskRunsResponse,
    ReportTaskRunsRequest,
    ReportTaskRunsResponse,
)

T = TypeVar("T")

ACCEPTED = ReportVerdict.REPORT_VERDICT_ACCEPTED
DUPLICATE = ReportVerdict.REPORT_VERDICT_DUPLICATE
LOST = ReportVerdict.REPORT_VERDICT_LOST
INVALID = ReportVerdict.REPORT_VERDICT_INVALID
TTL_SECONDS = 15
SYNC_SECONDS = 5


def failed(code: str, message: str = "", *, reason: str = "") -> OrchClientError:
    """The error of a status."""
    failure = Failure(code=code, message=message or code, reason=reason)
    return ERRORS.get(code, ServerError)(failure.message, failure)


@dataclass
class StoredRun:
    """A flow run."""

    start: StartFlowRunRequest
    token: int = 1
    sequence: int = 0
    states: list[str] = field(default_factory=lambda: ["Running"])
    verdict: LeaseVerdict.ValueType = LeaseVerdict.LEASE_VERDICT_OK
    synced_at: list[float] = field(default_factory=list)
    end_age_seconds: int = 0
    """How old its last report said that it was."""

    @property
    def ended(self) -> bool:
        """Whether its last state is one that runs end in."""
        return self.states[-1] in {"Completed", "Failed", "Cancelled", "Crashed"}


class FakePlane:
    """See `orch.recording.transport.Transport`."""

    target = "plane"
    where = "the fake plane"
    longest_sync_seconds = float("inf")
    hint_after_seconds = 1.0

    def __init__(self) -> None:
        self.runs: dict[str, StoredRun] = {}
        self.tasks: dict[str, dict[str, dict[int, str]]] = {}
        """Run, task run, version: state."""
        self.lines: dict[tuple[str, str], list[str]] = {}
        """Run and stream: messages."""
        self.calls: list[str] = []
        """Methods, in the order of the calls that came through."""
        self.journal: list[str] = []
        """What was stored, in its order."""
        self.away = False
        self.answers_lost = 0
        """So many answers get lost after the call was carried out."""
        self.refusals: dict[str, Callable[[Message], OrchClientError | None]] = {}
        """By method: what it answers, where it is not to carry the call out."""
        self.granted = FlowRun()
        """What is said of a run that is adopted."""
        self.tries = 0
        self.hints: dict[str, asyncio.Event] = {}
        self.closed = False

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Nobody can reach it inside the block."""
        self.away = True
        try:
            yield
        finally:
            self.away = False

    async def _call(self, method: str, request: Message, work: Callable[[], T]) -> T:
        self.tries += 1
        await asyncio.sleep(0.002)
        if self.away:
            raise failed("UNAVAILABLE", "It is away.")
        refuse = self.refusals.get(method)
        if refuse is not None and (error := refuse(request)) is not None:
            raise error
        self.calls.append(method)
        answer = work()
        if self.answers_lost:
            self.answers_lost -= 1
            raise failed("DEADLINE_EXCEEDED", "No answer came in time.")
        return answer

    async def start_flow_run(self, request: StartFlowRunRequest, /) -> StartFlowRunResponse:
        """Once for each id."""

        def work() -> StartFlowRunResponse:
            run_id = request.flow_run_id
            if request.HasField("parent"):
                parent = self.runs.get(request.parent.flow_run_id)
                if parent is None or parent.token != request.parent.token or parent.ended:
                    raise failed("FAILED_PRECONDITION", "The parent is gone.", reason="LEASE_LOST")
            if run_id not in self.runs:
                copy = StartFlowRunRequest()
                copy.CopyFrom(request)
                self.runs[run_id] = StoredRun(copy)
                self.journal.append(f"start {request.name}")
            lease = Lease(flow_run_id=run_id, token=self.runs[run_id].token)
            lease.ttl.seconds = TTL_SECONDS
            answer = StartFlowRunResponse(lease=lease)
            answer.next_sync.seconds = SYNC_SECONDS
            return answer

        return await self._call("start_flow_run", request, work)

    async def resume_flow_run(self, request: ResumeFlowRunRequest, /) -> ResumeFlowRunResponse:
        """Raises the token."""

        def work() -> ResumeFlowRunResponse:
            run = self.runs[request.flow_run_id]
            if run.token == request.expected_token:
                run.token, run.sequence = run.token + 1, 0
                run.states.append("Running")
            elif run.token != request.expected_token + 1:
                raise failed("FAILED_PRECONDITION", "Somebody else has it.", reason="LEASE_LOST")
            answer = ResumeFlowRunResponse(lease=Lease(flow_run_id=request.flow_run_id, token=run.token))
            answer.lease.ttl.seconds = TTL_SECONDS
            answer.next_sync.seconds = SYNC_SECONDS
            return answer

        return await self._call("resume_flow_run", request, work)

    async def adopt_lease(self, request: AdoptLeaseRequest, /) -> AdoptLeaseResponse:
        """The token stays."""

        def work() -> AdoptLeaseResponse:
            start = StartFlowRunRequest(flow_run_id=request.flow_run_id)
            self.runs.setdefault(request.flow_run_id, StoredRun(start, token=request.token))
            answer = AdoptLeaseResponse(lease=Lease(flow_run_id=request.flow_run_id, token=request.token))
            answer.lease.ttl.seconds = TTL_SECONDS
            answer.lease.flow_run.CopyFrom(self.granted)
            return answer

        return await self._call("adopt_lease", request, work)

    async def sync_leases(self, request: SyncLeasesRequest, /) -> SyncLeasesResponse:
        """As the runs' verdicts say."""

        def work() -> SyncLeasesResponse:
            answer = SyncLeasesResponse()
            answer.next_sync.seconds = SYNC_SECONDS
            for held in request.held:
                run = self.runs[held.flow_run_id]
                verdict = run.verdict if run.token == held.token else LeaseVerdict.LEASE_VERDICT_LOST
                synced = SyncedLease(flow_run_id=held.flow_run_id, token=held.token, verdict=verdict)
                if verdict in {LeaseVerdict.LEASE_VERDICT_OK, LeaseVerdict.LEASE_VERDICT_CANCEL}:
                    synced.ttl.seconds = TTL_SECONDS
                run.synced_at.append(asyncio.get_running_loop().time())
                answer.leases.append(synced)
            return answer

        return await self._call("sync_leases", request, work)

    async def report_runs(self, request: ReportRunsRequest, /) -> ReportRunsResponse:
        """In the order of the sequence."""

        def work() -> ReportRunsResponse:
            answer = ReportRunsResponse()
            for report in request.reports:
                run = self.runs[report.flow_run_id]
                verdict = ACCEPTED
                if report.token != run.token:
                    verdict = LOST
                elif report.sequence <= run.sequence:
                    verdict = DUPLICATE
                elif run.ended:
                    verdict = INVALID
                else:
                    run.sequence = report.sequence
                    run.states.append(report.state.name)
                    run.end_age_seconds = report.age.seconds
                    self.journal.append(f"report {report.state.name}")
                answer.reports.append(
                    ReportedRun(flow_run_id=report.flow_run_id, sequence=report.sequence, verdict=verdict)
                )
            return answer

        return await self._call("report_runs", request, work)

    async def report_task_runs(self, request: ReportTaskRunsRequest, /) -> ReportTaskRunsResponse:
        """By versions."""

        def work() -> ReportTaskRunsResponse:
            run = self.runs[request.flow_run_id]
            if run.token != request.token:
                return ReportTaskRunsResponse(verdict=LOST)
            tasks = self.tasks.setdefault(request.flow_run_id, {})
            for report in request.reports:
                versions = tasks.setdefault(report.task_run.task_run_id, {})
                for change in report.changes:
                    if change.version not in versions:
                        self.journal.append(f"task {report.task_run.name} {change.state.name}")
                    versions[change.version] = change.state.name
            return ReportTaskRunsResponse(verdict=ACCEPTED)

        return await self._call("report_task_runs", request, work)

    async def append_logs(self, request: AppendLogsRequest, /) -> AppendLogsResponse:
        """By offsets."""

        def work() -> AppendLogsResponse:
            run = self.runs[request.flow_run_id]
            stored = self.lines.setdefault((request.flow_run_id, request.stream), [])
            if run.token != request.token:
                return AppendLogsResponse(verdict=LOST)
            if request.offset > len(stored):
                return AppendLogsResponse(verdict=INVALID, committed_offset=len(stored))
            fresh = [record.message for record in request.records][len(stored) - request.offset :]
            stored.extend(fresh)
            self.journal.extend(f"line {message}" for message in fresh)
            return AppendLogsResponse(verdict=ACCEPTED if fresh else DUPLICATE, committed_offset=len(stored))

        return await self._call("append_logs", request, work)

    async def get_log_offset(self, request: GetLogOffsetRequest, /) -> GetLogOffsetResponse:
        """Of what is stored."""
        stored = self.lines.get((request.flow_run_id, request.stream), [])
        return await self._call("get_log_offset", request, lambda: GetLogOffsetResponse(offset=len(stored)))

    async def update_flow_run(self, request: UpdateFlowRunRequest, /) -> UpdateFlowRunResponse:
        """Its name."""

        def work() -> UpdateFlowRunResponse:
            run = request.flow_run
            self.runs[run.flow_run_id].start.name = run.name
            self.journal.append(f"name {run.name}")
            return UpdateFlowRunResponse(flow_run=run)

        return await self._call("update_flow_run", request, work)

    async def get_flow_run(self, request: GetFlowRunRequest, /) -> GetFlowRunResponse:
        """Not there."""
        raise failed("NOT_FOUND")

    async def list_flow_runs(self, request: ListFlowRunsRequest, /) -> ListFlowRunsResponse:
        """None."""
        return await self._call("list_flow_runs", request, ListFlowRunsResponse)

    async def get_task_run(self, request: GetTaskRunRequest, /) -> GetTaskRunResponse:
        """Not there."""
        raise failed("NOT_FOUND")

    async def list_task_runs(self, request: ListTaskRunsRequest, /) -> ListTaskRunsResponse:
        """None."""
        return await self._call("list_task_runs", request, ListTaskRunsResponse)

    async def list_leases(self, request: ListLeasesRequest, /) -> ListLeasesResponse:
        """None."""
        return await self._call("list_leases", request, ListLeasesResponse)

    async def hint(self, flow_run_id: str, /) -> None:
        """When the test says so."""
        await self.hints.setdefault(flow_run_id, asyncio.Event()).wait()

    async def close(self) -> None:
        """Remembered."""
        self.closed = True
