"""Goes back to an earlier version of a deployment, by making a new one like it."""

from typing import TYPE_CHECKING

from google.protobuf.field_mask_pb2 import FieldMask

from orch.errors import DeploymentError
from orch_proto.v1.deployment_pb2 import Deployment, DeploymentVersion
from orch_proto.v1.deployment_service_pb2 import (
    GetDeploymentRequest,
    ListDeploymentVersionsRequest,
    UpdateDeploymentRequest,
)

if TYPE_CHECKING:
    from orch_client import Client

_MASK = ("launch_spec", "parameters_json", "parameter_schema_json")


def rollback(client: "Client", deployment_id: str, version: int | None = None) -> Deployment:
    """Make the newest version like `version` (None: the one before the newest), and return the deployment.

    What a version does not hold (pool, tags, schedules, limits) stays as it is; runs stay pinned to the version that
    they were created with. Where the newest version is like it already, nothing changes. Raises DeploymentError where
    there is no such version, errors of `orch_client` for a deployment that is not there.
    """
    deployment = client.deployments.GetDeployment(GetDeploymentRequest(deployment_id=deployment_id)).deployment
    wanted = deployment.version - 1 if version is None else version
    found = _version(client, deployment, wanted)
    restored = Deployment(
        deployment_id=deployment_id,
        etag=deployment.etag,
        launch_spec=found.launch_spec,
        parameters_json=found.parameters_json,
        parameter_schema_json=found.parameter_schema_json,
    )
    if all(getattr(restored, name) == getattr(deployment, name) for name in _MASK):
        return deployment
    request = UpdateDeploymentRequest(deployment=restored, update_mask=FieldMask(paths=_MASK))
    return client.deployments.UpdateDeployment(request).deployment


def _version(client: "Client", deployment: Deployment, wanted: int) -> DeploymentVersion:
    request = ListDeploymentVersionsRequest(deployment_id=deployment.deployment_id)
    for each in client.items(client.deployments.ListDeploymentVersions, request, of=DeploymentVersion):
        if each.version == wanted:
            return each
    name = f"{deployment.flow_name}/{deployment.name}"
    if wanted < 1:
        raise DeploymentError(f"The deployment {name!r} has one version: there is nothing to go back to.")
    raise DeploymentError(
        f"The deployment {name!r} has no version {wanted}: they are 1 to {deployment.version}. "
        f"`orch deployment versions {name}` lists them."
    )
