"""Requests that are refused, and how: the table of `test_bad_input.py`."""

from collections.abc import Iterator, Mapping

from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from orch_proto.v1 import deployment_service_pb2 as deployments
from orch_proto.v1 import (
    flow_run_pb2,
    launch_pb2,
    log_pb2,
    policy_pb2,
    result_pb2,
    schedule_pb2,
    state_pb2,
    work_pool_pb2,
    work_queue_pb2,
)
from orch_proto.v1 import flow_run_service_pb2 as flow_runs
from orch_proto.v1 import flow_service_pb2 as flows
from orch_proto.v1 import lease_service_pb2 as leases
from orch_proto.v1 import log_service_pb2 as logs
from orch_proto.v1 import schedule_service_pb2 as schedules
from orch_proto.v1 import task_run_service_pb2 as task_runs
from orch_proto.v1 import work_pool_service_pb2 as work_pools
from orch_proto.v1 import work_queue_service_pb2 as work_queues
from orch_proto.v1 import worker_service_pb2 as workers
from tests.rpc.bad_input.building import (
    ABORTED,
    EXISTS,
    LONG,
    NOT_FOUND,
    NOWHERE,
    PRECONDITION,
    UNKNOWN_ENUM,
    Case,
    append,
    create,
    deployment,
    nested,
    report,
    schedule,
    task_report,
)
from tests.rpc.bad_input.schedule_cases import SCHEDULES
from tests.rpc.bad_input.world import NOW

