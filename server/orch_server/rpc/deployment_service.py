"""The service of deployments: convert, call, convert."""

from orch_proto.v1.deployment_service_pb2 import (
    CreateDeploymentRequest,
    CreateDeploymentResponse,
    DeleteDeploymentRequest,
    DeleteDeploymentResponse,
    GetDeploymentRequest,
    GetDeploymentResponse,
    ListDeploymentsRequest,
    ListDeploymentsResponse,
    ListDeploymentVersionsRequest,
    ListDeploymentVersionsResponse,
    UpdateDeploymentRequest,
    UpdateDeploymentResponse,
)
from orch_server.application.deployments import Deployments
from orch_server.application.errors import InvalidArgument
from orch_server.domain.deployments import Deployment
from orch_server.rpc.context import Context
from orch_server.rpc.convert.basics import page_request, parse_id
from orch_server.rpc.convert.changes import to_changes
from orch_server.rpc.convert.deployments import (
    DEPLOYMENT_READERS,
    deployment_message,
    to_deployment_draft,
    to_deployment_filter,
    version_message,
)
from orch_server.rpc.convert.names import check_name
from orch_server.rpc.replies import reply_with


class DeploymentServicer:
    """Creates, reads and changes deployments."""

    def __init__(self, deployments: Deployments) -> None:
        self._deployments = deployments

    async def CreateDeployment(self, request: CreateDeploymentRequest, context: Context) -> CreateDeploymentResponse:
        """Create one."""
        return await self._deployments.create(
            to_deployment_draft(request.deployment),
            reply_with(
                request,
                CreateDeploymentResponse,
                lambda each: CreateDeploymentResponse(deployment=deployment_message(each)),
            ),
        )

    async def GetDeployment(self, request: GetDeploymentRequest, context: Context) -> GetDeploymentResponse:
        """Read one, by id or by names."""
        return GetDeploymentResponse(deployment=deployment_message(await self._get(request)))

    async def _get(self, request: GetDeploymentRequest) -> Deployment:
        if request.deployment_id:
            if request.flow_name or request.name:
                raise InvalidArgument.of("deployment_id", "excludes flow_name and name. Set the id or both names.")
            return await self._deployments.get(deployment_id=parse_id(request.deployment_id, "deployment_id"))
        if not (request.flow_name or request.name):
            raise InvalidArgument.of("deployment_id", "is missing. Set it, or both flow_name and name.")
        flow_name, name = check_name(request.flow_name, "flow_name"), check_name(request.name, "name")
        return await self._deployments.get(flow_name=flow_name, name=name)

    async def ListDeployments(self, request: ListDeploymentsRequest, context: Context) -> ListDeploymentsResponse:
        """Read many, newest first."""
        page = await self._deployments.page(page_request(request), to_deployment_filter(request))
        return ListDeploymentsResponse(
            deployments=[deployment_message(each) for each in page.items], next_page_token=page.next_token
        )

    async def UpdateDeployment(self, request: UpdateDeploymentRequest, context: Context) -> UpdateDeploymentResponse:
        """Change one."""
        return await self._deployments.update(
            parse_id(request.deployment.deployment_id, "deployment.deployment_id"),
            to_changes(request.deployment, request.update_mask, DEPLOYMENT_READERS),
            request.deployment.etag,
            reply=reply_with(
                request,
                UpdateDeploymentResponse,
                lambda each: UpdateDeploymentResponse(deployment=deployment_message(each)),
            ),
        )

    async def DeleteDeployment(self, request: DeleteDeploymentRequest, context: Context) -> DeleteDeploymentResponse:
        """Delete one, with its schedules."""
        return await self._deployments.delete(
            parse_id(request.deployment_id, "deployment_id"),
            request.etag,
            reply=reply_with(request, DeleteDeploymentResponse, lambda _: DeleteDeploymentResponse()),
        )

    async def ListDeploymentVersions(
        self, request: ListDeploymentVersionsRequest, context: Context
    ) -> ListDeploymentVersionsResponse:
        """Read one's versions, newest first."""
        page = await self._deployments.versions(parse_id(request.deployment_id, "deployment_id"), page_request(request))
        return ListDeploymentVersionsResponse(
            versions=[version_message(each) for each in page.items], next_page_token=page.next_token
        )
