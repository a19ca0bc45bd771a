"""How much of what Orch does this machine allows at most: the same calls to a server that does the least there is.

Read beside a figure that misses its budget: how near it comes to the machine's limit, and so how much of the miss is
the machine's and how much is Orch's.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg
import grpc

from tests.bench.figures import Figure, Report, middle
from tests.bench.ids import time_ordered_id
from tests.bench.lifecycle import CALLERS
from tests.bench.lifecycle_batched import BATCH
from tests.bench.lifecycle_batched import CALLERS as BATCHED_CALLERS
from tests.bench.limit_server import SERVICE, STATEMENTS, TABLE
from tests.bench.tables import LIMITS

ROUNDS = 5

Call: TypeAlias = Callable[[bytes], Awaitable[bytes]]
PerSecond: TypeAlias = Callable[[Callable[[], Awaitable[object]], int], Awaitable[float]]


async def limits(url: str, per_second: PerSecond) -> Report:
    """On an empty Postgres database. `per_second` counts how often so many callers at once get something done."""
    connection = await asyncpg.connect(url)
    await connection.execute(TABLE)
    await connection.close()
    async with _server(url) as methods:

        async def rate(work: Callable[[], Awaitable[object]], callers: int) -> float:
            await per_second(work, callers)
            return middle([await per_second(work, callers) for _ in range(ROUNDS)])

        single = await rate(lambda: _lifecycle(methods, 1), 1)
        create = await rate(lambda: methods["Create"](_new(1)), 1)
        figures: dict[str, Figure] = {
            "four_calls_per_s": await rate(lambda: _lifecycle(methods, 1), CALLERS),
            "four_calls_ms": round(1000 / single, 2),
            "committed_call_ms": round(1000 / create, 2),
            "batched_runs_per_s": round(BATCH * await rate(lambda: _lifecycle(methods, BATCH), BATCHED_CALLERS)),
        }
    return Report(LIMITS, figures)


async def _lifecycle(methods: Mapping[str, Call], count: int) -> None:
    """So many runs in each call: created; some, which may be another's, acquired; and those brought to their end."""
    await methods["Create"](_new(count))
    granted = await methods["Acquire"](_new(count))
    await methods["Running"](granted)
    await methods["Completed"](granted)


def _new(count: int) -> bytes:
    return b"".join(time_ordered_id().bytes for _ in range(count))


@asynccontextmanager
async def _server(url: str) -> AsyncIterator[Mapping[str, Call]]:
    server = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.bench.limit_server", url, stdout=PIPE)
    try:
        if server.stdout is None:
            raise AssertionError("the process was started with a pipe")
        address = (await server.stdout.readline()).decode().strip()
        async with grpc.aio.insecure_channel(address) as channel:
            yield {method: _method(channel, method) for method in STATEMENTS}
    finally:
        server.kill()
        await server.wait()


def _method(channel: grpc.aio.Channel, name: str) -> Call:
    method: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"/{SERVICE}/{name}")

    async def call(request: bytes) -> bytes:
        return await method(request)

    return call
