"""A real server in a process of its own, as `orch server start` runs it."""

import asyncio
import json
import os
import shutil
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import grpc
import psutil
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

_START_SECONDS = 30
_STOP_SECONDS = 20
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class ServerProcess:
    """A server that has said where it listens."""

    address: str
    """host:port on the loopback interface."""
    pid: int
    begun: float
    """When the process was started, by `perf_counter`."""
    http_url: str = ""
    """Where it serves HTTP; empty where it does not."""

    def resident_megabytes(self) -> float:
        """Memory that the process occupies now."""
        return round(float(self._process.memory_info().rss) / _MEGABYTE, 1)

    def cpu_seconds(self) -> float:
        """Processor time that the process has used so far."""
        times = self._process.cpu_times()
        return float(times.user + times.system)

    @property
    def _process(self) -> psutil.Process:
        process = psutil.Process(self.pid)
        # Under a profiler the server is the profiler's child.
        return next(iter(process.children()), process)

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[grpc.aio.Channel]:
        """A connection of its own, not shared with other channels of this process."""
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", 64 * _MEGABYTE)]
        async with grpc.aio.insecure_channel(self.address, options=options) as channel:
            yield channel

    async def serving(self) -> float:
        """Seconds from the start of the process until the health service said SERVING."""
        async with self.channel() as channel:
            check: grpc.aio.UnaryUnaryMultiCallable[HealthCheckRequest, HealthCheckResponse] = channel.unary_unary(
                "/grpc.health.v1.Health/Check", HealthCheckRequest.SerializeToString, HealthCheckResponse.FromString
            )
            answer = await check(HealthCheckRequest(), wait_for_ready=True)
        if answer.status != HealthCheckResponse.SERVING:
            raise RuntimeError(f"the server at {self.address} has started and does not serve: {answer}")
        return perf_counter() - self.begun


@asynccontextmanager
async def server_process(database_url: str, *, profile: Path | None = None) -> AsyncIterator[ServerProcess]:
    """A server on two free ports of the loopback interface, stopped with SIGTERM when the block ends."""
    # Nothing that a bench has filled in may be too old to be kept.
    options = ["--port", "0", "--retain-runs-days", "0", "--log-format", "json"]
    command = [*_command(profile), *options, "--database-url", database_url]
    with tempfile.TemporaryDirectory(prefix="orch-bench-home-") as home:
        begun = perf_counter()
        process = await asyncio.create_subprocess_exec(
            *command, env=_environment(home), stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE
        )
        reader = _Output(process)
        try:
            async with asyncio.timeout(_START_SECONDS):
                url, http_url = await reader.urls()
            yield ServerProcess(url.removeprefix("http://"), process.pid, begun, http_url)
        finally:
            await _stop(process)
            reader.draining.cancel()


def _command(profile: Path | None) -> list[str]:
    server = ["-m", "orch_server"]
    if profile is None:
        return [sys.executable, *server]
    if spy := shutil.which("py-spy"):
        options = ["--format", "raw", "--rate", "100", "--output", str(profile.with_suffix(".stacks"))]
        return [spy, "record", *options, "--", sys.executable, *server]
    return [sys.executable, "-m", "cProfile", "-o", str(profile.with_suffix(".prof")), *server]


def _environment(home: str) -> dict[str, str]:
    """This process's, without settings of Orch that somebody has set for other servers."""
    foreign = {name for name in os.environ if name.startswith(("ORCH_", "OTEL_"))}
    return {name: value for name, value in os.environ.items() if name not in foreign} | {"ORCH_HOME": home}


async def _stop(process: Process) -> None:
    if process.returncode is None:
        _terminate(process.pid)
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _terminate(pid: int) -> None:
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for each in process.children() or [process]:
            each.terminate()


class _Output:
    """Reads what the server logs: the address first, and then on, so that the pipe never fills."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._urls: asyncio.Future[tuple[str, str]] = asyncio.get_running_loop().create_future()
        self._last: deque[str] = deque(maxlen=20)
        self.draining = asyncio.create_task(self._drain())

    async def urls(self) -> tuple[str, str]:
        """Where the server listens, by gRPC and HTTP; RuntimeError, with its last words, where it ends before that."""
        return await self._urls

    async def _drain(self) -> None:
        stream = self._process.stderr
        if stream is None:
            raise AssertionError("the process was started with a pipe")
        async for line in stream:
            self._last.append(line.decode(errors="replace"))
            if not self._urls.done() and (urls := _announced(self._last)) is not None:
                self._urls.set_result(urls)
        if not self._urls.done():
            self._urls.set_exception(RuntimeError("the server did not start:\n" + "".join(self._last)))


def _announced(lines: Sequence[str]) -> tuple[str, str] | None:
    """The URLs in the last line, where that is the server's announcement."""
    try:
        event = json.loads(lines[-1])
    except ValueError:
        return None
    if not isinstance(event, dict) or event.get("event") != "server started":
        return None
    return str(event["url"]), str(event.get("http_url", ""))
