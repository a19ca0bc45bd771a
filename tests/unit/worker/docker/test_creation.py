"""What is asked of the engine for a job."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orch_worker.code import CodeError
from orch_worker.launchers.base import Job, LaunchError
from orch_worker.launchers.containers.variables import read_variables
from orch_worker.launchers.docker.creation import Creation, creation_of
from orch_worker.launchers.docker.engine import EngineFacts
from orch_worker.launchers.docker.naming import Owner
from orch_worker.launchers.docker.variables import DockerVariables
from tests.unit.worker.containers.jobs import KEY, job

LOCAL, REMOTE, DESKTOP = EngineFacts(), EngineFacts(local=False), EngineFacts(desktop=True)
LOOPBACK = {"ORCH_API_URL": "http://127.0.0.1:4201"}


def made(given: Job, engine: EngineFacts = LOCAL) -> Creation:
    variables = read_variables(DockerVariables, {"image": "python:3.13", **given.variables}, pool_type="docker")
    return creation_of(given, variables, Owner("plane", "pool", "worker"), engine)


def host(given: Job, engine: EngineFacts = LOCAL) -> dict[str, Any]:
    found: dict[str, Any] = made(given, engine).body["HostConfig"]
    return found


def environment(creation: Creation) -> dict[str, str]:
    return dict(each.split("=", 1) for each in creation.body["Env"])


def local(path: Path, *more: dict[str, str]) -> str:
    return json.dumps([{"step": "local", "path": str(path)}, *more])


def test_the_least() -> None:
    creation = made(job(memo="opaque"))

    assert creation.name == f"orch-{KEY.flow_run_id}-3"
    assert creation.body["Image"] == "python:3.13"
    assert creation.body["Cmd"] == ["python", "-m", "orch.run"]
    assert "Entrypoint" not in creation.body
    assert creation.body["Labels"] == {
        "orch.run": KEY.flow_run_id,
        "orch.token": "3",
        "orch.memo": "opaque",
        "orch.pool": "pool",
        "orch.worker": "worker",
        "orch.control-plane": "plane",
    }
    assert creation.body["HostConfig"] == {
        "ExtraHosts": [],
        "Binds": [],
        "Mounts": [],
        "Privileged": False,
        "Init": True,
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "1t"}},
        "RestartPolicy": {"Name": "no"},
        "AutoRemove": False,
    }
    assert creation.remark == ""


def test_all_variables() -> None:
    creation = made(
        job(
            entrypoint=[],
            env={"TZ": "UTC"},
            working_dir="/srv",
            labels={"team": "data", "orch.run": "mine"},
            volumes=["/data:/data:ro"],
            networks=["one", "two"],
            mem_limit="1.5g",
            memswap_limit=-1,
            cpus=1.5,
            user="1000:1000",
            privileged=True,
            init=False,
            auto_remove=False,
            stream_output=False,
            container_patch={"HostConfig": {"ShmSize": 1, "Init": None}, "Hostname": "here"},
        )
    )

    body, config = creation.body, creation.body["HostConfig"]
    assert (body["Entrypoint"], body["WorkingDir"], body["User"], body["Hostname"]) == ([], "/srv", "1000:1000", "here")
    assert environment(creation)["TZ"] == "UTC"
    # Nobody takes the name of another's container.
    assert (body["Labels"]["team"], body["Labels"]["orch.run"]) == ("data", KEY.flow_run_id)
    assert "orch.kept" in body["Labels"]
    assert (config["NetworkMode"], creation.more_networks) == ("one", ("two",))
    assert (config["Memory"], config["MemorySwap"], config["NanoCpus"]) == (1536 * 1024**2, -1, 1_500_000_000)
    assert (config["Binds"], config["Privileged"], config["ShmSize"]) == (["/data:/data:ro"], True, 1)
    assert config["LogConfig"] == {"Type": "none"}
    assert "Init" not in config


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"mem_limit": "lots"}, 'it must be a number of bytes, or a text such as "512m" or "2g"'),
        ({"mem_limit": True}, "The job variable mem_limit is True; it must be a number of bytes"),
        ({"volumes": "/a:/b"}, "it must be a list of texts such as"),
        ({"volumes": ["/a"]}, "it must be a list of texts such as"),
        ({"networks": "data"}, 'it must be a list of names, like ["data"]'),
        ({"image_pull_policy": "Sometimes"}, "it must be 'IfNotPresent', 'Always' or 'Never'"),
        ({"cpus": 0}, "it must be greater than 0"),
        ({"networks": ["a"], "network_mode": "host"}, "networks and network_mode exclude each other: name one"),
        ({"container_patch": {"Tty": True}}, "it must not change Tty: a terminal mixes stdout and stderr"),
        ({"container_patch": {"Env": ["A=hunter2"]}}, "it must not change Env: a list is replaced as a whole"),
        ({"container_patch": {"HostConfig": {"RestartPolicy": {}}}}, "it must not change HostConfig.RestartPolicy"),
        ({"registry_credentials": {"password": "hunter2"}}, "registry_credentials.password is not known"),
        ({"registry_credentials": "me:hunter2"}, "The job variable registry_credentials is wrong; it must be"),
    ],
)
def test_wrong_variables(variables: dict[str, object], words: str) -> None:
    with pytest.raises(LaunchError) as caught:
        made(replace(job(), variables=variables))

    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_local_folder_is_mounted_and_worked_in(tmp_path: Path) -> None:
    body = made(job(pull_steps=local(tmp_path))).body

    [mount] = body["HostConfig"]["Mounts"]
    assert mount == {"Type": "bind", "Source": str(tmp_path), "Target": str(tmp_path), "ReadOnly": True}
    assert body["WorkingDir"] == str(tmp_path)
    assert body["Cmd"] == ["python", "-m", "orch.run"]


def test_a_working_dir_may_be_within_the_code(tmp_path: Path) -> None:
    assert made(job(pull_steps=local(tmp_path), working_dir="jobs")).body["WorkingDir"] == f"{tmp_path}/jobs"


def test_packages_for_a_local_folder_are_installed_inside(tmp_path: Path) -> None:
    steps = local(tmp_path, {"step": "install", "requirements": "requirements.txt"})

    creation = made(job(pull_steps=steps))

    assert creation.contents.wrapped
    assert creation.body["HostConfig"]["Mounts"]


@pytest.mark.parametrize("engine", [LOCAL, REMOTE])
def test_a_folder_that_is_not_here_may_be_in_the_image(tmp_path: Path, engine: EngineFacts) -> None:
    folder = tmp_path if engine is REMOTE else tmp_path / "elsewhere"

    creation = made(job(pull_steps=local(folder)), engine)

    assert creation.contents.wrapped
    assert creation.body["HostConfig"]["Mounts"] == []


def test_wrong_pull_steps_are_told_at_once() -> None:
    with pytest.raises(CodeError, match="Pull step 1"):
        made(job(pull_steps='[{"step": "fetch"}]'))


def test_a_control_plane_on_this_machine_needs_the_network_of_this_machine() -> None:
    creation = made(job(environment=LOOPBACK))

    assert creation.body["HostConfig"]["NetworkMode"] == "host"
    assert environment(creation)["ORCH_API_URL"] == LOOPBACK["ORCH_API_URL"]
    assert "The container has the network of its machine" in creation.remark


@pytest.mark.parametrize(
    ("given", "engine", "mode"),
    [
        (job(environment=LOOPBACK, network_mode="bridge"), LOCAL, "bridge"),
        (job(environment=LOOPBACK, networks=["mine"]), LOCAL, "mine"),
        (job(environment=LOOPBACK), DESKTOP, None),
    ],
)
def test_from_a_network_of_its_own_it_is_called_by_another_name(
    given: Job, engine: EngineFacts, mode: str | None
) -> None:
    creation = made(given, engine)

    assert environment(creation)["ORCH_API_URL"] == "http://host.docker.internal:4201"
    assert creation.body["HostConfig"]["ExtraHosts"] == ["host.docker.internal:host-gateway"]
    assert creation.body["HostConfig"].get("NetworkMode") == mode
    assert "must listen there" in creation.remark


def test_an_engine_elsewhere_cannot_reach_this_machines_loopback() -> None:
    with pytest.raises(LaunchError, match="Start the worker with an ORCH_API_URL that reaches it"):
        made(job(environment=LOOPBACK), REMOTE)

    own = made(job(environment=LOOPBACK, env={"ORCH_API_URL": "http://orch:4201"}), REMOTE)
    assert environment(own)["ORCH_API_URL"] == "http://orch:4201"
