"""Whether what waits will be started: pools, their workers, late runs."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from orch_cli.doctor.findings import Finding, ok, remark, warning, wrong
from orch_cli.work_pool.views import ServedPool, worker_status

if TYPE_CHECKING:
    from orch_client.client import Client

_MOST_COUNTED = 100


def pool_types(served: list[ServedPool]) -> frozenset[str]:
    """The kinds of launchers that the pools ask for."""
    return frozenset(each.pool.type for each in served)


def check_work(orch: "Client", served: list[ServedPool]) -> Iterator[Finding]:
    """A finding for each pool in which something waits, and for each worker that is silent."""
    waiting = False
    for each in served:
        late = _late(orch, each.pool.name)
        if late:
            waiting = True
            yield _waits(each, late)
    if not waiting:
        yield ok("runs", "None is late.")
    silent = [worker for each in served for worker in each.workers if worker_status(worker) == "offline"]
    for worker in silent:
        yield warning(
            "workers",
            f"The worker {worker.name} of the pool {worker.work_pool_name} has missed its heartbeats.",
            "See whether its process and machine live, and whether they reach the control plane.",
        )
    online = sum(worker_status(worker) == "online" for each in served for worker in each.workers)
    if online:
        yield ok("workers", f"{online} {'is' if online == 1 else 'are'} online.")
    elif not waiting:
        yield remark("workers", "None is online.", "`orch worker start --pool NAME` starts one.")


def _late(orch: "Client", pool: str) -> int:
    """How many of its runs should have started, at most _MOST_COUNTED."""
    from orch_proto.v1.flow_run_service_pb2 import FlowRunFilter, ListFlowRunsRequest

    request = ListFlowRunsRequest(
        page_size=_MOST_COUNTED, filter=FlowRunFilter(work_pool_names=[pool], state_names=["Late"])
    )
    return len(orch.flow_runs.ListFlowRuns(request).flow_runs)


def _waits(each: ServedPool, late: int) -> Finding:
    name = each.pool.name
    count = f"{late}{' or more' if late == _MOST_COUNTED else ''} {'run is' if late == 1 else 'runs are'} late"
    if each.state == "paused":
        return warning("runs", f"{count} in the pool {name}, which is paused.", f"`orch work-pool resume {name}`")
    if each.state == "no worker":
        return wrong(
            "runs",
            f"{count} in the pool {name}, and no worker serves it.",
            f"`orch worker start --pool {name}` starts one.",
        )
    limit = f" or raise its limit: `orch work-pool update {name} --concurrency-limit N`" if _at_limit(each) else ""
    return warning(
        "runs",
        f"{count} in the pool {name}, whose workers hold {each.held}.",
        f"Start more workers, or with a higher --limit{limit}. See also paused queues and limits of queues and"
        " deployments, and the queues that its workers serve.",
    )


def _at_limit(each: ServedPool) -> bool:
    return each.pool.HasField("concurrency_limit") and each.held >= each.pool.concurrency_limit
