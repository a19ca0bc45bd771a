"""The task run that stands for a subflow in its parent."""

from typing import Any

from orch.recording.records import FlowRunRecord, TaskRunRecord
from orch.states import State


def mirrored(tracking: TaskRunRecord, run: FlowRunRecord, state: State[Any]) -> State[Any]:
    """Take the task run to where its flow run is. Returns the state that it is in now."""
    found: State[Any] = State(state.type, state.name, state.message, timestamp_ns=state.timestamp_ns)
    found.run_id = tracking.id
    tracking.child_flow_run_id = run.id
    tracking.version += 1
    if not tracking.start_ns:
        tracking.start_ns, tracking.attempt = state.timestamp_ns, tracking.attempt + 1
    if state.is_final():
        tracking.end_ns = state.timestamp_ns
    tracking.state = found
    return found
