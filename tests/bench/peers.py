"""Prefect beside us, where ORCH_BENCH_PREFECT names a Python that has it: the same flow through its process worker.

Nothing is compared with a budget: these are the figures that ours stand beside.
"""

import asyncio
import json
import os
import socket
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import psutil

from tests.bench.figures import Report, milliseconds
from tests.bench.laboratory import Laboratory

VARIABLE = "ORCH_BENCH_PREFECT"
SCRIPT = Path(__file__).parent / "scripts" / "prefect_dispatched.py"
SINGLE_RUNS = 4
RUNS_AT_ONCE = 6
_MEGABYTE = 1024 * 1024
_READY_SECONDS = 60
_STOP_SECONDS = 20
_QUIET = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1", "PREFECT_LOGGING_LEVEL": "WARNING"}


async def bench(laboratory: Laboratory) -> AsyncIterator[Report]:
    """Its server (on SQLite, its default) and one worker, both of this bench."""
    python = os.environ.get(VARIABLE, "")
    if not python:
        return
    with tempfile.TemporaryDirectory(prefix="orch-bench-prefect-", ignore_cleanup_errors=True) as folder:
        async with _installation(python, Path(folder)) as (variables, worker):
            one = json.loads(await _call(python, str(SCRIPT), "one", str(SINGLE_RUNS), folder, variables=variables))
            waits = [each / 1000 for each in one["milliseconds"]]
            yield Report(
                "prefect_first_line", {"p50_ms": milliseconds(waits, 0.5), "p99_ms": milliseconds(waits, 0.99)}
            )
            many = json.loads(await _call(python, str(SCRIPT), "many", str(RUNS_AT_ONCE), folder, variables=variables))
            yield Report("prefect_runs", {"runs_per_s": many["runs_per_s"]})
            memory = round(psutil.Process(worker.pid).memory_info().rss / _MEGABYTE, 1)
            yield Report("prefect_worker_memory", {"worker_mb": memory})


@asynccontextmanager
async def _installation(python: str, folder: Path) -> AsyncIterator[tuple[Mapping[str, str], Process]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/api"
    variables = os.environ | _QUIET | {"PREFECT_HOME": str(folder / "home"), "PREFECT_API_URL": url}
    prefect = str(Path(python).with_name("prefect"))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(_started(prefect, "server", "start", "--port", str(port), variables=variables))
        async with asyncio.timeout(_READY_SECONDS):
            while not await _answers(port):  # noqa: ASYNC110 (another program: it tells nobody)
                await asyncio.sleep(0.25)
        await _call(prefect, "work-pool", "create", "--type", "process", "bench", variables=variables)
        await _call(python, str(SCRIPT), "deploy", variables=variables)
        worker = await stack.enter_async_context(
            _started(prefect, "worker", "start", "--pool", "bench", variables=variables)
        )
        yield variables, worker


async def _answers(port: int) -> bool:
    with suppress(OSError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /api/health HTTP/1.0\r\nHost: localhost\r\n\r\n")
        line = await reader.readline()
        writer.close()
        return b"200" in line
    return False


async def _call(*command: str, variables: Mapping[str, str]) -> str:
    process = await asyncio.create_subprocess_exec(*command, env=variables, stdin=DEVNULL, stdout=PIPE, stderr=PIPE)
    out, errors = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {errors.decode()[-2000:]}")
    return out.decode().strip().rpartition("\n")[2]


@asynccontextmanager
async def _started(*command: str, variables: Mapping[str, str]) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        *command, env=variables, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
    )
    try:
        yield process
    finally:
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
        for each in family:
            with suppress(psutil.NoSuchProcess):
                each.kill()
