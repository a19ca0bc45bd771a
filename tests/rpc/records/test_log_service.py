"""The service of logs as a client in any language sees it."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc.error_details_pb2 import BadRequest
from grpc_status import rpc_status

from orch_proto.v1.lease_pb2 import ReportVerdict
from orch_proto.v1.log_pb2 import LogEntry, LogLevel, LogRecord
from orch_proto.v1.log_service_pb2 import (
    AppendLogsRequest,
    AppendLogsResponse,
    GetLogOffsetRequest,
    ListLogsRequest,
    LogFilter,
    WatchLogsRequest,
    WatchLogsResponse,
)
from orch_server.clock import SystemClock
from orch_server.domain.states import StateType
from orch_server.storage.opening import OpenStore
from tests.support.stored_runs import change_run

if TYPE_CHECKING:
    from orch_proto.v1.log_service_pb2_grpc import LogServiceAsyncStub

    Watch = grpc.aio.UnaryStreamCall[WatchLogsRequest, WatchLogsResponse]

TASK = "0198c1c2-7a3b-7c11-9a55-3f5b8f0c2d11"
ACCEPTED = ReportVerdict.REPORT_VERDICT_ACCEPTED


def record(message: str, *, second: int = 1, level: int = LogLevel.LOG_LEVEL_INFO, task_run_id: str = "") -> LogRecord:
    return LogRecord(
        time=Timestamp(seconds=second),
        level=LogLevel.ValueType(level),
        logger="etl",
        message=message,
        task_run_id=task_run_id,
        trace_id="0af7651916cd43dd8448eb211c80319c",
    )


def append(run_id: str, records: Sequence[LogRecord], *, offset: int = 0, stream: str = "run") -> AppendLogsRequest:
    return AppendLogsRequest(flow_run_id=run_id, token=7, stream=stream, offset=offset, records=records)


async def messages(logs: "LogServiceAsyncStub", run_id: str, log_filter: LogFilter | None = None) -> list[str]:
    listed = await logs.ListLogs(ListLogsRequest(flow_run_id=run_id, filter=log_filter))
    return [entry.record.message for entry in listed.entries]


async def test_lines_come_back_as_they_were_said(logs: "LogServiceAsyncStub", run_id: str) -> None:
    said = [record("one"), record("zwei — \u0000 ✓", level=LogLevel.LOG_LEVEL_ERROR, task_run_id=TASK), record("")]

    appended = await logs.AppendLogs(append(run_id, said))
    listed = await logs.ListLogs(ListLogsRequest(flow_run_id=run_id))
    offset = await logs.GetLogOffset(GetLogOffsetRequest(flow_run_id=run_id, stream="run"))

    assert appended == AppendLogsResponse(committed_offset=3, verdict=ACCEPTED)
    assert list(listed.entries) == [LogEntry(stream="run", offset=place, record=r) for place, r in enumerate(said)]
    assert (listed.next_page_token, offset.offset) == ("", 3)


async def test_large_batches_are_packed_and_unpacked(logs: "LogServiceAsyncStub", run_id: str) -> None:
    said = [record(f"line {place} " + 80 * "x", second=place + 1) for place in range(10_000)]
    await logs.AppendLogs(append(run_id, said))
    await logs.AppendLogs(append(run_id, [*said[9_990:], record("last", second=20_000)], offset=9_990))

    found: list[LogEntry] = []
    token = ""
    while True:
        page = await logs.ListLogs(ListLogsRequest(flow_run_id=run_id, page_size=3000, page_token=token))
        found.extend(page.entries)
        if not (token := page.next_page_token):
            break

    assert [entry.offset for entry in found] == list(range(10_001))
    assert [entry.record.message for entry in found] == [*(each.message for each in said), "last"]


async def test_a_page_fits_into_a_message_that_every_client_takes(logs: "LogServiceAsyncStub", run_id: str) -> None:
    """grpc's clients take 4 MiB unless told otherwise."""
    for offset in range(0, 40, 10):
        await logs.AppendLogs(append(run_id, [record(120_000 * "é")] * 10, offset=offset))

    page = await logs.ListLogs(ListLogsRequest(flow_run_id=run_id, page_size=10_000))

    assert 0 < len(page.entries) < 40
    assert page.ByteSize() < 4 * 1024 * 1024
    assert page.next_page_token