UNKNOWN_IDS: Mapping[str, Case] = {
    "get run": Case(lambda w: flow_runs.GetFlowRunRequest(flow_run_id=NOWHERE), NOT_FOUND, "FLOW_RUN_NOT_FOUND"),
    "watch run": Case(lambda w: flow_runs.WatchFlowRunRequest(flow_run_id=NOWHERE), NOT_FOUND, "FLOW_RUN_NOT_FOUND"),
    "cancel run": Case(lambda w: flow_runs.CancelFlowRunRequest(flow_run_id=NOWHERE), NOT_FOUND, "FLOW_RUN_NOT_FOUND"),
    "retry run": Case(lambda w: flow_runs.RetryFlowRunRequest(flow_run_id=NOWHERE), NOT_FOUND, "FLOW_RUN_NOT_FOUND"),
    "delete run": Case(lambda w: flow_runs.DeleteFlowRunRequest(flow_run_id=NOWHERE), NOT_FOUND, "FLOW_RUN_NOT_FOUND"),
    "list states": Case(
        lambda w: flow_runs.ListFlowRunStatesRequest(flow_run_id=NOWHERE), NOT_FOUND, "FLOW_RUN_NOT_FOUND"
    ),
    "run of no deployment": Case(
        lambda w: flow_runs.CreateFlowRunRequest(deployment_id=NOWHERE), NOT_FOUND, "DEPLOYMENT_NOT_FOUND"
    ),
    "run in no pool": Case(lambda w: create(w, work_pool_name="nowhere"), NOT_FOUND, "WORK_POOL_NOT_FOUND"),
    "run in no queue": Case(lambda w: create(w, work_queue_name="nowhere"), NOT_FOUND, "WORK_QUEUE_NOT_FOUND"),
    "run of no parent": Case(
        lambda w: create(w, parent=flow_runs.ParentRun(flow_run_id=NOWHERE, token=1)), NOT_FOUND, "FLOW_RUN_NOT_FOUND"
    ),
    "batch with one of no pool": Case(
        lambda w: flow_runs.BatchCreateFlowRunsRequest(requests=[create(w), create(w, work_pool_name="nowhere")]),
        NOT_FOUND,
        "WORK_POOL_NOT_FOUND",
        says="requests[1]",
    ),
    "get flow": Case(lambda w: flows.GetFlowRequest(name="nowhere"), NOT_FOUND, "FLOW_NOT_FOUND"),
    "get task run": Case(lambda w: task_runs.GetTaskRunRequest(task_run_id=NOWHERE), NOT_FOUND, "TASK_RUN_NOT_FOUND"),
    "list task runs": Case(
        lambda w: task_runs.ListTaskRunsRequest(flow_run_id=NOWHERE), NOT_FOUND, "FLOW_RUN_NOT_FOUND"
    ),
    "get deployment": Case(
        lambda w: deployments.GetDeploymentRequest(deployment_id=NOWHERE), NOT_FOUND, "DEPLOYMENT_NOT_FOUND"
    ),
    "delete deployment": Case(
        lambda w: deployments.DeleteDeploymentRequest(deployment_id=NOWHERE), NOT_FOUND, "DEPLOYMENT_NOT_FOUND"
    ),
    "get schedule": Case(lambda w: schedules.GetScheduleRequest(schedule_id=NOWHERE), NOT_FOUND, "SCHEDULE_NOT_FOUND"),
    "schedule of no deployment": Case(
        lambda w: schedule(w, deployment_id=NOWHERE, cron=schedule_pb2.CronSpec(expression="@daily")),
        NOT_FOUND,
        "DEPLOYMENT_NOT_FOUND",
    ),
    "get pool": Case(lambda w: work_pools.GetWorkPoolRequest(name="nowhere"), NOT_FOUND, "WORK_POOL_NOT_FOUND"),
    "get queue": Case(
        lambda w: work_queues.GetWorkQueueRequest(work_pool_name=w.work_pool, name="nowhere"),
        NOT_FOUND,
        "WORK_QUEUE_NOT_FOUND",
    ),
    "get worker": Case(lambda w: workers.GetWorkerRequest(session_id=NOWHERE), NOT_FOUND, "SESSION_NOT_FOUND"),
    "drain worker": Case(lambda w: workers.DrainWorkerRequest(session_id=NOWHERE), NOT_FOUND, "SESSION_NOT_FOUND"),
    "session in no pool": Case(
        lambda w: workers.OpenSessionRequest(worker_name="w", work_pool_name="nowhere"),
        NOT_FOUND,
        "WORK_POOL_NOT_FOUND",
    ),
    "acquire": Case(
        lambda w: leases.AcquireLeasesRequest(session_id=NOWHERE, request_id=NOWHERE, max_leases=1, wait=Duration()),
        NOT_FOUND,
        "SESSION_NOT_FOUND",
    ),
    "sync": Case(lambda w: leases.SyncLeasesRequest(session_id=NOWHERE), NOT_FOUND, "SESSION_NOT_FOUND"),
    "adopt": Case(
        lambda w: leases.AdoptLeaseRequest(flow_run_id=NOWHERE, token=1, adopter_id=NOWHERE),
        NOT_FOUND,
        "FLOW_RUN_NOT_FOUND",
    ),
    "append logs": Case(lambda w: append(w, flow_run_id=NOWHERE), NOT_FOUND, "FLOW_RUN_NOT_FOUND"),
    "list logs": Case(lambda w: logs.ListLogsRequest(flow_run_id=NOWHERE), NOT_FOUND, "FLOW_RUN_NOT_FOUND"),
}

NOT_IDS: Mapping[str, Case] = {
    "empty": Case(lambda w: flow_runs.GetFlowRunRequest(), field="flow_run_id", says="is missing"),
    "word": Case(lambda w: flow_runs.GetFlowRunRequest(flow_run_id="latest"), field="flow_run_id", says="'latest'"),
    "NUL": Case(lambda w: flow_runs.GetFlowRunRequest(flow_run_id="\x00"), field="flow_run_id"),
    "10 000 characters": Case(lambda w: flow_runs.GetFlowRunRequest(flow_run_id=LONG), field="flow_run_id"),
    "request id": Case(lambda w: create(w, request_id="again"), field="request_id"),
    "parent": Case(
        lambda w: create(w, parent=flow_runs.ParentRun(flow_run_id="me", token=1)), field="parent.flow_run_id"
    ),
    "task run": Case(lambda w: task_report(w, task_run_id="one"), field="reports[0].task_run.task_run_id"),
    "adopter": Case(
        lambda w: leases.AdoptLeaseRequest(flow_run_id=w.flow_run_id, token=w.token, adopter_id="pid 7"),
        field="adopter_id",
    ),
    "filter": Case(
        lambda w: flow_runs.ListFlowRunsRequest(filter=flow_runs.FlowRunFilter(schedule_id="daily")),
        field="filter.schedule_id",
    ),
}

