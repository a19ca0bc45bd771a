"""Makes the control plane's deployments what a plan says."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.protobuf.field_mask_pb2 import FieldMask

from orch.deployments.planning import Action, DeploymentChange, Plan, ScheduleChange
from orch.errors import DeploymentError
from orch_client.errors import AlreadyExistsError, ConflictError, InvalidArgumentError, NotFoundError
from orch_proto.v1.deployment_service_pb2 import CreateDeploymentRequest, UpdateDeploymentRequest
from orch_proto.v1.schedule_service_pb2 import CreateScheduleRequest, DeleteScheduleRequest, UpdateScheduleRequest

if TYPE_CHECKING:
    from orch_client import Client
    from orch_proto.v1.deployment_pb2 import Deployment


@dataclass(frozen=True, slots=True)
class Applied:
    """A deployment, as it is now."""

    deployment_id: str
    slug: str
    """"flow/name"."""
    version: int
    action: Action


def apply(client: "Client", plan: Plan) -> tuple[Applied, ...]:
    """Carry a plan out, one deployment after the other. What is done stays done where a later one fails; applying again
    goes on from there.

    Raises DeploymentError where the control plane refuses one, or has changed since the plan was made; other errors of
    `orch_client` where it cannot be reached.
    """
    return tuple(_applied(client, change) for change in plan.deployments)


def _applied(client: "Client", change: DeploymentChange) -> Applied:
    spec = change.spec
    try:
        # First what may be refused: nothing is deleted for a deployment that is not taken.
        deployment_id, version = _deployment(client, change)
        for schedule in sorted(change.schedules, key=lambda each: each.action is not Action.DELETE):
            _schedule(client, schedule, deployment_id)
    except (AlreadyExistsError, ConflictError, NotFoundError) as error:
        raise DeploymentError(
            f"{spec.label} was changed by somebody else while it was deployed: {error} Deploy again."
        ) from error
    except InvalidArgumentError as error:
        reasons = "\n".join(f"  {each.field}: {each.description}" for each in error.violations)
        raise DeploymentError(f"{spec.label} was refused:\n{reasons or error}") from error
    return Applied(deployment_id, spec.slug, version, change.action)


def _deployment(client: "Client", change: DeploymentChange) -> tuple[str, int]:
    """Its id and version."""
    deployment: Deployment = change.message
    if change.action is Action.CREATE:
        created = client.deployments.CreateDeployment(CreateDeploymentRequest(deployment=deployment)).deployment
        return created.deployment_id, created.version
    if change.action is Action.CHANGE:
        request = UpdateDeploymentRequest(deployment=deployment, update_mask=FieldMask(paths=change.mask))
        updated = client.deployments.UpdateDeployment(request).deployment
        return updated.deployment_id, updated.version
    return deployment.deployment_id, change.version


def _schedule(client: "Client", change: ScheduleChange, deployment_id: str) -> None:
    if change.action is Action.CREATE:
        request = CreateScheduleRequest(schedule=change.message)
        request.schedule.deployment_id = deployment_id
        client.schedules.CreateSchedule(request)
    elif change.action is Action.CHANGE:
        mask = FieldMask(paths=change.mask)
        client.schedules.UpdateSchedule(UpdateScheduleRequest(schedule=change.message, update_mask=mask))
    elif change.action is Action.DELETE:
        gone = DeleteScheduleRequest(schedule_id=change.message.schedule_id, etag=change.message.etag)
        client.schedules.DeleteSchedule(gone)
