"""The job variables of Kubernetes pools."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from orch_worker.launchers.containers.variables import ContainerVariables, Labels

_DNS_NAME = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"


def _quantity(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError('it must be a quantity, like "500m", "2Gi" or 2')
    return str(value)


def _free_object(value: object) -> object:
    if not isinstance(value, dict):
        raise ValueError("it must be an object")
    return value


_QUANTITY = r"^[0-9]*\.?[0-9]+([eE][-+]?[0-9]+|[numkKMGTPE]i?)?$"
Quantity = Annotated[str, BeforeValidator(_quantity), Field(pattern=_QUANTITY)]
"""Of a resource, as Kubernetes writes it."""
FreeObject = Annotated[Mapping[str, object], BeforeValidator(_free_object)]
"""What the API has in this place; the cluster checks it."""
Name = Annotated[str, Field(pattern=_DNS_NAME, max_length=253)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _OpenPart(BaseModel):
    """Has more in it than is checked here."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Resources(_Part):
    """What a run needs, and what it may use."""

    requests: Mapping[str, Quantity] = Field(default_factory=dict)
    limits: Mapping[str, Quantity] = Field(default_factory=dict)


class Toleration(_Part):
    """A taint of nodes that a run does not mind."""

    key: str | None = None
    operator: Literal["Exists", "Equal", "Lt", "Gt"] | None = None
    value: str | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    tolerationSeconds: int | None = None


class Affinity(_Part):
    """Which nodes a run wants, and beside whom."""

    nodeAffinity: FreeObject | None = None
    podAffinity: FreeObject | None = None
    podAntiAffinity: FreeObject | None = None


class EnvironmentSource(_Part):
    """A Secret or a ConfigMap whose entries become environment variables."""

    secretRef: FreeObject | None = None
    configMapRef: FreeObject | None = None
    prefix: str | None = None


class Volume(_OpenPart):
    """A volume, as the API has it."""

    name: Name


class VolumeMount(_OpenPart):
    """Where a volume is in the container, as the API has it."""

    name: Name
    mountPath: str


class KubernetesVariables(ContainerVariables):
    """How a run's Job shall be made. Names in objects are those of the Kubernetes API."""

    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None
    """Without it, the cluster decides: Always for the tag latest, IfNotPresent for others."""
    namespace: Name | None = None
    """Without it, the worker's own."""
    service_account_name: Name | None = None
    """Its token is in the container only where it is named here."""
    env_from: tuple[EnvironmentSource, ...] = ()
    resources: Resources = Field(default_factory=Resources)
    node_selector: Labels = Field(default_factory=dict)
    tolerations: tuple[Toleration, ...] = ()
    affinity: Affinity | None = None
    priority_class_name: Name | None = None
    volumes: tuple[Volume, ...] = ()
    volume_mounts: tuple[VolumeMount, ...] = ()
    image_pull_secrets: tuple[Name, ...] = ()
    """Names of Secrets."""
    pod_security_context: FreeObject = Field(default_factory=dict)
    """Merged over the defaults, which keep to the restricted profile."""
    security_context: FreeObject = Field(default_factory=dict)
    """The container's, merged over the defaults in the same way."""
    annotations: Labels = Field(default_factory=dict)
    """Of Job and Pod."""
    job_deadline_seconds: int | None = Field(default=None, ge=1)
    """How long it may take; then the cluster ends it."""
    finished_job_ttl: int | None = Field(default=None, ge=0)
    """Seconds for which an ended Job is kept for people to look at. Without it, it goes when its end is stored."""
    pod_watch_timeout_seconds: float = Field(default=300.0, gt=0)
    """How long a Pod may be in trouble before it begins (no room, no image) until it is given up."""
    stream_output: bool | None = None  # type: ignore[assignment] # a third value: what is best
    """Whether its lines become the run's log. Without it: those of commands; of Python flows, where they end badly."""
    manifest_patch: FreeObject = Field(default_factory=dict, repr=False)
    """Merged over the whole Job: objects name by name, lists of named objects too; null removes."""
