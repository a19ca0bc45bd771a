"""The worker protocol: convert, call, convert."""

from google.protobuf.duration_pb2 import Duration

from orch_proto.v1.lease_service_pb2 import (
    AcquireLeasesRequest,
    AcquireLeasesResponse,
    AdoptLeaseRequest,
    AdoptLeaseResponse,
    ListLeasesRequest,
    ListLeasesResponse,
    ReleaseLeasesRequest,
    ReleaseLeasesResponse,
    ReportRunsRequest,
    ReportRunsResponse,
    ResumeFlowRunRequest,
    ResumeFlowRunResponse,
    StartFlowRunRequest,
    StartFlowRunResponse,
    SyncLeasesRequest,
    SyncLeasesResponse,
)
from orch_server.application.errors import InvalidArgument
from orch_server.application.grants import GrantedLease
from orch_server.application.holders import Heartbeat
from orch_server.application.lease_rows import Wish
from orch_server.application.leases import Leases
from orch_server.application.process_runs import ProcessRuns, Start
from orch_server.application.telemetry import Telemetry
from orch_server.application.workers import Workers
from orch_server.rpc.call_trace import call_trace
from orch_server.rpc.context import Context
from orch_server.rpc.convert.basics import (
    check_text,
    from_duration,
    page_request,
    parse_id,
    parse_optional_id,
    to_duration,
)
from orch_server.rpc.convert.leases import (
    lease_info_message,
    lease_message,
    synced_message,
    to_held,
    to_reports,
    write_lease,
    write_reported,
)
from orch_server.rpc.convert.process_runs import LONGEST_VERSION, to_new_process_run, to_resumption
from orch_server.rpc.convert.states import cut
from orch_server.rpc.replies import reply_with

_MOST_LEASES = 1000
_DEFAULT_WAIT_SECONDS = 30.0
MAX_WAIT_SECONDS = 60.0


class LeaseServicer:
    """Grants leases, keeps them, takes reports."""

    def __init__(
        self,
        leases: Leases,
        workers: Workers,
        process_runs: ProcessRuns[StartFlowRunResponse],
        telemetry: Telemetry,
    ) -> None:
        self._leases = leases
        self._workers = workers
        self._process_runs = process_runs
        self._telemetry = telemetry

    async def AcquireLeases(self, request: AcquireLeasesRequest, context: Context) -> AcquireLeasesResponse:
        """Wait for runs and grant them."""
        if not 1 <= request.max_leases <= _MOST_LEASES:
            raise InvalidArgument.of("max_leases", f"must be 1 to {_MOST_LEASES}, not {request.max_leases}.")
        wish = Wish(
            parse_id(request.session_id, "session_id"), parse_id(request.request_id, "request_id"), request.max_leases
        )
        acquired = await self._leases.acquire(wish, wait_seconds=_wait_seconds(request))
        answer = AcquireLeasesResponse(sync_now=acquired.sync_now, drain=acquired.closed)
        for each in acquired.leases:
            write_lease(answer.leases.add(), each)
        return answer

    async def SyncLeases(self, request: SyncLeasesRequest, context: Context) -> SyncLeasesResponse:
        """Take a heartbeat."""
        session_id = parse_optional_id(request.session_id, "session_id")
        answer = await self._leases.sync(Heartbeat(session_id, to_held(request.held, "held"), request.draining))
        return SyncLeasesResponse(
            leases=[synced_message(each) for each in answer.synced.leases],
            next_sync=to_duration(answer.next_sync),
            drain=answer.synced.drain,
        )

    async def AdoptLease(self, request: AdoptLeaseRequest, context: Context) -> AdoptLeaseResponse:
        """Make a run's process the holder."""
        granted = await self._leases.adopt(
            parse_id(request.flow_run_id, "flow_run_id"),
            request.token,
            parse_id(request.adopter_id, "adopter_id"),
            flow_version=check_text(request.flow_version, "flow_version", longest=LONGEST_VERSION),
        )
        return AdoptLeaseResponse(lease=lease_message(granted), next_sync=self._pace(granted))

    async def ReportRuns(self, request: ReportRunsRequest, context: Context) -> ReportRunsResponse:
        """Take reports of states."""
        parse_optional_id(request.session_id, "session_id")
        reported = await self._leases.report(to_reports(request.reports))
        answer = ReportRunsResponse()
        for each in reported:
            write_reported(answer.reports.add(), each)
        return answer

    async def ReleaseLeases(self, request: ReleaseLeasesRequest, context: Context) -> ReleaseLeasesResponse:
        """Take work back."""
        parse_optional_id(request.session_id, "session_id")
        held = to_held(request.leases, "leases", _MOST_LEASES)
        reported = await self._leases.release(held, cut(request.reason))
        answer = ReleaseLeasesResponse()
        for each in reported:
            write_reported(answer.reports.add(), each)
        return answer

    async def StartFlowRun(self, request: StartFlowRunRequest, context: Context) -> StartFlowRunResponse:
        """Create a run that its process holds and runs."""
        new = to_new_process_run(request, caller_trace=call_trace(context, self._telemetry))
        # A call that waits in its process grows older between one try and the next.
        reply = reply_with(request, StartFlowRunResponse, self._started, varying=("age",))
        return await self._process_runs.start(Start(new, reply))

    async def ResumeFlowRun(self, request: ResumeFlowRunRequest, context: Context) -> ResumeFlowRunResponse:
        """Let a process take a run up again."""
        reply = reply_with(request, ResumeFlowRunResponse, self._resumed)
        return await self._process_runs.resume(to_resumption(request), reply)

    def _started(self, granted: GrantedLease) -> StartFlowRunResponse:
        return StartFlowRunResponse(lease=lease_message(granted), next_sync=self._pace(granted))

    def _resumed(self, granted: GrantedLease) -> ResumeFlowRunResponse:
        return ResumeFlowRunResponse(lease=lease_message(granted), next_sync=self._pace(granted))

    def _pace(self, granted: GrantedLease) -> Duration | None:
        return to_duration(self._leases.next_sync(granted.lease.ttl))

    async def ListLeases(self, request: ListLeasesRequest, context: Context) -> ListLeasesResponse:
        """Who holds what."""
        page = await self._workers.leases(
            page_request(request),
            work_pool_name=request.work_pool_name,
            session_id=parse_optional_id(request.session_id, "session_id"),
            flow_run_id=parse_optional_id(request.flow_run_id, "flow_run_id"),
        )
        return ListLeasesResponse(
            leases=[lease_info_message(each) for each in page.items], next_page_token=page.next_token
        )


def _wait_seconds(request: AcquireLeasesRequest) -> float:
    if not request.HasField("wait"):
        return _DEFAULT_WAIT_SECONDS
    seconds = from_duration(request.wait, "wait").total_seconds()
    if seconds > MAX_WAIT_SECONDS:
        raise InvalidArgument.of("wait", f"{seconds:g} s are more than the limit of {MAX_WAIT_SECONDS:g} s.")
    return seconds
