"""What differs between a deployment, or a schedule, as it is and as it is to be: field by field, in words.

Values are compared as what they mean: JSON as objects, absent as default. So deploying twice changes nothing the second
time, whatever wrote the first.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from orch.deployments.messages import moment_of
from orch.deployments.spans import span_text
from orch_proto.v1.deployment_pb2 import ConcurrencyPolicy, Deployment
from orch_proto.v1.policy_pb2 import RetryPolicy
from orch_proto.v1.schedule_pb2 import CatchUpPolicy, IntervalSpec, OverlapPolicy, Schedule

M = TypeVar("M", bound=Message)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that changes, for people."""

    name: str
    old: str
    """Empty: it was not set."""
    new: str
    """Empty: it will not be set any more."""


@dataclass(frozen=True, slots=True)
class Field(Generic[M]):
    """A field that can be changed."""

    path: str
    """In update masks; several parts of one field share it."""
    name: str
    """For people."""
    value: Callable[[M], Any]
    """What it means; falsy: not set."""
    text: Callable[[Any], str] = str


def differences(fields: Iterable[Field[M]], old: M, new: M) -> tuple[tuple[FieldChange, ...], tuple[str, ...]]:
    """What changes, and the paths for the update mask."""
    changes, paths = [], []
    for field in fields:
        before, after = field.value(old), field.value(new)
        if before != after:
            shown, will_be = _shown(field, before), _shown(field, after)
            changes.append(FieldChange(field.name, shown, f"{will_be} (changed)" if shown == will_be else will_be))
            paths.append(field.path)
    return tuple(changes), tuple(dict.fromkeys(paths))


def settings_of(fields: Iterable[Field[M]], new: M) -> tuple[FieldChange, ...]:
    """All that a new thing sets, defaults left out."""
    return tuple(
        FieldChange(field.name, "", _shown(field, value)) for field in fields if (value := field.value(new)) is not None
    )


def _shown(field: Field[M], value: object) -> str:
    return "" if value is None else field.text(value)


def _json(text: str) -> Any:  # noqa: ANN401 (whatever JSON holds)
    return (json.loads(text) if text else None) or None


def _one_line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _steps(steps: Sequence[dict[str, Any]]) -> str:
    """ "git https://host/flows.git branch main, then install requirements.txt"."""
    return ", then ".join(" ".join(_words(step)) for step in steps)


def _words(step: dict[str, Any]) -> Iterable[str]:
    yield str(step.get("step"))
    for key in ("path", "url", "requirements", "lock"):
        if key in step:
            yield str(step[key])
    for key, value in step.items():
        if key not in {"step", "path", "url", "requirements", "lock"}:
            yield f"{key} {value if isinstance(value, str) else _one_line(value)}"


def _listed(values: Sequence[str]) -> str:
    return ", ".join(values)


def _command(words: Sequence[str]) -> str:
    import shlex

    return shlex.join(words)


def _parameter_names(schema: dict[str, Any]) -> str:
    """Of a schema, what people know: the parameters, those that are required starred."""
    required = schema.get("required", ())
    names = (f"{name}{'*' if name in required else ''}" for name in schema.get("properties", {}))
    return ", ".join(names) or "no parameters"


def _retries(policy: RetryPolicy) -> str | None:
    if not policy.max_retries:
        return None
    delays = ", ".join(_span(each) for each in policy.delays)
    jitter = f", jitter {policy.jitter_factor:g}" if policy.jitter_factor else ""
    return f"{policy.max_retries}{f' after {delays}' if delays else ''}{jitter}"


def _recovery(deployment: Deployment) -> str | None:
    policy = deployment.recovery_policy
    restarts = f"{policy.crash_restarts} crash restarts" if policy.crash_restarts else ""
    words = (restarts, "durable" if policy.durable else "", "exclusive" if policy.exclusive else "")
    return ", ".join(filter(None, words)) or None


def _at_limit(deployment: Deployment) -> str | None:
    policy = deployment.concurrency_policy or ConcurrencyPolicy.CONCURRENCY_POLICY_QUEUE
    if policy == ConcurrencyPolicy.CONCURRENCY_POLICY_QUEUE:
        return None
    return ConcurrencyPolicy.Name(policy).removeprefix("CONCURRENCY_POLICY_").lower()


