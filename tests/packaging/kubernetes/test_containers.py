"""The containers of the manifests work with no more than the manifests leave them, in a real engine: another user than
root, no capabilities, a root file system that cannot be written, their memory limit.
"""

from collections.abc import Iterator

import pytest

from tests.packaging.kubernetes.rendered import Manifest, environment, named, pod_of, rendered
from tests.support.docker_engine import DockerError, Engine, started_container

KEY = "a-key-of-the-tests"
SECRETS = {
    ("orch-database", "url"): "sqlite:////var/lib/orch/orch.db",
    ("orch-api-key", "key"): KEY,
}
_ASK = "import sys, urllib.request as web; print(web.urlopen(sys.argv[1], timeout=5).status)"


def restricted(workload: Manifest, container: Manifest, *, network: str) -> tuple[str, ...]:
    """Options of `docker run` that make a container as a node would make it."""
    security, pod = container["securityContext"], pod_of(workload)["spec"]
    assert security["readOnlyRootFilesystem"] is True
    user = f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}"
    owner = f"uid={user.partition(':')[0]},gid={user.partition(':')[2]}"
    empty = {each["name"] for each in pod["volumes"] if "emptyDir" in each}
    memory = container["resources"]["limits"]["memory"].removesuffix("i")
    options = ["--read-only", "--user", user, "--memory", memory, "--network", network]
    options += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
    for mount in container["volumeMounts"]:
        if mount["name"] in empty:
            options += ["--tmpfs", f"{mount['mountPath']}:{owner}"]
    return tuple(options)


def variables(container: Manifest, **others: str) -> tuple[str, ...]:
    """Options for its environment. The key comes by itself: there is no file of it here."""
    found = environment(container, SECRETS) | others
    found.pop("ORCH_API_KEY_FILE", None)
    return tuple(word for name, value in found.items() for word in ("--env", f"{name}={value}"))


@pytest.fixture
def server(docker_engine: Engine, docker_image: str) -> Iterator[str]:
    """The id of a server's container."""
    workload = named(rendered("base"), "Deployment", "orch-server")
    [container] = pod_of(workload)["spec"]["containers"]
    options = restricted(workload, container, network="none") + variables(container, ORCH_API_KEY=KEY)
    with started_container(docker_engine, docker_image, *container["command"], options=options) as started:
        answers(docker_engine, started, "http://127.0.0.1:4200/readyz")
        yield started


def answers(engine: Engine, container: str, url: str) -> None:
    """Waits until there is a good answer; fails where the container has ended."""
    while True:
        try:
            assert engine.call("exec", container, "python3", "-c", _ASK, url) == "200"
        except DockerError:
            state = engine.call("inspect", "--format", "{{.State.Status}}", container)
            assert state == "running", engine.try_call("logs", container).stderr.decode()
        else:
            return


def test_the_database_is_migrated(docker_engine: Engine, docker_image: str) -> None:
    workload = named(rendered("base"), "Deployment", "orch-server")
    [container] = pod_of(workload)["spec"]["initContainers"]
    options = restricted(workload, container, network="none") + variables(container)

    with started_container(docker_engine, docker_image, *container["command"], options=options) as started:
        assert docker_engine.call("wait", started) == "0", docker_engine.try_call("logs", started).stderr.decode()


def test_a_server_works_and_can_be_ended(docker_engine: Engine, server: str) -> None:
    workload = named(rendered("base"), "Deployment", "orch-server")
    [command] = [each["lifecycle"]["preStop"]["exec"]["command"] for each in pod_of(workload)["spec"]["containers"]]

    docker_engine.call("exec", server, *command[:1], "0")
    docker_engine.call("kill", "--signal", "TERM", server)

    assert docker_engine.call("wait", server) == "0"


def test_a_worker_works_and_is_ready(docker_engine: Engine, docker_image: str, server: str) -> None:
    workload = named(rendered("base"), "StatefulSet", "orch-worker")
    [container] = pod_of(workload)["spec"]["containers"]
    # There is no cluster here; all but its launcher is the same.
    args = [each.replace("--type=kubernetes", "--type=process") for each in container["args"]]
    options = restricted(workload, container, network=f"container:{server}")
    options += variables(container, ORCH_API_URL="http://127.0.0.1:4201")
    assert args != container["args"]

    command = [*container["command"], *args]
    with started_container(docker_engine, docker_image, *command, options=options) as worker:
        probe = container["readinessProbe"]["httpGet"]
        [port] = [each["containerPort"] for each in container["ports"] if each["name"] == probe["port"]]
        answers(docker_engine, worker, f"http://127.0.0.1:{port}{probe['path']}")
        docker_engine.call("kill", "--signal", "TERM", worker)

        assert docker_engine.call("wait", worker) == "0"
