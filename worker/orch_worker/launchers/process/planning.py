"""From a job to the order for a host."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orch_worker.code import Prepared
from orch_worker.launchers.base import Job, LaunchError, LauncherUnavailableError
from orch_worker.launchers.process.folders import PARAMETERS, RESULT, write_whole
from orch_worker.launchers.process.hosts import HostKind
from orch_worker.launchers.process.loaded import OF_INTERPRETERS
from orch_worker.launchers.process.orders import Order
from orch_worker.launchers.process.variables import ProcessVariables

_RUN_CALL = "orch.run:main"
_RUN_MODULE = "orch.run"


@dataclass(frozen=True, slots=True)
class Launch:
    """What to start, and where."""

    order: Order
    kind: HostKind


def make_launch(
    job: Job, variables: ProcessVariables, prepared: Prepared, environment: Mapping[str, str], folder: Path
) -> Launch:
    """What to start for a job whose code is ready; its parameters are written down. Raises LaunchError,
    LauncherUnavailableError.
    """
    working_folder = str(Path(prepared.folder or Path.cwd(), Path(variables.working_dir or "").expanduser()))
    if job.spec.command:  # a flow of the SDK has them with its lease
        _write_parameters(job, folder)
    command = _command(job, variables, prepared)
    order = Order(
        attempt=folder.name,
        folder=str(folder),
        working_folder=working_folder,
        environment={**environment, **prepared.environment},
        command=command,
        call="" if command else _RUN_CALL,
        limits=variables.limits,
        captures=variables.stream_output,
        # A run of the SDK keeps its lease itself.
        exclusive=bool(job.spec.command) and job.flow_run.recovery_policy.exclusive,
    )
    forks_modules = variables.preload and not command
    return Launch(order, HostKind(variables.preload, working_folder) if forks_modules else HostKind())


def environment_of(job: Job, variables: ProcessVariables, folder: Path, *, relay: Path | None) -> Mapping[str, str]:
    """The worker's environment, the deployment's over it, the ticket over both."""
    merged: dict[str, str | None] = {
        # So that lines arrive when they are written.
        "PYTHONUNBUFFERED": "1",
        **os.environ,
        "ORCH_RELAY": str(relay) if relay is not None else None,
        **variables.env,
        **job.environment,
        "ORCH_PARAMETERS_FILE": str(folder / PARAMETERS) if job.spec.command else None,
        "ORCH_RESULT_FILE": str(folder / RESULT),
    }
    return {name: value for name, value in merged.items() if value is not None}


def _command(job: Job, variables: ProcessVariables, prepared: Prepared) -> tuple[str, ...]:
    """Empty: a fork that has the SDK loaded is to call it."""
    if job.spec.command:
        return tuple(job.spec.command)
    if not job.spec.entrypoint:
        raise LaunchError("The deployment says neither what function nor what command to run: deploy it again.")
    python = variables.python or prepared.python
    if variables.isolation == "fresh" or python or _needs_interpreter(variables.env):
        return (python or sys.executable, "-m", _RUN_MODULE)
    return ()


def _needs_interpreter(environment: Mapping[str, object]) -> bool:
    return any(name.startswith(OF_INTERPRETERS) for name in environment)


def _write_parameters(job: Job, folder: Path) -> None:
    parameters = job.flow_run.parameters_json or "{}"
    try:
        write_whole(folder / PARAMETERS, parameters.encode())
    except OSError as error:
        raise LauncherUnavailableError(
            f"A run's parameters cannot be written to {folder.parent}: {error.strerror}. Make room there."
        ) from error