JSON: Mapping[str, Case] = {
    "not JSON": Case(lambda w: create(w, parameters_json="{day: 1}"), field="parameters_json", says="is not JSON"),
    "a list": Case(lambda w: create(w, parameters_json="[1]"), field="parameters_json", says="must be a JSON object"),
    "null": Case(lambda w: create(w, parameters_json="null"), field="parameters_json", says="must be a JSON object"),
    "NaN": Case(lambda w: create(w, parameters_json='{"x": NaN}'), field="parameters_json", says="NaN"),
    "Infinity": Case(lambda w: create(w, parameters_json='{"x": -Infinity}'), field="parameters_json", says="Infinity"),
    "NUL": Case(lambda w: create(w, parameters_json='{"x": "\x00"}'), field="parameters_json"),
    "too large a number": Case(
        lambda w: create(w, parameters_json='{"x": 1e999}'), field="parameters_json", says="1e999"
    ),
    "201 deep": Case(
        lambda w: create(w, parameters_json=nested(201)), field="parameters_json", says="more than 200 deep"
    ),
    "965 deep": Case(lambda w: create(w, parameters_json=nested(965)), field="parameters_json"),
    "80 000 deep": Case(lambda w: create(w, parameters_json=nested(80_000)), field="parameters_json"),
    "too large": Case(
        lambda w: create(w, parameters_json='{"x": "' + "a" * 512 * 1024 + '"}'),
        reason="PARAMETERS_TOO_LARGE",
        field="parameters_json",
        says="512 KiB",
    ),
    "deployment's defaults": Case(lambda w: deployment(w, parameters_json="1"), field="deployment.parameters_json"),
    "deployment's schema": Case(
        lambda w: deployment(w, parameter_schema_json="true"), field="deployment.parameter_schema_json"
    ),
    "job variables": Case(lambda w: create(w, job_variables_json='"image"'), field="job_variables_json"),
    "job template": Case(
        lambda w: work_pools.CreateWorkPoolRequest(work_pool=work_pool_pb2.WorkPool(name="new", job_template_json="{")),
        field="work_pool.job_template_json",
    ),
}

TEXTS: Mapping[str, Case] = {
    "no target": Case(lambda w: flow_runs.CreateFlowRunRequest(), field="target"),
    "flow name of 10 000": Case(lambda w: create(w, flow_name=LONG), field="flow_name", says="10000 characters"),
    "flow name with NUL": Case(lambda w: create(w, flow_name="a\x00b"), field="flow_name", says="NUL"),
    "run name of 10 000": Case(lambda w: create(w, name=LONG), field="name"),
    "pool of run with NUL": Case(lambda w: create(w, work_pool_name="\x00"), field="work_pool_name"),
    "idempotency key of 10 000": Case(lambda w: create(w, idempotency_key=LONG), field="idempotency_key"),
    "tag of 10 000": Case(lambda w: create(w, tags=[LONG]), field="tags"),
    "empty tag": Case(lambda w: create(w, tags=[""]), field="tags"),
    "65 tags": Case(lambda w: create(w, tags=map(str, range(65))), field="tags", says="limit of 64"),
    "pool without a name": Case(
        lambda w: work_pools.CreateWorkPoolRequest(work_pool=work_pool_pb2.WorkPool()), field="work_pool.name"
    ),
    "pool with a line break": Case(
        lambda w: work_pools.CreateWorkPoolRequest(work_pool=work_pool_pb2.WorkPool(name="a\nb")),
        field="work_pool.name",
    ),
    "queue of 10 000": Case(
        lambda w: work_queues.CreateWorkQueueRequest(
            work_queue=work_queue_pb2.WorkQueue(work_pool_name=w.work_pool, name=LONG)
        ),
        field="work_queue.name",
    ),
    "deployment without entrypoint": Case(
        lambda w: deployment(w, launch_spec=launch_pb2.LaunchSpec()), field="deployment.launch_spec"
    ),
    "deployment with a slash": Case(lambda w: deployment(w, name="a/b"), field="deployment.name", says='"/"'),
    "worker of 10 000": Case(
        lambda w: workers.OpenSessionRequest(worker_name=LONG, work_pool_name=w.work_pool), field="worker_name"
    ),
    "workers of a pool with NUL": Case(
        lambda w: workers.ListWorkersRequest(work_pool_name="\x00"), field="work_pool_name"
    ),
    "leases of a pool with NUL": Case(
        lambda w: leases.ListLeasesRequest(work_pool_name="\x00"), field="work_pool_name"
    ),
    "runs by a prefix with NUL": Case(
        lambda w: flow_runs.ListFlowRunsRequest(filter=flow_runs.FlowRunFilter(name_prefix="\x00")),
        field="filter.name_prefix",
    ),
    "101 flows in a filter": Case(
        lambda w: flow_runs.ListFlowRunsRequest(filter=flow_runs.FlowRunFilter(flow_names=map(str, range(101)))),
        field="filter.flow_names",
    ),
    "stream without a name": Case(lambda w: append(w, stream=""), field="stream"),
    "stream of 10 000": Case(lambda w: append(w, stream=LONG), field="stream"),
    "log line of 300 KiB": Case(
        lambda w: append(w, records=[log_pb2.LogRecord(time=NOW, message="x" * 300 * 1024)]),
        reason="MESSAGE_TOO_LONG",
        field="records[0].message",
        says="256 KiB",
    ),
    "10 001 log lines": Case(
        lambda w: append(w, records=[log_pb2.LogRecord(time=NOW)] * 10_001), reason="TOO_MANY_RECORDS", field="records"
    ),
}

