"""What is asked of flow runs, and how many there are."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from orch_proto.v1 import flow_run_service_pb2, policy_pb2, state_pb2
from orch_server.application.creation import NewFlowRun, Parent
from orch_server.application.errors import InvalidArgument
from orch_server.application.run_counts import FlowRunCounts, StateCounts
from orch_server.domain.flow_runs import FlowRunFilter, TraceContext
from orch_server.domain.states import StateType
from orch_server.rpc.convert.basics import (
    check_text,
    optional_time,
    parse_enum,
    parse_id,
    parse_json_object,
    parse_optional_id,
    to_timestamp,
)
from orch_server.rpc.convert.policies import to_recovery_policy, to_retry_policy
from orch_server.rpc.convert.tags import to_tags

_LONGEST_NAME = 256
_LONGEST_KEY = 512
_LONGEST_TRACE = 512
_MOST_FILTERS = 100
_MOST_TAGS_IN_FILTER = 10
_MOST_IDS_IN_FILTER = 1000
_BEFORE_ALL_RUNS, _AFTER_ALL_RUNS = datetime(2000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


def to_new_flow_run(
    request: flow_run_service_pb2.CreateFlowRunRequest, *, caller_trace: TraceContext, prefix: str = ""
) -> NewFlowRun:
    """What a create request asks for. `caller_trace` stands in where the request names no trace of its own."""
    target = request.WhichOneof("target")
    if target is None or not (request.flow_name or request.deployment_id):
        text = "is missing. Set flow_name or deployment_id."
        raise InvalidArgument.of(f"{prefix}target", text)
    deployment_id = parse_id(request.deployment_id, f"{prefix}deployment_id") if request.deployment_id else None
    return NewFlowRun(
        flow_name=check_text(request.flow_name, f"{prefix}flow_name", longest=_LONGEST_NAME),
        deployment_id=deployment_id,
        name=check_text(request.name, f"{prefix}name", longest=_LONGEST_NAME),
        parameters=parse_json_object(request.parameters_json, f"{prefix}parameters_json"),
        parameters_text=stored_json(request.parameters_json, f"{prefix}parameters_json"),
        tags=to_tags(request.tags, f"{prefix}tags"),
        idempotency_key=check_text(request.idempotency_key, f"{prefix}idempotency_key", longest=_LONGEST_KEY),
        scheduled_time=optional_time(request, "scheduled_time", prefix),
        work_pool_name=check_text(request.work_pool_name, f"{prefix}work_pool_name", longest=_LONGEST_NAME),
        work_queue_name=check_text(request.work_queue_name, f"{prefix}work_queue_name", longest=_LONGEST_NAME),
        retry_policy=(
            to_retry_policy(request.retry_policy, f"{prefix}retry_policy") if request.HasField("retry_policy") else None
        ),
        recovery_policy=(
            to_recovery_policy(request.recovery_policy, f"{prefix}recovery_policy")
            if request.HasField("recovery_policy")
            else None
        ),
        parent=to_parent(request.parent, prefix) if request.HasField("parent") else None,
        trace=to_trace(request.trace_context, prefix) if request.HasField("trace_context") else caller_trace,
        job_variables=_to_job_variables(request.job_variables_json, prefix),
    )


def stored_json(text: str, field: str) -> str:
    """JSON text as it is kept: byte for byte. JSON itself has no raw NUL, but an escaped one is fine."""
    return check_text(text, field, longest=1 << 20)


def _to_job_variables(text: str, prefix: str) -> str:
    parse_json_object(text, f"{prefix}job_variables_json")
    return text


def to_parent(message: flow_run_service_pb2.ParentRun, prefix: str = "") -> Parent:
    """The run that asks for a child run."""
    return Parent(
        parse_id(message.flow_run_id, f"{prefix}parent.flow_run_id"),
        message.token,
        parse_optional_id(message.task_run_id, f"{prefix}parent.task_run_id"),
    )


def to_trace(message: policy_pb2.TraceContext, prefix: str = "") -> TraceContext:
    """A trace context from the wire."""
    return TraceContext(
        check_text(message.traceparent, f"{prefix}trace_context.traceparent", longest=_LONGEST_TRACE),
        check_text(message.tracestate, f"{prefix}trace_context.tracestate", longest=_LONGEST_TRACE),
    )


def caller_trace(metadata: Iterable[tuple[str, str | bytes]] | None) -> TraceContext:
    """The trace in a call's metadata, per W3C trace context."""
    found = {key: value for key, value in metadata or () if key in {"traceparent", "tracestate"}}
    parent, state = found.get("traceparent", ""), found.get("tracestate", "")
    if not isinstance(parent, str) or not isinstance(state, str) or len(parent) > _LONGEST_TRACE:
        return TraceContext()
    return TraceContext(parent, state if len(state) <= _LONGEST_TRACE else "")


