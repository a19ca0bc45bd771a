"""The job variables of Docker pools."""

import re
import shlex
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from orch_worker.launchers.containers.variables import ContainerVariables

_UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?", re.IGNORECASE)
_OURS = {
    "Image": "there is the variable image",
    "Cmd": "there is the variable command",
    "Env": "a list is replaced as a whole, the run's ticket with it: add to it with the variable env",
    "Labels": "labels are added with the variable labels",
    "Tty": "a terminal mixes stdout and stderr",
    "HostConfig.AutoRemove": "Orch reads how a container ended before it removes it: see auto_remove",
    "HostConfig.RestartPolicy": "an attempt must not start twice: give the run retries",
}
"""What a patch may not change, and why."""


def _size(value: object) -> object:
    """Bytes, of 536870912 or "512m"."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError('it must be a number of bytes, or a text such as "512m" or "2g"')
    return int(float(found[1]) * _UNITS[found[2].lower()])


def _swap(value: object) -> object:
    return value if value in (-1, "-1") else _size(value)


def _volumes(value: object) -> object:
    if not isinstance(value, list) or not all(isinstance(each, str) and ":" in each for each in value):
        raise ValueError('it must be a list of texts such as "/data:/data:ro" or "cache:/root/.cache"')
    return tuple(value)


def _names(value: object) -> object:
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise ValueError('it must be a list of names, like ["data"]')
    return tuple(value)


def _entrypoint(value: object) -> object:
    if isinstance(value, str):
        value = shlex.split(value)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError("it must be a command, as a text or a list of texts; [] for none, whatever the image says")
    return tuple(value)


def _patch(value: object) -> object:
    if not isinstance(value, dict):
        raise ValueError("it must be an object, as the body of ContainerCreate in the Docker Engine API")
    for path, why in _OURS.items():
        if _has(value, path.split(".")):
            raise ValueError(f"it must not change {path}: {why}")
    return value


def _has(value: object, path: list[str]) -> bool:
    return not path or (isinstance(value, dict) and path[0] in value and _has(value[path[0]], path[1:]))


Size = Annotated[int, BeforeValidator(_size), Field(ge=0)]


class RegistryCredentials(BaseModel):
    """How to log in at a registry. The secret itself stays on the worker's machine."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    credential: str = Field(min_length=1)
    """A variable of the worker's environment, or a file of its machine (it has a slash): USER:PASSWORD, or a token."""
    username: str = ""
    """Where the credential is a token alone."""
    registry: str = ""
    """Its host. Without it: the one in the image's name."""


class DockerVariables(ContainerVariables):
    """How a run's container shall be made."""

    image_pull_policy: Literal["IfNotPresent", "Always", "Never"] = "IfNotPresent"
    """When the image is pulled: where the engine does not have it; before each run; never."""
    entrypoint: Annotated[tuple[str, ...], BeforeValidator(_entrypoint)] | None = None
    """Replaces the ENTRYPOINT of the image; without it, that is kept, as by `docker run`."""
    volumes: Annotated[tuple[str, ...], BeforeValidator(_volumes)] = ()
    """Volumes and folders of the engine's machine: "name:/path", "/folder:/path:ro"."""
    networks: Annotated[tuple[str, ...], BeforeValidator(_names)] = ()
    """The engine's networks that it joins."""
    network_mode: str | None = None
    """host, bridge, none, or container:NAME. Not together with networks."""
    mem_limit: Size | None = None
    """Memory in bytes. What uses more is killed."""
    memswap_limit: Annotated[int, BeforeValidator(_swap), Field(ge=-1)] | None = None
    """Memory and swap together; -1: any amount of swap."""
    cpus: float | None = Field(default=None, gt=0)
    """Processors, such as 1.5."""
    user: str | None = None
    """User, or user:group, by name or number."""
    privileged: bool = False
    """All rights on the engine's machine."""
    init: bool = True
    """Whether the engine's init (tini) is process 1. Without one, a program that does not handle SIGTERM does not hear
    it, and what it leaves behind stays a zombie."""
    auto_remove: bool = True
    """Whether the container is removed once its end is reported and its lines are stored."""
    registry_credentials: RegistryCredentials | None = Field(default=None, repr=False)
    """For images that not everybody may pull."""
    container_patch: Annotated[Mapping[str, Any], BeforeValidator(_patch)] = Field(default_factory=dict, repr=False)
    """A JSON Merge Patch over the body of ContainerCreate (Docker Engine API): for all that has no variable here."""

    @model_validator(mode="after")
    def _one_kind_of_network(self) -> "DockerVariables":
        if self.networks and self.network_mode:
            raise ValueError("networks and network_mode exclude each other: name one of them")
        return self
