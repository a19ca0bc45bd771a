"""The service of schedules: convert, call, convert."""

from orch_proto.v1.schedule_service_pb2 import (
    BackfillScheduleRequest,
    BackfillScheduleResponse,
    CreateScheduleRequest,
    CreateScheduleResponse,
    DeleteScheduleRequest,
    DeleteScheduleResponse,
    GetScheduleRequest,
    GetScheduleResponse,
    ListSchedulesRequest,
    ListSchedulesResponse,
    PreviewScheduleRequest,
    PreviewScheduleResponse,
    UpdateScheduleRequest,
    UpdateScheduleResponse,
)
from orch_server.application.errors import InvalidArgument
from orch_server.application.schedules import Schedules
from orch_server.rpc.context import Context
from orch_server.rpc.convert.backfills import backfilled_message, to_backfill
from orch_server.rpc.convert.basics import optional_time, page_request, parse_id, parse_optional_id, to_timestamp
from orch_server.rpc.convert.changes import to_changes
from orch_server.rpc.convert.schedules import SCHEDULE_READERS, schedule_message, to_schedule_draft, to_spec
from orch_server.rpc.replies import reply_with

_PREVIEW_DEFAULT, _PREVIEW_MOST = 10, 1000
_SPEC_PATHS = frozenset({"cron", "interval", "rrule"})


class ScheduleServicer:
    """Creates, reads and changes schedules."""

    def __init__(self, schedules: Schedules) -> None:
        self._schedules = schedules

    async def CreateSchedule(self, request: CreateScheduleRequest, context: Context) -> CreateScheduleResponse:
        """Create one."""
        return await self._schedules.create(
            to_schedule_draft(request.schedule),
            reply_with(
                request, CreateScheduleResponse, lambda each: CreateScheduleResponse(schedule=schedule_message(each))
            ),
        )

    async def GetSchedule(self, request: GetScheduleRequest, context: Context) -> GetScheduleResponse:
        """Read one."""
        schedule = await self._schedules.get(parse_id(request.schedule_id, "schedule_id"))
        return GetScheduleResponse(schedule=schedule_message(schedule))

    async def ListSchedules(self, request: ListSchedulesRequest, context: Context) -> ListSchedulesResponse:
        """Read many, newest first."""
        deployment_id = parse_optional_id(request.deployment_id, "deployment_id")
        page = await self._schedules.page(page_request(request), deployment_id=deployment_id)
        return ListSchedulesResponse(
            schedules=[schedule_message(each) for each in page.items], next_page_token=page.next_token
        )

    async def UpdateSchedule(self, request: UpdateScheduleRequest, context: Context) -> UpdateScheduleResponse:
        """Change one."""
        if len(_SPEC_PATHS.intersection(request.update_mask.paths)) > 1:
            raise InvalidArgument.of(
                "update_mask", "names more than one of cron, interval and rrule; a schedule has one."
            )
        return await self._schedules.update(
            parse_id(request.schedule.schedule_id, "schedule.schedule_id"),
            to_changes(request.schedule, request.update_mask, SCHEDULE_READERS),
            request.schedule.etag,
            reply=reply_with(
                request, UpdateScheduleResponse, lambda each: UpdateScheduleResponse(schedule=schedule_message(each))
            ),
        )

    async def DeleteSchedule(self, request: DeleteScheduleRequest, context: Context) -> DeleteScheduleResponse:
        """Delete one."""
        return await self._schedules.delete(
            parse_id(request.schedule_id, "schedule_id"),
            request.etag,
            reply=reply_with(request, DeleteScheduleResponse, lambda _: DeleteScheduleResponse()),
        )

    async def BackfillSchedule(self, request: BackfillScheduleRequest, context: Context) -> BackfillScheduleResponse:
        """Make up for times that have no run."""
        return await self._schedules.backfill(
            to_backfill(request), reply_with(request, BackfillScheduleResponse, backfilled_message)
        )

    async def PreviewSchedule(self, request: PreviewScheduleRequest, context: Context) -> PreviewScheduleResponse:
        """Compute times, and write nothing."""
        if not 0 <= request.count <= _PREVIEW_MOST:
            text = f"{request.count} is not between 0 (the default, {_PREVIEW_DEFAULT}) and {_PREVIEW_MOST}."
            raise InvalidArgument.of("count", text)
        times = await self._schedules.preview(
            to_spec(request.schedule),
            after=optional_time(request, "after_time"),
            until=optional_time(request, "until_time"),
            count=request.count or _PREVIEW_DEFAULT,
        )
        return PreviewScheduleResponse(
            nominal_times=[time for each in times if (time := to_timestamp(each)) is not None]
        )