async def test_filters_must_all_hold(logs: "LogServiceAsyncStub", run_id: str) -> None:
    said = [
        record("Loading Zürich", level=LogLevel.LOG_LEVEL_DEBUG),
        record("loading zürich failed", level=LogLevel.LOG_LEVEL_ERROR, task_run_id=TASK),
        record("retrying", level=LogLevel.LOG_LEVEL_UNSPECIFIED, task_run_id=TASK.upper()),
    ]
    await logs.AppendLogs(append(run_id, said))
    await logs.AppendLogs(append(run_id, [record("worker")], stream="worker"))

    assert await messages(logs, run_id, LogFilter(text="ZÜRICH")) == [said[0].message, said[1].message]
    assert await messages(logs, run_id, LogFilter(task_run_id=TASK)) == [said[1].message, said[2].message]
    assert await messages(logs, run_id, LogFilter(min_level=LogLevel.LOG_LEVEL_INFO, stream="run")) == [
        said[1].message,
        said[2].message,
    ]
    assert await messages(logs, run_id, LogFilter(text="zürich", min_level=LogLevel.LOG_LEVEL_ERROR)) == [
        said[1].message
    ]
    assert await messages(logs, run_id, LogFilter(stream="worker")) == ["worker"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"flow_run_id": "x"}, "flow_run_id"),
        ({"stream": ""}, "stream"),
        ({"stream": 65 * "s"}, "stream"),
        ({"offset": -1}, "offset"),
        ({"records": [record("x")] * 10_001}, "records"),
        ({"records": [record("x"), LogRecord(message="no time")]}, "records[1].time"),
        ({"records": [record("x", second=2**60)]}, "records[0].time"),
        ({"records": [record("x"), record("x", level=15)]}, "records[1].level"),
        ({"records": [record("x"), record((256 * 1024 + 1) * "x")]}, "records[1].message"),
        ({"records": [record("x", task_run_id="nonsense")]}, "records.task_run_id"),
    ],
)
async def test_what_is_wrong_is_named(
    logs: "LogServiceAsyncStub", run_id: str, change: dict[str, object], field: str
) -> None:
    wrong: dict[str, object] = {"flow_run_id": run_id, "token": 7, "stream": "run", "records": [record("x")], **change}

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await logs.AppendLogs(AppendLogsRequest(**wrong))  # type: ignore[arg-type]

    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert violated(refused.value) == [field]
    assert await messages(logs, run_id) == []


