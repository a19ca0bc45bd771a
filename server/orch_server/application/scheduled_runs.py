"""The run that a schedule makes at one of its times, fired by itself or made up for."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from orch_server.application.concurrency import SkipLimits
from orch_server.application.parameter_schemas import unfit
from orch_server.application.ports import Ids
from orch_server.domain import new_runs
from orch_server.domain.deployment_schedules import Schedule
from orch_server.domain.deployments import RunTemplate
from orch_server.domain.flow_runs import NO_TRACE, FlowRun
from orch_server.domain.runs import RunFacts
from orch_server.domain.schedules import idempotency_key

_LONGEST_NAME = 256


@dataclass(frozen=True, slots=True)
class ScheduledTime:
    """One nominal time of a schedule that becomes a run of its deployment.

    waits: the run may start only when every earlier one of the schedule has ended.
    """

    schedule: Schedule
    template: RunTemplate
    nominal: datetime
    start: datetime
    waits: bool


def scheduled_runs(
    ids: Ids, times: Sequence[ScheduledTime], *, now: datetime, skip_limits: SkipLimits
) -> list[FlowRun]:
    """Their runs; those that cannot begin have ended already."""
    return [_run(ids.new(now), each, now, skip_limits) for each in times]


def schedule_key(schedule: Schedule, nominal: datetime) -> str:
    """The idempotency key of the run of a time."""
    return idempotency_key(schedule.name, nominal)


def _run(run_id: UUID, time: ScheduledTime, now: datetime, skip_limits: SkipLimits) -> FlowRun:
    schedule, template = time.schedule, time.template
    parameters = merged_parameters(template.parameters, schedule.parameters)
    return FlowRun(
        facts=_facts(run_id, time, parameters, now=now, skip_limits=skip_limits),
        name=_name(template.deployment_name, time.nominal),
        flow_id=template.flow_id,
        flow_name=template.flow_name,
        deployment_id=template.deployment_id,
        deployment_version=template.version,
        work_queue_id=template.work_queue_id,
        work_pool_name=template.work_pool_name,
        work_queue_name=template.work_queue_name,
        parameters=parameters,
        job_variables="",
        tags=tuple(sorted(set(template.tags))),
        idempotency_key=schedule_key(schedule, time.nominal),
        parent_flow_run_id=None,
        parent_task_run_id=None,
        schedule_id=schedule.id,
        nominal_time=time.nominal,
        waits_for_schedule=time.waits,
        trace=NO_TRACE,
        create_time=now,
        update_time=now,
        deployment_name=template.deployment_name,
    )


def _facts(run_id: UUID, time: ScheduledTime, parameters: str, *, now: datetime, skip_limits: SkipLimits) -> RunFacts:
    """Where the run stands: queued, unless its parameters do not fit any more, or its deployment is full."""
    template = time.template
    facts = new_runs.queued(
        run_id,
        now=now,
        scheduled_time=time.start,
        retry_policy=template.retry_policy,
        recovery_policy=template.recovery_policy,
        work_pool_id=template.work_pool_id,
    )
    if template.parameter_schema:
        error = unfit(template.parameter_schema, json.loads(parameters), "parameters_json")
        if error is not None:
            text = f"The parameters do not fit the deployment's schema: {error.message} Change the schedule's."
            return new_runs.unfit(facts, message=text)
    return skip_limits.applied(facts, template, now=now)


def _name(deployment_name: str, nominal: datetime) -> str:
    """ "nightly-2026-03-01T02:00:00Z", cut where the deployment's name is long."""
    time = f"-{nominal:%Y-%m-%dT%H:%M:%SZ}"
    return deployment_name[: _LONGEST_NAME - len(time)] + time


def merged_parameters(of_deployment: str, of_schedule: str) -> str:
    """The schedule's parameters over the deployment's; the text of one as it is where the other has none.

    In ASCII: a text may hold an escaped half of a surrogate pair, which no database stores unescaped.
    """
    if not of_schedule or not of_deployment:
        return of_schedule or of_deployment or "{}"
    return json.dumps({**json.loads(of_deployment), **json.loads(of_schedule)})
