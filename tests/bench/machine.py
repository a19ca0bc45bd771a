"""What the machine allows just now: bare gRPC calls and bare commits. Read the other figures beside these."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import perf_counter, process_time

import asyncpg
import grpc

from tests.bench.echo_server import METHOD, SERVICE
from tests.bench.figures import Report, middle
from tests.bench.laboratory import Laboratory
from tests.bench.machine_limits import limits

CALLERS = 32
ROUNDS = 5
ROUND_SECONDS = 1.0
ADDITIONS = 3_000_000
_PAYLOAD = b"x" * 100


async def bench(laboratory: Laboratory) -> AsyncIterator[Report]:
    """A loop in Python; an echo of 100 bytes by 32 callers and by one; on Postgres, rows committed one by one, and what
    a server that does the least there is makes of the calls of `lifecycle`."""
    async with _echo() as call:
        await _per_second(call, CALLERS)
        many = [await _per_second(call, CALLERS) for _ in range(ROUNDS)]
        one = [await _per_second(call, 1) for _ in range(ROUNDS)]
    figures: dict[str, float | str] = {
        "python_ns_per_addition": middle(_nanoseconds_per_addition() for _ in range(ROUNDS)),
        "echo_calls_per_s": middle(many),
        "echo_ms": middle(1000 / each for each in one),
    }
    if laboratory.kind == "postgresql":
        with laboratory.databases.fresh() as url:
            figures |= await _commits(url)
    yield Report("machine", {"database": laboratory.kind, **figures})
    if laboratory.kind == "postgresql":
        with laboratory.databases.fresh() as url:
            yield await limits(url, _per_second)


def _nanoseconds_per_addition() -> float:
    """Processor time, not wall time: it rises when neighbours share core and caches, not when they only take turns."""
    total, begin = 0, process_time()
    for number in range(ADDITIONS):
        total += number
    return (process_time() - begin) / ADDITIONS * 1e9


@asynccontextmanager
async def _echo() -> AsyncIterator[Callable[[], Awaitable[object]]]:
    server = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.bench.echo_server", stdout=PIPE)
    try:
        if server.stdout is None:
            raise AssertionError("the process was started with a pipe")
        address = (await server.stdout.readline()).decode().strip()
        async with grpc.aio.insecure_channel(address) as channel:
            method: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"/{SERVICE}/{METHOD}")
            yield lambda: method(_PAYLOAD)
    finally:
        server.kill()
        await server.wait()


async def _commits(url: str) -> dict[str, float]:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("CREATE TABLE bench (id bigint GENERATED ALWAYS AS IDENTITY, payload text)")

        async def insert() -> None:
            await connection.execute("INSERT INTO bench (payload) VALUES ($1)", "x" * 100)

        async def select() -> None:
            await connection.fetchval("SELECT 1")

        await _per_second(insert, 1)
        commits = [await _per_second(insert, 1) for _ in range(ROUNDS)]
        trips = [await _per_second(select, 1) for _ in range(ROUNDS)]
        return {
            "commit_ms": middle(1000 / each for each in commits),
            "round_trip_ms": middle(1000 / each for each in trips),
        }
    finally:
        await connection.close()


async def _per_second(call: Callable[[], Awaitable[object]], callers: int) -> float:
    done = 0
    begin = perf_counter()
    end = begin + ROUND_SECONDS

    async def go() -> None:
        nonlocal done
        while perf_counter() < end:
            await call()
            done += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(callers):
            group.create_task(go())
    return done / (perf_counter() - begin)
