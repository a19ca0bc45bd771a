"""What a container runs: command, environment and files."""

import json
from pathlib import Path

import pytest

from orch_worker.launchers.base import Job, LaunchError
from orch_worker.launchers.containers.contents import Contents, contents_of, is_loopback
from orch_worker.launchers.containers.variables import ContainerVariables, read_variables
from tests.unit.worker.containers.jobs import job

STEPS = json.dumps([{"step": "git", "url": "https://example.com/code.git"}])


def contents(given: Job, *, does_pull_steps: bool = True) -> Contents:
    variables = read_variables(ContainerVariables, {"image": "i", **given.variables}, pool_type="test")
    return contents_of(
        given, variables, folder="/.orch", result_file="/tmp/result.json", does_pull_steps=does_pull_steps
    )


def test_a_flow_runs_by_the_variable_command() -> None:
    assert contents(job()).command == ("python", "-m", "orch.run")
    assert contents(job(command="/opt/venv/bin/python -m orch.run")).command[0] == "/opt/venv/bin/python"


def test_a_command_is_its_own() -> None:
    assert contents(job("node", "report.js", command="python")).command == ("node", "report.js")


def test_an_exclusive_command_is_refused() -> None:
    given = job("true")
    given.flow_run.recovery_policy.exclusive = True

    with pytest.raises(LaunchError, match="Use a pool of type process, or a Python flow"):
        contents(given)

    flow = job()
    flow.flow_run.recovery_policy.exclusive = True
    assert contents(flow).command


def test_pull_steps_come_first() -> None:
    found = contents(job(pull_steps=STEPS))

    assert found.wrapped
    assert found.command == ("python", "-m", "orch_worker.code", "--", "python", "-m", "orch.run")
    assert found.environment["ORCH_PULL_STEPS"] == STEPS


@pytest.mark.parametrize("steps", ["", "[]", " [ ] "])
def test_without_pull_steps_nothing_comes_first(steps: str) -> None:
    found = contents(job(pull_steps=steps))

    assert not found.wrapped
    assert "ORCH_PULL_STEPS" not in found.environment


def test_pull_steps_that_are_done_already() -> None:
    assert not contents(job(pull_steps=STEPS), does_pull_steps=False).wrapped


def test_the_ticket_counts_more_than_env(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OF_THE_WORKER", "1")

    found = contents(job(env={"ORCH_FLOW_RUN_ID": "another", "TZ": "UTC", "PYTHONUNBUFFERED": ""})).environment

    assert found["ORCH_FLOW_RUN_ID"] == job().key.flow_run_id
    assert (found["TZ"], found["PYTHONUNBUFFERED"]) == ("UTC", "")
    assert "OF_THE_WORKER" not in found


def test_a_container_may_know_the_control_plane_by_another_name() -> None:
    found = contents(job("true", env={"ORCH_API_URL": "http://orch:4201", "ORCH_RESULT_FILE": "/out/r"})).environment

    assert (found["ORCH_API_URL"], found["ORCH_RESULT_FILE"]) == ("http://orch:4201", "/out/r")


def test_a_result_file_that_depends_on_where_it_runs_is_refused() -> None:
    with pytest.raises(LaunchError, match="in the job variable env is out"):
        contents(job("true", env={"ORCH_RESULT_FILE": "out.json"}))


def test_only_commands_have_files() -> None:
    large = json.dumps({"text": "x" * 70_000})

    of_flow, of_command, of_small = (
        contents(job(parameters=large)),
        contents(job("true", parameters=large)),
        contents(job("true")),
    )

    assert (of_flow.files, of_small.files) == ({}, {})
    assert of_command.files == {"/.orch/parameters.json": large.encode()}
    assert of_command.environment["ORCH_PARAMETERS_FILE"] == "/.orch/parameters.json"
    assert of_command.environment["ORCH_RESULT_FILE"] == "/tmp/result.json"
    assert "ORCH_RESULT_FILE" not in of_flow.environment


def test_tls_files_go_along(tmp_path: Path) -> None:
    (tmp_path / "authority.pem").write_text("trust me")

    found = contents(job(environment={"ORCH_TLS_CA_FILE": str(tmp_path / "authority.pem")}))

    assert found.environment["ORCH_TLS_CA_FILE"] == "/.orch/tls/ca.pem"
    assert found.files == {"/.orch/tls/ca.pem": b"trust me"}


def test_a_tls_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match=r"gone\.pem .ORCH_TLS_CA_FILE.*cannot be read.*No such file"):
        contents(job(environment={"ORCH_TLS_CA_FILE": str(tmp_path / "gone.pem")}))


def test_no_key_is_shown() -> None:
    assert "hunter2" not in repr(contents(job(environment={"ORCH_API_KEY": "hunter2"})))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:4201", True),
        ("http://[::1]:4201", True),
        ("https://localhost", True),
        ("http://orch.localhost:1", True),
        ("http://10.0.0.1:4201", False),
        ("http://orch.example:4201", False),
        ("", False),
    ],
)
def test_loopback(url: str, *, expected: bool) -> None:
    assert is_loopback(url) == expected
