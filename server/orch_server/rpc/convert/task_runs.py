"""Task runs and reports of them."""

from collections.abc import Sequence
from itertools import pairwise
from uuid import UUID

from orch_proto.v1.state_pb2 import StateChange as StateChangeMessage
from orch_proto.v1.task_run_pb2 import TaskRun as TaskRunMessage
from orch_proto.v1.task_run_service_pb2 import ReportTaskRunsRequest
from orch_proto.v1.task_run_service_pb2 import TaskRunReport as TaskRunReportMessage
from orch_server.application.errors import InvalidArgument
from orch_server.application.task_runs import TaskReports
from orch_server.domain.states import StateChange
from orch_server.domain.task_runs import TaskRun, TaskRunReport
from orch_server.rpc.convert.basics import (
    check_text,
    each_of,
    from_timestamp,
    id_text,
    optional_time,
    parse_id,
    parse_optional_id,
    to_timestamp,
)
from orch_server.rpc.convert.states import result_message, state_message, to_result, to_state

MAX_REPORTS = 5000
MAX_NAME_CHARACTERS = 512
_MAX_TAGS = 64
_MAX_TAG_CHARACTERS = 256
_MAX_COUNT = 2**31 - 1


def to_task_reports(request: ReportTaskRunsRequest) -> TaskReports:
    """A holder's news. InvalidArgument names the field."""
    count = len(request.reports)
    if count > MAX_REPORTS:
        text = f"{count} are more than the limit of {MAX_REPORTS}. Report them in several calls."
        raise InvalidArgument.of("reports", text, reason="TOO_MANY_REPORTS")
    run_id, token = parse_id(request.flow_run_id, "flow_run_id"), request.token
    return TaskReports(
        run_id, token, each_of(request.reports, "reports", lambda report: _to_report(report, run_id, token))
    )


def _to_report(message: TaskRunReportMessage, run_id: UUID, token: int) -> TaskRunReport:
    try:
        run = _to_task_run(message.task_run, run_id)
    except InvalidArgument as error:
        raise error.within("task_run.") from None
    changes = each_of(message.changes, "changes", lambda change: _to_change(change, token))
    _check_order(changes, run)
    return TaskRunReport(run, changes)


def _check_order(changes: Sequence[StateChange], run: TaskRun) -> None:
    if not changes:
        return
    if not (changes[0].version >= 1 and changes[-1].version <= run.version):
        raise InvalidArgument.of("changes", f"must have versions from 1 to the task run's, {run.version}.")
    if any(later.version <= earlier.version for earlier, later in pairwise(changes)):
        raise InvalidArgument.of("changes", "must be in the order of their versions, each once.")


def _to_change(message: StateChangeMessage, token: int) -> StateChange:
    if not message.state.HasField("state_time"):
        raise InvalidArgument.of("state.state_time", "is missing.")
    time = from_timestamp(message.state.state_time, "state.state_time")
    return StateChange(message.version, to_state(message.state, time), token)


def _to_task_run(message: TaskRunMessage, run_id: UUID) -> TaskRun:
    if message.flow_run_id and parse_id(message.flow_run_id, "flow_run_id") != run_id:
        raise InvalidArgument.of("flow_run_id", "must be the request's flow_run_id, or empty.")
    if not message.HasField("create_time"):
        raise InvalidArgument.of("create_time", "is missing.")
    create_time = from_timestamp(message.create_time, "create_time")
    upstream = message.upstream_task_run_ids
    return TaskRun(
        id=parse_id(message.task_run_id, "task_run_id"),
        flow_run_id=run_id,
        name=check_text(message.name, "name", longest=MAX_NAME_CHARACTERS),
        task_key=check_text(message.task_key, "task_key", longest=MAX_NAME_CHARACTERS),
        dynamic_key=check_text(message.dynamic_key, "dynamic_key", longest=MAX_NAME_CHARACTERS),
        state=to_state(message.state, optional_time(message.state, "state_time", "state.") or create_time),
        attempt=_counted(message.attempt, "attempt", least=0),
        tags=_to_tags(message.tags, "tags") if message.tags else (),
        upstream_task_run_ids=tuple(parse_id(each, "upstream_task_run_ids") for each in upstream) if upstream else (),
        cache_key=check_text(message.cache_key, "cache_key", longest=MAX_NAME_CHARACTERS),
        result=to_result(message.result, "result") if message.HasField("result") else None,
        child_flow_run_id=parse_optional_id(message.child_flow_run_id, "child_flow_run_id"),
        create_time=create_time,
        start_time=optional_time(message, "start_time"),
        end_time=optional_time(message, "end_time"),
        version=_counted(message.version, "version", least=1),
    )


def _counted(number: int, field: str, *, least: int) -> int:
    if not least <= number <= _MAX_COUNT:
        raise InvalidArgument.of(field, f"{number} is not between {least} and {_MAX_COUNT}.")
    return number


def _to_tags(tags: Sequence[str], field: str) -> tuple[str, ...]:
    if len(tags) > _MAX_TAGS:
        raise InvalidArgument.of(field, f"{len(tags)} are more than the limit of {_MAX_TAGS}.")
    return tuple(sorted({check_text(tag, field, longest=_MAX_TAG_CHARACTERS, required=True) for tag in tags}))


def task_run_message(run: TaskRun) -> TaskRunMessage:
    """A task run on the wire."""
    return TaskRunMessage(
        task_run_id=str(run.id),
        flow_run_id=str(run.flow_run_id),
        name=run.name,
        task_key=run.task_key,
        dynamic_key=run.dynamic_key,
        state=state_message(run.state),
        attempt=run.attempt,
        tags=run.tags,
        upstream_task_run_ids=map(str, run.upstream_task_run_ids),
        cache_key=run.cache_key,
        result=result_message(run.result),
        child_flow_run_id=id_text(run.child_flow_run_id),
        create_time=to_timestamp(run.create_time),
        start_time=to_timestamp(run.start_time),
        end_time=to_timestamp(run.end_time),
        version=run.version,
        superseded=run.superseded,
    )
