"""Names of what the control plane has, for the shell's completion.

A completion has no place for words: where the control plane does not answer at once, there is nothing to complete.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from orch_client.client import Client

CompleteNames = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
_SECONDS = 2.0
"""Somebody has pressed Tab, and waits."""
_MOST = 200


def _completing(names: "Callable[[Client], Iterable[str]]") -> CompleteNames:
    def complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from orch.errors import OrchError
        from orch_cli.connection import client
        from orch_client.errors import OrchClientError

        try:
            with client() as orch:
                return [CompletionItem(name) for name in names(orch) if name.startswith(incomplete)]
        except (OrchError, OrchClientError, click.ClickException):
            return []

    return complete


def _pools(orch: "Client") -> list[str]:
    from orch_proto.v1.work_pool_service_pb2 import ListWorkPoolsRequest

    page = orch.work_pools.ListWorkPools(ListWorkPoolsRequest(page_size=_MOST), timeout=_SECONDS)
    return [each.name for each in page.work_pools]


def _queues(orch: "Client") -> list[str]:
    from orch_proto.v1.work_queue_service_pb2 import ListWorkQueuesRequest

    page = orch.work_queues.ListWorkQueues(ListWorkQueuesRequest(page_size=_MOST), timeout=_SECONDS)
    return [f"{each.work_pool_name}/{each.name}" for each in page.work_queues]


def _deployments(orch: "Client") -> list[str]:
    from orch_proto.v1.deployment_service_pb2 import ListDeploymentsRequest

    page = orch.deployments.ListDeployments(ListDeploymentsRequest(page_size=_MOST), timeout=_SECONDS)
    return [f"{each.flow_name}/{each.name}" for each in page.deployments]


def _workers(orch: "Client") -> list[str]:
    from orch_proto.v1.worker_service_pb2 import ListWorkersRequest

    page = orch.workers.ListWorkers(ListWorkersRequest(page_size=_MOST), timeout=_SECONDS)
    return list(dict.fromkeys(each.name for each in page.workers))


def _flow_runs(orch: "Client") -> list[str]:
    from orch_proto.v1.flow_run_service_pb2 import ListFlowRunsRequest

    page = orch.flow_runs.ListFlowRuns(ListFlowRunsRequest(page_size=_MOST), timeout=_SECONDS)
    return list(dict.fromkeys(each.name for each in page.flow_runs))


def _flows(orch: "Client") -> list[str]:
    from orch_proto.v1.flow_service_pb2 import ListFlowsRequest

    page = orch.flows.ListFlows(ListFlowsRequest(page_size=_MOST), timeout=_SECONDS)
    return [each.name for each in page.flows]


complete_pool = _completing(_pools)
"""Names of work pools."""
complete_queue = _completing(_queues)
"""Work queues, as "pool/queue"."""
complete_deployment = _completing(_deployments)
"""Deployments, as "flow/deployment"."""
complete_worker = _completing(_workers)
"""Names of workers."""
complete_flow_run = _completing(_flow_runs)
"""Names of the newest flow runs."""
complete_flow = _completing(_flows)
"""Names of flows."""
