"""What an adopted lease says of its run: the control plane knows more of it than this process was told."""

from orch.recording.records import Grant, Verdict
from orch.recording.tracking import TrackedRun
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.state_pb2 import StateType


def adopted(tracked: TrackedRun, run: FlowRun, *, adopter_id: str) -> None:
    """Write it into the run's record. Done before whoever waits for the grant is answered."""
    record = tracked.record
    recovery = run.recovery_policy
    record.adopter_id = adopter_id
    record.name, record.flow_name = run.name or record.name, run.flow_name or record.flow_name
    tracked.told_name = record.name
    record.flow_version = run.flow_version
    record.tags = tuple(run.tags)
    record.durable = recovery.durable
    record.crash_restarts = recovery.crash_restarts
    record.exclusive = recovery.exclusive
    # The engine counts the attempt that begins now, as the control plane does once it runs.
    record.attempt = run.attempt if run.state.type == StateType.STATE_TYPE_PENDING else max(run.attempt - 1, 0)
    record.traceparent = record.traceparent or run.trace_context.traceparent
    record.grant = _grant(run)
    if run.state.type == StateType.STATE_TYPE_CANCELLING:
        tracked.tell(Verdict.CANCEL, run.state.message)


def _grant(run: FlowRun) -> Grant:
    planned = run.nominal_time if run.HasField("nominal_time") else run.scheduled_time
    return Grant(
        flow_run_id=run.flow_run_id,
        parameters_json=run.parameters_json,
        deployment_id=run.deployment_id,
        deployment_name=run.deployment_name,
        deployment_version=run.deployment_version,
        work_pool_name=run.work_pool_name,
        work_queue_name=run.work_queue_name,
        parent_flow_run_id=run.parent_flow_run_id,
        scheduled_ns=planned.ToNanoseconds(),
    )
