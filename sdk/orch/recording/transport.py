"""What the courier calls: the contract's methods, over a socket or within the process."""

from typing import Protocol

from orch_proto.v1.flow_run_service_pb2 import (
    GetFlowRunRequest,
    GetFlowRunResponse,
    ListFlowRunsRequest,
    ListFlowRunsResponse,
    UpdateFlowRunRequest,
    UpdateFlowRunResponse,
)
from orch_proto.v1.lease_service_pb2 import (
    AdoptLeaseRequest,
    AdoptLeaseResponse,
    ListLeasesRequest,
    ListLeasesResponse,
    ReportRunsRequest,
    ReportRunsResponse,
    ResumeFlowRunRequest,
    ResumeFlowRunResponse,
    StartFlowRunRequest,
    StartFlowRunResponse,
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


class Transport(Protocol):
    """A control plane. Each method sends its request once, and raises an `orch_client` error where it fails."""

    target: str
    """Names the control plane: records on disk go to that one alone."""
    where: str
    """The same for people."""
    longest_sync_seconds: float
    """Heartbeats come at least so often: what a run is to hear comes with them."""
    hint_after_seconds: float
    """How long a run lasts that is worth waiting for hints about it."""

    async def start_flow_run(self, request: StartFlowRunRequest, /) -> StartFlowRunResponse:
        """Create a run that this process runs."""
        ...

    async def resume_flow_run(self, request: ResumeFlowRunRequest, /) -> ResumeFlowRunResponse:
        """Take a run up again."""
        ...

    async def adopt_lease(self, request: AdoptLeaseRequest, /) -> AdoptLeaseResponse:
        """Take a worker's place as holder."""
        ...

    async def sync_leases(self, request: SyncLeasesRequest, /) -> SyncLeasesResponse:
        """The heartbeat."""
        ...

    async def report_runs(self, request: ReportRunsRequest, /) -> ReportRunsResponse:
        """Report states of runs."""
        ...

    async def report_task_runs(self, request: ReportTaskRunsRequest, /) -> ReportTaskRunsResponse:
        """Report task runs."""
        ...

    async def append_logs(self, request: AppendLogsRequest, /) -> AppendLogsResponse:
        """Append lines."""
        ...

    async def get_log_offset(self, request: GetLogOffsetRequest, /) -> GetLogOffsetResponse:
        """Where a stream of lines ends."""
        ...

    async def update_flow_run(self, request: UpdateFlowRunRequest, /) -> UpdateFlowRunResponse:
        """Change what people see of a run."""
        ...

    async def get_flow_run(self, request: GetFlowRunRequest, /) -> GetFlowRunResponse:
        """Read a run."""
        ...

    async def list_flow_runs(self, request: ListFlowRunsRequest, /) -> ListFlowRunsResponse:
        """Read runs."""
        ...

    async def get_task_run(self, request: GetTaskRunRequest, /) -> GetTaskRunResponse:
        """Read a task run, with its result."""
        ...

    async def list_task_runs(self, request: ListTaskRunsRequest, /) -> ListTaskRunsResponse:
        """Read a run's task runs."""
        ...

    async def list_leases(self, request: ListLeasesRequest, /) -> ListLeasesResponse:
        """Who holds what."""
        ...

    async def hint(self, flow_run_id: str, /) -> None:
        """Wait until somebody asks the run to stop. May wait for ever: heartbeats hear of it, too, only later."""
        ...

    async def close(self) -> None:
        """Let go of it."""
        ...
