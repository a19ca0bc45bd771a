"""Schedules in lists, and one by one."""

import json
from typing import TYPE_CHECKING

from orch_cli.finding import deployment_key
from orch_cli.output import Column, plain, when
from orch_cli.output.plain_values import enum_name
from orch_cli.schedule.finding import NamedSchedule

if TYPE_CHECKING:
    from google.protobuf.duration_pb2 import Duration

    from orch_proto.v1.schedule_pb2 import Schedule


def times(schedule: "Schedule") -> str:
    """When it fires, for people: "cron 0 2 * * * (Europe/Berlin)"."""
    from orch.deployments.changes import times_text

    return times_text(schedule)


def state(each: NamedSchedule) -> str:
    """In a word or two, whether it fires."""
    if each.schedule.paused:
        return "paused"
    if each.deployment.paused:
        return "deployment paused"
    return "active" if each.schedule.HasField("next_time") else "over"


_STATE_STYLES = {"active": "green", "over": "bright_black"}


def _state_style(each: NamedSchedule) -> str:
    return _STATE_STYLES.get(state(each), "yellow")


def _next(each: NamedSchedule) -> str:
    fires = each.schedule.HasField("next_time") and not (each.schedule.paused or each.deployment.paused)
    return when(each.schedule.next_time) if fires else ""


def whole(each: NamedSchedule) -> dict[str, object]:
    """As JSON's own types."""
    found = plain(each.schedule)
    assert isinstance(found, dict)
    return {**found, "key": each.key, "deployment": deployment_key(each.deployment), "state": state(each)}


COLUMNS: list[Column[NamedSchedule]] = [
    Column("SCHEDULE", lambda each: each.key),
    Column("TIMES", lambda each: times(each.schedule), may_wrap=True),
    Column("STATE", state, style=_state_style),
    Column("NEXT", _next),
    Column("LAST", lambda each: when(each.schedule.last_time)),
]


def _parameters(schedule: "Schedule") -> str:
    found = json.loads(schedule.parameters_json or "{}")
    return "\n".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in found.items())


def _span(duration: "Duration") -> str:
    from orch.deployments.spans import span_text

    return span_text(duration.ToTimedelta().total_seconds())


def _catch_up(schedule: "Schedule") -> str:
    from orch_proto.v1.schedule_pb2 import CatchUpPolicy

    policy = enum_name(schedule.catch_up_policy, CatchUpPolicy.DESCRIPTOR).lower() or "latest"
    window = f", of the last {_span(schedule.catch_up_window)}" if schedule.HasField("catch_up_window") else ""
    return policy + window


def _overlap(schedule: "Schedule") -> str:
    from orch_proto.v1.schedule_pb2 import OverlapPolicy

    return enum_name(schedule.overlap_policy, OverlapPolicy.DESCRIPTOR).lower() or "allow"


LINES: list[Column[NamedSchedule]] = [
    Column("SCHEDULE", lambda each: each.key),
    Column("ID", lambda each: each.schedule.schedule_id),
    Column("DEPLOYMENT", lambda each: deployment_key(each.deployment)),
    Column("TIMES", lambda each: times(each.schedule)),
    Column("STATE", state, style=_state_style),
    Column("NEXT", _next),
    Column("LAST", lambda each: when(each.schedule.last_time)),
    Column("CATCH UP", lambda each: _catch_up(each.schedule)),
    Column("OVERLAP", lambda each: _overlap(each.schedule)),
    Column("JITTER", lambda each: _span(each.schedule.jitter) if each.schedule.jitter.ToTimedelta() else ""),
    Column("PARAMETERS", lambda each: _parameters(each.schedule)),
    Column("CREATED", lambda each: when(each.schedule.create_time)),
    Column("CHANGED", lambda each: when(each.schedule.update_time)),
]