NUMBERS: Mapping[str, Case] = {
    "page size -1": Case(lambda w: flow_runs.ListFlowRunsRequest(page_size=-1), field="page_size"),
    "page size 1001": Case(lambda w: flow_runs.ListFlowRunsRequest(page_size=1001), field="page_size", says="1000"),
    "page size 2^31 - 1": Case(lambda w: workers.ListWorkersRequest(page_size=2**31 - 1), field="page_size"),
    "10 001 log lines a page": Case(
        lambda w: logs.ListLogsRequest(flow_run_id=w.flow_run_id, page_size=10_001), field="page_size"
    ),
    "no leases": Case(
        lambda w: leases.AcquireLeasesRequest(session_id=w.session_id, request_id=NOWHERE), field="max_leases"
    ),
    "wait of a day": Case(
        lambda w: leases.AcquireLeasesRequest(
            session_id=w.session_id, request_id=NOWHERE, max_leases=1, wait=Duration(seconds=86400)
        ),
        field="wait",
    ),
    "wait of -1 s": Case(
        lambda w: leases.AcquireLeasesRequest(
            session_id=w.session_id, request_id=NOWHERE, max_leases=1, wait=Duration(seconds=-1)
        ),
        field="wait",
    ),
    "-1 retries": Case(
        lambda w: create(w, retry_policy=policy_pb2.RetryPolicy(max_retries=-1)), field="retry_policy.max_retries"
    ),
    "jitter NaN": Case(
        lambda w: create(w, retry_policy=policy_pb2.RetryPolicy(jitter_factor=float("nan"))),
        field="retry_policy.jitter_factor",
    ),
    "delay of -1 s": Case(
        lambda w: create(w, retry_policy=policy_pb2.RetryPolicy(max_retries=1, delays=[Duration(seconds=-1)])),
        field="retry_policy.delays[0]",
    ),
    "restarts 1001": Case(
        lambda w: create(w, recovery_policy=policy_pb2.RecoveryPolicy(crash_restarts=1001)),
        field="recovery_policy.crash_restarts",
    ),
    "scheduled in the year 10 000": Case(
        lambda w: create(w, scheduled_time=Timestamp(seconds=253_402_300_800)), field="scheduled_time"
    ),
    "scheduled with 10^9 nanoseconds": Case(
        lambda w: create(w, scheduled_time=Timestamp(seconds=1, nanos=1_000_000_000)), field="scheduled_time"
    ),
    "lease of 0 s": Case(
        lambda w: work_pools.CreateWorkPoolRequest(work_pool=work_pool_pb2.WorkPool(name="new", lease_ttl=Duration())),
        field="work_pool.lease_ttl",
    ),
    "limit -1": Case(
        lambda w: work_pools.CreateWorkPoolRequest(work_pool=work_pool_pb2.WorkPool(name="new", concurrency_limit=-1)),
        field="work_pool.concurrency_limit",
    ),
    "priority 1001": Case(
        lambda w: work_queues.CreateWorkQueueRequest(
            work_queue=work_queue_pb2.WorkQueue(work_pool_name=w.work_pool, name="new", priority=1001)
        ),
        field="work_queue.priority",
    ),
    "log offset -1": Case(lambda w: append(w, offset=-1), field="offset"),
    "log line without a time": Case(lambda w: append(w, records=[log_pb2.LogRecord()]), field="records[0].time"),
    "report without a sequence": Case(lambda w: report(w, sequence=0), field="reports[0].sequence"),
    "task run of version 2^63 - 1": Case(
        lambda w: task_report(w, version=2**63 - 1), field="reports[0].task_run.version"
    ),
    "result of 600 KiB": Case(
        lambda w: report(w, result=result_pb2.Result(data=b"x" * 600 * 1024)),
        reason="RESULT_TOO_LARGE",
        field="reports[0].result.data",
        says="512 KiB",
    ),
    "1001 runs": Case(
        lambda w: flow_runs.BatchCreateFlowRunsRequest(requests=[create(w)] * 1001), field="requests", says="1000"
    ),
    "no runs": Case(lambda w: flow_runs.BatchCreateFlowRunsRequest(), field="requests"),
    "request id inside a batch": Case(
        lambda w: flow_runs.BatchCreateFlowRunsRequest(requests=[create(w, request_id=NOWHERE)]),
        field="requests[0].request_id",
    ),
}

