"""How a container reaches a control plane that is on the worker's own machine, which it would look for in itself."""

from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from orch_worker.launchers.base import LaunchError
from orch_worker.launchers.containers.contents import is_loopback
from orch_worker.launchers.docker.engine import EngineFacts
from orch_worker.launchers.docker.variables import DockerVariables

_MACHINE = "host.docker.internal"
_OWN_NETWORKS = ("none", "container:")


@dataclass(frozen=True, slots=True)
class Route:
    """What a container needs for that."""

    url: str
    network_mode: str | None = None
    extra_hosts: tuple[str, ...] = ()
    remark: str = ""
    """For the run's log, where this is not what one would expect."""


def route_to(url: str, variables: DockerVariables, engine: EngineFacts) -> Route:
    """The way to the control plane at `url`. Raises LaunchError where there is none."""
    mode = variables.networks[0] if variables.networks else variables.network_mode
    chosen = mode == "host" or (mode or "").startswith(_OWN_NETWORKS) or "ORCH_API_URL" in variables.env
    if chosen or not is_loopback(url):
        return Route(url, mode)
    if not engine.local:
        raise LaunchError(
            f"The control plane's address is {url}: a container on another machine would look for it there. Start the"
            " worker with an ORCH_API_URL that reaches it from the engine's machine, or set ORCH_API_URL in env."
        )
    if mode is None and not engine.desktop:
        return Route(
            url,
            "host",
            remark=f"The container has the network of its machine, since the control plane is at {url}. Start the"
            " worker with another ORCH_API_URL, or set networks or network_mode, to change that.",
        )
    return Route(
        _at_machine(url),
        mode,
        (f"{_MACHINE}:host-gateway",),
        f"The container is told {_at_machine(url)} instead of {url}: the control plane must listen there, too.",
    )


def _at_machine(url: str) -> str:
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit(parts._replace(netloc=f"{_MACHINE}{port}"))
