"""Deployments: flows made ready to be run by workers, in immutable versions."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from orch_server.domain.launch import LaunchSpec
from orch_server.domain.policies import RecoveryPolicy, RetryPolicy
from orch_server.domain.values import value


class ConcurrencyPolicy(IntEnum):
    """What happens to a new run when its deployment is at its limit, numbered as on the wire."""

    QUEUE = 1
    """It waits in its queue."""
    SKIP = 2
    """It is cancelled at once."""
    CANCEL_OLDEST = 3
    """The oldest run is cancelled and makes way."""


@value
class Deployment:
    """A flow with everything that is needed to run it elsewhere.

    `parameters` and `parameter_schema` are JSON objects as text, empty where none was given. `launch_spec` is that of
    `current_version`, the newest. `version` rises by one with every change; an etag is made of it.
    """

    id: UUID
    flow_id: UUID
    flow_name: str
    name: str
    description: str
    tags: tuple[str, ...]
    paused: bool
    work_queue_id: UUID
    work_pool_name: str
    work_queue_name: str
    parameters: str
    parameter_schema: str
    launch_spec: LaunchSpec
    concurrency_limit: int | None
    concurrency_policy: ConcurrencyPolicy
    retry_policy: RetryPolicy
    recovery_policy: RecoveryPolicy
    create_time: datetime
    update_time: datetime
    current_version: int = 1
    version: int = 1


@value
class DeploymentVersion:
    """One immutable version of a deployment. Runs are pinned to the one they were created with."""

    deployment_id: UUID
    number: int
    launch_spec: LaunchSpec
    parameters: str
    parameter_schema: str
    create_time: datetime


def version_of(deployment: Deployment, create_time: datetime) -> DeploymentVersion:
    """A deployment's newest version, made at this time."""
    return DeploymentVersion(
        deployment_id=deployment.id,
        number=deployment.current_version,
        launch_spec=deployment.launch_spec,
        parameters=deployment.parameters,
        parameter_schema=deployment.parameter_schema,
        create_time=create_time,
    )


def makes_version(old: Deployment, new: Deployment) -> bool:
    """Whether a change makes a new version: it changes what a version keeps."""
    kept = ("launch_spec", "parameters", "parameter_schema")
    return any(getattr(old, name) != getattr(new, name) for name in kept)


@value
class RunTemplate:
    """What a new run takes from its deployment."""

    deployment_id: UUID
    deployment_name: str
    version: int
    flow_id: UUID
    flow_name: str
    work_pool_id: UUID
    work_pool_name: str
    work_queue_id: UUID
    work_queue_name: str
    paused: bool
    parameters: str
    parameter_schema: str
    tags: tuple[str, ...]
    launch_spec: LaunchSpec
    concurrency_limit: int | None
    concurrency_policy: ConcurrencyPolicy
    retry_policy: RetryPolicy
    recovery_policy: RecoveryPolicy
