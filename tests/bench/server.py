"""What a server costs before it has done anything, and after it has done much."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack

from tests.bench.databases import DatabaseKind, Databases, SqliteDatabases
from tests.bench.figures import Report, at_most, middle
from tests.bench.laboratory import Laboratory
from tests.bench.lifecycle import CALLERS, Processors, callers, run_round
from tests.bench.server_process import server_process

STARTS = 3
IDLE_SECONDS = 5.0
LOAD_SECONDS = 8.0


async def bench(laboratory: Laboratory) -> AsyncIterator[Report]:
    """Start to SERVING on a migrated database; resident memory when idle, and after 32 callers' lifecycles."""
    yield await _start(laboratory.databases)
    if laboratory.kind != "sqlite":
        yield await _start(SqliteDatabases())
    async with laboratory.api() as (server, api):
        await asyncio.sleep(IDLE_SECONDS)
        idle = server.resident_megabytes()
        await run_round(Processors(server, laboratory.databases), await callers(api, CALLERS), LOAD_SECONDS)
        await asyncio.sleep(1)
        yield Report(
            "server_memory",
            {"database": laboratory.kind, "idle_mb": idle, "after_lifecycles_mb": server.resident_megabytes()},
            {"idle_mb": at_most(100), "after_lifecycles_mb": at_most(100)},
        )


async def _start(databases: Databases) -> Report:
    """The first start, which migrates, does not count."""
    with ExitStack() as stack:
        url = stack.enter_context(databases.fresh())
        seconds = [await _until_serving(url) for _ in range(STARTS + 1)]
    kind: DatabaseKind = databases.kind
    figures = {"database": kind, "seconds": middle(seconds[1:]), "migrating_seconds": round(seconds[0], 2)}
    return Report("server_start", figures, {"seconds": at_most(1)})


async def _until_serving(url: str) -> float:
    async with server_process(url) as process:
        return await process.serving()
