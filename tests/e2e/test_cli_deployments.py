"""`orch deployment` and `orch schedule`, against a real control plane."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from orch_client import Client, connect
from orch_proto.v1 import deployment_service_pb2 as deployments
from orch_proto.v1 import flow_run_service_pb2 as flow_runs
from orch_proto.v1 import lease_service_pb2 as leases
from orch_proto.v1.deployment_pb2 import Deployment
from orch_proto.v1.flow_run_pb2 import FlowRun
from tests.e2e.held_runs import Holder
from tests.support.invoked_command import InvokedOrch
from tests.support.started_server import started_server

_pools = count()
_SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"zip": {"type": "string"}, "limit": {"type": "integer"}},
        "additionalProperties": False,
    }
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A control plane."""
    with started_server(tmp_path_factory.mktemp("home")) as server, connect(server.url) as connected:
        yield connected


@pytest.fixture
def orch(client: Client, tmp_path: Path) -> InvokedOrch:
    """The command."""
    return InvokedOrch(tmp_path, client.settings.url)


@pytest.fixture
def holder(client: Client) -> Holder:
    """A pool and a deployment of this test's own, whose parameters have a schema."""
    return Holder(client, f"pool-{next(_pools)}", schema=_SCHEMA, online=False)


def changed(client: Client, deployment: Deployment, **fields: Any) -> Deployment:  # noqa: ANN401 (any field's)
    """The deployment with other values."""
    new = Deployment(deployment_id=deployment.deployment_id, **fields)
    request = deployments.UpdateDeploymentRequest(deployment=new, update_mask=FieldMask(paths=list(fields)))
    return client.deployments.UpdateDeployment(request).deployment


def runs(client: Client, holder: Holder) -> list[FlowRun]:
    """The deployment's runs, oldest first."""
    chosen = flow_runs.FlowRunFilter(deployment_ids=[holder.deployment.deployment_id])
    listed = client.items(client.flow_runs.ListFlowRuns, flow_runs.ListFlowRunsRequest(filter=chosen), of=FlowRun)
    return list(listed)[::-1]


# orch deployment


def test_deployments_are_listed_with_their_schedules(orch: InvokedOrch, client: Client, holder: Holder) -> None:
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


def test_a_list_that_is_cut_says_so(orch: InvokedOrch, client: Client) -> None:
    for _ in range(2):
        Holder(client, f"pool-{next(_pools)}", online=False)

    done = orch("deployment", "ls", "--limit", "1", "-o", "id")

    assert len(done.lines) == 1
    assert "--limit 0 shows all" in done.errors
    assert len(orch("deployment", "ls", "--limit", "0", "-o", "id").lines) > 1


def test_a_deployment_is_shown_whole(orch: InvokedOrch, client: Client, holder: Holder) -> None:
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


def test_a_paused_deployment_fires_no_schedule(orch: InvokedOrch, holder: Holder) -> None:
    orch("schedule", "create", holder.key, "--cron", "0 2 * * *", "--name", "night")

    paused = orch("deployment", "pause", holder.key)

    assert paused.out == f"Paused the deployment {holder.key}: its schedules do not fire.\n"
    assert orch("schedule", "ls", holder.key, "-o", "json").document[0]["state"] == "deployment paused"
    assert orch("deployment", "resume", holder.key, "-o", "id").out == f"{holder.key}\n"
    assert orch("schedule", "ls", holder.key, "-o", "json").document[0]["state"] == "active"


def test_a_rollback_makes_a_version_like_the_one_before(orch: InvokedOrch, client: Client, holder: Holder) -> None:
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


def test_versions_are_listed_with_where_the_code_comes_from(orch: InvokedOrch, client: Client, holder: Holder) -> None:
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


def test_a_rollback_to_what_is_changes_nothing(orch: InvokedOrch, client: Client, holder: Holder) -> None:
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
    orch: InvokedOrch, holder: Holder, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = orch("deployment", *(holder.key if each == "KEY" else each for each in arguments))

    assert (done.code, words in done.errors) == (code, True), done.errors


def test_a_deployment_with_open_runs_is_kept(orch: InvokedOrch, holder: Holder) -> None:
    run = orch("run", holder.key, "-o", "id").out.strip()

    assert orch("deployment", "delete", holder.key, "-y").code == 1
    orch("flow-run", "cancel", run)
    assert orch("deployment", "delete", holder.key, "-y").out == f"Deleted the deployment {holder.key}.\n"
    assert orch("deployment", "inspect", holder.key).code == 3


# orch schedule


