"""Deployments and schedules as the contract's messages. Loads protobuf."""

from datetime import UTC, datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from orch.deployments.json_values import json_object
from orch.deployments.spec import DeploymentSpec
from orch.schedules import CronTimes, IntervalTimes, RRuleTimes, Schedule
from orch_proto.v1.deployment_pb2 import ConcurrencyPolicy, Deployment
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_proto.v1.policy_pb2 import RecoveryPolicy, RetryPolicy
from orch_proto.v1.schedule_pb2 import CatchUpPolicy, CronSpec, IntervalSpec, OverlapPolicy, RRuleSpec
from orch_proto.v1.schedule_pb2 import Schedule as ScheduleMessage

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NANOSECONDS = 1_000_000_000


def deployment_message(spec: DeploymentSpec) -> Deployment:
    """A deployment as it is to be. Raises ConfigurationError for values that JSON cannot keep."""
    return Deployment(
        flow_name=spec.flow_name,
        name=spec.name,
        description=spec.description,
        tags=sorted(set(spec.tags)),
        paused=bool(spec.paused),
        work_pool_name=spec.work_pool_name,
        work_queue_name=spec.work_queue_name,
        parameters_json=json_object(spec.parameters, "parameters"),
        parameter_schema_json=json_object(spec.parameter_schema or {}, "the parameter schema"),
        launch_spec=_launch_spec(spec),
        concurrency_limit=spec.concurrency_limit,
        concurrency_policy=ConcurrencyPolicy.Value(f"CONCURRENCY_POLICY_{spec.at_limit.upper()}"),
        retry_policy=_retry_policy(spec),
        recovery_policy=_recovery_policy(spec),
    )


def _launch_spec(spec: DeploymentSpec) -> LaunchSpec:
    steps = ", ".join(json_object(step, f"pull step {place}") for place, step in enumerate(spec.pull_steps, 1))
    return LaunchSpec(
        entrypoint=spec.entrypoint,
        command=spec.command,
        pull_steps_json=f"[{steps}]" if steps else "",
        job_variables_json=json_object(spec.job_variables, "job variables"),
    )


def _retry_policy(spec: DeploymentSpec) -> RetryPolicy | None:
    if not spec.retries:
        return None
    delays = [duration(seconds) for seconds in spec.retry_delays_seconds]
    return RetryPolicy(max_retries=spec.retries, delays=delays, jitter_factor=spec.retry_jitter_factor)


def _recovery_policy(spec: DeploymentSpec) -> RecoveryPolicy | None:
    if not (spec.crash_restarts or spec.durable or spec.exclusive):
        return None
    return RecoveryPolicy(crash_restarts=spec.crash_restarts, durable=spec.durable, exclusive=spec.exclusive)


def schedule_message(schedule: Schedule, *, deployment_id: str = "") -> ScheduleMessage:
    """A schedule as it is to be. Raises ConfigurationError for parameters that JSON cannot keep."""
    message = ScheduleMessage(
        deployment_id=deployment_id,
        name=schedule.name,
        paused=bool(schedule.paused),
        parameters_json=json_object(schedule.parameters, f"parameters of the schedule {schedule.label!r}"),
        catch_up_policy=CatchUpPolicy.Value(f"CATCH_UP_POLICY_{schedule.catch_up.upper()}"),
        overlap_policy=OverlapPolicy.Value(f"OVERLAP_POLICY_{schedule.overlap.upper()}"),
        jitter=duration(schedule.jitter_seconds),
    )
    if schedule.catch_up_window_seconds is not None:
        message.catch_up_window.CopyFrom(duration(schedule.catch_up_window_seconds))
    match schedule.times:
        case CronTimes(expression=expression, day_and=day_and):
            cron = CronSpec(expression=expression, time_zone=schedule.time_zone, day_and=day_and)
            message.cron.CopyFrom(cron)
        case IntervalTimes(seconds=seconds, anchor=anchor):
            spec = IntervalSpec(interval=duration(seconds), time_zone=schedule.time_zone)
            if anchor is not None:
                spec.anchor_time.CopyFrom(timestamp(anchor))
            message.interval.CopyFrom(spec)
        case RRuleTimes(rule=rule):
            message.rrule.CopyFrom(RRuleSpec(rule=rule, time_zone=schedule.time_zone))
    return message


def duration(seconds: float) -> Duration:
    """A span on the wire."""
    whole, nanos = divmod(round(seconds * _NANOSECONDS), _NANOSECONDS)
    return Duration(seconds=whole, nanos=nanos)


def timestamp(moment: datetime) -> Timestamp:
    """An aware moment on the wire, to the microsecond."""
    micros = (moment - _EPOCH) // timedelta(microseconds=1)
    return Timestamp(seconds=micros // 1_000_000, nanos=micros % 1_000_000 * 1000)


def moment_of(stamp: Timestamp) -> datetime:
    """A moment from the wire, aware, UTC."""
    return _EPOCH + timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1000)
