"""A Docker engine for tests: the one that runs on this machine, asked through the `docker` command."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TypeAlias

from tests.support.required import need

DEFAULT_HOST = "unix:///var/run/docker.sock"
_CALL_SECONDS = 60
_WITHOUT = "install an engine (Debian: apt-get install docker.io) and start it, or set DOCKER_HOST to where one listens"

Given: TypeAlias = bytes | IO[bytes]
"""What a command reads: bytes, or a pipe."""


class DockerError(Exception):
    """The engine has refused something; the text is the command's own."""


@dataclass(frozen=True)
class Engine:
    """An engine that answers."""

    host: str
    """Where it listens, as DOCKER_HOST says it."""

    @property
    def environment(self) -> dict[str, str]:
        """What a program's environment needs, so that the program uses this engine and no other."""
        return {"DOCKER_HOST": self.host}

    def call(self, *arguments: str, given: Given = b"", seconds: float = _CALL_SECONDS) -> str:
        """What `docker ARGUMENTS` prints, stripped. Raises DockerError with what it says on stderr."""
        done = self.try_call(*arguments, given=given, seconds=seconds)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).decode(errors="replace").strip()
            raise DockerError(f"docker {' '.join(arguments)}: {said[-4000:]}")
        return done.stdout.decode(errors="replace").strip()

    def try_call(
        self, *arguments: str, given: Given = b"", seconds: float = _CALL_SECONDS
    ) -> subprocess.CompletedProcess[bytes]:
        """`docker ARGUMENTS`, however it ends; `given` is its standard input."""
        text, stream = (given, None) if isinstance(given, bytes) else (None, given)
        return subprocess.run(
            ["docker", *arguments],
            env=command_environment(self.host),
            input=text,
            stdin=stream,
            capture_output=True,
            check=False,
            timeout=seconds,
        )

    def has_image(self, tag: str) -> bool:
        """Whether it has an image of this name."""
        return self.try_call("image", "inspect", tag).returncode == 0

    def containers(self, *filters: str) -> list[str]:
        """Ids of containers, ended ones as well, that all filters let through: `label=orch.pool=default`."""
        chosen = [word for each in filters for word in ("--filter", each)]
        return self.call("ps", "--all", "--quiet", "--no-trunc", *chosen).split()

    def remove(self, *containers: str) -> None:
        """Kill and remove containers, with their unnamed volumes. Those that are gone already are none's business."""
        for each in containers:
            done = self.try_call("rm", "--force", "--volumes", each)
            if done.returncode != 0 and b"No such container" not in done.stderr:
                raise DockerError(f"docker rm {each}: {done.stderr.decode(errors='replace').strip()}")


def command_environment(host: str) -> dict[str, str]:
    """For the `docker` command: this engine, whatever contexts its user has; the builder that needs no plug-in."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")}
    return others | {"DOCKER_HOST": host, "DOCKER_BUILDKIT": "0"}


def running_engine() -> Engine:
    """The engine of this machine, or of DOCKER_HOST. Skips the test where none answers."""
    host = os.environ.get("DOCKER_HOST", "").strip() or DEFAULT_HOST
    need("docker", there=shutil.which("docker") is not None, without=f"there is no command `docker`; {_WITHOUT}")
    engine = Engine(host)
    answer = engine.try_call("version", "--format", "{{.Server.Version}}")
    said = answer.stderr.decode(errors="replace").strip()
    need("docker", there=answer.returncode == 0, without=f"no engine answers at {host} ({said[-300:]}); {_WITHOUT}")
    return engine


@contextmanager
def started_container(engine: Engine, image: str, *command: str, options: tuple[str, ...] = ()) -> Iterator[str]:
    """The id of a container that `docker run --detach` has started, as long as the block lasts; then it is gone."""
    container = engine.call("run", "--detach", *options, image, *command)
    try:
        yield container
    finally:
        engine.remove(container)