_ANY_ENUM = 99

ENUMS: Mapping[str, Case] = {
    "reported state 99": Case(
        lambda w: report(w, state=state_pb2.State(type=_ANY_ENUM)),  # type: ignore[arg-type]
        reason=UNKNOWN_ENUM,
        field="reports[0].state.type",
        says="99",
    ),
    "reported without a state": Case(lambda w: report(w, state=state_pb2.State()), field="reports[0].state.type"),
    "reported SCHEDULED": Case(
        lambda w: report(w, state=state_pb2.State(type=state_pb2.STATE_TYPE_SCHEDULED)),
        field="reports[0].state.type",
        says="not for holders",
    ),
    "phase 99": Case(
        lambda w: leases.SyncLeasesRequest(
            held=[leases.HeldLease(flow_run_id=w.flow_run_id, token=w.token, phase=_ANY_ENUM)]  # type: ignore[arg-type]
        ),
        reason=UNKNOWN_ENUM,
        field="held[0].phase",
    ),
    "log level 99": Case(
        lambda w: append(w, records=[log_pb2.LogRecord(time=NOW, level=_ANY_ENUM)]),  # type: ignore[arg-type]
        reason=UNKNOWN_ENUM,
        field="records[0].level",
    ),
    "filter by state 99": Case(
        lambda w: flow_runs.ListFlowRunsRequest(filter=flow_runs.FlowRunFilter(state_types=[_ANY_ENUM])),  # type: ignore[list-item]
        reason=UNKNOWN_ENUM,
        field="filter.state_types",
    ),
    "overlap policy 99": Case(
        lambda w: schedule(w, cron=schedule_pb2.CronSpec(expression="@daily"), overlap_policy=_ANY_ENUM),
        reason=UNKNOWN_ENUM,
        field="schedule.overlap_policy",
    ),
    "concurrency policy 99": Case(
        lambda w: deployment(w, concurrency_policy=_ANY_ENUM),
        reason=UNKNOWN_ENUM,
        field="deployment.concurrency_policy",
    ),
}

