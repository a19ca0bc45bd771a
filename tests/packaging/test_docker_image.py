"""The image of deploy/docker: small enough to say what is in it, and everything of Orch runs in it, not as root."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.support.docker_deploy import deployed_image
from tests.support.docker_engine import Engine, command_environment, started_container

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]

RESTRICTED = ("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--init")
"""What clusters ask of containers that they do not trust."""
HOME = ("--volume", "/var/lib/orch")


@pytest.fixture(scope="module")
def image(docker_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The image, built here."""
    with deployed_image(docker_engine, tmp_path_factory.mktemp("deployed")) as tag:
        yield tag


@pytest.fixture(scope="module")
def server(docker_engine: Engine, image: str) -> Iterator[str]:
    """A container that runs the server, in a network of its own."""
    options = (*RESTRICTED, *HOME, "--network=none", "--env=ORCH_API_URL=http://127.0.0.1:4201")
    with started_container(docker_engine, image, "orch", "server", "start", options=options) as container:
        wait_for_line(docker_engine, container, "server started")
        yield container


def wait_for_line(engine: Engine, container: str, text: str) -> None:
    """Until the container writes the text; its end without it fails the test."""
    with subprocess.Popen(
        ["docker", "logs", "--follow", container],
        env=command_environment(engine.host),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as logs:
        assert logs.stdout is not None
        lines = []
        for line in logs.stdout:
            lines.append(line)
            if text in line:
                logs.kill()
                return
    pytest.fail(f"{text!r} was not written: {''.join(lines)[-3000:]}")


def exit_code(engine: Engine, container: str) -> int:
    """Of a container that has ended."""
    return int(engine.call("inspect", "--format", "{{.State.ExitCode}}", container))


@pytest.mark.parametrize("command", ["orch version", "orch-worker --help"])
def test_it_has_every_command(docker_engine: Engine, image: str, command: str) -> None:
    assert docker_engine.call("run", "--rm", "--network=none", image, *command.split())


def test_its_user_is_not_root_and_may_write_into_its_home(docker_engine: Engine, image: str) -> None:
    said = docker_engine.call("run", "--rm", "--network=none", image, "sh", "-c", 'id -u; touch "$ORCH_HOME/x" && pwd')

    assert said.split() == ["10001", "/flows"]


def test_nothing_of_the_build_is_left_in_it(docker_engine: Engine, image: str) -> None:
    listed = docker_engine.call("run", "--rm", "--network=none", image, "ls", "/", "/flows")

    assert "wheels" not in listed


def test_a_server_and_a_worker_in_it_run_a_program(docker_engine: Engine, image: str, server: str) -> None:
    options = (*RESTRICTED, *HOME, f"--network=container:{server}", "--env=ORCH_API_URL=http://127.0.0.1:4201")
    with started_container(docker_engine, image, "orch-worker", "--pool", "default", options=options) as worker:
        wait_for_line(docker_engine, worker, "worker started")
        deploy = ("orch", "deploy", "--command", "id -un", "--name", "who", "--no-pull", "--yes")
        docker_engine.call("exec", server, *deploy)
        said = docker_engine.call("exec", server, "orch", "run", "who", "--watch")
        docker_engine.call("stop", worker)

        assert "orch" in said.split()
        assert exit_code(docker_engine, worker) == 0


def test_its_server_shows_the_screen(docker_engine: Engine, server: str) -> None:
    program = "from urllib.request import urlopen; print(urlopen('http://127.0.0.1:4200/').read().decode())"

    assert "<!doctype html>" in docker_engine.call("exec", server, "python", "-c", program).lower()


def test_a_flow_in_it_runs(docker_engine: Engine, image: str, server: str) -> None:
    program = "from orch import flow\n@flow\ndef add():\n    return 40 + 2\nprint(add())"

    said = docker_engine.call("exec", server, "python", "-c", program)

    assert said.endswith("42")


def test_the_server_ends_well_when_it_is_stopped(docker_engine: Engine, image: str) -> None:
    with started_container(docker_engine, image, "orch", "server", "start", options=("--network=none",)) as container:
        wait_for_line(docker_engine, container, "server started")
        docker_engine.call("stop", container)

        assert exit_code(docker_engine, container) == 0
