"""Where the peers are installed, and how their programs are run.

`PEERS_HOME` names a folder with a virtual environment for each (`prefect`, `dbos`); `.venv-peers` in the project, where
`make bench-peers` puts them, without it. What they run is in tests/bench/scripts.
"""

import asyncio
import json
import os
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import perf_counter

import psutil

from tests.bench.figures import middle

VARIABLE = "PEERS_HOME"
DEFAULT_HOME = ".venv-peers"
SCRIPTS = Path(__file__).parents[1] / "scripts"
_PROJECT = Path(__file__).parents[3]
_STOP_SECONDS = 20
_IMPORTS = 5
_STARTS = 3


def home() -> Path:
    """The folder of the peers' environments, which may not be there."""
    return Path(os.environ.get(VARIABLE) or _PROJECT / DEFAULT_HOME)


def python_of(peer: str) -> Path | None:
    """The Python that has this peer; None where it is not installed."""
    python = home() / peer / "bin" / "python"
    return python if python.exists() else None


def variables_of(**own: str) -> Mapping[str, str]:
    """This process's environment without Python's own path, and with these."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | own


async def output_of(*command: str, variables: Mapping[str, str]) -> str:
    """The last line that a command prints. RuntimeError where it fails."""
    process = await asyncio.create_subprocess_exec(*command, env=variables, stdin=DEVNULL, stdout=PIPE, stderr=PIPE)
    try:
        out, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {errors.decode(errors='replace')[-2000:]}")
    return out.decode().strip().rpartition("\n")[2]


async def figures_of(*command: str, variables: Mapping[str, str]) -> dict[str, float]:
    """The figures that a script prints as its last line."""
    found: dict[str, float] = json.loads(await output_of(*command, variables=variables))
    return found


async def import_seconds(python: Path, statement: str) -> float:
    """How long an import takes in a new process, after one that has filled the caches."""
    program = f"import time; begin = time.perf_counter(); {statement}; print(time.perf_counter() - begin)"
    rounds = [float(await output_of(str(python), "-c", program, variables=variables_of())) for _ in range(_IMPORTS)]
    return round(middle(1000 * each for each in rounds[1:]) / 1000, 4)


async def script_seconds(python: Path, script: str, variables: Mapping[str, str]) -> float:
    """From the start of a script's process to its end, after a first run, which makes its database."""
    rounds = []
    for _ in range(_STARTS):
        begin = perf_counter()
        await output_of(str(python), str(SCRIPTS / script), variables=variables)
        rounds.append(perf_counter() - begin)
    return middle(rounds[1:])


@asynccontextmanager
async def running(*command: str, variables: Mapping[str, str]) -> AsyncIterator[Process]:
    """A program that goes on, as long as the block lasts, and what it has started."""
    process = await asyncio.create_subprocess_exec(
        *command, env=variables, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
    )
    try:
        yield process
    finally:
        await _stop(process)


async def _stop(process: Process) -> None:
    family = []
    with suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
    for each in family:
        with suppress(psutil.NoSuchProcess):
            each.kill()
