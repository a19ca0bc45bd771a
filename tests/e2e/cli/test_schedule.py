"""`orch schedule`: when deployments run by themselves, and what was missed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from orch_client import Client
from orch_proto.v1 import deployment_service_pb2 as deployments
from orch_proto.v1 import flow_run_service_pb2 as flow_runs
from orch_proto.v1 import lease_service_pb2 as leases
from orch_proto.v1.deployment_pb2 import Deployment
from orch_proto.v1.flow_run_pb2 import FlowRun
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


def runs(client: Client, holder: Holder) -> list[FlowRun]:
    """The deployment's runs, oldest first."""
    chosen = flow_runs.FlowRunFilter(deployment_ids=[holder.deployment.deployment_id])
    listed = client.items(client.flow_runs.ListFlowRuns, flow_runs.ListFlowRunsRequest(filter=chosen), of=FlowRun)
    return list(listed)[::-1]


def test_a_schedule_is_created_as_the_options_say(orch: Orch, holder: Holder) -> None:
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


def test_intervals_and_rules_are_schedules_too(orch: Orch, holder: Holder) -> None:
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


def test_only_what_is_named_changes_of_a_schedule(orch: Orch, holder: Holder) -> None:
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


def test_a_schedule_is_found_by_all_its_names(orch: Orch, holder: Holder) -> None:
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


def test_a_schedule_is_paused_resumed_and_deleted(orch: Orch, holder: Holder) -> None:
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
    orch: Orch, holder: Holder, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = orch("schedule", *(holder.key if each == "KEY" else each for each in arguments))

    assert (done.code, words in done.errors) == (code, True), done.errors
    assert orch("schedule", "ls", holder.key, "-o", "id").out == ""


def test_the_night_when_clocks_change_can_be_looked_at(orch: Orch) -> None:
    done = orch(
        *("schedule", "preview", "--cron", "30 2 * * *", "--tz", "Europe/Berlin"),
        *("--after", "2027-03-26T12:00:00+01:00", "--until", "2027-03-29T12:00:00+02:00"),
    )

    assert [line.split()[:3] for line in done.lines[1:]] == [
        ["2027-03-27T02:30:00+01:00", "Sat", "CET"],
        ["2027-03-28T03:00:00+02:00", "Sun", "CEST"],
        ["2027-03-29T02:30:00+02:00", "Mon", "CEST"],
    ]


def test_a_preview_says_when_there_is_nothing(orch: Orch) -> None:
    done = orch("schedule", "preview", "--rrule", "DTSTART:20200101T000000Z\\nRRULE:FREQ=DAILY;COUNT=2")

    assert (done.code, done.errors) == (0, "It never fires in that time.\n")


def test_a_backfill_makes_up_for_what_was_missed_and_only_once(orch: Orch, client: Client, holder: Holder) -> None:
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


def test_a_long_backfill_goes_on_until_the_range_is_done(orch: Orch, client: Client, holder: Holder) -> None:
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
    orch: Orch, client: Client, option: str, released: list[int]
) -> None:
    holder = Holder(client, new_pool())
    orch("schedule", "create", holder.key, "--cron", "@daily")

    orch("schedule", "backfill", holder.key, "--from", "2026-01-01T00:00Z", "--until", "2026-01-03T00:00Z", option)

    asked = leases.AcquireLeasesRequest(session_id=holder.session_id, max_leases=10)
    granted = client.leases.AcquireLeases(asked).leases
    assert sorted(each.flow_run.nominal_time.ToDatetime().day for each in granted) == released


def test_a_backfill_of_a_range_that_ends_first_is_refused(orch: Orch, holder: Holder) -> None:
    orch("schedule", "create", holder.key, "--cron", "@daily")

    done = orch("schedule", "backfill", holder.key, "--from", "2026-01-02", "--until", "2026-01-01")

    assert (done.code, "before it begins" in done.errors) == (2, True)
