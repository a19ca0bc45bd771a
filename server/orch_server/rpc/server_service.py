"""The service that says what this control plane is."""

from google.protobuf.duration_pb2 import Duration

from orch_proto.v1.server_service_pb2 import GetServerInfoRequest, GetServerInfoResponse, ServerLimits
from orch_server.application.identity import Identity
from orch_server.application.pages import MAX_SIZE
from orch_server.application.workers import PROTOCOL_VERSIONS
from orch_server.domain.results import MAX_INLINE_BYTES
from orch_server.rpc.context import Context
from orch_server.rpc.convert.basics import MAX_JSON_BYTES
from orch_server.rpc.lease_service import MAX_WAIT_SECONDS

CONTRACT_REVISION = 4
_MOST_IN_BATCH = 1000


class ServerServicer:
    """Versions, capabilities and limits."""

    def __init__(self, identity: Identity, *, version: str, database: str, max_message_bytes: int) -> None:
        self._identity = identity
        self._info = GetServerInfoResponse(
            version=version,
            contract_revision=CONTRACT_REVISION,
            database=database,
            protocol_versions=PROTOCOL_VERSIONS,
            limits=ServerLimits(
                max_parameters_bytes=MAX_JSON_BYTES,
                max_inline_result_bytes=MAX_INLINE_BYTES,
                max_message_bytes=max_message_bytes,
                max_page_size=MAX_SIZE,
                max_batch_size=_MOST_IN_BATCH,
                max_wait=Duration(seconds=int(MAX_WAIT_SECONDS)),
            ),
        )

    async def GetServerInfo(self, request: GetServerInfoRequest, context: Context) -> GetServerInfoResponse:
        """What this control plane is."""
        self._info.control_plane_id = str(await self._identity.id())
        return self._info
