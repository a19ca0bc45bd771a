"""Schedules and their specs."""

from datetime import UTC, datetime, timedelta
from typing import assert_never
from uuid import UUID
from zoneinfo import ZoneInfo

from orch_proto.v1 import schedule_pb2
from orch_server.application.errors import FieldViolation, InvalidArgument
from orch_server.application.etags import etag_of
from orch_server.application.schedules import ScheduleDraft
from orch_server.domain.deployment_schedules import MAX_JITTER, Schedule
from orch_server.domain.schedules import (
    CatchUpPolicy,
    CronSpec,
    IntervalSpec,
    OverlapPolicy,
    RRuleSpec,
    ScheduleSpec,
    validate,
)
from orch_server.rpc.convert.basics import (
    from_duration,
    from_timestamp,
    parse_enum,
    parse_id,
    to_duration,
    to_timestamp,
)
from orch_server.rpc.convert.changes import Readers, to_fields
from orch_server.rpc.convert.findings import Findings
from orch_server.rpc.convert.limits import to_json_object
from orch_server.rpc.convert.names import check_name

FIELD = "schedule"
_UTC = "UTC"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_WALL = datetime(1970, 1, 1)  # noqa: DTZ001 - wall time
_ON_THE_WIRE = {"anchor": "anchor_time"}
"""Fields of specs that the contract calls otherwise."""
_NO_SPEC: ScheduleSpec = CronSpec("* * * * *")
"""Stands in for a spec that was found wrong."""


def schedule_message(schedule: Schedule) -> schedule_pb2.Schedule:
    """A schedule on the wire."""
    message = schedule_pb2.Schedule(
        schedule_id=str(schedule.id),
        deployment_id=str(schedule.deployment_id),
        name=schedule.name,
        paused=schedule.paused,
        parameters_json=schedule.parameters,
        catch_up_policy=schedule_pb2.CatchUpPolicy.ValueType(schedule.catch_up_policy),
        catch_up_window=to_duration(schedule.catch_up_window),
        overlap_policy=schedule_pb2.OverlapPolicy.ValueType(schedule.overlap_policy),
        jitter=to_duration(schedule.jitter),
        next_time=to_timestamp(schedule.next_time),
        last_time=to_timestamp(schedule.last_time),
        create_time=to_timestamp(schedule.create_time),
        update_time=to_timestamp(schedule.update_time),
        etag=etag_of(schedule.version),
    )
    _set_spec(message, schedule.spec)
    return message


def _set_spec(message: schedule_pb2.Schedule, spec: ScheduleSpec) -> None:
    match spec:
        case CronSpec():
            message.cron.expression = spec.expression
            message.cron.time_zone = spec.time_zone
            message.cron.day_and = not spec.day_or
        case IntervalSpec():
            interval = schedule_pb2.IntervalSpec(
                interval=to_duration(spec.interval), anchor_time=to_timestamp(spec.anchor), time_zone=spec.time_zone
            )
            message.interval.CopyFrom(interval)
        case RRuleSpec():
            message.rrule.rule = spec.rule
            message.rrule.time_zone = spec.time_zone
        case _:
            assert_never(spec)


def to_spec(message: schedule_pb2.Schedule, *, only: str = "") -> ScheduleSpec:
    """A schedule's spec, valid. `only` is the kind that must be there. InvalidArgument names each wrong field of it."""
    kind = message.WhichOneof("spec")
    if kind is None or (only and kind != only):
        wanted = only or "cron, interval or rrule"
        raise InvalidArgument.of(f"{FIELD}.{only}" if only else FIELD, f"is missing: set {wanted} to say when it runs.")
    spec = _spec(message, f"{FIELD}.{kind}")
    found = validate(spec)
    if found:
        raise InvalidArgument(
            [
                FieldViolation(
                    f"{FIELD}.{kind}.{_ON_THE_WIRE.get(each.field, each.field)}", _sentence(each.description)
                )
                for each in found
            ]
        )
    return spec


