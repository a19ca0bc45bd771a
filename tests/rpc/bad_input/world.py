"""A small world to be wrong about: one thing of every kind, made over the wire."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from orch_proto.v1 import (
    deployment_pb2,
    launch_pb2,
    lease_pb2,
    log_pb2,
    schedule_pb2,
    state_pb2,
    task_run_pb2,
    work_pool_pb2,
    work_queue_pb2,
)
from orch_proto.v1 import deployment_service_pb2 as deployments
from orch_proto.v1 import flow_run_service_pb2 as flow_runs
from orch_proto.v1 import flow_service_pb2 as flows
from orch_proto.v1 import lease_service_pb2 as leases
from orch_proto.v1 import log_service_pb2 as logs
from orch_proto.v1 import schedule_service_pb2 as schedules
from orch_proto.v1 import task_run_service_pb2 as task_runs
from orch_proto.v1 import work_pool_service_pb2 as work_pools
from orch_proto.v1 import work_queue_service_pb2 as work_queues
from orch_proto.v1 import worker_service_pb2 as workers
from orch_server.clock import TimeOrderedIds
from tests.rpc.bad_input.caller import METHODS, call
from tests.support.contract import response_class

NOW = Timestamp(seconds=1_790_000_000)


@dataclass(frozen=True)
class World:
    """What there is. `flow_run_id` runs, with a task run and a log line, under `token`; `queued_id` waits. The
    process `holder_id` started, in no pool and under token 1: `started_id`, which runs, `failed_id`, `completed_id`."""

    work_pool: str
    work_queue: str
    flow: str
    deployment: str
    deployment_id: str
    schedule_id: str
    session_id: str
    flow_run_id: str
    token: int
    queued_id: str
    task_run_id: str
    used_request_id: str
    """Of the creation of `queued_id`."""
    holder_id: str
    started_id: str
    failed_id: str
    completed_id: str


def make_world(channel: grpc.Channel) -> World:
    """A new world beside those that there are."""
    name = f"world-{uuid4().hex[:12]}"
    pool = work_pool_pb2.WorkPool(name=name, lease_ttl=Duration(seconds=3600))
    _do(channel, work_pools.CreateWorkPoolRequest(work_pool=pool))
    queue = work_queue_pb2.WorkQueue(work_pool_name=name, name="urgent")
    _do(channel, work_queues.CreateWorkQueueRequest(work_queue=queue))
    deployment_id = _deployment(channel, name)
    cron = schedule_pb2.CronSpec(expression="0 2 1 1 *", time_zone="Europe/Berlin")
    schedule = schedule_pb2.Schedule(deployment_id=deployment_id, name="nightly", cron=cron)
    schedule_id = _do(channel, schedules.CreateScheduleRequest(schedule=schedule)).schedule.schedule_id
    session_id = _do(channel, workers.OpenSessionRequest(worker_name=name, work_pool_name=name)).session_id
    run_id, token = _running(channel, name, session_id)
    request_id = str(uuid4())
    queued = flow_runs.CreateFlowRunRequest(request_id=request_id, flow_name=name, work_pool_name=name)
    holder_id = str(uuid4())
    return World(
        work_pool=name,
        work_queue="urgent",
        flow=name,
        deployment="nightly",
        deployment_id=deployment_id,
        schedule_id=schedule_id,
        session_id=session_id,
        flow_run_id=run_id,
        token=token,
        queued_id=_do(channel, queued).flow_run.flow_run_id,
        task_run_id=_task_run(channel, run_id, token),
        used_request_id=request_id,
        holder_id=holder_id,
        started_id=_started(channel, name, holder_id),
        failed_id=_started(channel, name, holder_id, ended=state_pb2.STATE_TYPE_FAILED),
        completed_id=_started(channel, name, holder_id, ended=state_pb2.STATE_TYPE_COMPLETED),
    )


def new_run_id() -> str:
    """A UUID of version 7, made now."""
    return str(TimeOrderedIds().new(datetime.now(UTC)))


def _started(
    channel: grpc.Channel, name: str, holder_id: str, *, ended: state_pb2.StateType.ValueType | None = None
) -> str:
    run_id = new_run_id()
    hour = Duration(seconds=3600)
    _do(channel, leases.StartFlowRunRequest(flow_run_id=run_id, flow_name=name, holder_id=holder_id, lease_ttl=hour))
    if ended is not None:
        end = leases.RunReport(flow_run_id=run_id, token=1, sequence=1, state=state_pb2.State(type=ended))
        [reported] = _do(channel, leases.ReportRunsRequest(reports=[end])).reports
        assert reported.verdict == lease_pb2.REPORT_VERDICT_ACCEPTED
    return run_id


def _deployment(channel: grpc.Channel, name: str) -> str:
    deployment = deployment_pb2.Deployment(
        flow_name=name,
        name="nightly",
        work_pool_name=name,
        launch_spec=launch_pb2.LaunchSpec(entrypoint="etl.py:etl"),
        parameters_json='{"day": 1}',
        parameter_schema_json='{"properties": {"day": {"type": "integer"}}}',
    )
    answer = _do(channel, deployments.CreateDeploymentRequest(deployment=deployment))
    return str(answer.deployment.deployment_id)


def _running(channel: grpc.Channel, name: str, session_id: str) -> tuple[str, int]:
    _do(channel, flow_runs.CreateFlowRunRequest(flow_name=name, work_pool_name=name))
    wish = leases.AcquireLeasesRequest(session_id=session_id, request_id=str(uuid4()), max_leases=1, wait=Duration())
    [lease] = _do(channel, wish).leases
    running = leases.RunReport(
        flow_run_id=lease.flow_run_id,
        token=lease.token,
        sequence=1,
        state=state_pb2.State(type=state_pb2.STATE_TYPE_RUNNING),
    )
    [reported] = _do(channel, leases.ReportRunsRequest(session_id=session_id, reports=[running])).reports
    assert reported.verdict == lease_pb2.REPORT_VERDICT_ACCEPTED
    line = log_pb2.LogRecord(time=NOW, level=log_pb2.LOG_LEVEL_INFO, message="hello")
    _do(
        channel,
        logs.AppendLogsRequest(flow_run_id=lease.flow_run_id, token=lease.token, stream="run", records=[line]),
    )
    return lease.flow_run_id, lease.token


def _task_run(channel: grpc.Channel, run_id: str, token: int) -> str:
    state = state_pb2.State(type=state_pb2.STATE_TYPE_RUNNING, state_time=NOW)
    task_run = task_run_pb2.TaskRun(task_run_id=str(uuid4()), name="load", state=state, create_time=NOW, version=1)
    report = task_runs.TaskRunReport(task_run=task_run, changes=[state_pb2.StateChange(version=1, state=state)])
    answer = _do(channel, task_runs.ReportTaskRunsRequest(flow_run_id=run_id, token=token, reports=[report]))
    assert answer.verdict == lease_pb2.REPORT_VERDICT_ACCEPTED
    return task_run.task_run_id


def _do(channel: grpc.Channel, request: Message):  # type: ignore[no-untyped-def]  # noqa: ANN202 (any response)
    answer = call(channel, request, seconds=10)
    assert answer.ok, answer
    return response_class(METHODS[type(request).__name__.removesuffix("Request")]).FromString(answer.response)


def snapshot(channel: grpc.Channel, world: World) -> list[bytes]:
    """Everything that can be listed, as it is now: what a refused call must leave as it was."""
    lists: list[Message] = [
        flows.ListFlowsRequest(page_size=1000),
        flow_runs.ListFlowRunsRequest(page_size=1000),
        deployments.ListDeploymentsRequest(page_size=1000),
        deployments.ListDeploymentVersionsRequest(deployment_id=world.deployment_id),
        schedules.ListSchedulesRequest(page_size=1000),
        work_pools.ListWorkPoolsRequest(page_size=1000),
        work_queues.ListWorkQueuesRequest(page_size=1000),
        flow_runs.ListFlowRunStatesRequest(flow_run_id=world.flow_run_id),
        flow_runs.ListFlowRunStatesRequest(flow_run_id=world.queued_id),
        flow_runs.ListFlowRunStatesRequest(flow_run_id=world.started_id),
        flow_runs.ListFlowRunStatesRequest(flow_run_id=world.failed_id),
        task_runs.ListTaskRunsRequest(flow_run_id=world.flow_run_id),
        task_runs.ListTaskRunStatesRequest(task_run_id=world.task_run_id),
        logs.ListLogsRequest(flow_run_id=world.flow_run_id),
    ]
    return [_do(channel, each).SerializeToString(deterministic=True) for each in lists] + _moving(channel)


def _moving(channel: grpc.Channel) -> list[bytes]:
    """Lists whose entries say how long ago something was: counted, and named."""
    sessions = _do(channel, workers.ListWorkersRequest(page_size=1000, include_closed=True)).workers
    held = _do(channel, leases.ListLeasesRequest(page_size=1000)).leases
    return [
        *sorted(f"{each.session_id} {each.held_leases}".encode() for each in sessions),
        *sorted(f"{each.flow_run_id} {each.token} {each.adopted} {each.phase}".encode() for each in held),
    ]