def to_filter(message: flow_run_service_pb2.FlowRunFilter) -> FlowRunFilter:
    """A filter from the wire."""
    _check_count(message.tags, "filter.tags", _MOST_TAGS_IN_FILTER)
    for name in ("flow_names", "deployment_ids", "state_names", "work_pool_names"):
        _check_count(getattr(message, name), f"filter.{name}", _MOST_FILTERS)
    if len(message.flow_run_ids) > _MOST_IDS_IN_FILTER:
        text = f"{len(message.flow_run_ids)} are more than the limit of {_MOST_IDS_IN_FILTER}."
        raise InvalidArgument.of("filter.flow_run_ids", text)
    types = [parse_enum(value, StateType, "filter.state_types") for value in message.state_types]
    if None in types:
        raise InvalidArgument.of("filter.state_types", "STATE_TYPE_UNSPECIFIED cannot be looked for.")
    return FlowRunFilter(
        flow_names=tuple(message.flow_names),
        deployment_ids=tuple(parse_id(text, "filter.deployment_ids") for text in message.deployment_ids),
        state_types=tuple(int(type_) for type_ in types if type_ is not None),
        state_names=tuple(message.state_names),
        tags=tuple(message.tags),
        name_prefix=check_text(message.name_prefix, "filter.name_prefix", longest=_LONGEST_NAME),
        work_pool_names=tuple(message.work_pool_names),
        parent_flow_run_id=parse_optional_id(message.parent_flow_run_id, "filter.parent_flow_run_id"),
        schedule_id=parse_optional_id(message.schedule_id, "filter.schedule_id"),
        create_time_from=_creation_bound(message, "create_time_from"),
        create_time_to=_creation_bound(message, "create_time_to"),
        ids=tuple(parse_id(text, "filter.flow_run_ids") for text in message.flow_run_ids),
    )


def by_scheduled_time(request: flow_run_service_pb2.ListFlowRunsRequest) -> bool:
    """Whether a list is ordered by the time at which its runs may start. InvalidArgument where it cannot be."""
    if request.order not in flow_run_service_pb2.FlowRunOrder.values():
        raise InvalidArgument.of("order", f"{request.order} is not an order known here.", reason="UNKNOWN_ENUM")
    if request.order != flow_run_service_pb2.FLOW_RUN_ORDER_SCHEDULED_TIME:
        return False
    if set(request.filter.state_types) != {state_pb2.STATE_TYPE_SCHEDULED}:
        text = "must be STATE_TYPE_SCHEDULED alone: only runs that have not started can be ordered by scheduled_time."
        raise InvalidArgument.of("filter.state_types", text)
    if request.filter.state_names:
        raise InvalidArgument.of("filter.state_names", "must be empty: it would add runs that have started.")
    return True


def counts_message(found: FlowRunCounts) -> flow_run_service_pb2.CountFlowRunsResponse:
    """How many runs there are, on the wire."""
    return flow_run_service_pb2.CountFlowRunsResponse(
        counts=_state_counts(found.counts),
        total_count=found.total,
        truncated=found.truncated,
        complete_from_time=to_timestamp(found.complete_from),
        buckets=[
            flow_run_service_pb2.FlowRunBucket(
                start_time=to_timestamp(span.start), end_time=to_timestamp(span.end), counts=_state_counts(span.counts)
            )
            for span in found.spans
        ],
    )


def _state_counts(counts: StateCounts) -> list[flow_run_service_pb2.FlowRunCount]:
    return [
        flow_run_service_pb2.FlowRunCount(state_type=state_pb2.StateType.ValueType(state), count=count)
        for state, count in sorted(counts.items())
    ]


def _creation_bound(message: flow_run_service_pb2.FlowRunFilter, name: str) -> datetime | None:
    """A bound that can be reckoned with: no run was created before the first or after the last of these."""
    bound = optional_time(message, name, "filter.")
    return None if bound is None else min(max(bound, _BEFORE_ALL_RUNS), _AFTER_ALL_RUNS)


def _check_count(values: Sequence[str], field: str, most: int) -> None:
    if len(values) > most:
        raise InvalidArgument.of(field, f"{len(values)} are more than the limit of {most}.")
    for value in values:
        check_text(value, field, longest=_LONGEST_KEY)
