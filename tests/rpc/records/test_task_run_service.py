"""The service of task runs as a client in any language sees it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from orch_proto.v1.lease_pb2 import ReportVerdict
from orch_proto.v1.result_pb2 import Result
from orch_proto.v1.state_pb2 import Failure, State, StateChange, StateType
from orch_proto.v1.task_run_pb2 import TaskRun
from orch_proto.v1.task_run_service_pb2 import (
    GetTaskRunRequest,
    ListTaskRunsRequest,
    ListTaskRunStatesRequest,
    ReportTaskRunsRequest,
    TaskRunReport,
)
from orch_server.clock import SystemClock, TimeOrderedIds
from tests.rpc.records.test_log_service import violated

if TYPE_CHECKING:
    from orch_proto.v1.task_run_service_pb2_grpc import TaskRunServiceAsyncStub

ACCEPTED = ReportVerdict.REPORT_VERDICT_ACCEPTED
T0, T1 = Timestamp(seconds=1_700_000_000), Timestamp(seconds=1_700_000_001, nanos=5000)
IDS = TimeOrderedIds()


def task_run(run_id: str) -> TaskRun:
    now = SystemClock().now()
    return TaskRun(
        task_run_id=str(IDS.new(now)),
        flow_run_id=run_id,
        name="load-0",
        task_key="etl.load",
        dynamic_key="0",
        state=State(
            type=StateType.STATE_TYPE_FAILED,
            name="TimedOut",
            message="too slow",
            state_time=T1,
            failure=Failure(type="TimeoutError", message="5 s", stack_trace="Traceback …", retryable=False),
        ),
        attempt=2,
        tags=["a", "b"],
        upstream_task_run_ids=[str(IDS.new(now))],
        cache_key="k",
        result=Result(data=b"\x00\xff", media_type="application/octet-stream", size_bytes=2),
        create_time=T0,
        start_time=T0,
        end_time=T1,
        version=2,
    )


def change(version: int, type_: int, time: Timestamp = T0) -> StateChange:
    return StateChange(version=version, state=State(type=StateType.ValueType(type_), state_time=time))


def report(run: TaskRun, *changes: StateChange) -> ReportTaskRunsRequest:
    return ReportTaskRunsRequest(
        flow_run_id=run.flow_run_id, token=7, reports=[TaskRunReport(task_run=run, changes=changes)]
    )


async def test_a_task_run_comes_back_as_it_was_reported(task_runs: "TaskRunServiceAsyncStub", run_id: str) -> None:
    run = task_run(run_id)

    reported = await task_runs.ReportTaskRuns(report(run, change(1, 3), change(2, 7, T1)))
    got = await task_runs.GetTaskRun(GetTaskRunRequest(task_run_id=run.task_run_id))
    history = await task_runs.ListTaskRunStates(ListTaskRunStatesRequest(task_run_id=run.task_run_id))
    listed = await task_runs.ListTaskRuns(
        ListTaskRunsRequest(flow_run_id=run_id, state_types=[StateType.STATE_TYPE_FAILED])
    )

    assert reported.verdict == ACCEPTED
    assert got.task_run == run
    assert [(each.version, each.state.name, each.token) for each in history.changes] == [
        (1, "Running", 7),
        (2, "Failed", 7),
    ]
    run.result.ClearField("data")
    assert list(listed.task_runs) == [run]


async def test_a_list_brings_results_where_it_is_asked_to(task_runs: "TaskRunServiceAsyncStub", run_id: str) -> None:
    inline, stored, none = task_run(run_id), task_run(run_id), task_run(run_id)
    stored.result.uri = "s3://results/1"
    none.ClearField("result")
    for run in (inline, stored, none):
        await task_runs.ReportTaskRuns(report(run))

    listed = await task_runs.ListTaskRuns(ListTaskRunsRequest(flow_run_id=run_id, include_results=True))

    assert list(listed.task_runs) == [inline, stored, none]


async def test_pages_with_results_end_before_they_grow_too_large(
    task_runs: "TaskRunServiceAsyncStub", run_id: str
) -> None:
    """What a reporter says of the size is not believed."""
    runs = [task_run(run_id) for _ in range(20)]
    for run in runs:
        run.result.data, run.result.size_bytes = b"x" * (500 * 1024), 1
        await task_runs.ReportTaskRuns(report(run))

    pages: list[list[TaskRun]] = []
    token = ""
    while not pages or token:
        request = ListTaskRunsRequest(flow_run_id=run_id, include_results=True, page_size=12, page_token=token)
        page = await task_runs.ListTaskRuns(request)
        pages.append(list(page.task_runs))
        token = page.next_page_token

    assert [len(page) for page in pages] == [8, 8, 4]
    assert [run for page in pages for run in page] == runs


async def test_what_a_reporter_says_of_being_superseded_is_ignored(
    task_runs: "TaskRunServiceAsyncStub", run_id: str
) -> None:
    run = task_run(run_id)
    run.superseded = True

    await task_runs.ReportTaskRuns(report(run))

    got = await task_runs.GetTaskRun(GetTaskRunRequest(task_run_id=run.task_run_id))
    assert not got.task_run.superseded


async def test_a_large_report_is_taken(task_runs: "TaskRunServiceAsyncStub", run_id: str) -> None:
    runs = [task_run(run_id) for _ in range(700)]
    request = ReportTaskRunsRequest(
        flow_run_id=run_id, token=7, reports=[TaskRunReport(task_run=run, changes=[change(2, 7)]) for run in runs]
    )

    assert (await task_runs.ReportTaskRuns(request)).verdict == ACCEPTED
    page = await task_runs.ListTaskRuns(ListTaskRunsRequest(flow_run_id=run_id, page_size=500))
    rest = await task_runs.ListTaskRuns(
        ListTaskRunsRequest(flow_run_id=run_id, page_size=500, page_token=page.next_page_token)
    )

    found = [run.task_run_id for run in (*page.task_runs, *rest.task_runs)]
    assert found == [run.task_run_id for run in runs]
    assert rest.next_page_token == ""


async def test_who_follows_a_run_asks_for_what_has_changed(task_runs: "TaskRunServiceAsyncStub", run_id: str) -> None:
    runs = [task_run(run_id) for _ in range(3)]
    await task_runs.ReportTaskRuns(
        ReportTaskRunsRequest(flow_run_id=run_id, token=7, reports=[TaskRunReport(task_run=run) for run in runs])
    )
    first = await task_runs.ListTaskRuns(ListTaskRunsRequest(flow_run_id=run_id, page_size=2))
    second = await task_runs.ListTaskRuns(
        ListTaskRunsRequest(flow_run_id=run_id, page_size=2, page_token=first.next_page_token)
    )
    news = ListTaskRunsRequest(flow_run_id=run_id, changed_after=first.change_token)
    nothing = await task_runs.ListTaskRuns(news)

    runs[1].version += 1
    await task_runs.ReportTaskRuns(report(runs[1]))
    something = await task_runs.ListTaskRuns(news)

    assert second.change_token == ""
    assert (list(nothing.task_runs), nothing.change_token) == ([], first.change_token)
    assert [run.task_run_id for run in something.task_runs] == [runs[1].task_run_id]
    assert something.change_token not in ("", first.change_token)


async def test_a_stale_token_is_an_answer_not_an_error(task_runs: "TaskRunServiceAsyncStub", run_id: str) -> None:
    request = report(task_run(run_id))
    request.token = 6

    assert (await task_runs.ReportTaskRuns(request)).verdict == ReportVerdict.REPORT_VERDICT_LOST


def _set(**fields: object) -> Callable[[TaskRun], None]:
    def spoil(run: TaskRun) -> None:
        for name, value in fields.items():
            setattr(run, name, value)

    return spoil


@pytest.mark.parametrize(
    ("spoil", "field"),
    [
        (_set(task_run_id="x"), "task_run.task_run_id"),
        (_set(flow_run_id="0198c1c2-7a3b-7c11-9a55-3f5b8f0c2d11"), "task_run.flow_run_id"),
        (_set(name=513 * "n"), "task_run.name"),
        (_set(version=0), "task_run.version"),
        (_set(attempt=-1), "task_run.attempt"),
        (lambda run: run.ClearField("create_time"), "task_run.create_time"),
        (lambda run: run.state.ClearField("type"), "task_run.state.type"),
        (lambda run: setattr(run.state, "type", 42), "task_run.state.type"),
        (lambda run: setattr(run.result, "data", bytes(512 * 1024 + 1)), "task_run.result.data"),
    ],
)
async def test_what_is_wrong_is_named(
    task_runs: "TaskRunServiceAsyncStub", run_id: str, spoil: Callable[[TaskRun], None], field: str
) -> None:
    run = task_run(run_id)
    request = report(run)
    spoil(request.reports[0].task_run)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await task_runs.ReportTaskRuns(request)

    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert violated(refused.value) == [f"reports[0].{field}"]


@pytest.mark.parametrize(
    "changes",
    [(change(2, 3), change(1, 7)), (change(1, 3), change(1, 7)), (change(3, 7),), (change(0, 7),)],
)
async def test_changes_come_in_order(
    task_runs: "TaskRunServiceAsyncStub", run_id: str, changes: tuple[StateChange, ...]
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await task_runs.ReportTaskRuns(report(task_run(run_id), *changes))

    assert violated(refused.value) == ["reports[0].changes"]


async def test_at_most_5000_reports_a_call(task_runs: "TaskRunServiceAsyncStub", run_id: str) -> None:
    request = ReportTaskRunsRequest(flow_run_id=run_id, token=7, reports=[TaskRunReport()] * 5001)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await task_runs.ReportTaskRuns(request)

    assert violated(refused.value) == ["reports"]


async def test_messages_are_cut_not_refused(task_runs: "TaskRunServiceAsyncStub", run_id: str) -> None:
    run = task_run(run_id)
    run.state.message = "\x00" + 100_000 * "m"

    await task_runs.ReportTaskRuns(report(run))

    got = await task_runs.GetTaskRun(GetTaskRunRequest(task_run_id=run.task_run_id))
    assert len(got.task_run.state.message) == 64 * 1024
