"""What the engine says no to, in words."""

import pytest

from orch_worker.launchers.base import LaunchError, LauncherUnavailableError
from orch_worker.launchers.docker.errors import EngineAwayError, EngineRefusedError
from orch_worker.launchers.docker.refusals import refused
from orch_worker.launchers.docker.variables import DockerVariables

VARIABLES = DockerVariables(image="python:3.13")
RUNC = "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: "


@pytest.mark.parametrize(
    ("status", "message", "words"),
    [
        (
            404,
            "network data not found",
            "The Docker engine has no network data. Create it (docker network create data)",
        ),
        (
            400,
            f'{RUNC}exec: "nosuch": executable file not found in $PATH: unknown',
            "Command not found: nosuch is not in the image python:3.13.",
        ),
        (
            400,
            f'{RUNC}exec: "/opt/x": stat /opt/x: no such file or directory: unknown',
            "Command not found: /opt/x is not in the image python:3.13.",
        ),
        (400, f'{RUNC}exec: "/etc": permission denied: unknown', "/etc may not be executed in the image python:3.13."),
        (
            400,
            'invalid mount config for type "bind": bind source path does not exist: /srv/code',
            "The machine of the Docker engine has no folder /srv/code, where the run's code is to be.",
        ),
        (
            400,
            "unable to find user ann: no matching entries in passwd file",
            "The image python:3.13 has no user or group ann.",
        ),
        (500, "something new", "The Docker engine refuses the container: something new. Change the job variables."),
    ],
)
def test_of_the_run(status: int, message: str, words: str) -> None:
    error = refused(EngineRefusedError(status, message), VARIABLES)

    assert isinstance(error, LaunchError)
    assert str(error).startswith(words)


@pytest.mark.parametrize(
    "message",
    [
        "mkdir /var/lib/docker/overlay2/x: no space left on device",
        "failed to create task: ttrpc: closed: unknown",
        "dial unix:///run/containerd/containerd.sock: timeout",
        "context canceled",
    ],
)
def test_of_the_moment(message: str) -> None:
    assert isinstance(refused(EngineRefusedError(500, message), VARIABLES), LauncherUnavailableError)


def test_away() -> None:
    error = refused(EngineAwayError("Cannot connect."), VARIABLES)

    assert (type(error), str(error)) == (LauncherUnavailableError, "Cannot connect.")
