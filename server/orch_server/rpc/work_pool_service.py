"""The service of work pools: convert, call, convert."""

from orch_proto.v1.work_pool_service_pb2 import (
    CreateWorkPoolRequest,
    CreateWorkPoolResponse,
    DeleteWorkPoolRequest,
    DeleteWorkPoolResponse,
    GetWorkPoolRequest,
    GetWorkPoolResponse,
    ListWorkPoolsRequest,
    ListWorkPoolsResponse,
    UpdateWorkPoolRequest,
    UpdateWorkPoolResponse,
)
from orch_server.application.work_pools import WorkPools
from orch_server.rpc.context import Context
from orch_server.rpc.convert.basics import page_request
from orch_server.rpc.convert.changes import to_changes
from orch_server.rpc.convert.names import check_name
from orch_server.rpc.convert.work_pools import WORK_POOL_READERS, to_work_pool_draft, work_pool_message
from orch_server.rpc.replies import reply_with


class WorkPoolServicer:
    """Creates, reads and changes work pools."""

    def __init__(self, pools: WorkPools) -> None:
        self._pools = pools

    async def CreateWorkPool(self, request: CreateWorkPoolRequest, context: Context) -> CreateWorkPoolResponse:
        """Create one."""
        return await self._pools.create(
            to_work_pool_draft(request.work_pool),
            reply_with(
                request,
                CreateWorkPoolResponse,
                lambda pool: CreateWorkPoolResponse(work_pool=work_pool_message(pool)),
            ),
        )

    async def GetWorkPool(self, request: GetWorkPoolRequest, context: Context) -> GetWorkPoolResponse:
        """Read one."""
        pool = await self._pools.get(check_name(request.name, "name"))
        return GetWorkPoolResponse(work_pool=work_pool_message(pool))

    async def ListWorkPools(self, request: ListWorkPoolsRequest, context: Context) -> ListWorkPoolsResponse:
        """Read many, by name."""
        page = await self._pools.page(page_request(request))
        return ListWorkPoolsResponse(
            work_pools=[work_pool_message(each) for each in page.items], next_page_token=page.next_token
        )

    async def UpdateWorkPool(self, request: UpdateWorkPoolRequest, context: Context) -> UpdateWorkPoolResponse:
        """Change one."""
        return await self._pools.update(
            check_name(request.work_pool.name, "work_pool.name"),
            to_changes(request.work_pool, request.update_mask, WORK_POOL_READERS),
            request.work_pool.etag,
            reply=reply_with(
                request,
                UpdateWorkPoolResponse,
                lambda pool: UpdateWorkPoolResponse(work_pool=work_pool_message(pool)),
            ),
        )

    async def DeleteWorkPool(self, request: DeleteWorkPoolRequest, context: Context) -> DeleteWorkPoolResponse:
        """Delete one that nothing needs."""
        return await self._pools.delete(
            check_name(request.name, "name"),
            request.etag,
            reply=reply_with(request, DeleteWorkPoolResponse, lambda _: DeleteWorkPoolResponse()),
        )
