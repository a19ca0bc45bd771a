"""Makes the pools and queues that served deployments need. Loads protobuf."""

from contextlib import suppress
from typing import TYPE_CHECKING

from orch_client.errors import AlreadyExistsError, NotFoundError
from orch_proto.v1.work_pool_pb2 import WorkPool
from orch_proto.v1.work_pool_service_pb2 import CreateWorkPoolRequest, GetWorkPoolRequest
from orch_proto.v1.work_queue_pb2 import WorkQueue
from orch_proto.v1.work_queue_service_pb2 import CreateWorkQueueRequest, GetWorkQueueRequest

if TYPE_CHECKING:
    from orch_client import Client


def ensure_pool(client: "Client", name: str, *, description: str) -> None:
    """A pool of processes, made where it is not there."""
    try:
        client.work_pools.GetWorkPool(GetWorkPoolRequest(name=name))
    except NotFoundError:
        pool = WorkPool(name=name, type="process", description=description)
        with suppress(AlreadyExistsError):  # somebody was faster
            client.work_pools.CreateWorkPool(CreateWorkPoolRequest(work_pool=pool))


def ensure_queue(client: "Client", pool: str, name: str) -> None:
    """A queue, made where it is not there."""
    try:
        client.work_queues.GetWorkQueue(GetWorkQueueRequest(work_pool_name=pool, name=name))
    except NotFoundError:
        queue = WorkQueue(work_pool_name=pool, name=name)
        with suppress(AlreadyExistsError):
            client.work_queues.CreateWorkQueue(CreateWorkQueueRequest(work_queue=queue))
