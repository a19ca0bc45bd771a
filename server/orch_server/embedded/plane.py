"""The contract's calls on use cases in this very process. Names are those of the RPCs."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TypeVar

from orch_client.errors import ERRORS, CallCancelledError, Failure, OrchClientError, ServerError, UnavailableError
from orch_proto.v1.flow_run_service_pb2 import (
    CancelFlowRunRequest,
    CancelFlowRunResponse,
    CountFlowRunsRequest,
    CountFlowRunsResponse,
    CreateFlowRunRequest,
    CreateFlowRunResponse,
    GetFlowRunRequest,
    GetFlowRunResponse,
    ListFlowRunsRequest,
    ListFlowRunsResponse,
    ListFlowRunStatesRequest,
    ListFlowRunStatesResponse,
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
    ListLogsRequest,
    ListLogsResponse,
)
from orch_proto.v1.server_service_pb2 import GetServerInfoRequest, GetServerInfoResponse
from orch_proto.v1.task_run_service_pb2 import (
    GetTaskRunRequest,
    GetTaskRunResponse,
    ListTaskRunsRequest,
    ListTaskRunsResponse,
    ListTaskRunStatesRequest,
    ListTaskRunStatesResponse,
    ReportTaskRunsRequest,
    ReportTaskRunsResponse,
)
from orch_server.application.errors import OrchError
from orch_server.embedded.background import Background
from orch_server.embedded.services import Services
from orch_server.rpc.context import Context, LocalCall
from orch_server.rpc.failures import failure_for, internal_failure, random_correlation_id
from orch_server.storage.database import Database
from orch_server.storage.store import SqlStore
from orch_server.storage.wakeups import LocalWakeups

RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT")

_LOCAL_CALL = LocalCall()


class EmbeddedPlane:
    """Answers the contract's calls, many at once, and raises the errors of `orch_client.errors`. See `open_embedded`.

    A request is the plane's once it is handed over: it may be taken apart, and is not to be sent twice.
    """

    def __init__(
        self, store: SqlStore, database: Database, wakeups: LocalWakeups, *, background: Background | None
    ) -> None:
        self._services = Services(store, wakeups)
        self._store, self._database, self._background = store, database, background
        self._process_id = os.getpid()
        self._closed = False
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def create_flow_run(self, request: CreateFlowRunRequest) -> CreateFlowRunResponse:
        """Create a run that a worker will take, once a server is up."""
        return await self._answer(self._services.flow_runs.CreateFlowRun, request)

    async def start_flow_run(self, request: StartFlowRunRequest) -> StartFlowRunResponse:
        """Create a run that its process holds and runs."""
        return await self._answer(self._services.leases.StartFlowRun, request)

    async def resume_flow_run(self, request: ResumeFlowRunRequest) -> ResumeFlowRunResponse:
        """Let a process take a run up again."""
        return await self._answer(self._services.leases.ResumeFlowRun, request)

    async def adopt_lease(self, request: AdoptLeaseRequest) -> AdoptLeaseResponse:
        """Make a run's process the holder."""
        return await self._answer(self._services.leases.AdoptLease, request)

    async def sync_leases(self, request: SyncLeasesRequest) -> SyncLeasesResponse:
        """Take a heartbeat."""
        return await self._answer(self._services.leases.SyncLeases, request)

    async def report_runs(self, request: ReportRunsRequest) -> ReportRunsResponse:
        """Take reports of states."""
        return await self._answer(self._services.leases.ReportRuns, request)

    async def list_leases(self, request: ListLeasesRequest) -> ListLeasesResponse:
        """Who holds what."""
        return await self._answer(self._services.leases.ListLeases, request)

    async def report_task_runs(self, request: ReportTaskRunsRequest) -> ReportTaskRunsResponse:
        """Write news of task runs."""
        return await self._answer(self._services.task_runs.ReportTaskRuns, request)

    async def get_task_run(self, request: GetTaskRunRequest) -> GetTaskRunResponse:
        """Read one."""
        return await self._answer(self._services.task_runs.GetTaskRun, request)

    async def list_task_runs(self, request: ListTaskRunsRequest) -> ListTaskRunsResponse:
        """Read those of a flow run."""
        return await self._answer(self._services.task_runs.ListTaskRuns, request)

    async def list_task_run_states(self, request: ListTaskRunStatesRequest) -> ListTaskRunStatesResponse:
        """Read a history."""
        return await self._answer(self._services.task_runs.ListTaskRunStates, request)

    async def get_flow_run(self, request: GetFlowRunRequest) -> GetFlowRunResponse:
        """Read one."""
        return await self._answer(self._services.flow_runs.GetFlowRun, request)

    async def list_flow_runs(self, request: ListFlowRunsRequest) -> ListFlowRunsResponse:
        """Read many."""
        return await self._answer(self._services.flow_runs.ListFlowRuns, request)

    async def count_flow_runs(self, request: CountFlowRunsRequest) -> CountFlowRunsResponse:
        """Count many."""
        return await self._answer(self._services.flow_runs.CountFlowRuns, request)

    async def list_flow_run_states(self, request: ListFlowRunStatesRequest) -> ListFlowRunStatesResponse:
        """Read a history."""
        return await self._answer(self._services.flow_runs.ListFlowRunStates, request)

    async def update_flow_run(self, request: UpdateFlowRunRequest) -> UpdateFlowRunResponse:
        """Change what people see of a run."""
        return await self._answer(self._services.flow_runs.UpdateFlowRun, request)

    async def cancel_flow_run(self, request: CancelFlowRunRequest) -> CancelFlowRunResponse:
        """Ask for a stop."""
        return await self._answer(self._services.flow_runs.CancelFlowRun, request)

    async def append_logs(self, request: AppendLogsRequest) -> AppendLogsResponse:
        """Store lines."""
        return await self._answer(self._services.logs.AppendLogs, request)

    async def get_log_offset(self, request: GetLogOffsetRequest) -> GetLogOffsetResponse:
        """Say where a stream ends."""
        return await self._answer(self._services.logs.GetLogOffset, request)

    async def list_logs(self, request: ListLogsRequest) -> ListLogsResponse:
        """Read lines."""
        return await self._answer(self._services.logs.ListLogs, request)

    async def get_server_info(self, request: GetServerInfoRequest) -> GetServerInfoResponse:
        """What this control plane is."""
        return await self._answer(self._services.server.GetServerInfo, request)

    async def close(self) -> None:
        """Wait for the calls under way, whose changes are then on the disk, and let the file go. Twice is once."""
        if self._closed:
            return
        self._closed = True
        if self._background is not None:
            await self._background.stop()
        await self._idle.wait()
        await self._store.settle()
        await self._database.close()

    async def _answer(self, call: Callable[[RequestT, Context], Awaitable[ResponseT]], request: RequestT) -> ResponseT:
        self._refuse_strangers()
        self._under_way += 1
        self._idle.clear()
        try:
            return await call(request, _LOCAL_CALL)
        except Exception as error:
            raise _client_error(error, call.__name__) from error
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    def _refuse_strangers(self) -> None:
        if self._closed:
            message = "The embedded control plane is closed: its process ends. Open another one."
            raise CallCancelledError(message, Failure(code="CANCELLED", message=message, reason="PLANE_CLOSED"))
        if self._process_id != os.getpid():
            message = f"This control plane belongs to process {self._process_id}; a fork of it must open its own."
            raise UnavailableError(message, Failure(code="UNAVAILABLE", message=message, reason="FORKED"))


def _client_error(error: Exception, method: str) -> OrchClientError:
    """What a client would raise for the status that the server would send."""
    failure = failure_for(error) if isinstance(error, OrchError) else None
    if failure is None:
        failure = internal_failure(error, method, random_correlation_id())
    return ERRORS.get(failure.code, ServerError)(failure.message, failure)
