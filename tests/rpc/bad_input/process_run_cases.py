"""What is refused of those who start runs, or take them up again, without a worker: a part of `cases.py`'s table."""

from collections.abc import Iterator, Mapping

from google.protobuf.duration_pb2 import Duration

from orch_proto.v1 import flow_run_service_pb2 as flow_runs
from orch_proto.v1 import lease_service_pb2 as leases
from orch_proto.v1 import policy_pb2
from tests.rpc.bad_input.building import EXISTS, LONG, NOT_FOUND, NOWHERE, PRECONDITION, Case, nested
from tests.rpc.bad_input.world import World, new_run_id

LATER_AGES = "ffffffff-ffff-7fff-bfff-ffffffffffff"
LONG_AGO = "00000000-0000-7000-8000-000000000001"


def start(world: World, **fields: object) -> leases.StartFlowRunRequest:
    """A run that the world's process begins, but for the fields given."""
    known = {"flow_run_id": new_run_id(), "flow_name": world.flow, "holder_id": world.holder_id}
    return leases.StartFlowRunRequest(**known | fields)  # type: ignore[arg-type]


def resume(world: World, **fields: object) -> leases.ResumeFlowRunRequest:
    """The world's failed run, taken up again by another process, but for the fields given."""
    known = {"flow_run_id": world.failed_id, "expected_token": 1, "holder_id": NOWHERE}
    return leases.ResumeFlowRunRequest(**known | fields)  # type: ignore[arg-type]


STARTS: Mapping[str, Case] = {
    "no id": Case(lambda w: start(w, flow_run_id=""), field="flow_run_id", says="is missing"),
    "id that is none": Case(lambda w: start(w, flow_run_id="mine"), field="flow_run_id"),
    "id of version 4": Case(
        lambda w: start(w, flow_run_id="b5f7a9a8-6f0c-4b52-9d3e-0d4f3f6a1c11"), field="flow_run_id", says="version 7"
    ),
    "id of 1970": Case(lambda w: start(w, flow_run_id=LONG_AGO), field="flow_run_id", says="1970-01-01"),
    "id of later ages": Case(lambda w: start(w, flow_run_id=LATER_AGES), field="flow_run_id", says="9999"),
    "id of a queued run": Case(
        lambda w: start(w, flow_run_id=w.queued_id), EXISTS, "FLOW_RUN_ALREADY_EXISTS", says="ResumeFlowRun"
    ),
    "id of another process's run": Case(
        lambda w: start(w, flow_run_id=w.started_id, holder_id=NOWHERE), EXISTS, "FLOW_RUN_ALREADY_EXISTS"
    ),
    "again after the end": Case(lambda w: start(w, flow_run_id=w.completed_id), PRECONDITION, "RUN_ENDED"),
    "no flow": Case(lambda w: start(w, flow_name=""), field="flow_name", says="is missing"),
    "flow with NUL": Case(lambda w: start(w, flow_name="a\x00b"), field="flow_name"),
    "name of 10 000": Case(lambda w: start(w, name=LONG), field="name"),
    "parameters that are no JSON": Case(lambda w: start(w, parameters_json="{"), field="parameters_json"),
    "parameters 201 deep": Case(lambda w: start(w, parameters_json=nested(201)), field="parameters_json"),
    "parameters too large": Case(
        lambda w: start(w, parameters_json='{"x": "' + "a" * 512 * 1024 + '"}'),
        reason="PARAMETERS_TOO_LARGE",
        field="parameters_json",
    ),
    "65 tags": Case(lambda w: start(w, tags=map(str, range(65))), field="tags"),
    "version of 10 000": Case(lambda w: start(w, flow_version=LONG), field="flow_version"),
    "no holder": Case(lambda w: start(w, holder_id=""), field="holder_id", says="is missing"),
    "holder that is no id": Case(lambda w: start(w, holder_id="pid 7"), field="holder_id"),
    "holder's name of 10 000": Case(lambda w: start(w, holder_name=LONG), field="holder_name"),
    "holder's name with NUL": Case(lambda w: start(w, holder_name="\x00"), field="holder_name"),
    "lease of 0 s": Case(lambda w: start(w, lease_ttl=Duration()), field="lease_ttl", says="1 s to 1 h"),
    "lease of a day": Case(lambda w: start(w, lease_ttl=Duration(seconds=86400)), field="lease_ttl"),
    "lease of -1 s": Case(lambda w: start(w, lease_ttl=Duration(seconds=-1)), field="lease_ttl"),
    "age of 8 days": Case(lambda w: start(w, age=Duration(seconds=8 * 86400)), field="age", says="7 days"),
    "age of -1 s": Case(lambda w: start(w, age=Duration(seconds=-1)), field="age"),
    "restarts 1001": Case(
        lambda w: start(w, recovery_policy=policy_pb2.RecoveryPolicy(crash_restarts=1001)),
        field="recovery_policy.crash_restarts",
    ),
    "trace of 10 000": Case(
        lambda w: start(w, trace_context=policy_pb2.TraceContext(traceparent=LONG)), field="trace_context.traceparent"
    ),
    "request id that is none": Case(lambda w: start(w, request_id="again"), field="request_id"),
    "request id of another method": Case(
        lambda w: start(w, request_id=w.used_request_id), reason="REQUEST_ID_REUSED", field="request_id"
    ),
    "parent that is no id": Case(
        lambda w: start(w, parent=flow_runs.ParentRun(flow_run_id="me", token=1)), field="parent.flow_run_id"
    ),
    "parent unknown": Case(
        lambda w: start(w, parent=flow_runs.ParentRun(flow_run_id=NOWHERE, token=1)), NOT_FOUND, "FLOW_RUN_NOT_FOUND"
    ),
    "parent by a stale token": Case(
        lambda w: start(w, parent=flow_runs.ParentRun(flow_run_id=w.flow_run_id, token=w.token + 1)),
        PRECONDITION,
        "LEASE_LOST",
    ),
    "parent that has ended": Case(
        lambda w: start(w, parent=flow_runs.ParentRun(flow_run_id=w.completed_id, token=1)), PRECONDITION, "LEASE_LOST"
    ),
}

