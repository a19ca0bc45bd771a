"""The body of ContainerCreate (Docker Engine API): what is to be made of a job."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from orch_worker.code.parsing import parse_steps
from orch_worker.code.steps import LocalStep
from orch_worker.launchers.base import Job
from orch_worker.launchers.containers.contents import Contents, contents_of
from orch_worker.launchers.docker.addresses import Route, route_to
from orch_worker.launchers.docker.engine import EngineFacts
from orch_worker.launchers.docker.naming import Owner, container_name
from orch_worker.launchers.docker.variables import DockerVariables
from orch_worker.launchers.merging import merge_patch

_FOLDER = "/.orch"
"""Where files are put: a name that images do not have, and nothing is mounted on."""
RESULT_FILE = "/tmp/orch-result.json"
"""Where a command may leave its result: writable for every user, in nearly every image."""
_NANO = 1_000_000_000
# Orch numbers lines, and reads them again after a restart: none may vanish while the container is there.
# A size must be named: without one, that of the engine's own configuration would count.
_KEEPS_LINES = {"Type": "json-file", "Config": {"max-size": "1t"}}
_NO_LINES = {"Type": "none"}


@dataclass(frozen=True, slots=True)
class Creation:
    """A container to be made."""

    name: str
    body: Mapping[str, Any]
    contents: Contents
    variables: DockerVariables
    remark: str = ""
    """For the run's log; mostly empty."""

    @property
    def more_networks(self) -> tuple[str, ...]:
        """To be joined before it starts: engines up to version 24 take one network at creation."""
        return self.variables.networks[1:]


def creation_of(job: Job, variables: DockerVariables, owner: Owner, engine: EngineFacts) -> Creation:
    """What to make for a job. Reads files of the worker's machine. Raises LaunchError, in words."""
    code, is_all = _mounted_code(job, engine)
    contents = contents_of(job, variables, folder=_FOLDER, result_file=RESULT_FILE, does_pull_steps=not is_all)
    route = route_to(contents.environment.get("ORCH_API_URL", ""), variables, engine)
    body = {
        "Image": variables.image,
        "Cmd": list(contents.command),
        **({} if variables.entrypoint is None else {"Entrypoint": list(variables.entrypoint)}),
        "Env": [f"{name}={text}" for name, text in {**contents.environment, "ORCH_API_URL": route.url}.items()],
        "WorkingDir": _working_dir(variables, code if is_all else None),
        "User": variables.user or "",
        "Labels": {**variables.labels, **owner.labels(job, kept=not variables.auto_remove)},
        "HostConfig": _host_config(variables, route, code),
    }
    patched = cast("dict[str, Any]", merge_patch(body, variables.container_patch))
    return Creation(container_name(job.key), patched, contents, variables, route.remark)


def _host_config(variables: DockerVariables, route: Route, code: Path | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "NetworkMode": route.network_mode,
        "ExtraHosts": list(route.extra_hosts),
        "Binds": list(variables.volumes),
        "Mounts": [_mount(code)] if code else [],
        "Memory": variables.mem_limit,
        "MemorySwap": variables.memswap_limit,
        "NanoCpus": int(variables.cpus * _NANO) if variables.cpus else None,
        "Privileged": variables.privileged,
        "Init": variables.init,
        "LogConfig": _KEEPS_LINES if variables.stream_output else _NO_LINES,
        "RestartPolicy": {"Name": "no"},
        "AutoRemove": False,
    }
    return {name: value for name, value in found.items() if value is not None}


def _mount(code: Path) -> dict[str, Any]:
    return {"Type": "bind", "Source": str(code), "Target": str(code), "ReadOnly": True}


def _mounted_code(job: Job, engine: EngineFacts) -> tuple[Path | None, bool]:
    """The folder of a local pull step, where the engine sees it; and whether that is all there is to pull."""
    steps = parse_steps(job.spec.pull_steps_json)
    if engine.local and isinstance(steps.code, LocalStep) and steps.code.path.is_dir():
        return steps.code.path, steps.install is None
    return None, False


def _working_dir(variables: DockerVariables, code: Path | None) -> str:
    """Empty: where the image says."""
    return str(Path(code or "", variables.working_dir or "")) if code or variables.working_dir else ""
