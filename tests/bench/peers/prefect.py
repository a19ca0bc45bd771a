"""Prefect: the same scripts, tasks, calls and runs through its process worker, on its server's default, SQLite."""

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.bench.figures import Report, milliseconds
from tests.bench.peers.programs import (
    SCRIPTS,
    figures_of,
    import_seconds,
    output_of,
    running,
    script_seconds,
    variables_of,
)

NAME = "Prefect"
TASKS = 300
LIFECYCLES = {1: 60, 4: 60, 16: 60, 32: 60}
"""Runs, by callers at once."""
SINGLE_RUNS = 4
RUNS_AT_ONCE = 6
_MEGABYTE = 1024 * 1024
_READY_SECONDS = 60
_SETTINGS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    # A script without a server starts one, which takes long on a machine that has other things to do.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}


@dataclass(frozen=True)
class Installation:
    """Its server, up and running, and how to call it."""

    python: Path
    variables: Mapping[str, str]
    server_pid: int

    @property
    def prefect(self) -> str:
        """Its command."""
        return str(self.python.with_name("prefect"))

    async def figures(self, script: str, *arguments: str) -> dict[str, float]:
        """What a script of ours says that runs on it."""
        return await figures_of(str(self.python), str(SCRIPTS / script), *arguments, variables=self.variables)


async def measured(python: Path) -> AsyncIterator[Report]:
    """Everything, figure by figure."""
    with tempfile.TemporaryDirectory(prefix="orch-bench-prefect-", ignore_cleanup_errors=True) as folder:
        yield _report("import", seconds=await import_seconds(python, "from prefect import flow, task"))
        variables = variables_of(**_SETTINGS, PREFECT_HOME=str(Path(folder) / "embedded"))
        yield _report("hello", seconds=await script_seconds(python, "prefect_hello.py", variables))
        async with _installation(python, Path(folder)) as found:
            yield _report("server_memory", idle_mb=_resident_megabytes(found.server_pid))
            async for report in _calls(found):
                yield report
            async for report in _worker(found, folder):
                yield report


def _report(bench: str, **figures: float | str) -> Report:
    return Report(bench, figures, peer=NAME)


async def _calls(found: Installation) -> AsyncIterator[Report]:
    """Tasks and lifecycles, which need the server alone."""
    for how in ("sequential", "submitted", "mapped"):
        figures = await found.figures("prefect_tasks.py", how, str(TASKS))
        yield _report(f"{how}_tasks", where="server", **figures)
    lifecycles = {
        callers: await found.figures("prefect_lifecycle.py", str(callers), str(runs))
        for callers, runs in LIFECYCLES.items()
    }
    yield _report("lifecycle_single", **lifecycles[1])
    # Its SQLite has one writer: beyond some callers they wait for each other until they give up.
    best = max(lifecycles, key=lambda callers: lifecycles[callers]["runs_per_s"])
    yield _report("lifecycle", **lifecycles[best], callers=best)


async def _worker(found: Installation, folder: str) -> AsyncIterator[Report]:
    """Runs of a deployment, one after another and at once."""
    await output_of(found.prefect, "work-pool", "create", "--type", "process", "bench", variables=found.variables)
    script = "prefect_dispatched.py"
    await output_of(str(found.python), str(SCRIPTS / script), "deploy", variables=found.variables)
    async with running(found.prefect, "worker", "start", "--pool", "bench", variables=found.variables) as worker:
        one = await output_of(
            *(str(found.python), str(SCRIPTS / script), "one", str(SINGLE_RUNS), folder), variables=found.variables
        )
        waits = [float(each) / 1000 for each in one.split()]
        yield _report("worker_first_line", p50_ms=milliseconds(waits, 0.5), p99_ms=milliseconds(waits, 0.99))
        yield _report("worker_runs", **await found.figures(script, "many", str(RUNS_AT_ONCE), folder))
        yield _report("worker_memory", worker_mb=_resident_megabytes(worker.pid))


def _resident_megabytes(pid: int) -> float:
    """The largest of its processes: its command may have started it."""
    process = psutil.Process(pid)
    sizes = [each.memory_info().rss for each in (process, *process.children(recursive=True))]
    return round(max(sizes) / _MEGABYTE, 1)


@asynccontextmanager
async def _installation(python: Path, folder: Path) -> AsyncIterator[Installation]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/api"
    variables = variables_of(**_SETTINGS, PREFECT_HOME=str(folder / "home"), PREFECT_API_URL=url)
    prefect = str(python.with_name("prefect"))
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(
            running(prefect, "server", "start", "--port", str(port), variables=variables)
        )
        async with asyncio.timeout(_READY_SECONDS):
            while not await _answers(port):  # noqa: ASYNC110 (another program: it tells nobody)
                await asyncio.sleep(0.25)
        yield Installation(python, variables, server.pid)


async def _answers(port: int) -> bool:
    with suppress(OSError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /api/health HTTP/1.0\r\nHost: localhost\r\n\r\n")
        line = await reader.readline()
        writer.close()
        return b"200" in line
    return False
