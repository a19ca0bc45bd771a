"""The service of flows: convert, call, convert."""

from orch_proto.v1.flow_service_pb2 import GetFlowRequest, GetFlowResponse, ListFlowsRequest, ListFlowsResponse
from orch_server.application.errors import InvalidArgument
from orch_server.application.flows import Flows
from orch_server.rpc.context import Context
from orch_server.rpc.convert.basics import check_text, page_request, parse_id
from orch_server.rpc.convert.flows import flow_message
from orch_server.rpc.convert.names import LONGEST_NAME, check_name


class FlowServicer:
    """Flows that the control plane has seen."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows

    async def GetFlow(self, request: GetFlowRequest, context: Context) -> GetFlowResponse:
        """Read one, by id or by name."""
        match request.WhichOneof("key"):
            case "flow_id":
                flow = await self._flows.get(flow_id=parse_id(request.flow_id, "flow_id"))
            case "name":
                flow = await self._flows.get(name=check_name(request.name, "name"))
            case None:
                raise InvalidArgument.of("key", "is missing. Set flow_id or name.")
        return GetFlowResponse(flow=flow_message(flow))

    async def ListFlows(self, request: ListFlowsRequest, context: Context) -> ListFlowsResponse:
        """Read many, by name."""
        prefix = check_text(request.name_prefix, "name_prefix", longest=LONGEST_NAME)
        page = await self._flows.page(page_request(request), name_prefix=prefix)
        return ListFlowsResponse(flows=[flow_message(each) for each in page.items], next_page_token=page.next_token)
