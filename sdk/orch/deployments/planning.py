"""What deploying will change: compared with the control plane, before anything is written.

plan(client, specs) -> Plan        reads only; raises DeploymentError with everything that is wrong
apply(client, plan)                see `applying`
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from orch.deployments.changes import (
    DEPLOYMENT_FIELDS,
    PAUSED,
    SCHEDULE_FIELDS,
    FieldChange,
    differences,
    settings_of,
    times_change,
    times_key,
    times_text,
)
from orch.deployments.messages import deployment_message, moment_of, schedule_message
from orch.deployments.spec import DEFAULT, DeploymentSpec
from orch.errors import DeploymentError
from orch_client.errors import InvalidArgumentError, NotFoundError
from orch_proto.v1.deployment_pb2 import Deployment
from orch_proto.v1.deployment_service_pb2 import GetDeploymentRequest
from orch_proto.v1.schedule_pb2 import Schedule
from orch_proto.v1.schedule_service_pb2 import ListSchedulesRequest, PreviewScheduleRequest
from orch_proto.v1.work_pool_service_pb2 import GetWorkPoolRequest
from orch_proto.v1.work_queue_service_pb2 import GetWorkQueueRequest

if TYPE_CHECKING:
    from orch_client import Client

_TIMES_SHOWN = 3
_PLACE = frozenset({"work_pool_name", "work_queue_name"})
_VERSIONED = frozenset({"launch_spec", "parameters_json", "parameter_schema_json"})
"""A change of any of these makes a new version."""


class Action(Enum):
    """What happens to a deployment or to a schedule."""

    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"
    NOTHING = "nothing"
    """It is as it is to be."""
    LEAVE = "leave"
    """A schedule that the author says nothing of: it stays."""


@dataclass(frozen=True, slots=True)
class ScheduleChange:
    """What happens to one schedule."""

    action: Action
    label: str
    fields: tuple[FieldChange, ...]
    message: Schedule
    """As it is to be; where nothing is to be changed, or it is to be deleted, as it is."""
    mask: tuple[str, ...] = ()
    next_times: tuple[datetime, ...] = ()
    """The next times, where they are new: aware, UTC."""


@dataclass(frozen=True, slots=True)
class DeploymentChange:
    """What happens to one deployment."""

    action: Action
    """Of the deployment itself; its schedules may change all the same."""
    spec: DeploymentSpec
    fields: tuple[FieldChange, ...]
    message: Deployment
    """As it is to be, with the id and etag of what is there."""
    mask: tuple[str, ...]
    schedules: tuple[ScheduleChange, ...]
    version: int
    """The version that its runs will be pinned to."""

    @property
    def makes_version(self) -> bool:
        """Whether what its runs are made of changes."""
        return self.action is Action.CREATE or bool(_VERSIONED.intersection(self.mask))

    @property
    def is_empty(self) -> bool:
        """Whether nothing will change."""
        quiet = {Action.NOTHING, Action.LEAVE}
        return self.action is Action.NOTHING and all(each.action in quiet for each in self.schedules)


@dataclass(frozen=True, slots=True)
class Plan:
    """All that will change."""

    deployments: tuple[DeploymentChange, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing will change."""
        return all(each.is_empty for each in self.deployments)


def plan(client: "Client", specs: Iterable[DeploymentSpec]) -> Plan:
    """Compare. Raises DeploymentError with everything that is wrong in all of them, errors of `orch_client` where the
    control plane cannot be asked.
    """
    wanted = tuple(specs)
    problems = [*_twice(wanted), *_missing_places(client, wanted)]
    changes = []
    for spec in wanted:
        try:
            changes.append(_change(client, spec))
        except (DeploymentError, ValueError) as error:
            problems.append(f"{spec.label}: {error}")
    if problems:
        raise DeploymentError("\n".join(problems))
    return Plan(tuple(changes))


def _twice(specs: Sequence[DeploymentSpec]) -> Iterator[str]:
    seen: set[tuple[str, str]] = set()
    for spec in specs:
        if spec.key in seen:
            yield f"{spec.label} is there twice: give each its own name."
        seen.add(spec.key)


def _missing_places(client: "Client", specs: Iterable[DeploymentSpec]) -> Iterator[str]:
    """Pools and queues that are not there, each with those who want it."""
    wanted: dict[tuple[str, str], list[str]] = {}
    for spec in specs:
        wanted.setdefault((spec.work_pool_name or DEFAULT, spec.work_queue_name or DEFAULT), []).append(repr(spec.slug))
    for (pool, queue), slugs in wanted.items():
        what = f"deployment{'s' if len(slugs) > 1 else ''} {', '.join(slugs)}"
        try:
            client.work_pools.GetWorkPool(GetWorkPoolRequest(name=pool))
        except NotFoundError as error:
            yield f"{what}: {error} Or create it: orch work-pool create {pool}"
            continue
        try:
            client.work_queues.GetWorkQueue(GetWorkQueueRequest(work_pool_name=pool, name=queue))
        except NotFoundError as error:
            yield f"{what}: {error} Or create it: orch work-queue create {pool}/{queue}"


