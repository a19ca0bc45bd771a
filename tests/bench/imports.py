"""What a user's script pays before its first line: `from orch import flow, task`."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator

from tests.bench.figures import Report, at_most, middle
from tests.bench.laboratory import Laboratory

ROUNDS = 15
_PROGRAM = "import time; begin = time.perf_counter(); from orch import flow, task; print(time.perf_counter() - begin)"


async def bench(laboratory: Laboratory) -> AsyncIterator[Report]:
    """In a new process each time, after one that has filled the caches."""
    rounds = [await _seconds() for _ in range(ROUNDS + 1)][1:]
    yield Report(
        "import", {"seconds": round(middle(1000 * each for each in rounds) / 1000, 4)}, {"seconds": at_most(0.12)}
    )


async def _seconds() -> float:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _PROGRAM, stdout=PIPE)
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError("the import failed")
    return float(output)
