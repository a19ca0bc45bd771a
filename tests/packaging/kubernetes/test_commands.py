"""The commands, options and variables of the manifests are those that Orch has; and they work."""

import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

import click
import grpc
import pytest
import trustme
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from orch_client.settings import settings_from
from orch_server.options import OPTIONS
from orch_worker.command import worker as worker_command
from orch_worker.options import settings_from_options
from tests.packaging.kubernetes.rendered import FOLDERS, Manifest, environment, named, of_orch, pod_of, rendered
from tests.support.started_server import StartedServer, started_server

KEY = "a-key-of-the-tests"
SECRETS = {("orch-database", "url"): "postgresql://orch:secret@postgres/orch", ("orch-api-key", "key"): KEY}
OF_CLIENTS = {"ORCH_API_URL", "ORCH_API_KEY", "ORCH_TLS_CA_FILE", "ORCH_ALLOW_INSECURE"}
"""What docs/workers.md says that workers and runs take from the environment, beside their options."""


def container(folder: str, kind: str, name: str, of: str = "containers") -> Manifest:
    """The first container of a workload."""
    found: Manifest = pod_of(named(rendered(folder), kind, name))["spec"][of][0]
    return found


def worker_options(folder: str, environ: Mapping[str, str]) -> dict[str, object]:
    """What click makes of the worker's arguments. Raises click.ClickException for those that there are not."""
    args = list(container(folder, "StatefulSet", "orch-worker")["args"])
    context = worker_command.make_context("orch-worker", args, obj=environ)
    return dict(context.params)


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_command_is_one_of_orch(folder: str) -> None:
    commands = {tuple(each["command"]) for each in of_orch(rendered(folder))}

    assert commands == {("orch", "server", "migrate"), ("orch", "server", "start"), ("orch-worker",)}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_variable_is_read_by_somebody(folder: str) -> None:
    of_server = {each.variable for each in OPTIONS}
    of_worker = {str(each.envvar) for each in worker_command.params if isinstance(each, click.Option) and each.envvar}
    for each in of_orch(rendered(folder)):
        known = of_worker | OF_CLIENTS | {"ORCH_HOME"} if each["name"] == "worker" else of_server
        names = {name for name in environment(each, SECRETS) if not name.startswith("OTEL_")}
        assert names <= known, each["name"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_workers_options_are_taken(folder: str, tmp_path: Path) -> None:
    variables = environment(container(folder, "StatefulSet", "orch-worker"), SECRETS)
    options = worker_options(folder, variables) | {"home": str(tmp_path)}

    settings = settings_from_options(options, dict(variables))

    assert (settings.pool, settings.pool_type) == ("kubernetes", "kubernetes")
    assert settings.health.host == "0.0.0.0"
    assert variables["ORCH_WORKER_NAME"] == "metadata.name"


@pytest.mark.parametrize("folder", FOLDERS)
def test_workers_and_runs_reach_the_server_with_the_key(folder: str) -> None:
    variables = environment(container(folder, "StatefulSet", "orch-worker"), SECRETS)
    service = named(rendered(folder), "Service", "orch-server")

    settings = settings_from(variables)

    host, _, port = settings.address.target.removeprefix("dns:///").rpartition(":")
    assert host in {"orch-server", "orch-server.orch.svc"}
    assert int(port) in {each["port"] for each in service["spec"]["ports"]}
    assert settings.api_key == KEY
    assert settings.secure is ("tls" in folder)


def on_this_machine(folder: Path) -> dict[str, str]:
    """What is elsewhere here than in a pod."""
    keys = folder / "keys"
    keys.write_text(f"{KEY}\n")
    return {"ORCH_HOME": str(folder), "ORCH_API_KEY_FILE": str(keys), "ORCH_LISTEN_HOST": "127.0.0.1"}


def test_the_server_starts_as_the_manifest_says_and_answers_its_probes(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/orch.db"
    secrets = SECRETS | {("orch-database", "url"): database}
    migrate = container("base", "Deployment", "orch-server", "initContainers")
    server = container("base", "Deployment", "orch-server")
    here = on_this_machine(tmp_path)
    run = [Path(sys.executable).parent / "orch", *migrate["command"][1:]]
    done = subprocess.run(
        run, env=environment(migrate, secrets) | here, capture_output=True, text=True, check=False, timeout=90
    )
    assert done.returncode == 0, done.stderr

    variables = environment(server, secrets) | here
    with started_server(tmp_path, environment=variables) as started, grpc.insecure_channel(started.address) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check", HealthCheckRequest.SerializeToString, HealthCheckResponse.FromString
        )
        asked = HealthCheckRequest(service=server["readinessProbe"]["grpc"].get("service", ""))
        assert check(asked).status == HealthCheckResponse.SERVING
        for probe in ("startupProbe", "livenessProbe"):
            with urllib.request.urlopen(f"{started.http_url}{server[probe]['httpGet']['path']}", timeout=20) as answer:
                assert answer.status == HTTPStatus.OK
        scaler = named(rendered("base"), "HorizontalPodAutoscaler", "orch-worker")
        [metric] = scaler["spec"]["metrics"]
        [label] = metric["external"]["metric"]["selector"]["matchLabels"]
        shown = f"{metric['external']['metric']['name']}{{{label}="
        while shown not in metrics_of(started):
            pass  # It is read soon after the start; asking takes its time.


def metrics_of(server: StartedServer) -> str:
    """What it shows to Prometheus."""
    request = urllib.request.Request(f"{server.http_url}/metrics", headers={"Authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        text: str = answer.read().decode()
    return text


def test_an_encrypted_server_answers_its_probes(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("orch-server.orch.svc")
    certificate.private_key_pem.write_to_path(tmp_path / "tls.key")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "tls.crt")
    server = container("overlays/tls", "Deployment", "orch-server")
    variables = {
        name: value.replace("/etc/orch/tls", str(tmp_path))
        for name, value in environment(server, SECRETS).items()
        if not name.startswith("OTEL_")
    }
    variables |= on_this_machine(tmp_path) | {"ORCH_DATABASE_URL": f"sqlite:///{tmp_path}/orch.db"}
    # Kubernetes does not verify the certificate of whom it probes.
    careless = ssl.create_default_context()
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE

    with started_server(tmp_path, environment=variables) as started:
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            asked = server[probe]["httpGet"]
            url = f"{asked['scheme'].lower()}://{started.http_url.rpartition('://')[2]}{asked['path']}"
            with urllib.request.urlopen(url, timeout=20, context=careless) as answer:
                assert answer.status == 200
