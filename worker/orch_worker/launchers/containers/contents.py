"""What a container runs: command, environment and files, made of a job and its variables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from orch_worker.launchers.base import Job, LaunchError
from orch_worker.launchers.containers.variables import ContainerVariables

MOST_PARAMETERS_BYTES = 64 * 1024
"""That the ticket has in its environment (ORCH_PARAMETERS). Larger ones go by file."""

_CODE_WRAPPER = ("python", "-m", "orch_worker.code", "--")
"""Does the pull steps, then becomes the command. Exit code 125 if the code could not be made ready."""
_TLS_FILES = {
    "ORCH_TLS_CA_FILE": "tls/ca.pem",
    "ORCH_TLS_CERT_FILE": "tls/cert.pem",
    "ORCH_TLS_KEY_FILE": "tls/key.pem",
}
_PARAMETERS_FILE = "parameters.json"
_CHANGEABLE = ("ORCH_API_URL", "ORCH_RESULT_FILE")
"""What of the ticket the variable `env` may change: a container may have to call the control plane by another name,
and may have another place for its result.
"""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a container runs."""

    command: tuple[str, ...]
    """The program and its arguments."""
    environment: Mapping[str, str] = field(repr=False)
    """To be added to that of the image. Has the API key, if there is one."""
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """To be put there before it starts: absolute path in the container, content. Most have none."""
    wrapped: bool = False
    """Whether its pull steps come first: exit code 125 means then that the code could not be made ready."""


def contents_of(
    job: Job, variables: ContainerVariables, *, folder: str, result_file: str, does_pull_steps: bool = True
) -> Contents:
    """What a job's container runs. Raises LaunchError, in words.

    folder: where its files are put, in the container. result_file: where a command may leave its result, there.
    does_pull_steps: whether the container has to make its code ready; False where that was done for it.
    """
    if job.spec.command and job.flow_run.recovery_policy.exclusive:
        raise LaunchError(
            "An exclusive command is not launched in a container: if its worker died, nobody could end it before the"
            " run is somebody else's. Use a pool of type process, or a Python flow, which stops itself in time."
        )
    if not variables.env.get("ORCH_RESULT_FILE", "/").startswith("/"):
        raise LaunchError(
            f"ORCH_RESULT_FILE in the job variable env is {variables.env['ORCH_RESULT_FILE']}; it must be an absolute"
            " path in the container."
        )
    files = _tls_files(job.environment, folder) | _parameters_file(job, folder)
    wrapped = does_pull_steps and bool(job.spec.pull_steps_json.strip(" \n[]"))
    environment = {
        # So that lines arrive when they are written.
        "PYTHONUNBUFFERED": "1",
        **variables.env,
        **job.environment,
        **{name: path for name, (path, _) in files.items()},
    }
    if job.spec.command:
        environment["ORCH_RESULT_FILE"] = result_file
    if wrapped:
        environment["ORCH_PULL_STEPS"] = job.spec.pull_steps_json
    environment |= {name: variables.env[name] for name in _CHANGEABLE if name in variables.env}
    command = tuple(job.spec.command) or variables.command
    return Contents(
        command=(*_CODE_WRAPPER, *command) if wrapped else command,
        environment=environment,
        files=dict(files.values()),
        wrapped=wrapped,
    )


def is_loopback(url: str) -> bool:
    """Whether an address of the control plane means this very machine, which a container may take for itself."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _tls_files(environment: Mapping[str, str], folder: str) -> dict[str, tuple[str, bytes]]:
    """By variable: the path in the container, and what is there on the worker's machine."""
    found = {}
    for name, path in _TLS_FILES.items():
        if name in environment:
            try:
                found[name] = (f"{folder}/{path}", Path(environment[name]).read_bytes())
            except OSError as error:
                raise LaunchError(
                    f"{environment[name]} ({name}), which the run needs to reach the control plane, cannot be read on"
                    f" the worker's machine: {error.strerror}."
                ) from error
    return found


def _parameters_file(job: Job, folder: str) -> dict[str, tuple[str, bytes]]:
    """For commands whose parameters have no room in the environment: flows of the SDK have them with their lease."""
    parameters = job.flow_run.parameters_json.encode()
    if not job.spec.command or len(parameters) <= MOST_PARAMETERS_BYTES:
        return {}
    return {"ORCH_PARAMETERS_FILE": (f"{folder}/{_PARAMETERS_FILE}", parameters)}
