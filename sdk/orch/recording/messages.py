"""Runs, task runs and lines as the contract's messages.

Messages are made from nested dicts: protobuf fills them in one go, which takes a third of the time that nested messages
take. What the contract does not take (NUL, lone surrogates, texts that are too long) is mended here: one odd name must
not cost the record of a run.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from orch.recording.records import LogLine, TaskRunRecord
from orch.recording.tracking import TrackedRun
from orch.states import TERMINAL, State, StateType
from orch_proto.v1.flow_run_service_pb2 import UpdateFlowRunRequest
from orch_proto.v1.lease_service_pb2 import AdoptLeaseRequest, ResumeFlowRunRequest, StartFlowRunRequest
from orch_proto.v1.state_pb2 import StateType as WireStateType

if TYPE_CHECKING:
    from orch.results.stored import StoredResult

Fields: TypeAlias = dict[str, Any]
"""A message's fields, by name; messages within it are such dicts, too."""

LONGEST_NAME = 512
LONGEST_RUN_NAME = 256
LONGEST_STATE_NAME = 64
LONGEST_TEXT = 65_536
LONGEST_LINE_BYTES = 256 * 1024
MOST_TAGS = 64
LONGEST_TAG = 256
_NANOSECONDS = 1_000_000_000
_CUT = "… (cut)"

_STATE_TYPES: Mapping[StateType, int] = {each: WireStateType.Value(f"STATE_TYPE_{each.value}") for each in StateType}
# A flow run that waits for its next try, or is stopping, still is this process's: for the control plane it runs.
_REPORTABLE = {
    **_STATE_TYPES,
    StateType.SCHEDULED: _STATE_TYPES[StateType.RUNNING],
    StateType.CANCELLING: _STATE_TYPES[StateType.RUNNING],
}
_LEVELS = (50, 40, 30, 20, 10)


