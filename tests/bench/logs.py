"""Log lines: how many a second are stored, and how long one is under way to somebody who follows the run."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from time import perf_counter, time_ns
from typing import TYPE_CHECKING

from google.protobuf.timestamp_pb2 import Timestamp

from orch_proto.v1.lease_pb2 import Lease, ReportVerdict
from orch_proto.v1.log_pb2 import LogLevel, LogRecord
from orch_proto.v1.log_service_pb2 import AppendLogsRequest, WatchLogsRequest, WatchLogsResponse
from tests.bench.api import Api
from tests.bench.figures import Report, at_least, at_most, middle, milliseconds
from tests.bench.laboratory import Laboratory

if TYPE_CHECKING:
    import grpc

BATCH = 1000
LINE_BYTES = 100
FLOW_RUNS = 8
BATCHES_A_ROUND = 10
ROUNDS = 5
TAIL_LINES = 400
TAIL_INTERVAL_SECONDS = 0.02
TAIL_WARM_UP = 20


async def bench(laboratory: Laboratory) -> AsyncIterator[Report]:
    """Several runs append at once; then several are followed while they write a line now and then."""
    async with laboratory.api() as (server, api), api.holding(2 * FLOW_RUNS) as leases:
        writers = [Writer(api, lease) for lease in leases[:FLOW_RUNS]]
        await _round(writers)
        before = server.cpu_seconds()
        rates = [await _round(writers) for _ in range(ROUNDS)]
        lines = FLOW_RUNS * BATCHES_A_ROUND * BATCH * ROUNDS
        figures = {
            "database": laboratory.kind,
            "batch": BATCH,
            "flow_runs": FLOW_RUNS,
            "lines_per_s": middle(rates),
            "server_cpu_us": round(1e6 * (server.cpu_seconds() - before) / lines, 2),
        }
        yield Report("logs", figures, {"lines_per_s": at_least(100_000)})
        delays = await _tails(api, leases[FLOW_RUNS:])
        yield Report(
            "logs_tail",
            {
                "database": laboratory.kind,
                "followed_runs": FLOW_RUNS,
                "p50_ms": milliseconds(delays, 0.50),
                "p99_ms": milliseconds(delays, 0.99),
            },
            {"p99_ms": at_most(200)},
        )


class Writer:
    """Appends to one stream of one run."""

    def __init__(self, api: Api, lease: Lease) -> None:
        self._api = api
        self._lease = lease
        self._offset = 0

    def request(self, records: Sequence[LogRecord]) -> AppendLogsRequest:
        """The next append."""
        offset, self._offset = self._offset, self._offset + len(records)
        return AppendLogsRequest(
            flow_run_id=self._lease.flow_run_id, token=self._lease.token, stream="run", offset=offset, records=records
        )

    async def send(self, request: AppendLogsRequest) -> None:
        """RuntimeError where the lines are not taken."""
        answer = await self._api.logs.AppendLogs(request)
        if answer.verdict != ReportVerdict.REPORT_VERDICT_ACCEPTED:
            raise RuntimeError(f"log lines were not accepted: {answer}")

    async def send_all(self, requests: Sequence[AppendLogsRequest]) -> None:
        """One after another."""
        for request in requests:
            await self.send(request)


async def _round(writers: Sequence[Writer]) -> float:
    """Lines a second; what is sent is made before the clock starts."""
    text = "x" * (LINE_BYTES - 10)
    work = [
        (
            writer,
            [writer.request([record(f"{line:09} {text}") for line in range(BATCH)]) for _ in range(BATCHES_A_ROUND)],
        )
        for writer in writers
    ]
    begin = perf_counter()
    async with asyncio.TaskGroup() as group:
        for writer, requests in work:
            group.create_task(writer.send_all(requests))
    return len(writers) * BATCHES_A_ROUND * BATCH / (perf_counter() - begin)


def record(message: str) -> LogRecord:
    """A line said now."""
    now = Timestamp()
    now.FromNanoseconds(time_ns())
    return LogRecord(time=now, level=LogLevel.LOG_LEVEL_INFO, logger="bench", message=message)


async def _tails(api: Api, leases: Sequence[Lease]) -> list[float]:
    """Seconds from just before a line is sent until it is read from the watch, by one clock; of all runs."""
    async with asyncio.TaskGroup() as group:
        tails = [group.create_task(_tail(api, lease)) for lease in leases]
    return [delay for tail in tails for delay in tail.result()]


async def _tail(api: Api, lease: Lease) -> list[float]:
    writer = Writer(api, lease)
    await writer.send(writer.request([record(_now())]))
    watch = api.logs.WatchLogs(WatchLogsRequest(flow_run_id=lease.flow_run_id))
    async with asyncio.TaskGroup() as group:
        following = group.create_task(_follow(watch))
        for _ in range(TAIL_LINES - 1):
            await asyncio.sleep(TAIL_INTERVAL_SECONDS)
            await writer.send(writer.request([record(_now())]))
    return following.result()[TAIL_WARM_UP:]


def _now() -> str:
    return repr(perf_counter())


async def _follow(watch: "grpc.aio.UnaryStreamCall[WatchLogsRequest, WatchLogsResponse]") -> list[float]:
    delays: list[float] = []
    async for page in watch:
        delays += [perf_counter() - float(entry.record.message) for entry in page.entries]
        if len(delays) >= TAIL_LINES:
            watch.cancel()
            return delays
    raise RuntimeError("the watch ended before all lines had come")