UPDATES: Mapping[str, Case] = {
    "empty mask": Case(
        lambda w: flow_runs.UpdateFlowRunRequest(flow_run=flow_run_pb2.FlowRun(flow_run_id=w.queued_id)),
        field="update_mask",
    ),
    "mask of what cannot change": Case(
        lambda w: flow_runs.UpdateFlowRunRequest(
            flow_run=flow_run_pb2.FlowRun(flow_run_id=w.queued_id), update_mask=FieldMask(paths=["token"])
        ),
        field="update_mask",
        says="token",
    ),
    "stale etag": Case(
        lambda w: work_pools.UpdateWorkPoolRequest(
            work_pool=work_pool_pb2.WorkPool(name=w.work_pool, paused=True, etag="0"),
            update_mask=FieldMask(paths=["paused"]),
        ),
        ABORTED,
        "ETAG_MISMATCH",
    ),
    "stale etag of a delete": Case(
        lambda w: schedules.DeleteScheduleRequest(schedule_id=w.schedule_id, etag="0"), ABORTED, "ETAG_MISMATCH"
    ),
}

STATES: Mapping[str, Case] = {
    "retry of a running run": Case(
        lambda w: flow_runs.RetryFlowRunRequest(flow_run_id=w.flow_run_id), PRECONDITION, "RUN_NOT_ENDED"
    ),
    "delete of a running run": Case(
        lambda w: flow_runs.DeleteFlowRunRequest(flow_run_id=w.flow_run_id), PRECONDITION, "RUN_NOT_ENDED"
    ),
    "delete of a pool with runs": Case(
        lambda w: work_pools.DeleteWorkPoolRequest(name=w.work_pool), PRECONDITION, "WORK_IN_USE"
    ),
    "delete of the default queue": Case(
        lambda w: work_queues.DeleteWorkQueueRequest(work_pool_name=w.work_pool, name="default"),
        PRECONDITION,
        "DEFAULT_QUEUE",
    ),
    "a second pool of that name": Case(
        lambda w: work_pools.CreateWorkPoolRequest(work_pool=work_pool_pb2.WorkPool(name=w.work_pool)),
        EXISTS,
        "WORK_POOL_ALREADY_EXISTS",
    ),
    "a second deployment of that name": Case(
        lambda w: deployment(w, name=w.deployment), EXISTS, "DEPLOYMENT_ALREADY_EXISTS"
    ),
    "adoption with a stale token": Case(
        lambda w: leases.AdoptLeaseRequest(flow_run_id=w.flow_run_id, token=w.token - 1, adopter_id=NOWHERE),
        PRECONDITION,
        "LEASE_LOST",
    ),
    "adoption with a token to come": Case(
        lambda w: leases.AdoptLeaseRequest(flow_run_id=w.flow_run_id, token=2**63 - 1, adopter_id=NOWHERE),
        PRECONDITION,
        "LEASE_LOST",
    ),
    "child run by a stale token": Case(
        lambda w: create(w, parent=flow_runs.ParentRun(flow_run_id=w.flow_run_id, token=w.token + 1)),
        PRECONDITION,
        "LEASE_LOST",
    ),
    "request id of another body": Case(
        lambda w: create(w, request_id=w.used_request_id, name="another"),
        reason="REQUEST_ID_REUSED",
        field="request_id",
    ),
    "request id of another method": Case(
        lambda w: flow_runs.CancelFlowRunRequest(request_id=w.used_request_id, flow_run_id=w.queued_id),
        reason="REQUEST_ID_REUSED",
        field="request_id",
    ),
}

TOKENS: Mapping[str, Case] = {
    name: Case(
        lambda w, token=token: flow_runs.ListFlowRunsRequest(page_token=token),  # type: ignore[misc]
        reason="FOREIGN_PAGE_TOKEN",
        field="page_token",
    )
    for name, token in {
        "garbage": "garbage",
        "not base64": "!",
        "base64 of nothing known": "bm90aGluZw",
        "JSON of another shape": "eyJhIjoxfQ",
        "NUL": "\x00",
        "ümläut": "ü",
        "10 000 characters": LONG,
    }.items()
}

TABLES: Mapping[str, Mapping[str, Case]] = {
    "unknown": UNKNOWN_IDS,
    "not an id": NOT_IDS,
    "json": JSON,
    "text": TEXTS,
    "number": NUMBERS,
    "enum": ENUMS,
    "schedule": SCHEDULES,
    "update": UPDATES,
    "state": STATES,
    "page token": TOKENS,
}


def all_cases() -> Iterator[tuple[str, Case]]:
    """Every case with its name."""
    for table, cases in TABLES.items():
        for name, case in cases.items():
            yield f"{table}: {name}", case
