"""A run's life by single calls: created, granted, running, completed. Four calls a run, each answered on its own."""

import asyncio
import resource
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from time import perf_counter

from orch_proto.v1.state_pb2 import StateType
from tests.bench.api import Api
from tests.bench.databases import Databases
from tests.bench.figures import Report, at_least, at_most, middle, milliseconds
from tests.bench.laboratory import Laboratory
from tests.bench.server_process import ServerProcess

CALLERS = 32
ROUNDS = 5
ROUND_SECONDS = 3.0
WARM_UP_SECONDS = 2.0
SINGLE_ROUND_SECONDS = 2.0


@dataclass(frozen=True)
class Caller:
    """A small worker: it creates a run, takes one of those that wait, which may be another's, and reports its end."""

    api: Api
    session_id: str

    async def lifecycle(self) -> None:
        """One run."""
        await self.api.create("bench")
        leases = await self.api.acquire(self.session_id)
        await self.api.report(self.session_id, leases, StateType.STATE_TYPE_RUNNING, sequence=1)
        await self.api.report(self.session_id, leases, StateType.STATE_TYPE_COMPLETED, sequence=2)


@dataclass(frozen=True)
class Round:
    """What callers did in one round; durations in seconds."""

    wall: float
    lifecycles: Sequence[float]
    server_cpu: float
    client_cpu: float
    database_cpu: float

    @property
    def per_second(self) -> float:
        """Runs a second."""
        return len(self.lifecycles) / self.wall


async def callers(api: Api, count: int) -> list[Caller]:
    """Callers with a session each, over one channel: workers in one process would share it, too."""
    return [Caller(api, await api.open_session(f"bench-{number}")) for number in range(count)]


@dataclass(frozen=True)
class Processors:
    """Reads how much processor time everybody who takes part has used so far, in seconds."""

    server: ServerProcess
    databases: Databases

    def read(self) -> tuple[float, float, float]:
        """Server, this process, database."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return self.server.cpu_seconds(), usage.ru_utime + usage.ru_stime, self.databases.cpu_seconds()


async def run_round(processors: Processors, those: Sequence[Caller], seconds: float) -> Round:
    """Let all callers go round until the time is up; who has begun finishes."""
    taken: list[float] = []
    end = perf_counter() + seconds

    async def go(caller: Caller) -> None:
        while (begin := perf_counter()) < end:
            await caller.lifecycle()
            taken.append(perf_counter() - begin)

    before, begin = processors.read(), perf_counter()
    async with asyncio.TaskGroup() as group:
        for caller in those:
            group.create_task(go(caller))
    wall = perf_counter() - begin
    server, client, database = (now - then for now, then in zip(processors.read(), before, strict=True))
    return Round(wall, taken, server, client, database)


def _all(rounds: Sequence[Round]) -> Iterator[float]:
    for each in rounds:
        yield from each.lifecycles


def figures_of(rounds: Sequence[Round]) -> dict[str, float]:
    """The median of the rounds; percentiles over all of them; processor time a run."""
    every = list(_all(rounds))
    return {
        "runs_per_s": middle(each.per_second for each in rounds),
        "best_round_runs_per_s": round(max(each.per_second for each in rounds), 2),
        "p50_ms": milliseconds(every, 0.50),
        "p99_ms": milliseconds(every, 0.99),
        "server_cpu_ms": middle(1000 * each.server_cpu / len(each.lifecycles) for each in rounds),
        "client_cpu_ms": middle(1000 * each.client_cpu / len(each.lifecycles) for each in rounds),
        "database_cpu_ms": middle(1000 * each.database_cpu / len(each.lifecycles) for each in rounds),
        "runs": len(every),
    }


async def _rounds(
    laboratory: Laboratory, server: ServerProcess, those: Sequence[Caller], seconds: float
) -> list[Round]:
    processors = Processors(server, laboratory.databases)
    await run_round(processors, those, WARM_UP_SECONDS)
    return [await run_round(processors, those, seconds) for _ in range(ROUNDS)]


async def concurrent(laboratory: Laboratory) -> AsyncIterator[Report]:
    """32 callers at once, against one server process."""
    async with laboratory.api() as (server, api):
        rounds = await _rounds(laboratory, server, await callers(api, CALLERS), ROUND_SECONDS)
        yield Report(
            "lifecycle",
            {"database": laboratory.kind, "callers": CALLERS, "channels": 1, **figures_of(rounds)},
            {"runs_per_s": at_least(450, limit="four_calls_per_s")} if laboratory.kind == "postgresql" else {},
        )


async def concurrent_channels(laboratory: Laboratory) -> AsyncIterator[Report]:
    """32 callers that have a connection each, as workers on 32 machines would."""
    async with laboratory.server() as server, AsyncExitStack() as stack:
        channels = [await stack.enter_async_context(server.channel()) for _ in range(CALLERS)]
        those = [caller for channel in channels for caller in await callers(Api(channel), 1)]
        rounds = await _rounds(laboratory, server, those, ROUND_SECONDS)
        yield Report(
            "lifecycle_channels",
            {"database": laboratory.kind, "callers": CALLERS, "channels": CALLERS, **figures_of(rounds)},
        )


async def single(laboratory: Laboratory) -> AsyncIterator[Report]:
    """One caller: nothing can be shared, every call pays for its own transaction."""
    async with laboratory.api() as (server, api):
        rounds = await _rounds(laboratory, server, await callers(api, 1), SINGLE_ROUND_SECONDS)
        figures = figures_of(rounds)
        figures["ms_per_run"] = middle(1000 / each.per_second for each in rounds)
        budgets = {"ms_per_run": at_most(8, limit="four_calls_ms")} if laboratory.kind == "postgresql" else {}
        yield Report("lifecycle_single", {"database": laboratory.kind, **figures}, budgets)
