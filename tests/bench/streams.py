"""What screens and terminals that look on cost the control plane: lifecycles by 32 callers, without and with them."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from orch_proto.v1.lease_pb2 import Lease
from tests.bench.api import Api
from tests.bench.figures import Report, at_most, middle
from tests.bench.laboratory import Laboratory
from tests.bench.lifecycle import CALLERS, Caller, Processors, Round, callers, run_round
from tests.bench.logs import Writer, record

STREAMS: Mapping[str, int] = {"http WatchLogs": 200, "http WatchFlowRun": 100, "WatchLogs": 100, "WatchFlowRun": 100}
"""What is open, by what it watches with: screens over Connect, terminals over gRPC."""
WATCHED_RUNS = 50
ROUNDS = 4
ROUND_SECONDS = 4.0
WARM_UP_SECONDS = 2.0
SPEAK_SECONDS = 1.0
_MOST_LOST = 20


async def bench(laboratory: Laboratory) -> AsyncIterator[Report]:
    """500 streams on 50 running runs that have nothing to say; then on runs that log a line a second each."""
    for name, seconds in (("streams", None), ("streams_live", SPEAK_SECONDS)):
        async with (
            laboratory.api() as (server, api),
            api.holding(WATCHED_RUNS) as leases,
            _said(api, leases, seconds),
        ):
            run_ids = [lease.flow_run_id for lease in leases]
            those, processors = await callers(api, CALLERS), Processors(server, laboratory.databases)
            await run_round(processors, those, WARM_UP_SECONDS)
            pairs = _Pairs()
            for _ in range(ROUNDS):
                pairs.without.append(await run_round(processors, those, ROUND_SECONDS))
                pairs.beside.append(await _beside(processors, those, server.address, server.http_url, run_ids))
            yield Report(name, {"database": laboratory.kind, **pairs.figures()}, {"lost_percent": at_most(_MOST_LOST)})


@dataclass
class _Pairs:
    """Rounds in turn, so that what else the machine does meets both."""

    without: list[Round] = field(default_factory=list)
    beside: list[tuple[Round, int]] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        rounds = [each for each, _ in self.beside]
        seconds = sum(each.wall for each in rounds)
        return {
            "streams": sum(STREAMS.values()),
            "watched_runs": WATCHED_RUNS,
            "lost_percent": middle(
                100 * (1 - b.per_second / a.per_second) for a, b in zip(self.without, rounds, strict=True)
            ),
            "runs_per_s_without": middle(each.per_second for each in self.without),
            "runs_per_s_with": middle(each.per_second for each in rounds),
            "server_cpu_ms_without": _server_cpu(self.without),
            "server_cpu_ms_with": _server_cpu(rounds),
            "told_per_s": round(sum(told for _, told in self.beside) / seconds, 1),
        }


def _server_cpu(rounds: Sequence[Round]) -> float:
    """Of a run, in milliseconds; what the streams cost is in it."""
    return middle(1000 * each.server_cpu / len(each.lifecycles) for each in rounds)


async def _beside(
    processors: Processors, those: Sequence[Caller], address: str, http_url: str, run_ids: Sequence[str]
) -> tuple[Round, int]:
    """A round beside the streams, and how many messages these were told after their first."""
    async with _streams(address, http_url, run_ids) as readers:
        done = await run_round(processors, those, ROUND_SECONDS)
        return done, await readers.told()


@dataclass
class _Readers:
    """The process that reads the streams: another one, so that reading does not slow the callers' loop."""

    process: asyncio.subprocess.Process

    async def line(self) -> str:
        """What it says next. Raises RuntimeError where it has failed."""
        if self.process.stdout is None:
            raise AssertionError("the process was started with a pipe")
        line = (await self.process.stdout.readline()).decode()
        if not line:
            raise RuntimeError(f"the readers of streams ended with {await self.process.wait()}")
        return line

    async def told(self) -> int:
        """How many messages have come since all streams were open."""
        if self.process.stdin is None:
            raise AssertionError("the process was started with a pipe")
        self.process.stdin.write(b"\n")
        return int(await self.line())


@asynccontextmanager
async def _streams(address: str, http_url: str, run_ids: Sequence[str]) -> AsyncIterator[_Readers]:
    task = json.dumps({"address": address, "http_url": http_url, "run_ids": run_ids, "streams": STREAMS})
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.stream_readers", task, stdin=PIPE, stdout=PIPE
    )
    readers = _Readers(process)
    try:
        await readers.line()
        yield readers
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


@asynccontextmanager
async def _said(api: Api, leases: Sequence[Lease], seconds: float | None) -> AsyncIterator[None]:
    """Each run logs its first line, and another one every so many seconds as long as the block lasts."""
    writers = [Writer(api, lease) for lease in leases]
    for writer in writers:
        await writer.send(writer.request([record("first")]))
    if seconds is None:
        yield
        return
    speaking = asyncio.create_task(_speak(writers, seconds))
    try:
        yield
    finally:
        speaking.cancel()


async def _speak(writers: Sequence[Writer], seconds: float) -> None:
    """One after another, evenly: runs do not speak at the same moment."""
    clock = asyncio.get_running_loop().time
    due = clock()
    while True:
        for writer in writers:
            await writer.send(writer.request([record("now")]))
            due += seconds / len(writers)
            await asyncio.sleep(due - clock())
