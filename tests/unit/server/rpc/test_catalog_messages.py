"""Pools, queues, deployments and schedules on the wire: defaults, limits, and every wrong field named at once."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from orch_proto.v1.deployment_pb2 import Deployment
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_proto.v1.policy_pb2 import RetryPolicy
from orch_proto.v1.schedule_pb2 import CronSpec, IntervalSpec, RRuleSpec, Schedule
from orch_proto.v1.work_pool_pb2 import WorkPool
from orch_proto.v1.work_queue_pb2 import WorkQueue
from orch_server.application.errors import InvalidArgument
from orch_server.domain import schedules as domain
from orch_server.domain.deployment_schedules import name_of_spec
from orch_server.domain.deployments import ConcurrencyPolicy
from orch_server.rpc.convert.changes import to_changes
from orch_server.rpc.convert.deployments import DEPLOYMENT_READERS, to_deployment_draft
from orch_server.rpc.convert.schedules import SCHEDULE_READERS, to_schedule_draft, to_spec
from orch_server.rpc.convert.tags import to_tags
from orch_server.rpc.convert.work_pools import WORK_POOL_READERS, to_work_pool_draft
from orch_server.rpc.convert.work_queues import to_work_queue_draft

GOOD_SPEC = LaunchSpec(entrypoint="flows/etl.py:main")


def fields_of(error: pytest.ExceptionInfo[InvalidArgument]) -> list[str]:
    """The fields that an error names."""
    return [violation.field for violation in error.value.violations]


def test_an_empty_pool_has_defaults() -> None:
    draft = to_work_pool_draft(WorkPool(name="gpu"))

    assert (draft.type, draft.lease_ttl, draft.concurrency_limit) == ("process", timedelta(seconds=15), None)


def test_a_limit_of_zero_is_a_limit() -> None:
    assert to_work_pool_draft(WorkPool(name="gpu", concurrency_limit=0)).concurrency_limit == 0


def test_every_wrong_field_of_a_pool_is_named() -> None:
    message = WorkPool(
        name="a\nb", type="x" * 257, concurrency_limit=-1, lease_ttl=Duration(seconds=3601), job_template_json="[]"
    )

    with pytest.raises(InvalidArgument) as caught:
        to_work_pool_draft(message)

    names = ["name", "type", "concurrency_limit", "lease_ttl", "job_template_json"]
    assert fields_of(caught) == [f"work_pool.{name}" for name in names]


@pytest.mark.parametrize("milliseconds", [0, 999, 3_600_001])
def test_a_lease_lasts_from_a_second_to_an_hour(milliseconds: int) -> None:
    ttl = Duration()
    ttl.FromMilliseconds(milliseconds)

    with pytest.raises(InvalidArgument, match="between 1 s and 1 h"):
        to_work_pool_draft(WorkPool(name="gpu", lease_ttl=ttl))


@pytest.mark.parametrize(("sent", "kept"), [(0, 100), (1, 1), (1000, 1000)])
def test_a_queue_has_a_priority(sent: int, kept: int) -> None:
    assert to_work_queue_draft(WorkQueue(work_pool_name="p", name="q", priority=sent)).priority == kept


@pytest.mark.parametrize("priority", [-1, 1001])
def test_a_priority_has_limits(priority: int) -> None:
    with pytest.raises(InvalidArgument, match=r"work_queue\.priority"):
        to_work_queue_draft(WorkQueue(work_pool_name="p", name="q", priority=priority))


@pytest.mark.parametrize("name", ["", "x" * 257, "a\x00b", "a\tb", "a\u2028b", ".", "..", "a\u202eb"])
def test_names_are_1_to_256_characters_without_controls(name: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        to_work_queue_draft(WorkQueue(work_pool_name="p", name=name))

    assert fields_of(caught) == ["work_queue.name"]


def test_names_in_any_script_are_fine() -> None:
    assert (
        to_work_queue_draft(WorkQueue(work_pool_name="p", name="Überfällig 夜 👩‍💻/1")).name == "Überfällig 夜 👩‍💻/1"
    )


def test_tags_are_kept_sorted_and_once() -> None:
    assert to_tags(["b", "a", "b"], "tags") == ("a", "b")


@pytest.mark.parametrize("tags", [[str(number) for number in range(65)], [""], ["x" * 257], ["a\nb"]])
def test_tags_have_limits(tags: list[str]) -> None:
    with pytest.raises(InvalidArgument, match="tags"):
        to_tags(tags, "tags")


def test_a_deployment_needs_names_and_a_launch_spec() -> None:
    with pytest.raises(InvalidArgument) as caught:
        to_deployment_draft(Deployment())

    assert fields_of(caught) == ["deployment.flow_name", "deployment.name", "deployment.launch_spec"]


def test_everything_wrong_with_a_deployment_is_said_at_once() -> None:
    message = Deployment(
        flow_name="etl",
        name="nightly",
        parameters_json="[1]",
        parameter_schema_json="true",
        launch_spec=LaunchSpec(entrypoint="main", command=["node"], pull_steps_json="{}", job_variables_json="x"),
        concurrency_limit=-1,
        concurrency_policy=7,  # type: ignore[arg-type]
        retry_policy=RetryPolicy(max_retries=-1),
    )

    with pytest.raises(InvalidArgument) as caught:
        to_deployment_draft(message)

    names = ["parameters_json", "parameter_schema_json", "launch_spec", "launch_spec.entrypoint"]
    names += ["launch_spec.pull_steps_json", "launch_spec.job_variables_json", "concurrency_limit"]
    names += ["concurrency_policy", "retry_policy.max_retries"]
    assert fields_of(caught) == [f"deployment.{name}" for name in names]


@pytest.mark.parametrize(
    "spec",
    [
        LaunchSpec(),
        LaunchSpec(entrypoint="etl.py:main", command=["python"]),
        LaunchSpec(entrypoint="etl.py:"),
        LaunchSpec(command=[""]),
        LaunchSpec(command=["a\x00"]),
    ],
)
def test_a_launch_spec_is_either_an_entrypoint_or_a_command(spec: LaunchSpec) -> None:
    with pytest.raises(InvalidArgument, match=r"deployment\.launch_spec"):
        to_deployment_draft(Deployment(flow_name="etl", name="nightly", launch_spec=spec))


def test_a_deployment_that_says_little_has_defaults() -> None:
    draft = to_deployment_draft(Deployment(flow_name="etl", name="nightly", launch_spec=GOOD_SPEC))

    assert (draft.concurrency_policy, draft.concurrency_limit) == (ConcurrencyPolicy.QUEUE, None)
    assert (draft.work_pool_name, draft.work_queue_name, draft.parameters) == ("", "", "")


@pytest.mark.parametrize(("levels", "fine"), [(100, True), (101, False), (900, False)])
def test_json_may_be_nested_a_hundred_levels(*, levels: int, fine: bool) -> None:
    text = '{"a":' * levels + "1" + "}" * levels
    message = Deployment(flow_name="etl", name="nightly", launch_spec=GOOD_SPEC, parameters_json=text)

    if fine:
        assert to_deployment_draft(message).parameters == text
    else:
        with pytest.raises(InvalidArgument, match=r"deployment\.parameters_json"):
            to_deployment_draft(message)


def test_a_mask_says_what_changes() -> None:
    message = Deployment(description="New.", paused=True, parameters_json="{}", concurrency_limit=4)

    changes = to_changes(message, FieldMask(paths=["parameters_json", "concurrency_limit"]), DEPLOYMENT_READERS)

    assert changes == {"parameters": "{}", "concurrency_limit": 4}


def test_a_masked_field_that_is_absent_is_cleared() -> None:
    changes = to_changes(WorkPool(), FieldMask(paths=["concurrency_limit", "lease_ttl"]), WORK_POOL_READERS)

    assert changes == {"concurrency_limit": None, "lease_ttl": timedelta(seconds=15)}


@pytest.mark.parametrize("paths", [[], ["name"], ["paused", "nonsense"], ["version"], ["retry_policy.max_retries"]])
def test_a_mask_names_only_what_can_change(paths: list[str]) -> None:
    with pytest.raises(InvalidArgument, match="update_mask") as caught:
        to_changes(Deployment(), FieldMask(paths=paths), DEPLOYMENT_READERS)

    assert "launch_spec" in caught.value.message
    assert all(path in caught.value.message for path in paths if path != "paused")


@pytest.mark.parametrize(
    ("message", "spec"),
    [
        (Schedule(cron=CronSpec(expression="0 2 * * *")), domain.CronSpec("0 2 * * *")),
        (
            Schedule(cron=CronSpec(expression="@daily", time_zone="Europe/Berlin", day_and=True)),
            domain.CronSpec("@daily", "Europe/Berlin", day_or=False),
        ),
        (
            Schedule(interval=IntervalSpec(interval=Duration(seconds=90), anchor_time=Timestamp(seconds=60))),
            domain.IntervalSpec(timedelta(seconds=90), datetime(1970, 1, 1, 0, 1, tzinfo=UTC)),
        ),
        (Schedule(rrule=RRuleSpec(rule="FREQ=DAILY", time_zone="UTC")), domain.RRuleSpec("FREQ=DAILY")),
    ],
)
def test_a_spec_is_read(message: Schedule, spec: domain.ScheduleSpec) -> None:
    assert to_spec(message) == spec


def test_an_interval_without_anchor_counts_from_midnight_in_its_zone() -> None:
    message = Schedule(interval=IntervalSpec(interval=Duration(seconds=86400), time_zone="Asia/Tokyo"))

    spec = to_spec(message)

    assert isinstance(spec, domain.IntervalSpec)
    # Tokyo's midnight is 15:00 UTC of the day before; the very first lies before 1970, where schedules begin.
    assert domain.next_time(spec, datetime(2026, 1, 1, tzinfo=UTC)) == datetime(2026, 1, 1, 15, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "UTC", "Asia/Kolkata"])
@pytest.mark.parametrize("hours", [1, 5, 7, 36])
def test_an_interval_without_anchor_goes_through_the_first_midnight_of_1970(zone: str, hours: int) -> None:
    message = Schedule(interval=IntervalSpec(interval=Duration(seconds=3600 * hours), time_zone=zone))

    spec = to_spec(message)

    assert isinstance(spec, domain.IntervalSpec)
    assert (spec.anchor - datetime(1970, 1, 1, tzinfo=ZoneInfo(zone))) % timedelta(hours=hours) == timedelta(0)


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (Schedule(), "schedule"),
        (Schedule(cron=CronSpec(expression="61 * * * *")), "schedule.cron.expression"),
        (Schedule(cron=CronSpec(expression="@daily", time_zone="Mars/Base")), "schedule.cron.time_zone"),
        (Schedule(interval=IntervalSpec()), "schedule.interval.interval"),
        (
            Schedule(interval=IntervalSpec(interval=Duration(seconds=1), anchor_time=Timestamp(seconds=-1))),
            "schedule.interval.anchor_time",
        ),
        (Schedule(rrule=RRuleSpec(rule="nonsense")), "schedule.rrule.rule"),
    ],
)
def test_a_wrong_spec_is_refused_by_field(message: Schedule, field: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        to_spec(message)

    assert fields_of(caught) == [field]


def test_everything_wrong_with_a_schedule_is_said_at_once() -> None:
    message = Schedule(
        deployment_id="x",
        name="a\nb",
        cron=CronSpec(expression="", time_zone="Mars/Base"),
        parameters_json="[]",
        catch_up_policy=9,  # type: ignore[arg-type]
        catch_up_window=Duration(seconds=-1),
        overlap_policy=9,  # type: ignore[arg-type]
        jitter=Duration(seconds=86401),
    )

    with pytest.raises(InvalidArgument) as caught:
        to_schedule_draft(message)

    names = ["deployment_id", "name", "cron.expression", "cron.time_zone", "parameters_json"]
    names += ["catch_up_policy", "catch_up_window", "overlap_policy", "jitter"]
    assert fields_of(caught) == [f"schedule.{name}" for name in names]


def test_a_masked_spec_must_be_there() -> None:
    with pytest.raises(InvalidArgument, match=r"schedule\.interval"):
        to_changes(Schedule(cron=CronSpec(expression="@daily")), FieldMask(paths=["interval"]), SCHEDULE_READERS)


def test_an_empty_name_is_left_to_the_use_case() -> None:
    message = Schedule(deployment_id=str(uuid4()), cron=CronSpec(expression="@daily"))

    assert to_schedule_draft(message).name == ""


@pytest.mark.parametrize(
    ("spec", "begin"),
    [
        (domain.CronSpec("0 2 * * *", "Europe/Berlin"), "cron-0-2-berlin-"),
        (domain.IntervalSpec(timedelta(minutes=5), datetime(2026, 1, 1, tzinfo=UTC)), "interval-300s-"),
        (domain.RRuleSpec("FREQ=DAILY"), "rrule-freq-daily-"),
    ],
)
def test_a_spec_makes_a_name_that_stays(spec: domain.ScheduleSpec, begin: str) -> None:
    assert name_of_spec(spec).startswith(begin)
    assert name_of_spec(spec) == name_of_spec(spec)
    assert len(name_of_spec(spec)) <= 256
