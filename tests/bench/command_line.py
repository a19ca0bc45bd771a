"""What people wait for before `orch` does anything: its help, and the moment before its first call."""

import asyncio
import os
import sys
import time
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Sequence

from tests.bench.figures import Report, at_most, middle
from tests.bench.laboratory import Laboratory

ROUNDS = 15
_HELP = ("-m", "orch_cli.main", "--help")
# All that a list needs up to its call: the command, the settings, the client, the contract.
_READY = (
    "-c",
    "from orch_cli.flow_run.reading import ls\n"
    "from orch_cli.connection import client\n"
    "from orch_proto.v1.flow_run_service_pb2 import ListFlowRunsRequest\n"
    "with client() as orch: orch.flow_runs\n",
)


async def bench(laboratory: Laboratory) -> AsyncIterator[Report]:
    """In a new process each time, after one that has filled the caches."""
    figures = {"help_seconds": await _seconds(_HELP), "ready_seconds": await _seconds(_READY)}
    yield Report("command_line", figures, {name: at_most(0.25) for name in figures})


async def _seconds(arguments: Sequence[str]) -> float:
    rounds = [await _once(arguments) for _ in range(ROUNDS + 1)][1:]
    return round(middle(1000 * each for each in rounds) / 1000, 4)


async def _once(arguments: Sequence[str]) -> float:
    environment = os.environ | {"ORCH_API_URL": "http://127.0.0.1:9"}
    begin = time.perf_counter()
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=DEVNULL, env=environment)
    if await process.wait() != 0:
        raise RuntimeError("the command failed")
    return time.perf_counter() - begin