def _change(client: "Client", spec: DeploymentSpec) -> DeploymentChange:
    new, old = deployment_message(spec), _existing(client, spec)
    schedules = tuple(_schedule_changes(client, spec, old))
    unfit = [reason for each in schedules if each.action is Action.LEAVE and (reason := _unfit(spec, each.message))]
    if unfit:
        raise DeploymentError(" ".join(unfit))
    if old is None:
        fields = settings_of((*DEPLOYMENT_FIELDS, PAUSED), new)
        return DeploymentChange(Action.CREATE, spec, fields, new, (), schedules, 1)
    fields, paths = differences((*DEPLOYMENT_FIELDS, *([PAUSED] if spec.paused is not None else [])), old, new)
    if _PLACE.intersection(paths):
        paths = (*paths, *sorted(_PLACE.difference(paths)))
    new.deployment_id, new.etag = old.deployment_id, old.etag
    action = Action.CHANGE if paths else Action.NOTHING
    version = old.version + bool(_VERSIONED.intersection(paths))
    return DeploymentChange(action, spec, fields, new, paths, schedules, version)


def _existing(client: "Client", spec: DeploymentSpec) -> Deployment | None:
    request = GetDeploymentRequest(flow_name=spec.flow_name, name=spec.name)
    try:
        return client.deployments.GetDeployment(request).deployment
    except NotFoundError:
        return None


def _schedule_changes(
    client: "Client", spec: DeploymentSpec, deployment: Deployment | None
) -> Iterator[ScheduleChange]:
    there: list[Schedule] = []
    if deployment is not None:
        request = ListSchedulesRequest(deployment_id=deployment.deployment_id)
        there = sorted(client.items(client.schedules.ListSchedules, request, of=Schedule), key=lambda each: each.name)
    left = {each.name: each for each in there}
    for schedule in spec.schedules or ():
        new = schedule_message(schedule, deployment_id=deployment.deployment_id if deployment is not None else "")
        old = left.get(new.name) if new.name else _same_times(left.values(), new)
        if old is not None:
            del left[old.name]
        yield _schedule_change(client, old, new, says_paused=schedule.paused is not None)
    action = Action.LEAVE if spec.schedules is None else Action.DELETE
    for each in left.values():
        yield ScheduleChange(action, each.name, (FieldChange("times", times_text(each), ""),), each)


def _unfit(spec: DeploymentSpec, schedule: Schedule) -> str:
    """Why a schedule that stays would fire nothing but failures; empty where it would not."""
    schema = spec.parameter_schema or {}
    own = json.loads(schedule.parameters_json or "{}")
    known = schema.get("properties", {})
    unknown = [name for name in own if schema.get("additionalProperties") is False and name not in known]
    missing = [name for name in schema.get("required", ()) if name not in spec.parameters and name not in own]
    if not unknown and not missing:
        return ""
    reason = f"gives {unknown[0]!r}, which is no parameter any more" if unknown else f"lacks {missing[0]!r}"
    return (
        f"the schedule {schedule.name!r}, which is there and stays, {reason}. Change it, delete it, or say which"
        " schedules there are to be."
    )


def _same_times(candidates: Iterable[Schedule], new: Schedule) -> Schedule | None:
    """The schedule that one without a name means."""
    return next((each for each in candidates if times_key(each) == times_key(new)), None)


def _schedule_change(client: "Client", old: Schedule | None, new: Schedule, *, says_paused: bool) -> ScheduleChange:
    if old is None:
        fields = (FieldChange("times", "", times_text(new)), *settings_of((*SCHEDULE_FIELDS, PAUSED), new))
        label = new.name or times_text(new)
        return ScheduleChange(Action.CREATE, label, fields, new, next_times=_next_times(client, new))
    fields, paths = differences((*SCHEDULE_FIELDS, *([PAUSED] if says_paused else [])), old, new)
    new.schedule_id, new.name, new.etag = old.schedule_id, old.name, old.etag
    times = times_change(old, new)
    if times is not None:
        fields, paths = (times[0], *fields), (times[1], *paths)
    action = Action.CHANGE if paths else Action.NOTHING
    next_times = _next_times(client, new) if times is not None else ()
    return ScheduleChange(action, new.name, fields, new, paths, next_times)


def _next_times(client: "Client", schedule: Schedule) -> tuple[datetime, ...]:
    """The next times. Raises DeploymentError where they make no sense: the control plane knows calendars."""
    try:
        answer = client.schedules.PreviewSchedule(PreviewScheduleRequest(schedule=schedule, count=_TIMES_SHOWN))
    except InvalidArgumentError as error:
        reasons = " ".join(f"{each.field.removeprefix('schedule.')}: {each.description}" for each in error.violations)
        name = schedule.name or times_text(schedule)
        raise DeploymentError(f"the schedule {name!r} cannot be right. {reasons or error}") from None
    return tuple(moment_of(each) for each in answer.nominal_times)