def clean(text: str, longest: int) -> str:
    """A text that the contract takes: of valid characters, without NUL, cut where it is too long."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    if "\x00" in text:
        text = text.replace("\x00", "�")
    return text if len(text) <= longest else text[: longest - len(_CUT)] + _CUT


def timestamp(time_ns: int) -> Fields:
    """A moment in nanoseconds since 1970."""
    seconds, nanos = divmod(time_ns, _NANOSECONDS)
    return {"seconds": seconds, "nanos": nanos}


def duration(seconds: float) -> Fields:
    """A span, not negative."""
    whole, nanos = divmod(round(max(seconds, 0.0) * _NANOSECONDS), _NANOSECONDS)
    return {"seconds": whole, "nanos": nanos}


def state_fields(state: State[Any]) -> Fields:
    """A state of a task run."""
    fields: Fields = {"type": _STATE_TYPES[state.type], "state_time": timestamp(state.timestamp_ns)}
    if state.name:
        fields["name"] = clean(state.name, LONGEST_STATE_NAME)
    if state.message:
        fields["message"] = clean(state.message, LONGEST_TEXT)
    if isinstance(state.data, BaseException):
        fields["failure"] = failure_fields(state.data)
    return fields


def failure_fields(error: BaseException) -> Fields:
    """An exception of user code, as data."""
    from orch.tracebacks import user_traceback

    try:
        text = str(error)
        stack = user_traceback(error)
    except Exception as fault:
        text, stack = f"(its text cannot be had: {type(fault).__name__})", ""
    # The end of a stack is where the fault is.
    stack = stack if len(stack) <= LONGEST_TEXT else "(cut) …" + stack[len("(cut) …") - LONGEST_TEXT :]
    return {
        "type": clean(type(error).__name__, LONGEST_NAME),
        "message": clean(text, LONGEST_TEXT),
        "stack_trace": clean(stack, LONGEST_TEXT),
    }


def result_fields(result: "StoredResult") -> Fields:
    """What a run returned: in place, or where it lies."""
    fields: Fields = {"media_type": result.media_type, "size_bytes": result.size_bytes}
    if result.uri:
        fields["uri"] = result.uri
    else:
        fields["data"] = result.data or b""
    return fields


def task_run_fields(task: TaskRunRecord, state: State[Any], *, version: int, attempt: int) -> Fields:
    """A task run as it was when it had entered `state`."""
    fields: Fields = {
        "task_run_id": task.id,
        "name": clean(task.name, LONGEST_NAME),
        "task_key": clean(task.task_key, LONGEST_NAME),
        "dynamic_key": clean(task.dynamic_key, LONGEST_NAME),
        "state": state_fields(state),
        "attempt": attempt,
        "version": version,
        "create_time": timestamp(task.create_ns or state.timestamp_ns),
    }
    if task.start_ns:
        fields["start_time"] = timestamp(task.start_ns)
    if task.tags:
        fields["tags"] = tag_texts(task.tags)
    if task.upstream_ids:
        fields["upstream_task_run_ids"] = task.upstream_ids
    if task.cache_key:
        fields["cache_key"] = clean(task.cache_key, LONGEST_NAME)
    if task.child_flow_run_id:
        fields["child_flow_run_id"] = task.child_flow_run_id
    # The record may be ahead of the news: what belongs to an end is told with the end.
    if state.type in TERMINAL:
        fields["end_time"] = timestamp(task.end_ns or state.timestamp_ns)
        if task.result is not None:
            fields["result"] = result_fields(task.result)
    return fields


def task_report_fields(
    task: TaskRunRecord, changes: Iterable[tuple[int, State[Any]]], *, state: State[Any], version: int, attempt: int
) -> Fields:
    """News of a task run: as it is now, and the states since the last report."""
    run = task_run_fields(task, state, version=version, attempt=attempt)
    newest = run["state"]
    listed = [{"version": number, "state": newest if each is state else state_fields(each)} for number, each in changes]
    return {"task_run": run, "changes": listed}


def run_report_fields(run: TrackedRun, state: State[Any], result: "StoredResult | None") -> Fields:
    """A state of a flow run, as the next report under its token."""
    fields: Fields = {
        "flow_run_id": run.key.flow_run_id,
        "token": run.key.token,
        "sequence": run.sequence,
        "state": state_fields(state) | {"type": _REPORTABLE[state.type]},
    }
    if result is not None and state.type is StateType.COMPLETED:
        fields["result"] = result_fields(result)
    return fields


def log_record_fields(line: LogLine) -> Fields:
    """A line of a log."""
    message = line.message
    # No character takes more than 4 bytes.
    if len(message) * 4 > LONGEST_LINE_BYTES or not message.isascii():
        message = _cut_bytes(message)
    fields: Fields = {
        "time": timestamp(line.time_ns),
        "level": next((each for each in _LEVELS if line.level >= each), 10),
        "logger": clean(line.logger, LONGEST_NAME),
        "message": message,
    }
    if line.task_run_id:
        fields["task_run_id"] = line.task_run_id
    if line.trace_id:
        fields["trace_id"] = line.trace_id
    if line.span_id:
        fields["span_id"] = line.span_id
    return fields


def _cut_bytes(text: str) -> str:
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= LONGEST_LINE_BYTES:
        return encoded.decode("utf-8")
    room = LONGEST_LINE_BYTES - len(_CUT.encode())
    return encoded[:room].decode("utf-8", "ignore") + _CUT


def tag_texts(tags: Iterable[str]) -> list[str]:
    """Tags as the contract takes them."""
    return [clean(tag, LONGEST_TAG) for tag in tags if tag][:MOST_TAGS]


def start_request(
    run: TrackedRun, *, parent: TrackedRun | None, holder_id: str, holder_name: str, ttl_seconds: float
) -> StartFlowRunRequest:
    """Starts a run. Its age is added when the request is sent."""
    record = run.record
    fields: Fields = {
        "flow_run_id": record.id,
        "flow_name": clean(record.flow_name, LONGEST_RUN_NAME),
        "name": clean(record.name, LONGEST_RUN_NAME),
        "parameters_json": record.parameters_json,
        "tags": tag_texts(record.tags),
        "recovery_policy": {
            "durable": record.durable,
            "crash_restarts": record.crash_restarts,
            "exclusive": record.exclusive,
        },
        "flow_version": clean(record.flow_version, LONGEST_TAG),
        "holder_id": holder_id,
        "holder_name": holder_name,
        "lease_ttl": duration(ttl_seconds),
    }
    if record.traceparent:
        fields["trace_context"] = {"traceparent": record.traceparent}
    if parent is not None:
        fields["parent"] = {
            "flow_run_id": parent.key.flow_run_id,
            "token": parent.key.token,
            "task_run_id": record.parent_task_run_id,
        }
    return StartFlowRunRequest(**fields)


def resume_request(run: TrackedRun, *, holder_id: str, holder_name: str, ttl_seconds: float) -> ResumeFlowRunRequest:
    """Takes a run up again."""
    assert run.record.resume_from is not None
    return ResumeFlowRunRequest(
        flow_run_id=run.key.flow_run_id,
        expected_token=run.record.resume_from.token,
        take_over=run.record.resume_from.take_over,
        flow_version=clean(run.record.flow_version, LONGEST_TAG),
        holder_id=holder_id,
        holder_name=holder_name,
        lease_ttl=duration(ttl_seconds),  # type: ignore[arg-type]
    )


def name_request(run: TrackedRun) -> UpdateFlowRunRequest:
    """Tells a run's name, where it got it after it began."""
    return UpdateFlowRunRequest(
        flow_run={"flow_run_id": run.key.flow_run_id, "name": clean(run.record.name, LONGEST_RUN_NAME)},  # type: ignore[arg-type]
        update_mask={"paths": ["name"]},  # type: ignore[arg-type]
    )


def adopt_request(run: TrackedRun, *, holder_id: str) -> AdoptLeaseRequest:
    """Takes a worker's place as the holder."""
    return AdoptLeaseRequest(flow_run_id=run.key.flow_run_id, token=run.key.token, adopter_id=holder_id)
