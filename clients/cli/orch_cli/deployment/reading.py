"""Deployments with what belongs to them, read from the control plane."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from orch_cli.deployment.views import Scheduled, Version, WholeDeployment
from orch_cli.schedule.finding import NamedSchedule, schedules_of

if TYPE_CHECKING:
    from orch_client.client import Client
    from orch_proto.v1.deployment_pb2 import Deployment

_RUNS_SHOWN = 5
_PAGE = 1000


def deployments(
    orch: "Client", *, flow: str, tags: Sequence[str], prefix: str, limit: int
) -> tuple[list[Scheduled], bool]:
    """Those that match, newest first, and whether there are more than `limit` (0: no limit)."""
    from orch_proto.v1.deployment_pb2 import Deployment
    from orch_proto.v1.deployment_service_pb2 import ListDeploymentsRequest

    request = ListDeploymentsRequest(
        flow_name=flow, tags=tags, name_prefix=prefix, page_size=min(limit + 1, _PAGE) if limit else _PAGE
    )
    listed = orch.items(orch.deployments.ListDeployments, request, of=Deployment)
    found = list(islice(listed, limit + 1)) if limit else list(listed)
    shown = found[:limit] if limit else found
    return _with_schedules(orch, shown), len(found) > len(shown)


def _with_schedules(orch: "Client", found: "list[Deployment]") -> list[Scheduled]:
    """One list of all schedules is quicker than one a deployment, except for a single deployment."""
    from orch_proto.v1.schedule_pb2 import Schedule
    from orch_proto.v1.schedule_service_pb2 import ListSchedulesRequest

    if not found:
        return []
    by_deployment: dict[str, list[Schedule]] = defaultdict(list)
    request = ListSchedulesRequest(deployment_id=found[0].deployment_id if len(found) == 1 else "", page_size=_PAGE)
    for each in orch.items(orch.schedules.ListSchedules, request, of=Schedule):
        by_deployment[each.deployment_id].append(each)
    return [
        Scheduled(each, [NamedSchedule(schedule, each) for schedule in by_deployment[each.deployment_id]])
        for each in found
    ]


def whole_deployment(orch: "Client", deployment: "Deployment") -> WholeDeployment:
    """A deployment with its schedules and its newest runs."""
    from orch_proto.v1.flow_run_service_pb2 import FlowRunFilter, ListFlowRunsRequest

    request = ListFlowRunsRequest(
        page_size=_RUNS_SHOWN, filter=FlowRunFilter(deployment_ids=[deployment.deployment_id])
    )
    runs = orch.flow_runs.ListFlowRuns(request).flow_runs
    return WholeDeployment(Scheduled(deployment, schedules_of(orch, deployment)), list(runs))


def versions(orch: "Client", deployment: "Deployment") -> list[Version]:
    """All versions, newest first."""
    from orch_proto.v1.deployment_pb2 import DeploymentVersion
    from orch_proto.v1.deployment_service_pb2 import ListDeploymentVersionsRequest

    request = ListDeploymentVersionsRequest(deployment_id=deployment.deployment_id)
    listed = orch.items(orch.deployments.ListDeploymentVersions, request, of=DeploymentVersion)
    return [Version(each, newest=each.version == deployment.version) for each in listed]
