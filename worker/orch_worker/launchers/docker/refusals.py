"""What the engine says no to, in words: what happened, and what to do."""

import re
from collections.abc import Callable
from typing import NamedTuple

from orch_worker.launchers.base import LaunchError, LauncherUnavailableError
from orch_worker.launchers.docker.errors import EngineError, EngineRefusedError
from orch_worker.launchers.docker.variables import DockerVariables


class _Refusal(NamedTuple):
    pattern: str
    """In the engine's message, whatever the case."""
    words: str
    """What to say; `{image}` and the pattern's groups, `{0}`, may be in it."""


_OF_THE_MOMENT = (
    _Refusal("no space left on device", "The disk of the Docker engine's machine is full: make room on it."),
    _Refusal(
        "(shutting down|context canceled|transport is closing|client connection is closing|ttrpc: closed"
        "|containerd.sock|EOF$)",
        "The Docker engine is stopping, or lacks its containerd.",
    ),
    _Refusal("(cannot allocate memory|resource temporarily unavailable)", "The engine's machine has no room for more."),
)
"""Not the run's fault: the next one would fail in the same way."""

_OF_THE_RUN = (
    _Refusal("no such image", "The engine does not have the image {image}."),
    _Refusal(
        r"network (\S+) not found",
        "The Docker engine has no network {0}. Create it (docker network create {0}), or change networks.",
    ),
    _Refusal(
        r"bind source path does not exist: (\S+)",
        "The machine of the Docker engine has no folder {0}, where the run's code is to be. Where the worker runs in a"
        " container, mount the folder at the same path on the engine's machine, put the code into the image, or deploy"
        " with a git or archive pull step.",
    ),
    _Refusal(
        r'exec: "([^"]*)": (?:executable file not found|stat \S+: no such file)',
        "Command not found: {0} is not in the image {image}. Install it there, or correct the command.",
    ),
    _Refusal(
        r'exec: "([^"]*)": permission denied',
        "{0} may not be executed in the image {image}. Make it executable (chmod +x).",
    ),
    _Refusal(r"exec format error", "What the image {image} is to run is no program for the engine's machine."),
    _Refusal(
        "docker-init",
        "The Docker engine lacks its init (docker-init). Install it there (Debian: tini), or set init to false.",
    ),
    _Refusal(
        r"unable to find (?:user|group) ([^:]+)",
        "The image {image} has no user or group {0}. Change the variable user, or give a number.",
    ),
    _Refusal("no command specified", "The image {image} says no command, and neither does the deployment."),
    _Refusal(
        "rootfs is marked read-only",
        "The container's file system is read-only, so that its files (large parameters, TLS) cannot be put there.",
    ),
)


def refused(error: EngineError, variables: DockerVariables) -> LaunchError | LauncherUnavailableError:
    """What to raise where the engine could not launch a container."""
    if not isinstance(error, EngineRefusedError):
        return LauncherUnavailableError(str(error))
    for refusals, kind in _KINDS:
        for refusal in refusals:
            found = re.search(refusal.pattern, error.message, re.IGNORECASE)
            if found is not None:
                words = refusal.words.format(*found.groups(), image=variables.image)
                return kind(f"{words} The engine says: {_shortened(error.message)}")
    return LaunchError(
        f"The Docker engine refuses the container: {_shortened(error.message)} Change the job variables."
    )


def _shortened(message: str) -> str:
    text = " ".join(message.split())
    text = text if len(text) <= 500 else f"{text[:497]}..."
    return text if text.endswith(".") else f"{text}."


_KINDS: tuple[tuple[tuple[_Refusal, ...], Callable[[str], LaunchError | LauncherUnavailableError]], ...] = (
    (_OF_THE_MOMENT, LauncherUnavailableError),
    (_OF_THE_RUN, LaunchError),
)
