"""Why a run does not begin."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from orch_cli.output.times import ago, clock, instant

if TYPE_CHECKING:
    from orch_client.client import Client
    from orch_proto.v1.flow_run_pb2 import FlowRun

_SOON = timedelta(seconds=2)


def why_waiting(orch: "Client", run: "FlowRun", now: datetime | None = None) -> str:
    """A sentence about a run that is SCHEDULED; empty where there is nothing to tell. Raises errors of orch_client."""
    from orch_proto.v1.state_pb2 import StateType

    if run.state.type != StateType.STATE_TYPE_SCHEDULED:
        return ""
    due = instant(run.scheduled_time)
    at = now or datetime.now(UTC)
    if due is not None and due - at > _SOON:
        return f"It may start {ago(due, at)}, at {clock(due)}."
    if not run.work_pool_name:
        return ""
    return _of_pool(orch, run.work_pool_name, run.work_queue_name) or _of_slots(orch, run.deployment_id)


def _of_pool(orch: "Client", pool_name: str, queue_name: str) -> str:
    """What keeps the pool from taking any run; empty where nothing does."""
    from orch_client.errors import NotFoundError
    from orch_proto.v1.work_pool_service_pb2 import GetWorkPoolRequest

    try:
        pool = orch.work_pools.GetWorkPool(GetWorkPoolRequest(name=pool_name)).work_pool
    except NotFoundError:
        return f"There is no work pool {pool_name!r}: `orch work-pool create {pool_name}` makes it."
    if pool.paused:
        return f"The work pool {pool_name!r} is paused: `orch work-pool resume {pool_name}` lets its runs begin."
    if not _is_served(orch, pool_name, queue_name):
        of_queue = "" if queue_name == "default" else f", queue {queue_name!r}"
        cure = f"`orch worker start --pool {pool_name}` starts one."
        return f"No worker serves the work pool {pool_name!r}{of_queue}: {cure}"
    return ""


def _of_slots(orch: "Client", deployment_id: str) -> str:
    from orch_client.errors import NotFoundError
    from orch_proto.v1.deployment_service_pb2 import GetDeploymentRequest

    words = "It waits for a worker that has a slot free"
    try:
        request = GetDeploymentRequest(deployment_id=deployment_id)
        deployment = orch.deployments.GetDeployment(request).deployment if deployment_id else None
    except NotFoundError:
        deployment = None
    if deployment is None or not deployment.HasField("concurrency_limit"):
        return f"{words}."
    return f"{words}, or for its deployment's other runs: at most {deployment.concurrency_limit} at once may run."


def _is_served(orch: "Client", pool_name: str, queue_name: str) -> bool:
    from orch_proto.v1.worker_pb2 import Worker, WorkerStatus
    from orch_proto.v1.worker_service_pb2 import ListWorkersRequest

    workers = orch.items(orch.workers.ListWorkers, ListWorkersRequest(work_pool_name=pool_name), of=Worker)
    return any(
        worker.status == WorkerStatus.WORKER_STATUS_ONLINE
        and (not worker.work_queue_names or queue_name in worker.work_queue_names)
        for worker in workers
    )
