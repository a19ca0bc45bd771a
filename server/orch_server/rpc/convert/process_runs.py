"""Runs that processes start and take up again themselves."""

from datetime import timedelta
from uuid import UUID

from orch_proto.v1 import lease_service_pb2
from orch_server.application.errors import InvalidArgument
from orch_server.application.resuming import Resumption
from orch_server.application.starting import NewProcessRun
from orch_server.domain.flow_runs import TraceContext
from orch_server.domain.leases import DEFAULT_TTL, MAX_TTL, MIN_TTL, ProcessHolder
from orch_server.domain.policies import NO_RECOVERY
from orch_server.rpc.convert.ages import to_age
from orch_server.rpc.convert.basics import check_text, from_duration, parse_id, parse_json_object
from orch_server.rpc.convert.flow_runs import stored_json, to_parent, to_trace
from orch_server.rpc.convert.names import LONGEST_NAME
from orch_server.rpc.convert.policies import to_recovery_policy
from orch_server.rpc.convert.tags import to_tags

LONGEST_VERSION = 256
LONGEST_HOLDER_NAME = 512


def to_new_process_run(request: lease_service_pb2.StartFlowRunRequest, *, caller_trace: TraceContext) -> NewProcessRun:
    """What a process that begins a run says of it. `caller_trace` stands in where it names no trace of its own."""
    parse_json_object(request.parameters_json, "parameters_json")
    recovery = request.HasField("recovery_policy")
    return NewProcessRun(
        flow_run_id=_to_run_id(request.flow_run_id),
        flow_name=check_text(request.flow_name, "flow_name", longest=LONGEST_NAME, required=True),
        name=check_text(request.name, "name", longest=LONGEST_NAME),
        parameters=stored_json(request.parameters_json, "parameters_json") or "{}",
        tags=to_tags(request.tags, "tags"),
        recovery_policy=to_recovery_policy(request.recovery_policy, "recovery_policy") if recovery else NO_RECOVERY,
        parent=to_parent(request.parent) if request.HasField("parent") else None,
        trace=to_trace(request.trace_context) if request.HasField("trace_context") else caller_trace,
        flow_version=check_text(request.flow_version, "flow_version", longest=LONGEST_VERSION),
        holder=_to_holder(request),
        age=to_age(request.age, "age"),
    )


def to_resumption(request: lease_service_pb2.ResumeFlowRunRequest) -> Resumption:
    """What a process that takes a run up again says."""
    return Resumption(
        flow_run_id=parse_id(request.flow_run_id, "flow_run_id"),
        expected_token=request.expected_token,
        holder=_to_holder(request),
        flow_version=check_text(request.flow_version, "flow_version", longest=LONGEST_VERSION),
        take_over=request.take_over,
    )


def _to_run_id(text: str) -> UUID:
    run_id = parse_id(text, "flow_run_id")
    if run_id.version != 7:
        raise InvalidArgument.of("flow_run_id", "must be a UUID of version 7 (RFC 9562): runs are listed by their ids.")
    return run_id


def _to_holder(
    request: lease_service_pb2.StartFlowRunRequest | lease_service_pb2.ResumeFlowRunRequest,
) -> ProcessHolder:
    ttl = from_duration(request.lease_ttl, "lease_ttl") if request.HasField("lease_ttl") else DEFAULT_TTL
    if not MIN_TTL <= ttl <= MAX_TTL:
        raise InvalidArgument.of("lease_ttl", f"{ttl.total_seconds():g} s are not from 1 s to 1 h.")
    return ProcessHolder(
        id=parse_id(request.holder_id, "holder_id"),
        name=check_text(request.holder_name, "holder_name", longest=LONGEST_HOLDER_NAME),
        lease_ttl=timedelta(milliseconds=ttl // timedelta(milliseconds=1)),
    )