def test_a_schedule_is_created_as_the_options_say(orch: InvokedOrch, holder: Holder) -> None:
    done = orch(
        *("schedule", "create", holder.key, "--cron", "0 2 13 * fri", "--day-and", "--tz", "Europe/Berlin"),
        *("--name", "night", "-p", "zip=01234", "-p", "limit=5", "--catch-up", "all", "--catch-up-window", "2d"),
        *("--overlap", "cancel-old", "--jitter", "5m", "--paused", "-o", "json"),
    )

    made = done.document
    assert made["cron"] == {"expression": "0 2 13 * fri", "time_zone": "Europe/Berlin", "day_and": True}
    assert made["parameters"] == {"zip": "01234", "limit": 5}
    assert (made["catch_up_policy"], made["catch_up_window_seconds"]) == ("ALL", 172800)
    assert (made["overlap_policy"], made["jitter_seconds"], made["paused"]) == ("CANCEL_OLD", 300, True)
    assert (made["key"], made["state"]) == (f"{holder.key}/night", "paused")


def test_intervals_and_rules_are_schedules_too(orch: InvokedOrch, holder: Holder) -> None:
    every = orch(
        *(
            "schedule",
            "create",
            holder.key,
            "--interval",
            "1d",
            "--tz",
            "Europe/Berlin",
            "--anchor",
            "2026-01-01T06:30",
        ),
        *("-o", "json"),
    )
    rule = orch("schedule", "create", holder.key, "--rrule", "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=9", "-o", "json")

    assert every.document["interval"]["anchor_time"] == "2026-01-01T05:30:00Z"  # on Berlin's clocks
    assert orch("schedule", "preview", rule.document["schedule_id"], "-n", "1").code == 0


def test_only_what_is_named_changes_of_a_schedule(orch: InvokedOrch, holder: Holder) -> None:
    orch(
        *("schedule", "create", holder.key, "--cron", "0 2 * * *", "--tz", "Europe/Berlin", "--name", "night"),
        *("--overlap", "skip", "-p", "zip=1", "-p", "limit=1"),
    )

    times = orch("schedule", "update", holder.key, "--cron", "30 3 * * *", "-p", "limit=2", "--unset-param", "zip")
    zone = orch("schedule", "update", f"{holder.key}/night", "--tz", "UTC", "--jitter", "10s", "-o", "json")

    assert f"Changed the schedule {holder.key}/night: cron 30 3 * * * (Europe/Berlin), next " in times.out
    found = zone.document
    assert found["cron"] == {"expression": "30 3 * * *", "time_zone": "UTC", "day_and": False}
    assert (found["parameters"], found["overlap_policy"], found["jitter_seconds"]) == ({"limit": 2}, "SKIP", 10)


def test_a_schedule_is_found_by_all_its_names(orch: InvokedOrch, holder: Holder) -> None:
    name = f"night-of-{holder.pool}"
    made = orch("schedule", "create", holder.name, "--cron", "0 2 * * *", "--name", name, "-o", "json").document

    for called in (
        f"{holder.key}/{name}",
        name,
        made["schedule_id"],
        made["schedule_id"][:-3],
        holder.key,
        holder.name,
    ):
        assert orch("schedule", "inspect", called, "-o", "id").out == f"{holder.key}/{name}\n", called
    orch("schedule", "create", holder.name, "--cron", "0 3 * * *", "--name", "with/slash")
    assert orch("schedule", "inspect", f"{holder.key}/with/slash", "-o", "id").out == f"{holder.key}/with/slash\n"
    several = orch("schedule", "inspect", holder.key)
    assert (several.code, "may be any of 2 schedules" in several.errors) == (2, True)


