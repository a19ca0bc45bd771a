"""Requests about deployments, their parameters and schedules, and workers' protocols that are refused."""

from collections.abc import Iterator, Mapping

from google.protobuf.timestamp_pb2 import Timestamp

from orch_proto.v1 import deployment_service_pb2 as deployments
from orch_proto.v1 import flow_run_service_pb2 as flow_runs
from orch_proto.v1 import schedule_pb2
from orch_proto.v1 import schedule_service_pb2 as schedules
from orch_proto.v1 import worker_service_pb2 as workers
from tests.rpc.bad_input.building import (
    NOT_FOUND,
    NOWHERE,
    PRECONDITION,
    UNKNOWN_ENUM,
    WRONG_FIELD,
    Case,
    deployment,
    schedule,
)
from tests.rpc.bad_input.world import NOW, World

UNFIT = "PARAMETERS_INVALID"
LATER = Timestamp(seconds=NOW.seconds + 10 * 365 * 86400)


def run(world: World, parameters: str) -> flow_runs.CreateFlowRunRequest:
    """A run of the world's deployment, whose schema wants a whole number as its day."""
    return flow_runs.CreateFlowRunRequest(deployment_id=world.deployment_id, parameters_json=parameters)


def backfill(world: World, **fields: object) -> schedules.BackfillScheduleRequest:
    """A backfill of the world's schedule, but for the fields given."""
    known: dict[str, object] = {"schedule_id": world.schedule_id, "from_time": Timestamp(seconds=1)}
    return schedules.BackfillScheduleRequest(**known | fields)  # type: ignore[arg-type]


PARAMETERS: Mapping[str, Case] = {
    "of a run": Case(
        lambda w: run(w, '{"day": "monday"}'), reason=UNFIT, field="parameters_json.day", says="must be a whole number"
    ),
    "of one run of many": Case(
        lambda w: flow_runs.BatchCreateFlowRunsRequest(requests=[run(w, '{"day": 1}'), run(w, '{"day": null}')]),
        reason=UNFIT,
        field="requests[1].parameters_json.day",
    ),
    "of a schedule": Case(
        lambda w: schedule(w, cron=schedule_pb2.CronSpec(expression="@daily"), parameters_json='{"day": 1.5}'),
        reason=UNFIT,
        field="schedule.parameters_json.day",
    ),
    "of a deployment": Case(
        lambda w: deployment(
            w, name="new", parameters_json='{"day": []}', parameter_schema_json='{"properties": {"day": {"const": 1}}}'
        ),
        reason=UNFIT,
        field="deployment.parameters_json.day",
    ),
    "a schema that is none": Case(
        lambda w: deployment(w, name="new", parameter_schema_json='{"properties": {"day": {"type": "day"}}}'),
        reason=WRONG_FIELD,
        field="deployment.parameter_schema_json.properties.day.type",
    ),
    "a schema that lies elsewhere": Case(
        lambda w: deployment(w, name="new", parameter_schema_json='{"$ref": "http://127.0.0.1:1/schema"}'),
        field="deployment.parameter_schema_json",
        says="must stay within the schema",
    ),
    "a schema that refers to itself": Case(
        lambda w: deployment(w, name="new", parameter_schema_json='{"$ref": "#"}'),
        field="deployment.parameter_schema_json",
        says="without end",
    ),
}

BACKFILLS: Mapping[str, Case] = {
    "of nothing": Case(lambda w: backfill(w, schedule_id=NOWHERE), NOT_FOUND, "SCHEDULE_NOT_FOUND"),
    "of no id": Case(lambda w: backfill(w, schedule_id="nightly"), field="schedule_id"),
    "from no time": Case(lambda w: schedules.BackfillScheduleRequest(schedule_id=w.schedule_id), field="from_time"),
    "from the future": Case(lambda w: backfill(w, from_time=LATER), field="from_time", says="future"),
    "until before it begins": Case(lambda w: backfill(w, until_time=Timestamp()), field="until_time"),
    "of 1001": Case(lambda w: backfill(w, max_runs=1001), field="max_runs"),
    "of fewer than none": Case(lambda w: backfill(w, max_runs=-1), field="max_runs"),
    "that skips": Case(lambda w: backfill(w, overlap_policy=2), field="overlap_policy"),
    "of an unknown policy": Case(lambda w: backfill(w, overlap_policy=99), reason=UNKNOWN_ENUM, field="overlap_policy"),
}

PROTOCOLS: Mapping[str, Case] = {
    "of the future": Case(
        lambda w: workers.OpenSessionRequest(worker_name="w", work_pool_name=w.work_pool, protocol_version=99),
        PRECONDITION,
        "PROTOCOL_VERSION",
        says="speaks version 99",
    ),
    "below any": Case(
        lambda w: workers.OpenSessionRequest(worker_name="w", work_pool_name=w.work_pool, protocol_version=-1),
        field="protocol_version",
    ),
}

RERUNS: Mapping[str, Case] = {
    "from no id": Case(
        lambda w: flow_runs.RetryFlowRunRequest(flow_run_id=w.failed_id, from_task_run_id="extract"),
        field="from_task_run_id",
    ),
}

VERSIONS: Mapping[str, Case] = {
    "of nothing": Case(
        lambda w: deployments.ListDeploymentVersionsRequest(deployment_id=NOWHERE), NOT_FOUND, "DEPLOYMENT_NOT_FOUND"
    ),
}

_TABLES = {
    "parameters": PARAMETERS,
    "backfill": BACKFILLS,
    "protocol": PROTOCOLS,
    "rerun": RERUNS,
    "versions": VERSIONS,
}


def deployment_cases() -> Iterator[tuple[str, Case]]:
    """Every case with its name."""
    for table, cases in _TABLES.items():
        for name, case in cases.items():
            yield f"{table}: {name}", case
