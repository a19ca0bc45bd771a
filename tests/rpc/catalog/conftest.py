"""A server with the services of the catalog, over a real store, and a channel to it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from orch_proto.v1.deployment_service_pb2_grpc import DeploymentServiceStub, add_DeploymentServiceServicer_to_server
from orch_proto.v1.flow_service_pb2_grpc import FlowServiceStub, add_FlowServiceServicer_to_server
from orch_proto.v1.schedule_service_pb2_grpc import ScheduleServiceStub, add_ScheduleServiceServicer_to_server
from orch_proto.v1.work_pool_service_pb2_grpc import WorkPoolServiceStub, add_WorkPoolServiceServicer_to_server
from orch_proto.v1.work_queue_service_pb2_grpc import WorkQueueServiceStub, add_WorkQueueServiceServicer_to_server
from orch_server.application.deployments import Deployments
from orch_server.application.flows import Flows
from orch_server.application.schedules import Schedules
from orch_server.application.work_pools import WorkPools, ensure_default_pool
from orch_server.application.work_queues import WorkQueues
from orch_server.clock import SystemClock, TimeOrderedIds
from orch_server.rpc.endpoint import Endpoint
from orch_server.rpc.grpc_servicers import (
    GrpcDeploymentServicer,
    GrpcFlowServicer,
    GrpcScheduleServicer,
    GrpcWorkPoolServicer,
    GrpcWorkQueueServicer,
)
from orch_server.rpc.server import build_server
from orch_server.storage import schema
from orch_server.storage.opening import open_store

if TYPE_CHECKING:
    from orch_proto.v1.deployment_service_pb2_grpc import DeploymentServiceAsyncStub
    from orch_proto.v1.flow_service_pb2_grpc import FlowServiceAsyncStub
    from orch_proto.v1.schedule_service_pb2_grpc import ScheduleServiceAsyncStub
    from orch_proto.v1.work_pool_service_pb2_grpc import WorkPoolServiceAsyncStub
    from orch_proto.v1.work_queue_service_pb2_grpc import WorkQueueServiceAsyncStub


@dataclass(frozen=True)
class Stubs:
    """The services of the catalog, as a client calls them."""

    flows: "FlowServiceAsyncStub"
    pools: "WorkPoolServiceAsyncStub"
    queues: "WorkQueueServiceAsyncStub"
    deployments: "DeploymentServiceAsyncStub"
    schedules: "ScheduleServiceAsyncStub"


@pytest.fixture
async def stubs(tmp_path: Path) -> AsyncIterator[Stubs]:
    """Calls to a server whose store has only the default pool."""
    url = f"sqlite:///{tmp_path / 'orch.db'}"
    await schema.upgrade(url)
    opened, ids = open_store(url, SystemClock()), TimeOrderedIds()
    store = opened.store
    await store.write(lambda tx: ensure_default_pool(tx, ids))
    services = [
        partial(add_FlowServiceServicer_to_server, GrpcFlowServicer(Flows(store))),
        partial(add_WorkPoolServiceServicer_to_server, GrpcWorkPoolServicer(WorkPools(store, ids))),
        partial(add_WorkQueueServiceServicer_to_server, GrpcWorkQueueServicer(WorkQueues(store, ids))),
        partial(add_DeploymentServiceServicer_to_server, GrpcDeploymentServicer(Deployments(store, ids))),
        partial(add_ScheduleServiceServicer_to_server, GrpcScheduleServicer(Schedules(store, ids))),
    ]
    rpc = build_server(endpoint=Endpoint(port=0), services=services)
    await rpc.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{rpc.port}") as channel:
        yield Stubs(
            FlowServiceStub(channel),
            WorkPoolServiceStub(channel),
            WorkQueueServiceStub(channel),
            DeploymentServiceStub(channel),
            ScheduleServiceStub(channel),
        )
    await rpc.stop(None)
    await opened.close()