def test_a_schedule_is_paused_resumed_and_deleted(orch: InvokedOrch, holder: Holder) -> None:
    orch("schedule", "create", holder.key, "--cron", "0 2 * * *", "--name", "night")

    assert orch("schedule", "pause", holder.key).out == f"Paused the schedule {holder.key}/night.\n"
    assert orch("schedule", "ls", holder.key).lines[1].split()[7] == "paused"
    assert orch("schedule", "resume", holder.key).out.startswith(f"Resumed the schedule {holder.key}/night, next ")
    assert orch("deployment", "schedule", "delete", holder.key, "--yes").code == 0
    assert orch("schedule", "ls", holder.key).errors.startswith("No schedules.")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("create", "KEY"), 2, "When shall it run?"),
        (("create", "nope", "--cron", "@daily"), 3, "There is no deployment 'nope'"),
        (("create", "KEY", "--cron", "@daily", "--interval", "1h"), 2, "pass either --cron or --interval"),
        (("create", "KEY", "--cron", "61 * * * *"), 2, "schedule.cron.expression"),
        (("create", "KEY", "--cron", "@daily", "--tz", "Mars/Olympus"), 2, "Mars/Olympus"),
        (("create", "KEY", "--interval", "0.1s"), 2, "the shortest is 1 s"),
        (("create", "KEY", "--interval", "1h", "--anchor", "noon"), 2, "--anchor is 'noon'"),
        (("create", "KEY", "--interval", "1h", "--day-and"), 2, "--day-and is about a cron line"),
        (("create", "KEY", "--rrule", "FREQ=SOMETIMES"), 2, "schedule.rrule.rule"),
        (("create", "KEY", "--cron", "@daily", "-p", "limit=many"), 2, "limit: must be a whole number"),
        (("create", "KEY", "--cron", "@daily", "--overlap", "maybe"), 2, "'allow', 'skip', 'queue', 'cancel-old'"),
        (("update", "KEY"), 3, "There is no schedule"),
        (("preview",), 2, "Of what?"),
        (("preview", "KEY", "--cron", "@daily"), 2, "Of what?"),
        (("backfill", "KEY"), 2, "--from"),
        (("pause", "nope"), 3, "There is no schedule 'nope'"),
    ],
)
def test_what_cannot_be_of_a_schedule_is_refused(
    orch: InvokedOrch, holder: Holder, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = orch("schedule", *(holder.key if each == "KEY" else each for each in arguments))

    assert (done.code, words in done.errors) == (code, True), done.errors
    assert orch("schedule", "ls", holder.key, "-o", "id").out == ""


def test_the_night_when_clocks_change_can_be_looked_at(orch: InvokedOrch) -> None:
    done = orch(
        *("schedule", "preview", "--cron", "30 2 * * *", "--tz", "Europe/Berlin"),
        *("--after", "2027-03-26T12:00:00+01:00", "--until", "2027-03-29T12:00:00+02:00"),
    )

    assert [line.split()[:3] for line in done.lines[1:]] == [
        ["2027-03-27T02:30:00+01:00", "Sat", "CET"],
        ["2027-03-28T03:00:00+02:00", "Sun", "CEST"],
        ["2027-03-29T02:30:00+02:00", "Mon", "CEST"],
    ]


def test_a_preview_says_when_there_is_nothing(orch: InvokedOrch) -> None:
    done = orch("schedule", "preview", "--rrule", "DTSTART:20200101T000000Z\\nRRULE:FREQ=DAILY;COUNT=2")

    assert (done.code, done.errors) == (0, "It never fires in that time.\n")


def test_a_backfill_makes_up_for_what_was_missed_and_only_once(
    orch: InvokedOrch, client: Client, holder: Holder
) -> None:
    orch("schedule", "create", holder.key, "--cron", "@daily", "--name", "day")
    span = ("--from", "2026-01-01T00:00Z", "--until", "2026-01-05T12:00Z")

    looked = orch("schedule", "backfill", holder.key, *span, "--dry-run")
    some = orch("schedule", "backfill", holder.key, *span, "--max", "2")
    rest = orch("schedule", "backfill", holder.key, *span, "-o", "json")
    again = orch("schedule", "backfill", holder.key, *span)

    assert len(looked.lines) == 6
    assert (
        some.out
        == f"Created 2 runs of {holder.key}/day; there are more times in the range: repeat the command for them.\n"
    )
    assert (len(rest.document["flow_runs"]), rest.document["existing_runs"]) == (3, 2)
    assert again.out == f"Created 0 runs of {holder.key}/day; 5 times had one already.\n"
    assert [each.nominal_time.ToDatetime().day for each in runs(client, holder)] == [1, 2, 3, 4, 5]


def test_a_long_backfill_goes_on_until_the_range_is_done(orch: InvokedOrch, client: Client, holder: Holder) -> None:
    orch("schedule", "create", holder.key, "--interval", "1m", "--name", "often", "--paused")
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    span = ("--from", begin.isoformat(), "--until", (begin + timedelta(minutes=1199)).isoformat())

    asked = orch("schedule", "backfill", holder.key, *span)
    done = orch("schedule", "backfill", holder.key, *span, "-y", "-o", "id")

    assert (asked.code, "1000 or more times lie in that range" in asked.errors) == (2, True)
    assert len(done.lines) == len(set(done.lines)) == 1200
    assert len(runs(client, holder)) == 1200


@pytest.mark.parametrize(("option", "released"), [("--side-by-side", [1, 2, 3]), ("--one-by-one", [1])])
def test_a_backfill_is_run_in_the_order_that_is_asked_for(
    orch: InvokedOrch, client: Client, option: str, released: list[int]
) -> None:
    holder = Holder(client, f"pool-{next(_pools)}")
    orch("schedule", "create", holder.key, "--cron", "@daily")

    orch("schedule", "backfill", holder.key, "--from", "2026-01-01T00:00Z", "--until", "2026-01-03T00:00Z", option)

    asked = leases.AcquireLeasesRequest(session_id=holder.session_id, max_leases=10)
    granted = client.leases.AcquireLeases(asked).leases
    assert sorted(each.flow_run.nominal_time.ToDatetime().day for each in granted) == released


def test_a_backfill_of_a_range_that_ends_first_is_refused(orch: InvokedOrch, holder: Holder) -> None:
    orch("schedule", "create", holder.key, "--cron", "@daily")

    done = orch("schedule", "backfill", holder.key, "--from", "2026-01-02", "--until", "2026-01-01")

    assert (done.code, "before it begins" in done.errors) == (2, True)
