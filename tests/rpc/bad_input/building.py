"""Requests that would be right, but for the fields given; and what a wrong one is told."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias
from uuid import uuid4

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from orch_proto.v1 import (
    deployment_pb2,
    launch_pb2,
    log_pb2,
    schedule_pb2,
    state_pb2,
    task_run_pb2,
)
from orch_proto.v1 import deployment_service_pb2 as deployments
from orch_proto.v1 import flow_run_service_pb2 as flow_runs
from orch_proto.v1 import lease_service_pb2 as leases
from orch_proto.v1 import log_service_pb2 as logs
from orch_proto.v1 import schedule_service_pb2 as schedules
from orch_proto.v1 import task_run_service_pb2 as task_runs
from tests.rpc.bad_input.world import NOW, World

Build: TypeAlias = Callable[[World], Message]

NOWHERE = "0198c1c2-7a3b-7c11-9a55-3f5b8f0c2d11"
LONG = "x" * 10_000
INVALID, NOT_FOUND, EXISTS = "INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS"
PRECONDITION, ABORTED = "FAILED_PRECONDITION", "ABORTED"
WRONG_FIELD, UNKNOWN_ENUM = "INVALID_FIELD", "UNKNOWN_ENUM"


@dataclass(frozen=True)
class Case:
    """A request, and what its author is told. `field`: the one that is named; `says`: a part of the message."""

    build: Build
    code: str = INVALID
    reason: str = WRONG_FIELD
    field: str = ""
    says: str = ""


def create(world: World, **fields: object) -> flow_runs.CreateFlowRunRequest:
    """A run of the world's flow, but for the fields given."""
    return flow_runs.CreateFlowRunRequest(**{"flow_name": world.flow, "work_pool_name": world.work_pool} | fields)  # type: ignore[arg-type]


def report(world: World, **fields: object) -> leases.ReportRunsRequest:
    """A report of the world's running run, but for the fields given."""
    state = state_pb2.State(type=state_pb2.STATE_TYPE_COMPLETED)
    known = {"flow_run_id": world.flow_run_id, "token": world.token, "sequence": 2, "state": state}
    return leases.ReportRunsRequest(reports=[leases.RunReport(**known | fields)])  # type: ignore[arg-type]


def schedule(world: World, **fields: object) -> schedules.CreateScheduleRequest:
    """A schedule of the world's deployment."""
    return schedules.CreateScheduleRequest(
        schedule=schedule_pb2.Schedule(**{"deployment_id": world.deployment_id, "name": "new"} | fields)  # type: ignore[arg-type]
    )


def cron(world: World, expression: str, zone: str = "") -> schedules.CreateScheduleRequest:
    """A schedule by a cron line."""
    return schedule(world, cron=schedule_pb2.CronSpec(expression=expression, time_zone=zone))


def interval(world: World, **span: int) -> schedules.CreateScheduleRequest:
    """A schedule by an interval."""
    return schedule(world, interval=schedule_pb2.IntervalSpec(interval=Duration(**span)))


def rrule(world: World, rule: str) -> schedules.CreateScheduleRequest:
    """A schedule by a recurrence rule."""
    return schedule(world, rrule=schedule_pb2.RRuleSpec(rule=rule))


def deployment(world: World, **fields: object) -> deployments.CreateDeploymentRequest:
    """A deployment of the world's flow."""
    known = {
        "flow_name": world.flow,
        "name": "new",
        "work_pool_name": world.work_pool,
        "launch_spec": launch_pb2.LaunchSpec(entrypoint="etl.py:etl"),
    }
    return deployments.CreateDeploymentRequest(deployment=deployment_pb2.Deployment(**known | fields))  # type: ignore[arg-type]


def append(world: World, **fields: object) -> logs.AppendLogsRequest:
    """A line of the world's running run."""
    line = log_pb2.LogRecord(time=NOW, message="hello")
    known = {"flow_run_id": world.flow_run_id, "token": world.token, "stream": "run", "offset": 1, "records": [line]}
    return logs.AppendLogsRequest(**known | fields)  # type: ignore[arg-type]


def task_report(world: World, **fields: object) -> task_runs.ReportTaskRunsRequest:
    """A new task run of the world's running run."""
    state = state_pb2.State(type=state_pb2.STATE_TYPE_RUNNING)
    known = {"task_run_id": str(uuid4()), "state": state, "create_time": NOW, "version": 1}
    reports = [task_runs.TaskRunReport(task_run=task_run_pb2.TaskRun(**known | fields))]  # type: ignore[arg-type]
    return task_runs.ReportTaskRunsRequest(flow_run_id=world.flow_run_id, token=world.token, reports=reports)


def nested(depth: int) -> str:
    """A JSON object so many deep."""
    return '{"a":' * depth + "1" + "}" * depth
