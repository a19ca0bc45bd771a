"""A control plane over gRPC."""

import os
from typing import TYPE_CHECKING, TypeVar

# Forked children leave gRPC alone (see `recorder`). Its own handlers, which prepare it for them, can hang there.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

from orch_client.async_client import AsyncClient
from orch_client.call_stream import CallStream
from orch_client.channel import open_async_channel
from orch_client.relay_channel import RelayChannel
from orch_client.retry import RetryRule
from orch_client.settings import ClientSettings, settings_from
from orch_proto.v1.flow_run_service_pb2 import (
    GetFlowRunRequest,
    GetFlowRunResponse,
    ListFlowRunsRequest,
    ListFlowRunsResponse,
    UpdateFlowRunRequest,
    UpdateFlowRunResponse,
    WatchFlowRunRequest,
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
from orch_proto.v1.state_pb2 import StateType
from orch_proto.v1.task_run_service_pb2 import (
    GetTaskRunRequest,
    GetTaskRunResponse,
    ListTaskRunsRequest,
    ListTaskRunsResponse,
    ReportTaskRunsRequest,
    ReportTaskRunsResponse,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")

CALL_SECONDS = 20.0
"""How long a call may take before it is sent again."""
SYNC_SECONDS = 4.0
"""The same for a heartbeat, which must leave time for another one."""
_ONCE = RetryRule(max_attempts=1)
"""The courier itself tries again: it has an order to keep."""


async def open_remote(settings: ClientSettings, *, target: str, relay: str = "") -> "RemoteTransport":
    """A transport for the running event loop. Connects with the first call. `relay`: a worker's socket; see `Settings`.

    Raises orch_client's ConfigurationError for TLS files that cannot be read.
    """
    return RemoteTransport(settings, target=target, relay=relay)


def remote_settings(environment: dict[str, str], *, address: str) -> ClientSettings:
    """What the client needs to know. Raises orch_client's ConfigurationError where it cannot be right."""
    return settings_from(environment, address=address, retry=_ONCE)


class RemoteTransport:
    """See `Transport`."""

    longest_sync_seconds = float("inf")

    def __init__(self, settings: ClientSettings, *, target: str, relay: str = "") -> None:
        """For the running event loop."""
        self.target = target
        self.where = settings.url
        self._settings = settings
        self._relay = RelayChannel(relay, lambda: open_async_channel(settings)) if relay else None
        self._client = AsyncClient(self._relay or open_async_channel(settings), settings)
        self._heart = self._client if self._relay is not None else None
        # Whoever runs durable tasks waits for each report. A worker carries reports quickly by itself.
        self._report_tasks: Callable[..., Awaitable[ReportTaskRunsResponse]] = (
            CallStream(
                self._client,
                "/orch.v1.TaskRunService/ReportTaskRuns",
                self._client.task_runs.ReportTaskRuns,
                ReportTaskRunsResponse,
            )
            if self._relay is None
            else self._client.task_runs.ReportTaskRuns
        )
        # A worker tells of its run for nothing; by ourselves, a stream is to be opened.
        self.hint_after_seconds = 0.0 if relay else 0.5

    async def start_flow_run(self, request: StartFlowRunRequest) -> StartFlowRunResponse:
        """Create a run that this process runs."""
        return await self._client.leases.StartFlowRun(request, timeout=CALL_SECONDS)

    async def resume_flow_run(self, request: ResumeFlowRunRequest) -> ResumeFlowRunResponse:
        """Take a run up again."""
        return await self._client.leases.ResumeFlowRun(request, timeout=CALL_SECONDS)

    async def adopt_lease(self, request: AdoptLeaseRequest) -> AdoptLeaseResponse:
        """Take a worker's place as holder."""
        return await self._client.leases.AdoptLease(request, timeout=CALL_SECONDS)

    async def sync_leases(self, request: SyncLeasesRequest) -> SyncLeasesResponse:
        """The heartbeat, on a connection of its own: it does not queue behind records."""
        if self._heart is None:
            self._heart = AsyncClient(open_async_channel(self._settings), self._settings)
        return await self._heart.leases.SyncLeases(request, timeout=SYNC_SECONDS)

    async def report_runs(self, request: ReportRunsRequest) -> ReportRunsResponse:
        """Report states of runs."""
        return await self._client.leases.ReportRuns(request, timeout=CALL_SECONDS)

    async def report_task_runs(self, request: ReportTaskRunsRequest) -> ReportTaskRunsResponse:
        """Report task runs."""
        return await self._report_tasks(request, timeout=CALL_SECONDS)

    async def append_logs(self, request: AppendLogsRequest) -> AppendLogsResponse:
        """Append lines."""
        return await self._client.logs.AppendLogs(request, timeout=CALL_SECONDS)

    async def get_log_offset(self, request: GetLogOffsetRequest) -> GetLogOffsetResponse:
        """Where a stream of lines ends."""
        return await self._client.logs.GetLogOffset(request, timeout=CALL_SECONDS)

    async def update_flow_run(self, request: UpdateFlowRunRequest) -> UpdateFlowRunResponse:
        """Change what people see of a run."""
        return await self._client.flow_runs.UpdateFlowRun(request, timeout=CALL_SECONDS)

    async def get_flow_run(self, request: GetFlowRunRequest) -> GetFlowRunResponse:
        """Read a run."""
        return await self._client.flow_runs.GetFlowRun(request, timeout=CALL_SECONDS)

    async def list_flow_runs(self, request: ListFlowRunsRequest) -> ListFlowRunsResponse:
        """Read runs."""
        return await self._client.flow_runs.ListFlowRuns(request, timeout=CALL_SECONDS)

    async def get_task_run(self, request: GetTaskRunRequest) -> GetTaskRunResponse:
        """Read a task run, with its result."""
        return await self._client.task_runs.GetTaskRun(request, timeout=CALL_SECONDS)

    async def list_task_runs(self, request: ListTaskRunsRequest) -> ListTaskRunsResponse:
        """Read a run's task runs."""
        return await self._client.task_runs.ListTaskRuns(request, timeout=CALL_SECONDS)

    async def list_leases(self, request: ListLeasesRequest) -> ListLeasesResponse:
        """Who holds what."""
        return await self._client.leases.ListLeases(request, timeout=CALL_SECONDS)

    async def hint(self, flow_run_id: str) -> None:
        """Wait until somebody asks the run to stop, or it has ended."""
        if self._relay is not None and await self._relay.hint(flow_run_id):
            return
        async for answer in self._client.flow_runs.WatchFlowRun(WatchFlowRunRequest(flow_run_id=flow_run_id)):
            if answer.flow_run.state.type == StateType.STATE_TYPE_CANCELLING:
                return

    async def close(self) -> None:
        """Ends all calls under way."""
        await self._client.close()
        if self._heart is not None:
            await self._heart.close()
