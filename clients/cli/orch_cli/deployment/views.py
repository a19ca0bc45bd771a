"""Deployments in lists, one by one, and version by version."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orch_cli.finding import deployment_key
from orch_cli.output import Column, one_line, plain, state_name, when
from orch_cli.schedule.views import state as schedule_state
from orch_cli.schedule.views import times
from orch_cli.schedule.views import whole as whole_schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orch_cli.schedule.finding import NamedSchedule
    from orch_proto.v1.deployment_pb2 import Deployment, DeploymentVersion
    from orch_proto.v1.flow_run_pb2 import FlowRun


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A deployment and its schedules."""

    deployment: "Deployment"
    schedules: "Sequence[NamedSchedule]"

    def whole(self) -> dict[str, object]:
        """As JSON's own types."""
        found = plain(self.deployment)
        assert isinstance(found, dict)
        return {**found, "schedules": [whole_schedule(each) for each in self.schedules]}


@dataclass(frozen=True, slots=True)
class WholeDeployment:
    """All that there is to know of a deployment."""

    scheduled: Scheduled
    runs: "Sequence[FlowRun]"
    """The newest."""

    def whole(self) -> dict[str, object]:
        """As JSON's own types."""
        return {**self.scheduled.whole(), "recent_flow_runs": [plain(each) for each in self.runs]}


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a deployment."""

    version: "DeploymentVersion"
    newest: bool


def _schedules(each: Scheduled) -> str:
    return ", ".join(
        f"{times(found.schedule)}{' (paused)' if found.schedule.paused else ''}" for found in each.schedules
    )


def _state(each: Scheduled) -> str:
    return "paused" if each.deployment.paused else "ready"


def _state_style(each: Scheduled) -> str:
    return "yellow" if each.deployment.paused else "green"


def _place(deployment: "Deployment") -> str:
    queue = deployment.work_queue_name
    return deployment.work_pool_name if queue == "default" else f"{deployment.work_pool_name}/{queue}"


COLUMNS: list[Column[Scheduled]] = [
    Column("DEPLOYMENT", lambda each: deployment_key(each.deployment)),
    Column("STATE", _state, style=_state_style),
    Column("POOL", lambda each: _place(each.deployment)),
    Column("SCHEDULES", _schedules, may_wrap=True),
    Column("TAGS", lambda each: " ".join(each.deployment.tags), may_wrap=True),
    Column("VERSION", lambda each: str(each.deployment.version), right=True),
    Column("CHANGED", lambda each: when(each.deployment.update_time)),
]


def lines(found: WholeDeployment) -> list[Column[WholeDeployment]]:
    """A line for each field that is set, then schedules and runs."""
    from orch.deployments.changes import DEPLOYMENT_FIELDS, settings_of

    settings = settings_of(DEPLOYMENT_FIELDS, found.scheduled.deployment)
    return [
        Column("DEPLOYMENT", lambda each: deployment_key(each.scheduled.deployment)),
        Column("ID", lambda each: each.scheduled.deployment.deployment_id),
        Column("STATE", lambda each: _state(each.scheduled), style=lambda each: _state_style(each.scheduled)),
        *(Column(each.name.upper(), _said(each.new)) for each in settings),
        Column("VERSION", lambda each: str(each.scheduled.deployment.version)),
        Column("SCHEDULES", lambda each: "\n".join(map(_schedule_line, each.scheduled.schedules)) or "none"),
        Column("NEWEST RUNS", lambda each: "\n".join(map(_run_line, each.runs)) or "none"),
        Column("CREATED", lambda each: when(each.scheduled.deployment.create_time)),
        Column("CHANGED", lambda each: when(each.scheduled.deployment.update_time)),
    ]


def _said(text: str) -> "Callable[[WholeDeployment], str]":
    """The same text, whatever is asked about."""
    return lambda _: text


def _schedule_line(each: "NamedSchedule") -> str:
    state = schedule_state(each)
    following = f"next {when(each.schedule.next_time)}" if state == "active" else state
    return f"{each.schedule.name}: {times(each.schedule)}, {following}"


def _run_line(run: "FlowRun") -> str:
    return f"{run.flow_run_id}  {state_name(run.state)}  {one_line(run.name)}  {when(run.create_time)}"


def _started(each: Version) -> str:
    """How a run of the version is started."""
    import shlex

    spec = each.version.launch_spec
    return spec.entrypoint or shlex.join(spec.command)


def _code(each: Version) -> str:
    """Where the code comes from, in short."""
    import json

    steps = json.loads(each.version.launch_spec.pull_steps_json or "[]")
    return ", ".join(_step(step) for step in steps if isinstance(step, dict))


def _step(step: dict[str, object]) -> str:
    place = step.get("path") or step.get("url") or step.get("requirements") or step.get("lock") or ""
    revision = step.get("commit") or step.get("tag") or step.get("branch")
    return f"{step.get('step', '')} {place}{f'@{revision}' if revision else ''}".strip()


VERSION_COLUMNS: list[Column[Version]] = [
    Column("VERSION", lambda each: str(each.version.version), right=True),
    Column("NEWEST", lambda each: "*" if each.newest else ""),
    Column("CREATED", lambda each: when(each.version.create_time)),
    Column("STARTS", _started, may_wrap=True),
    Column("CODE", _code, may_wrap=True),
    Column("PARAMETERS", lambda each: each.version.parameters_json, may_wrap=True),
    Column("JOB VARIABLES", lambda each: each.version.launch_spec.job_variables_json, may_wrap=True),
]
