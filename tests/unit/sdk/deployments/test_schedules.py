"""Schedules as they are written in Python."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orch.deployments.changes import default_anchor, times_key, times_text
from orch.deployments.messages import schedule_message
from orch.errors import ConfigurationError
from orch.schedules import Cron, Interval, RRule, Schedule
from orch_proto.v1.schedule_pb2 import CatchUpPolicy, IntervalSpec, OverlapPolicy
from orch_server.rpc.convert.schedules import to_spec


def test_a_cron_schedule_is_the_contracts() -> None:
    schedule = Cron(
        "0  2 * * *",
        day_or=False,
        time_zone="Europe/Berlin",
        name="nightly",
        paused=True,
        parameters={"day": datetime(2026, 1, 2, tzinfo=UTC).date()},
        catch_up="all",
        catch_up_window="2d",
        overlap="cancel_old",
        jitter="90s",
    )

    message = schedule_message(schedule, deployment_id="some-id")

    assert message.cron.expression == "0 2 * * *"
    assert message.cron.day_and
    assert message.cron.time_zone == "Europe/Berlin"
    assert (message.name, message.paused, message.deployment_id) == ("nightly", True, "some-id")
    assert message.parameters_json == '{"day": "2026-01-02"}'
    assert message.catch_up_policy == CatchUpPolicy.CATCH_UP_POLICY_ALL
    assert message.catch_up_window.ToTimedelta() == timedelta(days=2)
    assert message.overlap_policy == OverlapPolicy.OVERLAP_POLICY_CANCEL_OLD
    assert message.jitter.ToTimedelta() == timedelta(seconds=90)


def test_prefects_words_say_the_same() -> None:
    theirs = Cron("@daily", timezone="Europe/Rome", slug="day", active=False)

    assert theirs == Cron("@daily", time_zone="Europe/Rome", name="day", paused=True)


def test_an_anchor_without_a_zone_is_of_the_schedules() -> None:
    schedule = Interval("1d", anchor=datetime(2026, 1, 1, 9), time_zone="Europe/Berlin")  # noqa: DTZ001 (the point)

    anchor = schedule_message(schedule).interval.anchor_time

    assert anchor.ToDatetime(UTC) == datetime(2026, 1, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Cron("@daily", catch_up="some"),
        lambda: Cron("@daily", overlap="never"),
        lambda: Cron("@daily", paused=True, active=True),
        lambda: Cron(5),  # type: ignore[arg-type]
        lambda: Interval(0.5),
        lambda: Interval("now and then"),
        lambda: Interval("1d", anchor=datetime(2026, 1, 1), time_zone="Europe/Atlantis"),  # noqa: DTZ001
        lambda: RRule(None),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_right_is_refused(make: Any) -> None:  # noqa: ANN401
    with pytest.raises(ConfigurationError):
        make()


def test_an_unknown_option_is_named_with_those_there_are() -> None:
    with pytest.raises(TypeError, match=r"no option 'tz'.*time_zone"):
        Cron("@daily", tz="UTC")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Cron("0 2 * * *"), Cron("0 2  * * *", time_zone="UTC")),
        (Interval("15m"), Interval(900)),
        (Interval("1d"), Interval("1d", anchor=datetime(1970, 1, 1, tzinfo=UTC))),
        (RRule("FREQ=DAILY"), RRule("FREQ=DAILY\n")),
    ],
)
def test_the_same_times_are_known_again(one: Schedule, other: Schedule) -> None:
    assert times_key(schedule_message(one)) == times_key(schedule_message(other))
    assert times_text(schedule_message(one)) == times_text(schedule_message(other))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Apia"])
@pytest.mark.parametrize("span", ["1s", "7m", "5h", "1d", "36h", "7d"])
def test_the_anchor_of_a_series_without_one_is_the_control_planes(zone: str, span: str) -> None:
    message = schedule_message(Interval(span, time_zone=zone))
    spec = to_spec(message)

    assert default_anchor(message.interval) == spec.anchor  # type: ignore[union-attr]


def test_a_zone_that_is_none_has_an_anchor_all_the_same() -> None:
    assert default_anchor(IntervalSpec(time_zone="Europe/Atlantis")) == datetime(1970, 1, 1, tzinfo=UTC)


def test_times_are_told_in_words() -> None:
    anchored = Interval("1d", anchor=datetime(2026, 1, 1, 9, tzinfo=ZoneInfo("UTC")))

    assert times_text(schedule_message(Cron("0 2 * * *", time_zone="Europe/Rome"))) == "cron 0 2 * * * (Europe/Rome)"
    assert times_text(schedule_message(Cron("0 2 1 * 1", day_or=False))) == "cron 0 2 1 * 1 (both days)"
    assert times_text(schedule_message(Interval("90m"))) == "every 1h30m"
    assert times_text(schedule_message(anchored)) == "every 1d from 2026-01-01T09:00:00Z"
    assert times_text(schedule_message(RRule("FREQ=DAILY"))) == "rrule FREQ=DAILY"