RESUMPTIONS: Mapping[str, Case] = {
    "no id": Case(lambda w: resume(w, flow_run_id=""), field="flow_run_id", says="is missing"),
    "unknown": Case(lambda w: resume(w, flow_run_id=NOWHERE), NOT_FOUND, "FLOW_RUN_NOT_FOUND"),
    "run of a pool": Case(
        lambda w: resume(w, flow_run_id=w.flow_run_id, expected_token=w.token, take_over=True),
        PRECONDITION,
        "POOL_RUN",
        says="RetryFlowRun",
    ),
    "queued run of a pool": Case(lambda w: resume(w, flow_run_id=w.queued_id), PRECONDITION, "POOL_RUN"),
    "run that is held": Case(lambda w: resume(w, flow_run_id=w.started_id), PRECONDITION, "RUN_HELD", says="take_over"),
    "completed run": Case(lambda w: resume(w, flow_run_id=w.completed_id, take_over=True), PRECONDITION, "RUN_ENDED"),
    "older token": Case(lambda w: resume(w, expected_token=0), PRECONDITION, "LEASE_LOST"),
    "token to come": Case(lambda w: resume(w, expected_token=2**63 - 1), PRECONDITION, "LEASE_LOST"),
    "token below all": Case(lambda w: resume(w, expected_token=-(2**63)), PRECONDITION, "LEASE_LOST"),
    "no holder": Case(lambda w: resume(w, holder_id=""), field="holder_id", says="is missing"),
    "holder's name of 10 000": Case(lambda w: resume(w, holder_name=LONG), field="holder_name"),
    "lease of 0 s": Case(lambda w: resume(w, lease_ttl=Duration()), field="lease_ttl"),
    "lease of a day": Case(lambda w: resume(w, lease_ttl=Duration(seconds=86400)), field="lease_ttl"),
    "version with NUL": Case(lambda w: resume(w, flow_version="\x00"), field="flow_version"),
    "request id of another method": Case(
        lambda w: resume(w, request_id=w.used_request_id), reason="REQUEST_ID_REUSED", field="request_id"
    ),
    "a retry": Case(
        lambda w: flow_runs.RetryFlowRunRequest(flow_run_id=w.failed_id),
        PRECONDITION,
        "RUN_HAS_NO_POOL",
        says="ResumeFlowRun",
    ),
    "leases of no run": Case(lambda w: leases.ListLeasesRequest(flow_run_id="latest"), field="flow_run_id"),
}


def process_run_cases() -> Iterator[tuple[str, Case]]:
    """Every case with its name."""
    for table, cases in (("start", STARTS), ("resume", RESUMPTIONS)):
        for name, case in cases.items():
            yield f"{table}: {name}", case
