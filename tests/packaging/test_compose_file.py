"""The compose file of deploy/docker, as Compose reads it."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.required import need

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "docker"
SETTINGS = {"ORCH_API_KEY": "k3y", "POSTGRES_PASSWORD": "w0rd", "DOCKER_GROUP": "998"}


def compose_command() -> list[str]:
    """Compose, the plug-in or the program. Skips the test where there is neither."""
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0:
        return ["docker", "compose"]
    there = shutil.which("docker-compose") is not None
    need("docker-compose", there=there, without="install Compose (Debian: apt-get install docker-compose)")
    return ["docker-compose"]


def read_by_compose(settings: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """`docker compose config`, with these settings in the environment."""
    known = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
    return subprocess.run(
        [*compose_command(), "--file", str(FOLDER / "compose.yaml"), "config"],
        env={**known, **settings},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """Its services, with all settings filled in."""
    done = read_by_compose(SETTINGS)
    assert done.returncode == 0, done.stderr
    return dict(yaml.safe_load(done.stdout)["services"])


@pytest.mark.parametrize("name", SETTINGS)
def test_it_says_which_setting_is_lacking_and_where_that_is_explained(name: str) -> None:
    done = read_by_compose({key: value for key, value in SETTINGS.items() if key != name})

    assert done.returncode != 0
    assert f"put {name} into .env (docs/deploy_docker.md)" in done.stderr


def test_the_example_of_settings_has_all_that_it_asks_for() -> None:
    example = (FOLDER / "example.env").read_text()

    assert all(f"\n{name}=\n" in example for name in SETTINGS)


def test_it_has_a_server_a_database_and_a_worker_of_each_kind(services: dict[str, Any]) -> None:
    assert set(services) == {"postgres", "server", "pools", "worker", "docker-worker"}
    assert services["server"]["environment"]["ORCH_DATABASE_URL"] == "postgresql://orch:w0rd@postgres/orch"
    assert {services[name]["image"] for name in ("server", "pools", "worker", "docker-worker")} == {"orch"}


def test_what_stays_says_whether_it_is_well_and_starts_again(services: dict[str, Any]) -> None:
    staying = [service for name, service in services.items() if name != "pools"]

    assert all(service["healthcheck"]["test"] for service in staying)
    assert {service["restart"] for service in staying} == {"unless-stopped"}


def test_only_the_server_can_be_reached_from_outside_and_only_by_this_machine(services: dict[str, Any]) -> None:
    assert [name for name, service in services.items() if service.get("ports")] == ["server"]
    assert all("127.0.0.1" in str(port) for port in services["server"]["ports"])


def test_the_engine_is_given_to_one_worker_alone(services: dict[str, Any]) -> None:
    assert [name for name, each in services.items() if "docker.sock" in str(each.get("volumes"))] == ["docker-worker"]
    assert not any(service.get("privileged") for service in services.values())
