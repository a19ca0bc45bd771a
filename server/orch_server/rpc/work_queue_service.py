"""The service of work queues: convert, call, convert."""

from orch_proto.v1.work_queue_service_pb2 import (
    CreateWorkQueueRequest,
    CreateWorkQueueResponse,
    DeleteWorkQueueRequest,
    DeleteWorkQueueResponse,
    GetWorkQueueRequest,
    GetWorkQueueResponse,
    ListWorkQueuesRequest,
    ListWorkQueuesResponse,
    UpdateWorkQueueRequest,
    UpdateWorkQueueResponse,
)
from orch_server.application.work_queues import WorkQueues
from orch_server.rpc.context import Context
from orch_server.rpc.convert.basics import page_request
from orch_server.rpc.convert.changes import to_changes
from orch_server.rpc.convert.names import check_name
from orch_server.rpc.convert.work_queues import WORK_QUEUE_READERS, to_work_queue_draft, work_queue_message
from orch_server.rpc.replies import reply_with


class WorkQueueServicer:
    """Creates, reads and changes work queues."""

    def __init__(self, queues: WorkQueues) -> None:
        self._queues = queues

    async def CreateWorkQueue(self, request: CreateWorkQueueRequest, context: Context) -> CreateWorkQueueResponse:
        """Create one."""
        return await self._queues.create(
            to_work_queue_draft(request.work_queue),
            reply_with(
                request,
                CreateWorkQueueResponse,
                lambda queue: CreateWorkQueueResponse(work_queue=work_queue_message(queue)),
            ),
        )

    async def GetWorkQueue(self, request: GetWorkQueueRequest, context: Context) -> GetWorkQueueResponse:
        """Read one."""
        pool_name, name = check_name(request.work_pool_name, "work_pool_name"), check_name(request.name, "name")
        return GetWorkQueueResponse(work_queue=work_queue_message(await self._queues.get(pool_name, name)))

    async def ListWorkQueues(self, request: ListWorkQueuesRequest, context: Context) -> ListWorkQueuesResponse:
        """Read many, by pool and name."""
        pool_name = check_name(request.work_pool_name, "work_pool_name", required=False)
        page = await self._queues.page(page_request(request), pool_name=pool_name)
        return ListWorkQueuesResponse(
            work_queues=[work_queue_message(each) for each in page.items], next_page_token=page.next_token
        )

    async def UpdateWorkQueue(self, request: UpdateWorkQueueRequest, context: Context) -> UpdateWorkQueueResponse:
        """Change one."""
        return await self._queues.update(
            check_name(request.work_queue.work_pool_name, "work_queue.work_pool_name"),
            check_name(request.work_queue.name, "work_queue.name"),
            changes=to_changes(request.work_queue, request.update_mask, WORK_QUEUE_READERS),
            etag=request.work_queue.etag,
            reply=reply_with(
                request,
                UpdateWorkQueueResponse,
                lambda queue: UpdateWorkQueueResponse(work_queue=work_queue_message(queue)),
            ),
        )

    async def DeleteWorkQueue(self, request: DeleteWorkQueueRequest, context: Context) -> DeleteWorkQueueResponse:
        """Delete one that nothing needs."""
        return await self._queues.delete(
            check_name(request.work_pool_name, "work_pool_name"),
            check_name(request.name, "name"),
            etag=request.etag,
            reply=reply_with(request, DeleteWorkQueueResponse, lambda _: DeleteWorkQueueResponse()),
        )