def _sentence(text: str) -> str:
    return text if text.endswith("?") else f"{text}."


def _spec(message: schedule_pb2.Schedule, field: str) -> ScheduleSpec:
    if message.HasField("cron"):
        cron = message.cron
        return CronSpec(cron.expression, cron.time_zone or _UTC, day_or=not cron.day_and)
    if message.HasField("rrule"):
        return RRuleSpec(message.rrule.rule, message.rrule.time_zone or _UTC)
    zone = message.interval.time_zone or _UTC
    span = from_duration(message.interval.interval, f"{field}.interval")
    if message.interval.HasField("anchor_time"):
        return IntervalSpec(span, from_timestamp(message.interval.anchor_time, f"{field}.anchor_time"), zone)
    return IntervalSpec(span, _default_anchor(span, zone), zone)


def _default_anchor(interval: timedelta, zone: str) -> datetime:
    """The series through 1970-01-01T00:00:00 on the zone's clocks, from where schedules begin: east of Greenwich, where
    that midnight lies before 1970 in UTC, its first time after that. What is wrong otherwise, `validate` says."""
    try:
        midnight = _FIRST_WALL.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except (KeyError, ValueError, OSError):
        return _EPOCH
    if midnight >= _EPOCH or interval <= timedelta(0):
        return max(midnight, _EPOCH)
    return midnight - (midnight - _EPOCH) // interval * interval


def _to_window(message: schedule_pb2.Schedule) -> timedelta | None:
    if not message.HasField("catch_up_window"):
        return None
    return from_duration(message.catch_up_window, f"{FIELD}.catch_up_window")


def _to_jitter(message: schedule_pb2.Schedule) -> timedelta:
    jitter = from_duration(message.jitter, f"{FIELD}.jitter")
    if jitter > MAX_JITTER:
        raise InvalidArgument.of(f"{FIELD}.jitter", f"{jitter} is more than the limit of one day.")
    return jitter


def _to_catch_up(message: schedule_pb2.Schedule) -> CatchUpPolicy:
    field = f"{FIELD}.catch_up_policy"
    return parse_enum(message.catch_up_policy, CatchUpPolicy, field) or CatchUpPolicy.LATEST


def _to_overlap(message: schedule_pb2.Schedule) -> OverlapPolicy:
    field = f"{FIELD}.overlap_policy"
    return parse_enum(message.overlap_policy, OverlapPolicy, field) or OverlapPolicy.ALLOW


_PLAIN_READERS: Readers[schedule_pb2.Schedule] = {
    "paused": ("paused", lambda s: s.paused),
    "parameters_json": ("parameters", lambda s: to_json_object(s.parameters_json, f"{FIELD}.parameters_json")),
    "catch_up_policy": ("catch_up_policy", _to_catch_up),
    "catch_up_window": ("catch_up_window", _to_window),
    "overlap_policy": ("overlap_policy", _to_overlap),
    "jitter": ("jitter", _to_jitter),
}
SCHEDULE_READERS: Readers[schedule_pb2.Schedule] = {
    "cron": ("spec", lambda s: to_spec(s, only="cron")),
    "interval": ("spec", lambda s: to_spec(s, only="interval")),
    "rrule": ("spec", lambda s: to_spec(s, only="rrule")),
    **_PLAIN_READERS,
}


def to_schedule_draft(message: schedule_pb2.Schedule) -> ScheduleDraft:
    """A schedule to create. InvalidArgument names every wrong field."""
    with Findings() as findings:
        deployment_id = findings.read(lambda: parse_id(message.deployment_id, f"{FIELD}.deployment_id"), UUID(int=0))
        name = findings.read(lambda: check_name(message.name, f"{FIELD}.name", required=False), "")
        spec = findings.read(lambda: to_spec(message), _NO_SPEC)
        fields = to_fields(message, _PLAIN_READERS, findings)
    return ScheduleDraft(deployment_id=deployment_id, spec=spec, name=name, **fields)
