"""Flow runs on the wire.

Runs come by the hundred, each inside of an answer. Their messages are written where they belong: one that is made for
itself and handed to another is serialized and parsed again, which takes longer than to write it.
"""

from orch_proto.v1 import flow_run_pb2, flow_run_service_pb2
from orch_server.application.creation import CreatedFlowRun
from orch_server.application.etags import etag_of
from orch_server.domain.flow_runs import FlowRun, TraceContext
from orch_server.domain.runs import RunFacts
from orch_server.rpc.convert.basics import write_time
from orch_server.rpc.convert.policies import recovery_policy_message, retry_policy_message
from orch_server.rpc.convert.states import result_message, write_state


def flow_run_message(run: FlowRun) -> flow_run_pb2.FlowRun:
    """A run on the wire."""
    message = flow_run_pb2.FlowRun()
    write_flow_run(message, run)
    return message


def created_message(created: CreatedFlowRun) -> flow_run_service_pb2.CreateFlowRunResponse:
    """The answer to a create."""
    message = flow_run_service_pb2.CreateFlowRunResponse()
    write_created(message, created)
    return message


def write_created(message: flow_run_service_pb2.CreateFlowRunResponse, created: CreatedFlowRun) -> None:
    """Fill the empty answer to a create."""
    write_flow_run(message.flow_run, created.run)
    message.created = created.created


def write_flow_run(message: flow_run_pb2.FlowRun, run: FlowRun) -> None:
    """Fill an empty message with a run."""
    _write_facts(message, run.facts)
    message.name = run.name
    message.flow_id = str(run.flow_id)
    message.flow_name = run.flow_name
    message.flow_version = run.flow_version
    message.deployment_version = run.deployment_version
    message.deployment_name = run.deployment_name
    message.work_pool_name = run.work_pool_name
    message.work_queue_name = run.work_queue_name
    message.parameters_json = run.parameters
    message.job_variables_json = run.job_variables
    message.idempotency_key = run.idempotency_key
    write_time(message.create_time, run.create_time)
    write_time(message.update_time, run.update_time)
    _write_what_few_have(message, run)
    _write_origin(message, run)


def _write_facts(message: flow_run_pb2.FlowRun, facts: RunFacts) -> None:
    message.flow_run_id = str(facts.id)
    write_state(message.state, facts.state)
    message.attempt = facts.attempt
    message.retries_used = facts.retries_used
    message.crash_restarts_used = facts.crash_restarts_used
    message.token = facts.token
    message.version = facts.version
    message.etag = etag_of(facts.version)
    write_time(message.scheduled_time, facts.scheduled_time)
    if facts.start_time is not None:
        write_time(message.start_time, facts.start_time)
    if facts.end_time is not None:
        write_time(message.end_time, facts.end_time)


def _write_what_few_have(message: flow_run_pb2.FlowRun, run: FlowRun) -> None:
    if run.tags:
        message.tags.extend(run.tags)
    if (retry := retry_policy_message(run.facts.retry_policy)) is not None:
        message.retry_policy.CopyFrom(retry)
    if (recovery := recovery_policy_message(run.facts.recovery_policy)) is not None:
        message.recovery_policy.CopyFrom(recovery)
    if (result := result_message(run.result)) is not None:
        message.result.CopyFrom(result)
    if run.holder is not None:
        message.holder_name = run.holder.name


def _write_origin(message: flow_run_pb2.FlowRun, run: FlowRun) -> None:
    """Who or what asked for the run."""
    if run.deployment_id is not None:
        message.deployment_id = str(run.deployment_id)
    if run.parent_flow_run_id is not None:
        message.parent_flow_run_id = str(run.parent_flow_run_id)
    if run.parent_task_run_id is not None:
        message.parent_task_run_id = str(run.parent_task_run_id)
    if run.schedule_id is not None:
        message.schedule_id = str(run.schedule_id)
    if run.nominal_time is not None:
        write_time(message.nominal_time, run.nominal_time)
    if run.trace.traceparent:
        _write_trace(message, run.trace)


def _write_trace(message: flow_run_pb2.FlowRun, trace: TraceContext) -> None:
    message.trace_context.traceparent = trace.traceparent
    message.trace_context.tracestate = trace.tracestate
