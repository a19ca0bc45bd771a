"""From a flow and its author's options to a deployment's spec."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orch import flow
from orch.deployments import Archive, DeploymentSpec, GitRepository, LocalFolder, Requirements
from orch.deployments.messages import deployment_message
from orch.errors import ConfigurationError
from orch.schedules import Cron, Interval, RRule
from orch_proto.v1.deployment_pb2 import ConcurrencyPolicy

GIT = GitRepository("https://example.com/flows.git", branch="main", credential="GIT_TOKEN")


@flow(tags=["own"], durable=True, crash_restarts=3, exclusive=True, retries=5)
def etl(day: str, limit: int = 10) -> None:
    """Loads a day."""


@flow(validate_parameters=False)
def unchecked(anything: int) -> None:
    """Takes what comes."""


def test_the_spec_is_the_flows_where_nothing_is_said() -> None:
    spec = etl.to_deployment("nightly")

    assert (spec.slug, spec.description, spec.tags) == ("etl/nightly", "Loads a day.", ("own",))
    assert (spec.work_pool_name, spec.work_queue_name) == ("default", "default")
    assert (spec.durable, spec.crash_restarts, spec.exclusive) == (True, 3, True)
    assert spec.retries == 0, "the flow's own retries happen in its process"
    assert spec.schedules is None
    assert spec.paused is None
    assert [*(spec.parameter_schema or {})["properties"]] == ["day", "limit"]


def test_options_become_the_contracts_message() -> None:
    spec = etl.to_deployment(
        "nightly",
        work_pool_name="p",
        work_queue_name="q",
        parameters={"day": "today"},
        tags=["b", "a"],
        description="Mine.",
        concurrency_limit=2,
        at_limit="cancel_oldest",
        job_variables={"env": {"A": "1"}},
        retries=2,
        retry_delay_seconds=[timedelta(seconds=1), "2m"],
        retry_jitter_factor=0.5,
        source=GIT,
        install=Requirements("requirements.txt"),
        paused=True,
    )

    message = deployment_message(spec)

    assert (message.work_pool_name, message.work_queue_name) == ("p", "q")
    assert message.parameters_json == '{"day": "today"}'
    assert list(message.tags) == ["a", "b", "own"]
    assert message.description == "Mine."
    assert message.concurrency_limit == 2
    assert message.concurrency_policy == ConcurrencyPolicy.CONCURRENCY_POLICY_CANCEL_OLDEST
    assert message.launch_spec.job_variables_json == '{"env": {"A": "1"}}'
    assert message.launch_spec.pull_steps_json == (
        '[{"step": "git", "url": "https://example.com/flows.git", "branch": "main", "credential": "GIT_TOKEN"}, '
        '{"step": "install", "requirements": "requirements.txt"}]'
    )
    assert message.retry_policy.max_retries == 2
    assert [each.ToTimedelta().total_seconds() for each in message.retry_policy.delays] == [1, 120]
    assert message.recovery_policy.durable
    assert message.paused


def test_schedules_may_be_written_short() -> None:
    spec = etl.to_deployment(
        "x",
        parameters={"day": "today"},
        cron=["@daily", "@weekly"],
        interval="15m",
        rrule="FREQ=YEARLY",
        schedule=Cron("@monthly"),
        schedules=[Interval(60, name="often")],
    )

    assert spec.schedules == (
        Cron("@daily"),
        Cron("@weekly"),
        Interval(900),
        RRule("FREQ=YEARLY"),
        Cron("@monthly"),
        Interval(60, name="often"),
    )


def test_an_empty_list_says_that_there_are_no_schedules() -> None:
    assert etl.to_deployment("x", schedules=[]).schedules == ()


def test_parameters_that_are_not_checked_have_no_schema() -> None:
    assert unchecked.to_deployment("x", parameters={"anything": "a text"}).parameter_schema is None
    assert etl.to_deployment("x", enforce_parameter_schema=False).parameter_schema is None


def test_code_from_elsewhere_keeps_the_entrypoint_that_is_given() -> None:
    spec = etl.to_deployment("x", source=Archive("s3://bucket/flows.zip", subfolder="jobs"), entrypoint="a/b.py:etl")

    assert spec.entrypoint == "a/b.py:etl"
    assert spec.pull_steps == ({"step": "archive", "url": "s3://bucket/flows.zip", "subfolder": "jobs"},)


@pytest.mark.parametrize("given", ["https://example.com/x.git", "git@example.com:x.git", "ssh://host/x"])
def test_an_address_is_a_repository(given: str) -> None:
    assert etl.to_deployment("x", source=given, entrypoint="x.py:etl").pull_steps == ({"step": "git", "url": given},)


def test_a_path_is_a_folder_by_its_absolute_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert etl.to_deployment("x", source=Path("code"), entrypoint="x.py:etl").pull_steps == (
        LocalFolder(str(tmp_path / "code")).step(),
    )


@pytest.mark.parametrize(
    "options",
    [
        {"at_limit": "wait"},
        {"concurrency_limit": 0},
        {"schedules": ["@daily"]},
        {"cron": "@daily"},
        {"parameters": {"nope": 1}},
        {"cron": ["@daily", "@daily"], "parameters": {"day": "today"}},
        {"schedules": [Cron("@daily", name="a"), Cron("@weekly", name="a")], "parameters": {"day": "today"}},
        {"retry_delay_seconds": "soon"},
    ],
)
def test_what_cannot_be_right_is_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        etl.to_deployment("x", **options)


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(TypeError, match="no option 'pool'"):
        etl.to_deployment("x", pool="p")  # type: ignore[call-arg]


def test_a_spec_has_an_entrypoint_or_a_command() -> None:
    with pytest.raises(ConfigurationError, match="neither"):
        DeploymentSpec(name="a", flow_name="b")
    with pytest.raises(ConfigurationError, match="both"):
        DeploymentSpec(name="a", flow_name="b", entrypoint="x.py:y", command=("ls",))


def test_a_deployments_name_is_no_path() -> None:
    with pytest.raises(ConfigurationError, match=r"'a/b' has: see deployment 'etl/a/b'"):
        etl.to_deployment("a/b")


def test_a_repository_has_one_version() -> None:
    with pytest.raises(ConfigurationError, match="one of them"):
        GitRepository("https://example.com/x.git", branch="main", tag="v1")


def test_a_flow_from_a_folder_is_deployed_from_there(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.py").write_text("from orch import flow\n@flow\ndef far(): ...\n")

    found = flow.from_source(str(tmp_path), "elsewhere.py:far")  # type: ignore[attr-defined]

    spec = found.to_deployment("x")
    assert (spec.flow_name, spec.entrypoint) == ("far", "elsewhere.py:far")
    assert spec.pull_steps == ({"step": "local", "path": str(tmp_path)},)
