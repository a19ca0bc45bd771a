"""`orch deployment`: what is deployed, its versions, and the way back."""

import json
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from orch_client import Client
from orch_proto.v1 import deployment_service_pb2 as deployments
from orch_proto.v1.deployment_pb2 import Deployment
from tests.e2e.cli.stage import SCHEMA, new_pool
from tests.e2e.held_runs import Holder
from tests.e2e.orch_command import Orch


@pytest.fixture
def holder(client: Client, pool: str) -> Holder:
    """A pool and a deployment of this test's own, whose parameters have a schema."""
    return Holder(client, pool, schema=SCHEMA, online=False)


def changed(client: Client, deployment: Deployment, **fields: Any) -> Deployment:  # noqa: ANN401 (any field's)
    """The deployment with other values."""
    new = Deployment(deployment_id=deployment.deployment_id, **fields)
    request = deployments.UpdateDeploymentRequest(deployment=new, update_mask=FieldMask(paths=list(fields)))
    return client.deployments.UpdateDeployment(request).deployment


def test_deployments_are_listed_with_their_schedules(orch: Orch, client: Client, holder: Holder) -> None:
    changed(client, holder.deployment, tags=["nightly", "etl"])
    orch("schedule", "create", holder.key, "--cron", "0 2 * * *")
    orch("schedule", "create", holder.key, "--interval", "90m", "--paused")

    (row,) = orch("deployment", "ls", "--flow", holder.deployment.flow_name).lines[1:]

    assert row.split("  ")[0] == holder.key
    assert f"{holder.pool}  every 1h30m (paused), cron 0 2 * * *  etl nightly" in row
    assert orch("deployment", "ls", "--tag", "nightly", "--name", holder.pool, "-o", "id").lines == [holder.key]
    assert orch("deployment", "ls", "--tag", "weekly").errors == "No deployments. `orch deploy` makes one.\n"
    (whole,) = orch("deployment", "ls", "--flow", holder.deployment.flow_name, "-o", "json").document
    assert [each["interval"]["interval_seconds"] for each in whole["schedules"] if "interval" in each] == [5400]


def test_a_list_that_is_cut_says_so(orch: Orch, client: Client) -> None:
    for _ in range(2):
        Holder(client, new_pool(), online=False)

    done = orch("deployment", "ls", "--limit", "1", "-o", "id")

    assert len(done.lines) == 1
    assert "--limit 0 shows all" in done.errors
    assert len(orch("deployment", "ls", "--limit", "0", "-o", "id").lines) > 1


def test_a_deployment_is_shown_whole(orch: Orch, client: Client, holder: Holder) -> None:
    changed(client, holder.deployment, description="what it does", parameters_json='{"limit": 5}', concurrency_limit=2)
    orch("schedule", "create", holder.name, "--cron", "0 2 * * *", "--name", "night", "--tz", "Europe/Berlin")
    run = orch("deployment", "run", holder.name, "-o", "id").out.strip()

    shown = orch("deployment", "inspect", holder.name).out

    for words in (
        "Command:            true",
        'Parameters:         {"limit": 5}',
        "Parameter schema:   zip, limit",
        "Description:        what it does",
        "Concurrency limit:  2",
        "Schedules:          night: cron 0 2 * * * (Europe/Berlin), next ",
        f"Newest runs:        {run}  Scheduled",
    ):
        assert words in shown
    whole = orch("deployment", "inspect", holder.deployment.deployment_id, "-o", "json").document
    assert [each["flow_run_id"] for each in whole["recent_flow_runs"]] == [run]
    assert whole["parameters"] == {"limit": 5}


def test_a_paused_deployment_fires_no_schedule(orch: Orch, holder: Holder) -> None:
    orch("schedule", "create", holder.key, "--cron", "0 2 * * *", "--name", "night")

    paused = orch("deployment", "pause", holder.key)

    assert paused.out == f"Paused the deployment {holder.key}: its schedules do not fire.\n"
    assert orch("schedule", "ls", holder.key, "-o", "json").document[0]["state"] == "deployment paused"
    assert orch("deployment", "resume", holder.key, "-o", "id").out == f"{holder.key}\n"
    assert orch("schedule", "ls", holder.key, "-o", "json").document[0]["state"] == "active"


def test_a_rollback_makes_a_version_like_the_one_before(orch: Orch, client: Client, holder: Holder) -> None:
    changed(client, holder.deployment, launch_spec={"command": ["false"]}, parameters_json='{"limit": 1}')

    looked = orch("deployment", "rollback", holder.key, "--dry-run")
    asked = orch("deployment", "rollback", holder.key)
    done = orch("deployment", "rollback", holder.key, "-y")

    assert looked.errors.splitlines() == ["  command: false → true", '  parameters: {"limit": 1} → (none)']
    assert (looked.code, asked.code, "pass --yes" in asked.errors) == (0, 2, True)
    assert done.out == f"{holder.key} is at version 3, which is like version 1.\n"
    assert [
        (each["version"], each["launch_spec"]["command"], each["parameters"])
        for each in orch("deployment", "versions", holder.key, "-o", "json").document
    ] == [(3, ["true"], None), (2, ["false"], {"limit": 1}), (1, ["true"], None)]


def test_versions_are_listed_with_where_the_code_comes_from(orch: Orch, client: Client, holder: Holder) -> None:
    steps = json.dumps(
        [
            {"step": "git", "url": "https://example.com/etl.git", "tag": "v1"},
            {"step": "install", "requirements": "requirements.txt"},
        ]
    )
    changed(client, holder.deployment, launch_spec={"entrypoint": "etl.py:etl", "pull_steps_json": steps})

    newest, first = orch("deployment", "versions", holder.key).lines[1:]

    assert newest.split()[:2] == ["2", "*"]
    assert "etl.py:etl  git https://example.com/etl.git@v1, install requirements.txt" in newest
    assert first.split()[0] == "1"
    assert "true" in first


def test_a_rollback_to_what_is_changes_nothing(orch: Orch, client: Client, holder: Holder) -> None:
    changed(client, holder.deployment, launch_spec={"command": ["false"]})

    done = orch("deployment", "rollback", holder.key, "--to", "2", "-y")

    assert done.out == f"{holder.key} is like version 2 already.\n"
    assert len(orch("deployment", "versions", holder.key, "-o", "id").lines) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("inspect", "nope"), 3, "There is no deployment 'nope'."),
        (("ls", "--flow", "nope"), 3, "There is no flow 'nope'."),
        (("pause", "nope/nope"), 3, "`orch deployment ls` lists them"),
        (("rollback", "KEY", "-y"), 2, "has one version: there is nothing to go back to"),
        (("rollback", "KEY", "--to", "7"), 3, "has no version 7, and 1 is the newest"),
        (("delete", "KEY"), 2, "pass --yes"),
    ],
)
def test_what_cannot_be_of_a_deployment_is_refused(
    orch: Orch, holder: Holder, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = orch("deployment", *(holder.key if each == "KEY" else each for each in arguments))

    assert (done.code, words in done.errors) == (code, True), done.errors


def test_a_deployment_with_open_runs_is_kept(orch: Orch, holder: Holder) -> None:
    run = orch("run", holder.key, "-o", "id").out.strip()

    assert orch("deployment", "delete", holder.key, "-y").code == 1
    orch("flow-run", "cancel", run)
    assert orch("deployment", "delete", holder.key, "-y").out == f"Deleted the deployment {holder.key}.\n"
    assert orch("deployment", "inspect", holder.key).code == 3
