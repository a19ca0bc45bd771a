"""What will change, for people and for programs."""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import click

from orch.deployments.applying import Applied
from orch.deployments.changes import FieldChange
from orch.deployments.planning import Action, DeploymentChange, Plan, ScheduleChange
from orch_cli.output import clean, stdout_is_terminal

_MARKS = {Action.CREATE: "+", Action.CHANGE: "~", Action.DELETE: "-", Action.NOTHING: " ", Action.LEAVE: " "}
_COLOURS = {Action.CREATE: "green", Action.CHANGE: "yellow", Action.DELETE: "red"}
_LONGEST_VALUE = 120


def plan_lines(plan: Plan) -> Iterator[str]:
    """Line by line: each deployment, its fields, its schedules."""
    for change in plan.deployments:
        yield _head(change)
        if not change.is_empty:
            yield from _body(change)


def _head(change: DeploymentChange) -> str:
    name = clean(change.spec.slug)
    if change.is_empty:
        return f"{name}: unchanged"
    if change.action is Action.CREATE:
        return _painted(f"{name}: new", Action.CREATE)
    version = f", version {change.version}" if change.makes_version else ""
    return _painted(f"{name}: changes{version}", Action.CHANGE)


def _body(change: DeploymentChange) -> Iterator[str]:
    width = max((len(each.name) for each in change.fields), default=0)
    for field in change.fields:
        yield _field_line(field, width, change.action)
    for schedule in change.schedules:
        yield from _schedule_lines(schedule)


def _field_line(field: FieldChange, width: int, action: Action) -> str:
    mark = Action.CREATE if not field.old else Action.DELETE if not field.new else action
    return _painted(f"  {_MARKS[mark]} {field.name:<{width}}  {_values(field)}", mark)


def _values(field: FieldChange) -> str:
    old, new = _cut(field.old), _cut(field.new)
    if not field.old or not field.new:
        return new or old
    return f"{old} → {new}"


def _cut(text: str) -> str:
    shown = clean(" ".join(text.split()))
    return shown if len(shown) <= _LONGEST_VALUE else f"{shown[:_LONGEST_VALUE]}…"


def _schedule_lines(change: ScheduleChange) -> Iterator[str]:
    if change.action is Action.NOTHING:
        return
    label = clean(change.label)
    if change.action is Action.LEAVE:
        yield f"    schedule {label} stays: nothing is said of schedules (`schedules: []` deletes it)"
        return
    times = next((each for each in change.fields if each.name == "times"), None)
    shown = f"  {_values(times)}" if times is not None and _values(times) != label else ""
    yield _painted(f"  {_MARKS[change.action]} schedule {label}{shown}", change.action)
    for field in change.fields:
        if field is not times:
            yield _painted(f"      {field.name}: {_values(field)}", change.action)
    if change.next_times:
        yield f"      next: {', '.join(_local(each) for each in change.next_times)}"
    elif times is not None and change.action is not Action.DELETE:
        yield "      next: never, all its times have passed"


def _local(moment: datetime) -> str:
    return moment.astimezone().strftime("%a %Y-%m-%d %H:%M:%S %Z").replace(":00 ", " ")


def _painted(text: str, action: Action) -> str:
    colour = _COLOURS.get(action)
    is_shown = stdout_is_terminal() and not os.environ.get("NO_COLOR")
    return click.style(text, fg=colour) if colour and is_shown else text


def plan_document(plan: Plan, applied: Sequence[Applied] = ()) -> list[dict[str, Any]]:
    """The same for programs. `applied`: once it was carried out."""
    ids = {each.slug: each for each in applied}
    return [_deployment_document(change, ids.get(change.spec.slug)) for change in plan.deployments]


def _deployment_document(change: DeploymentChange, applied: Applied | None) -> dict[str, Any]:
    return {
        "deployment_id": applied.deployment_id if applied is not None else change.message.deployment_id,
        "flow": change.spec.flow_name,
        "name": change.spec.name,
        "action": change.action.value,
        "version": applied.version if applied is not None else change.version,
        "applied": applied is not None,
        "changes": [_field_document(each) for each in change.fields],
        "schedules": [
            {
                "name": each.label,
                "action": each.action.value,
                "changes": [_field_document(field) for field in each.fields],
                "next_times": [moment.isoformat() for moment in each.next_times],
            }
            for each in change.schedules
        ],
    }


def _field_document(field: FieldChange) -> dict[str, str]:
    return {"field": field.name, "old": field.old, "new": field.new}
