"""The service of flow runs: convert, call, convert."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

from orch_proto.v1.flow_run_service_pb2 import (
    BatchCreateFlowRunsRequest,
    BatchCreateFlowRunsResponse,
    CancelFlowRunRequest,
    CancelFlowRunResponse,
    CountFlowRunsRequest,
    CountFlowRunsResponse,
    CreateFlowRunRequest,
    CreateFlowRunResponse,
    DeleteFlowRunRequest,
    DeleteFlowRunResponse,
    GetFlowRunRequest,
    GetFlowRunResponse,
    ListFlowRunsRequest,
    ListFlowRunsResponse,
    ListFlowRunStatesRequest,
    ListFlowRunStatesResponse,
    RetryFlowRunRequest,
    RetryFlowRunResponse,
    UpdateFlowRunRequest,
    UpdateFlowRunResponse,
    WatchFlowRunRequest,
    WatchFlowRunResponse,
)
from orch_server.application.creation import CreatedFlowRun, Creation, FlowRunCreation, NewFlowRun
from orch_server.application.errors import InvalidArgument
from orch_server.application.flow_runs import FlowRuns
from orch_server.application.telemetry import Telemetry
from orch_server.rpc.call_trace import call_trace
from orch_server.rpc.context import Context
from orch_server.rpc.convert.basics import check_text, from_duration, page_request, parse_id, parse_optional_id
from orch_server.rpc.convert.field_masks import masked_paths
from orch_server.rpc.convert.flow_run_messages import created_message, flow_run_message, write_created, write_flow_run
from orch_server.rpc.convert.flow_runs import by_scheduled_time, counts_message, to_filter, to_new_flow_run
from orch_server.rpc.convert.states import change_message, cut
from orch_server.rpc.convert.tags import to_tags
from orch_server.rpc.replies import reply_with

_MOST_IN_BATCH = 1000
_CHANGEABLE = ("name", "tags")


class FlowRunServicer:
    """Creates, reads and steers flow runs."""

    def __init__(self, creation: FlowRunCreation[CreateFlowRunResponse], runs: FlowRuns, telemetry: Telemetry) -> None:
        self._creation = creation
        self._runs = runs
        self._telemetry = telemetry

    async def CreateFlowRun(self, request: CreateFlowRunRequest, context: Context) -> CreateFlowRunResponse:
        """Create one."""
        new = to_new_flow_run(request, caller_trace=call_trace(context, self._telemetry))
        reply = reply_with(request, CreateFlowRunResponse, created_message)
        return await self._creation.create(Creation(new, reply))

    async def BatchCreateFlowRuns(
        self, request: BatchCreateFlowRunsRequest, context: Context
    ) -> BatchCreateFlowRunsResponse:
        """Create many, or none."""
        if not 1 <= len(request.requests) <= _MOST_IN_BATCH:
            raise InvalidArgument.of("requests", f"must be 1 to {_MOST_IN_BATCH}, not {len(request.requests)}.")
        trace = call_trace(context, self._telemetry)
        news: list[NewFlowRun] = []
        for place, each in enumerate(request.requests):
            if each.request_id:
                raise InvalidArgument.of(f"requests[{place}].request_id", "must be empty; set the batch's own.")
            news.append(to_new_flow_run(each, caller_trace=trace, prefix=f"requests[{place}]."))
        return await self._creation.create_all(news, reply_with(request, BatchCreateFlowRunsResponse, _all_created))

    async def GetFlowRun(self, request: GetFlowRunRequest, context: Context) -> GetFlowRunResponse:
        """Read one."""
        run = await self._runs.get(parse_id(request.flow_run_id, "flow_run_id"))
        return GetFlowRunResponse(flow_run=flow_run_message(run))

    async def ListFlowRuns(self, request: ListFlowRunsRequest, context: Context) -> ListFlowRunsResponse:
        """Read many."""
        look = self._runs.upcoming if by_scheduled_time(request) else self._runs.page
        page = await look(page_request(request), to_filter(request.filter))
        answer = ListFlowRunsResponse(next_page_token=page.next_token)
        for run in page.items:
            write_flow_run(answer.flow_runs.add(), run)
        return answer

    async def CountFlowRuns(self, request: CountFlowRunsRequest, context: Context) -> CountFlowRunsResponse:
        """Count many."""
        width = from_duration(request.bucket_width, "bucket_width") if request.HasField("bucket_width") else None
        return counts_message(await self._runs.count(to_filter(request.filter), bucket_width=width))

    async def UpdateFlowRun(self, request: UpdateFlowRunRequest, context: Context) -> UpdateFlowRunResponse:
        """Change name or tags."""
        paths = masked_paths(request.update_mask, _CHANGEABLE)
        name = check_text(request.flow_run.name, "flow_run.name", longest=256, required="name" in paths)
        return await self._runs.update(
            parse_id(request.flow_run.flow_run_id, "flow_run.flow_run_id"),
            name=name if "name" in paths else None,
            tags=to_tags(request.flow_run.tags, "flow_run.tags") if "tags" in paths else None,
            etag=request.flow_run.etag,
            reply=reply_with(
                request, UpdateFlowRunResponse, lambda run: UpdateFlowRunResponse(flow_run=flow_run_message(run))
            ),
        )

    async def DeleteFlowRun(self, request: DeleteFlowRunRequest, context: Context) -> DeleteFlowRunResponse:
        """Delete one that has ended."""
        return await self._runs.delete(
            parse_id(request.flow_run_id, "flow_run_id"),
            etag=request.etag,
            reply=reply_with(request, DeleteFlowRunResponse, lambda _: DeleteFlowRunResponse()),
        )

    async def CancelFlowRun(self, request: CancelFlowRunRequest, context: Context) -> CancelFlowRunResponse:
        """Ask for a stop."""
        return await self._runs.cancel(
            parse_id(request.flow_run_id, "flow_run_id"),
            reason=cut(request.reason),
            reply=reply_with(
                request, CancelFlowRunResponse, lambda run: CancelFlowRunResponse(flow_run=flow_run_message(run))
            ),
        )

    async def RetryFlowRun(self, request: RetryFlowRunRequest, context: Context) -> RetryFlowRunResponse:
        """Queue one that has ended again."""
        return await self._runs.retry(
            parse_id(request.flow_run_id, "flow_run_id"),
            reply_with(request, RetryFlowRunResponse, lambda run: RetryFlowRunResponse(flow_run=flow_run_message(run))),
            from_task_run_id=parse_optional_id(request.from_task_run_id, "from_task_run_id"),
        )

    async def ListFlowRunStates(self, request: ListFlowRunStatesRequest, context: Context) -> ListFlowRunStatesResponse:
        """Read a history."""
        page = await self._runs.states(page_request(request), parse_id(request.flow_run_id, "flow_run_id"))
        return ListFlowRunStatesResponse(
            changes=[change_message(each) for each in page.items], next_page_token=page.next_token
        )

    async def WatchFlowRun(self, request: WatchFlowRunRequest, context: Context) -> AsyncIterator[WatchFlowRunResponse]:
        """Follow one until it has ended."""
        run_id = parse_id(request.flow_run_id, "flow_run_id")
        async with aclosing(self._runs.watch(run_id, after_version=request.after_version)) as runs:
            async for run in runs:
                yield WatchFlowRunResponse(flow_run=flow_run_message(run))


def _all_created(created: Sequence[CreatedFlowRun]) -> BatchCreateFlowRunsResponse:
    answer = BatchCreateFlowRunsResponse()
    for each in created:
        write_created(answer.responses.add(), each)
    return answer
