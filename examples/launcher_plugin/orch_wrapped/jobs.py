"""From a job to a command and its environment."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from orch_worker.launchers.base import Job, LaunchError

PARAMETERS = "parameters.json"
RESULT = "result.json"

_KNOWN = ("wrapper", "env", "grace_seconds")  # The worker itself reads grace_seconds.


def check_variables(job: Job) -> None:
    """Raises LaunchError, which names what is wrong: whoever wrote it reads that in the run's state."""
    if unknown := sorted(set(job.variables) - set(_KNOWN)):
        raise LaunchError(
            f"The job variable {unknown[0]} is not known to wrapped pools. There are: {', '.join(_KNOWN)}."
        )
    wrapper, env = job.variables.get("wrapper", []), job.variables.get("env", {})
    if not (isinstance(wrapper, list) and all(isinstance(word, str) for word in wrapper)):
        raise _wrong("wrapper", wrapper, 'a list of words, like ["nice", "-n", "19"]')
    if not (isinstance(env, dict) and all(isinstance(text, str) for text in env.values())):
        raise _wrong("env", env, "an object of names and texts")
    if job.spec.command and job.flow_run.recovery_policy.exclusive:
        raise LaunchError(
            "The flow is exclusive, and nobody here would end its command if the worker died: it might run twice."
            " Deploy it to a pool of type process."
        )


def command_of(job: Job) -> list[str]:
    """What to start: the wrapper, around the pull steps, around the deployment's command or the flow's runner."""
    wrapper = job.variables.get("wrapper", [])
    assert isinstance(wrapper, list)
    command = list(job.spec.command) or [sys.executable, "-m", "orch.run"]
    if job.spec.pull_steps_json:
        # It fetches the code, goes into its folder, and becomes the command. Exit code 125: it could not.
        command = [sys.executable, "-m", "orch_worker.code", "--", *command]
    return [*wrapper, *command]


def environment_of(job: Job, folder: Path) -> dict[str, str]:
    """The worker's environment, the deployment's over it, the run's ticket over both."""
    env = job.variables.get("env", {})
    assert isinstance(env, Mapping)
    ours = {
        "ORCH_PULL_STEPS": job.spec.pull_steps_json,
        "ORCH_PARAMETERS_FILE": str(folder / PARAMETERS),
        "ORCH_RESULT_FILE": str(folder / RESULT),
    }
    return {**os.environ, "PYTHONUNBUFFERED": "1", **env, **job.environment, **ours}


def _wrong(name: str, value: object, wanted: str) -> LaunchError:
    return LaunchError(
        f"The job variable {name} is {value!r}; it must be {wanted}. Change it in the deployment, the run or the pool."
    )
