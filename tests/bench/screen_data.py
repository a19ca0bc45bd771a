"""A run as large as they come, for the screen to show: 10 000 task runs that wait for each other, a million lines."""

from collections.abc import Iterator
from time import time_ns
from uuid import UUID, uuid4

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from orch_proto.v1.lease_pb2 import Lease
from orch_proto.v1.lease_service_pb2 import ReportRunsRequest, RunReport, StartFlowRunRequest
from orch_proto.v1.log_pb2 import LogLevel, LogRecord
from orch_proto.v1.state_pb2 import State, StateChange, StateType
from orch_proto.v1.task_run_pb2 import TaskRun
from orch_proto.v1.task_run_service_pb2 import ReportTaskRunsRequest, TaskRunReport
from tests.bench.api import Api
from tests.bench.ids import time_ordered_id
from tests.bench.logs import Writer

TASKS = 10_000
LINES = 1_000_000
WAVE = 50
"""Task runs side by side; each waits for two of the wave before."""
FAILED_EVERY = 400
FOUND_TEXT = "checkpoint"
FOUND_EVERY = 1000
"""One line in so many has the text that is searched for, and is an error."""
_TASK_BATCH = 1000
_LINE_BATCH = 10_000
_WAVE_MS = 200
_BEGIN_NS = time_ns() - TASKS // WAVE * _WAVE_MS * 1_000_000


async def fill_large_run(api: Api) -> str:
    """Report it through the API, as its own process would. Answers with its id."""
    request = StartFlowRunRequest(flow_run_id=str(time_ordered_id()), flow_name="numbers", name="many-numbers")
    request.holder_id, request.holder_name = str(uuid4()), "bench"
    request.lease_ttl.CopyFrom(Duration(seconds=600))
    lease = (await api.leases.StartFlowRun(request)).lease
    ids = [str(_task_run_id(number)) for number in range(TASKS)]
    for first in range(0, TASKS, _TASK_BATCH):
        reports = [_report(number, lease.flow_run_id, ids) for number in range(first, first + _TASK_BATCH)]
        await api.task_runs.ReportTaskRuns(
            ReportTaskRunsRequest(flow_run_id=lease.flow_run_id, token=lease.token, reports=reports)
        )
    writer = Writer(api, lease)
    for records in _lines(ids):
        await writer.send(writer.request(records))
    await _end(api, lease)
    return lease.flow_run_id


async def _end(api: Api, lease: Lease) -> None:
    ended = State(type=StateType.STATE_TYPE_COMPLETED)
    report = RunReport(flow_run_id=lease.flow_run_id, token=lease.token, sequence=1, state=ended)
    await api.leases.ReportRuns(ReportRunsRequest(reports=[report]))


def _task_run_id(number: int) -> UUID:
    return UUID(int=(_BEGIN_NS // 1_000_000 + number) << 80 | 0x7 << 76 | 0x8 << 60 | number)


def _moment(milliseconds: float) -> Timestamp:
    """So long after the run began."""
    found = Timestamp()
    found.FromNanoseconds(_BEGIN_NS + int(milliseconds * 1_000_000))
    return found


def _report(number: int, flow_run_id: str, ids: list[str]) -> TaskRunReport:
    wave, place = divmod(number, WAVE)
    start, length = wave * _WAVE_MS + place, _WAVE_MS - 20 - number % 30
    failed = number % FAILED_EVERY == FAILED_EVERY - 1
    state = State(
        type=StateType.STATE_TYPE_FAILED if failed else StateType.STATE_TYPE_COMPLETED,
        state_time=_moment(start + length),
    )
    before = (wave - 1) * WAVE
    task = TaskRun(
        task_run_id=ids[number],
        flow_run_id=flow_run_id,
        name=f"crunch-{number}",
        task_key="numbers.crunch",
        dynamic_key=str(number),
        state=state,
        attempt=1,
        upstream_task_run_ids=[ids[before + place], ids[before + (place + 1) % WAVE]] if wave else [],
        create_time=_moment(start - 5),
        start_time=_moment(start),
        end_time=_moment(start + length),
        version=1,
    )
    return TaskRunReport(task_run=task, changes=[StateChange(version=1, state=state)])


def _lines(ids: list[str]) -> Iterator[list[LogRecord]]:
    whole = TASKS // WAVE * _WAVE_MS
    for first in range(0, LINES, _LINE_BATCH):
        yield [_line(number, ids, whole) for number in range(first, first + _LINE_BATCH)]


def _line(number: int, ids: list[str], whole: int) -> LogRecord:
    found = number % FOUND_EVERY == 0
    return LogRecord(
        time=_moment(number * whole / LINES),
        level=LogLevel.LOG_LEVEL_ERROR if found else LogLevel.LOG_LEVEL_INFO,
        logger="numbers",
        task_run_id=ids[number * TASKS // LINES],
        message=f"line {number} {FOUND_TEXT if found else 'of the numbers, as they are crunched one by one'}",
    )
