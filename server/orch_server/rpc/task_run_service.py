"""The service of task runs: convert, call, convert."""

import asyncio

from orch_proto.v1.lease_pb2 import ReportVerdict
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
from orch_server.application.task_runs import TaskRuns
from orch_server.rpc.context import Context
from orch_server.rpc.convert.basics import page_request, parse_id
from orch_server.rpc.convert.states import change_message, to_state_type
from orch_server.rpc.convert.task_runs import task_run_message, to_task_reports

_MOST_IN_LOOP = 300
"""More reports than that are converted in a thread: heartbeats go on meanwhile."""


class TaskRunServicer:
    """Takes reports of task runs, and lists them."""

    def __init__(self, task_runs: TaskRuns, *, use_threads: bool = True) -> None:
        """use_threads: False where nobody else waits for the event loop, and where threads may be gone already."""
        self._task_runs = task_runs
        self._use_threads = use_threads

    async def ReportTaskRuns(self, request: ReportTaskRunsRequest, context: Context) -> ReportTaskRunsResponse:
        """Write news."""
        many = self._use_threads and len(request.reports) > _MOST_IN_LOOP
        reports = await asyncio.to_thread(to_task_reports, request) if many else to_task_reports(request)
        verdict = await self._task_runs.report(reports)
        return ReportTaskRunsResponse(verdict=ReportVerdict.ValueType(verdict))

    async def GetTaskRun(self, request: GetTaskRunRequest, context: Context) -> GetTaskRunResponse:
        """Read one."""
        run = await self._task_runs.get(parse_id(request.task_run_id, "task_run_id"))
        return GetTaskRunResponse(task_run=task_run_message(run))

    async def ListTaskRuns(self, request: ListTaskRunsRequest, context: Context) -> ListTaskRunsResponse:
        """Read many."""
        run_id = parse_id(request.flow_run_id, "flow_run_id")
        types = [to_state_type(each, "state_types") for each in request.state_types]
        found = await self._task_runs.page(
            page_request(request),
            run_id,
            types,
            include_results=request.include_results,
            changed_after=request.changed_after,
        )
        return ListTaskRunsResponse(
            task_runs=[task_run_message(run) for run in found.page.items],
            next_page_token=found.page.next_token,
            change_token=found.change_token,
        )

    async def ListTaskRunStates(self, request: ListTaskRunStatesRequest, context: Context) -> ListTaskRunStatesResponse:
        """Read a history."""
        page = await self._task_runs.states(page_request(request), parse_id(request.task_run_id, "task_run_id"))
        return ListTaskRunStatesResponse(
            changes=[change_message(each) for each in page.items], next_page_token=page.next_token
        )
