"""From a lease to a job: variables and the ticket."""

import json
from pathlib import Path

import pytest

from orch_client.settings import ClientSettings, TlsFiles, settings_from
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_proto.v1.lease_pb2 import Lease
from orch_proto.v1.policy_pb2 import RecoveryPolicy, TraceContext
from orch_worker.jobs import MOST_PARAMETERS_BYTES, JobMaker, facts_of
from orch_worker.launchers.base import AttemptKey, LaunchError
from orch_worker.launchers.merging import merge_patch

RUN_ID = "0190b8a4-0000-7000-8000-000000000001"


def lease(
    *,
    token: int = 1,
    deployment: dict[str, object] | None = None,
    run: dict[str, object] | None = None,
    spec: LaunchSpec | None = None,
    flow_run: FlowRun | None = None,
) -> Lease:
    """A granted lease."""
    launch_spec = spec or LaunchSpec(command=["true"])
    launch_spec.job_variables_json = json.dumps(deployment) if deployment else launch_spec.job_variables_json
    found = flow_run or FlowRun(flow_run_id=RUN_ID)
    found.job_variables_json = json.dumps(run) if run else ""
    return Lease(flow_run_id=RUN_ID, token=token, flow_run=found, launch_spec=launch_spec)


def settings(**fields: object) -> ClientSettings:
    """A client's, without the environment's."""
    return settings_from({}, address="http://127.0.0.1:4201", **fields)  # type: ignore[arg-type]


def variables(granted: Lease, template: str = "") -> dict[str, object]:
    """The job's."""
    return dict(JobMaker(settings()).make(granted, template, print).variables)


def test_the_runs_variables_lie_over_the_deployments_and_those_over_the_pools() -> None:
    template = json.dumps({"variables": {"env": {"A": "pool", "B": "pool", "C": "pool"}, "python": "python3.11"}})
    granted = lease(
        deployment={"env": {"B": "deployment", "C": "deployment"}, "isolation": "fresh"}, run={"env": {"C": "run"}}
    )

    assert variables(granted, template) == {
        "env": {"A": "pool", "B": "deployment", "C": "run"},
        "python": "python3.11",
        "isolation": "fresh",
    }


def test_null_takes_a_variable_away() -> None:
    template = json.dumps({"variables": {"limits": {"memory_mb": 100, "open_files": 10}, "python": "python3.11"}})

    assert variables(lease(run={"python": None, "limits": {"memory_mb": None}}), template) == {
        "limits": {"open_files": 10}
    }


@pytest.mark.parametrize(
    ("target", "patch", "merged"),
    [  # RFC 7396, Appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_variables_are_merged_as_the_standard_says(target: object, patch: object, merged: object) -> None:
    assert merge_patch(target, patch) == merged


@pytest.mark.parametrize(
    ("granted", "template", "words"),
    [
        (lease(), '{"variables": {}, "image": "x"}', "'image', which is not known"),
        (lease(), "[1]", "not a JSON object"),
        (lease(), '{"variables": [1]}', "not an object"),
        (lease(spec=LaunchSpec(command=["x"], job_variables_json="{")), "", "job variables cannot be read"),
        (lease(spec=LaunchSpec(pull_steps_json="[]")), "", "neither an entrypoint nor a command"),
    ],
)
def test_what_cannot_be_understood_is_said_in_words(granted: Lease, template: str, words: str) -> None:
    with pytest.raises(LaunchError, match=words):
        variables(granted, template)


@pytest.mark.parametrize("seconds", ["30", True, -1, 1e9])
def test_a_grace_that_is_no_time_is_refused(seconds: object) -> None:
    with pytest.raises(LaunchError, match="grace_seconds"):
        facts_of(lease(), {"grace_seconds": seconds}, log_base=0)


def test_what_is_remembered_of_an_attempt() -> None:
    exclusive = FlowRun(flow_run_id=RUN_ID, name="brave-otter", recovery_policy=RecoveryPolicy(exclusive=True))

    first = facts_of(lease(flow_run=exclusive), {"grace_seconds": 5}, log_base=0)
    second = facts_of(lease(token=2, spec=LaunchSpec(entrypoint="a.py:b")), {}, log_base=7)

    assert (first.flow_run_name, first.command, first.exclusive, first.grace_seconds, first.log_base) == (
        ("brave-otter", True, True, 5.0, 0)
    )
    assert (second.command, second.exclusive, second.grace_seconds, second.log_base) == (False, False, 30.0, 7)


def test_the_ticket() -> None:
    run = FlowRun(
        flow_run_id=RUN_ID,
        name="brave-otter",
        flow_name="etl",
        deployment_id="d-1",
        deployment_name="nightly",
        deployment_version=4,
        work_pool_name="default",
        attempt=1,
        parameters_json='{"day": "2031-05-01"}',
        trace_context=TraceContext(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    )
    job = JobMaker(settings(api_key="s3cret-key")).make(
        lease(token=2, flow_run=run, spec=LaunchSpec(entrypoint="etl.py:etl")), "", print
    )

    assert job.key == AttemptKey(RUN_ID, 2)
    assert job.environment == {
        "ORCH_API_URL": "http://127.0.0.1:4201",
        "ORCH_API_KEY": "s3cret-key",
        "ORCH_FLOW_RUN_ID": RUN_ID,
        "ORCH_LEASE_TOKEN": "2",
        "ORCH_FLOW_NAME": "etl",
        "ORCH_FLOW_RUN_NAME": "brave-otter",
        "ORCH_ATTEMPT": "2",
        "ORCH_DEPLOYMENT_ID": "d-1",
        "ORCH_DEPLOYMENT_NAME": "nightly",
        "ORCH_DEPLOYMENT_VERSION": "4",
        "ORCH_WORK_POOL": "default",
        "ORCH_ENTRYPOINT": "etl.py:etl",
        "ORCH_PARAMETERS": '{"day": "2031-05-01"}',
        "TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }


def test_tls_files_are_found_from_any_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    secure = settings_from({}, address="https://orch.example.com:4201", tls=TlsFiles(ca_file="ca.pem"))

    environment = JobMaker(secure).make(lease(), "", print).environment

    assert environment["ORCH_TLS_CA_FILE"] == str(tmp_path / "ca.pem")
    assert environment["ORCH_API_URL"] == "https://orch.example.com:4201"


def test_parameters_that_are_too_large_for_an_environment_are_left_to_the_file() -> None:
    large = FlowRun(flow_run_id=RUN_ID, parameters_json='{"a": "' + "ä" * (MOST_PARAMETERS_BYTES // 2) + '"}')

    assert "ORCH_PARAMETERS" not in JobMaker(settings()).make(lease(flow_run=large), "", print).environment
    assert JobMaker(settings()).make(lease(), "", print).environment["ORCH_PARAMETERS"] == "{}"