DEPLOYMENT_FIELDS: tuple[Field[Deployment], ...] = (
    Field("launch_spec", "entrypoint", lambda d: d.launch_spec.entrypoint or None),
    Field("launch_spec", "command", lambda d: tuple(d.launch_spec.command) or None, _command),
    Field("launch_spec", "code", lambda d: _json(d.launch_spec.pull_steps_json), _steps),
    Field("launch_spec", "job variables", lambda d: _json(d.launch_spec.job_variables_json), _one_line),
    Field("work_pool_name", "work pool", lambda d: d.work_pool_name or "default"),
    Field("work_queue_name", "work queue", lambda d: d.work_queue_name or "default"),
    Field("parameters_json", "parameters", lambda d: _json(d.parameters_json), _one_line),
    Field("parameter_schema_json", "parameter schema", lambda d: _json(d.parameter_schema_json), _parameter_names),
    Field("tags", "tags", lambda d: tuple(d.tags) or None, _listed),
    Field("description", "description", lambda d: d.description or None),
    Field("concurrency_limit", "concurrency limit", lambda d: d.concurrency_limit if _has_limit(d) else None),
    Field("concurrency_policy", "at the limit", _at_limit),
    Field("retry_policy", "retries", lambda d: _retries(d.retry_policy)),
    Field("recovery_policy", "recovery", _recovery),
)
PAUSED: Field[Any] = Field("paused", "paused", lambda each: True if each.paused else None, lambda _: "yes")
"""Compared only where the author says something."""


def _has_limit(deployment: Deployment) -> bool:
    return deployment.HasField("concurrency_limit")


def times_text(schedule: Schedule) -> str:
    """A schedule's times for people: "cron 0 2 * * * (Europe/Berlin)"."""
    kind = schedule.WhichOneof("spec")
    if kind == "cron":
        text = f"cron {schedule.cron.expression}{' (both days)' if schedule.cron.day_and else ''}"
    elif kind == "interval":
        anchor = anchor_of(schedule.interval)
        shown = "" if anchor == default_anchor(schedule.interval) else f" from {anchor:%Y-%m-%dT%H:%M:%SZ}"
        text = f"every {_span(schedule.interval.interval)}{shown}"
    else:
        text = f"rrule {' '.join(schedule.rrule.rule.split())}"
    zone = getattr(schedule, kind or "rrule").time_zone or "UTC"
    return text if zone == "UTC" else f"{text} ({zone})"


def times_key(schedule: Schedule) -> tuple[object, ...]:
    """What its times mean: the same for two schedules that fire at the same times."""
    kind = schedule.WhichOneof("spec")
    zone = getattr(schedule, kind or "rrule").time_zone or "UTC"
    if kind == "cron":
        return (kind, zone, " ".join(schedule.cron.expression.split()), schedule.cron.day_and)
    if kind == "interval":
        return (kind, zone, schedule.interval.interval.ToTimedelta(), anchor_of(schedule.interval))
    return (kind, zone, schedule.rrule.rule.strip())


def anchor_of(spec: IntervalSpec) -> datetime:
    """A time of the series."""
    return moment_of(spec.anchor_time) if spec.HasField("anchor_time") else default_anchor(spec)


def default_anchor(spec: IntervalSpec) -> datetime:
    """The anchor that the control plane gives a series without one: 1970-01-01T00:00:00 on the zone's clocks, or, where
    that lies before 1970 in UTC, its first time after that.
    """
    from zoneinfo import ZoneInfo

    interval = spec.interval.ToTimedelta()
    try:
        midnight = datetime(1970, 1, 1, tzinfo=ZoneInfo(spec.time_zone or "UTC")).astimezone(UTC)
    except (KeyError, ValueError, OSError):
        return _EPOCH
    if midnight >= _EPOCH or interval <= timedelta(0):
        return max(midnight, _EPOCH)
    return midnight - (midnight - _EPOCH) // interval * interval


def _window(schedule: Schedule) -> str | None:
    return _span(schedule.catch_up_window) if schedule.HasField("catch_up_window") else None


def _span(span: Duration) -> str:
    return span_text(span.ToTimedelta().total_seconds())


def _catch_up(schedule: Schedule) -> str | None:
    policy = schedule.catch_up_policy or CatchUpPolicy.CATCH_UP_POLICY_LATEST
    shown = CatchUpPolicy.Name(policy).removeprefix("CATCH_UP_POLICY_").lower()
    return None if policy == CatchUpPolicy.CATCH_UP_POLICY_LATEST else shown


def _overlap(schedule: Schedule) -> str | None:
    policy = schedule.overlap_policy or OverlapPolicy.OVERLAP_POLICY_ALLOW
    shown = OverlapPolicy.Name(policy).removeprefix("OVERLAP_POLICY_").lower()
    return None if policy == OverlapPolicy.OVERLAP_POLICY_ALLOW else shown


SCHEDULE_FIELDS: tuple[Field[Schedule], ...] = (
    Field("parameters_json", "parameters", lambda s: _json(s.parameters_json), _one_line),
    Field("catch_up_policy", "catch up", _catch_up),
    Field("catch_up_window", "catch-up window", _window),
    Field("overlap_policy", "overlap", _overlap),
    Field("jitter", "jitter", lambda s: _span(s.jitter) if s.jitter.ToTimedelta() else None),
)
"""All but the times, whose path depends on their kind: see `times_change`."""


def times_change(old: Schedule, new: Schedule) -> tuple[FieldChange, str] | None:
    """How the times change, and the path for the mask; None where they do not."""
    if times_key(old) == times_key(new):
        return None
    return FieldChange("times", times_text(old), times_text(new)), new.WhichOneof("spec") or ""