def violated(error: grpc.aio.AioRpcError) -> list[str]:
    """The fields that an error names."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    assert status is not None
    bad = BadRequest()
    assert any(detail.Unpack(bad) for detail in status.details)
    return [violation.field for violation in bad.field_violations]


async def test_the_longest_message_is_taken(logs: "LogServiceAsyncStub", run_id: str) -> None:
    longest = 128 * 1024 * "é"

    await logs.AppendLogs(append(run_id, [record(longest)]))

    assert await messages(logs, run_id) == [longest]


async def test_a_stale_token_is_an_answer_not_an_error(logs: "LogServiceAsyncStub", run_id: str) -> None:
    request = append(run_id, [record("x")])
    request.token = 6

    assert (await logs.AppendLogs(request)).verdict == ReportVerdict.REPORT_VERDICT_LOST


async def test_a_watch_follows_a_run_until_it_has_ended(
    logs: "LogServiceAsyncStub", opened: OpenStore, run_id: str
) -> None:
    await logs.AppendLogs(append(run_id, [record("one")]))
    watch = watching(logs, WatchLogsRequest(flow_run_id=run_id))

    assert [entry.record.message for entry in (await next_of(watch)).entries] == ["one"]
    for offset, message in enumerate(("two", "three"), start=1):
        await logs.AppendLogs(append(run_id, [record(message)], offset=offset))
        answer = await next_of(watch)
        assert [(entry.offset, entry.record.message) for entry in answer.entries] == [(offset, message)]

    await change_run(opened.store, UUID(run_id), SystemClock().now(), state=StateType.COMPLETED)
    assert await watch.read() == grpc.aio.EOF

    resumed = watching(logs, WatchLogsRequest(flow_run_id=run_id, resume_token=answer.resume_token))
    assert await resumed.read() == grpc.aio.EOF


def watching(logs: "LogServiceAsyncStub", request: WatchLogsRequest) -> "Watch":
    """A watch that can be read answer by answer."""
    return logs.WatchLogs(request)


async def next_of(watch: "Watch") -> WatchLogsResponse:
    answer = await watch.read()
    assert isinstance(answer, WatchLogsResponse)
    return answer


async def test_a_log_is_opened_at_its_end_and_followed_from_there(
    logs: "LogServiceAsyncStub", opened: OpenStore, run_id: str
) -> None:
    await logs.AppendLogs(append(run_id, [record(f"{place}", second=place) for place in range(1, 6)]))

    last = await logs.ListLogs(ListLogsRequest(flow_run_id=run_id, newest_first=True, page_size=2))
    before = await logs.ListLogs(
        ListLogsRequest(flow_run_id=run_id, newest_first=True, page_size=9, page_token=last.next_page_token)
    )
    await logs.AppendLogs(append(run_id, [record("6", second=6)], offset=5))
    watch = watching(logs, WatchLogsRequest(flow_run_id=run_id, resume_token=last.resume_token))

    assert [entry.record.message for entry in (*last.entries, *before.entries)] == ["5", "4", "3", "2", "1"]
    assert (before.next_page_token, before.resume_token) == ("", "")
    assert [entry.record.message for entry in (await next_of(watch)).entries] == ["6"]
    watch.cancel()


async def test_lines_are_found_by_their_time_to_the_nanosecond(logs: "LogServiceAsyncStub", run_id: str) -> None:
    said = [
        LogRecord(time=Timestamp(seconds=seconds, nanos=nanos), message=f"{seconds}.{nanos}", task_run_id=TASK)
        for seconds, nanos in ((-5, 0), (0, 1), (7, 999_999_999), (8, 0), (8, 1))
    ]
    await logs.AppendLogs(append(run_id, said))
    begin, end = Timestamp(seconds=7, nanos=999_999_999), Timestamp(seconds=8, nanos=1)

    assert await messages(logs, run_id, LogFilter(time_from=begin, time_to=end)) == ["7.999999999", "8.0"]
    assert await messages(logs, run_id, LogFilter(time_from=begin, task_run_id=TASK)) == ["7.999999999", "8.0", "8.1"]
    assert await messages(logs, run_id, LogFilter(time_to=Timestamp(seconds=0, nanos=1))) == ["-5.0"]
    assert await messages(logs, run_id, LogFilter(time_from=Timestamp())) == ["0.1", "7.999999999", "8.0", "8.1"]


async def test_a_slow_reader_holds_up_nobody(logs: "LogServiceAsyncStub", run_id: str) -> None:
    """Two watches; one is never read. Lines go on being taken, and the other one gets them all."""
    idle = watching(logs, WatchLogsRequest(flow_run_id=run_id))
    eager = watching(logs, WatchLogsRequest(flow_run_id=run_id))
    long = [record(10_000 * "x")] * 50

    async def write() -> None:
        for offset in range(0, 1000, 50):
            await logs.AppendLogs(append(run_id, long, offset=offset))

    writing = asyncio.create_task(write())
    seen = 0
    while seen < 1000:
        seen += len((await next_of(eager)).entries)
    await writing

    idle.cancel()
    eager.cancel()


async def test_a_watch_of_an_unknown_run_is_not_found(logs: "LogServiceAsyncStub") -> None:
    watch = watching(logs, WatchLogsRequest(flow_run_id=TASK))

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await watch.read()

    assert refused.value.code() == grpc.StatusCode.NOT_FOUND


async def test_a_stopping_server_sends_watchers_elsewhere(
    logs: "LogServiceAsyncStub", opened: OpenStore, run_id: str
) -> None:
    await logs.AppendLogs(append(run_id, [record("one")]))
    watch = watching(logs, WatchLogsRequest(flow_run_id=run_id))
    await next_of(watch)

    opened.wakeups.close()

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await watch.read()
    assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
