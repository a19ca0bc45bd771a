"""What flows and tasks cost a script: its start, each task, and many scripts at once."""

import asyncio
import json
import os
import sqlite3
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from time import perf_counter

from tests.bench.figures import Report, at_most, middle
from tests.bench.laboratory import Laboratory

SCRIPTS = Path(__file__).parent / "scripts"
ROUNDS = 3
STARTS = 7
TASKS = 10_000
DURABLE_TASKS = 1_000
SCRIPTS_AT_ONCE = 16
# Of the environment, what scripts are not told. An installed package has its bytecode: so has what is measured.
_STRANGE = ("ORCH_", "OTEL_", "PYTHONDONTWRITEBYTECODE")

# Milliseconds of wall time a task, everything stored, by how it is run.
BUDGETS = {"sequential": 0.25, "durable": 1.5, "submitted": 0.4, "mapped": 0.4}


async def hello(laboratory: Laboratory) -> AsyncIterator[Report]:
    """A script with one flow and one task, embedded: from the start of its process to its end. Its first run apart."""
    with tempfile.TemporaryDirectory(prefix="orch-bench-") as home:
        seconds = [await _seconds("hello", home) for _ in range(STARTS + 1)]
    bare = [await _bare_seconds() for _ in range(STARTS)]
    figures = {
        "seconds": middle(seconds[1:]),
        "best_seconds": round(min(seconds[1:]), 3),
        "first_seconds": round(seconds[0], 2),
        "bare_interpreter_seconds": round(middle(1000 * each for each in bare) / 1000, 3),
    }
    yield Report("hello", figures, {"seconds": at_most(0.6)})


async def no_op_tasks(laboratory: Laboratory) -> AsyncIterator[Report]:
    """Tasks that do nothing, until everything of them is stored: embedded, and on a server."""
    for how, budget in BUDGETS.items():
        count = DURABLE_TASKS if how == "durable" else TASKS
        with tempfile.TemporaryDirectory(prefix="orch-bench-") as home:
            yield _report(how, "embedded", [await _figures(how, count, home) for _ in range(ROUNDS)], budget)
        async with _on_server(laboratory) as (home, variables):
            rounds = [await _figures(how, count, home, variables) for _ in range(ROUNDS)]
            yield _report(how, "server", rounds, budget)


async def many_scripts(laboratory: Laboratory) -> AsyncIterator[Report]:
    """Scripts that begin at once on one SQLite file, which is new: none may fail, and none may be missing."""
    with tempfile.TemporaryDirectory(prefix="orch-bench-") as home:
        begin = perf_counter()
        await asyncio.gather(*(_run("hello", home) for _ in range(SCRIPTS_AT_ONCE)))
        seconds = perf_counter() - begin
        with closing(sqlite3.connect(Path(home) / "orch.db")) as database:
            (runs,) = database.execute("SELECT count(*) FROM flow_run").fetchone()
    if runs != SCRIPTS_AT_ONCE:
        raise RuntimeError(f"{runs} of {SCRIPTS_AT_ONCE} runs were recorded")
    yield Report("scripts_at_once", {"scripts": SCRIPTS_AT_ONCE, "seconds": round(seconds, 2), "recorded": runs})


def _report(how: str, where: str, rounds: Sequence[dict[str, float]], budget: float) -> Report:
    figures = {name: round(middle(1000 * each[name] for each in rounds) / 1000, 4) for name in rounds[0]}
    best = round(min(each["milliseconds"] for each in rounds), 4)
    # With a result committed before the next task begins, a call and a commit are the least that one costs.
    limit = "committed_call_ms" if (how, where) == ("durable", "server") else ""
    bounds = {"milliseconds": at_most(budget, limit=limit)}
    return Report(f"{how}_tasks", {"where": where, **figures, "best_milliseconds": best}, bounds)


@asynccontextmanager
async def _on_server(laboratory: Laboratory) -> AsyncIterator[tuple[str, dict[str, str]]]:
    with tempfile.TemporaryDirectory(prefix="orch-bench-") as home:
        async with laboratory.server() as server:
            yield home, {"ORCH_API_URL": f"http://{server.address}"}


async def _figures(how: str, count: int, home: str, variables: dict[str, str] | None = None) -> dict[str, float]:
    output = await _run("no_ops", home, how, str(count), variables=variables)
    found: dict[str, float] = json.loads(output)
    return found


async def _seconds(script: str, home: str) -> float:
    begin = perf_counter()
    await _run(script, home)
    return perf_counter() - begin


async def _bare_seconds() -> float:
    begin = perf_counter()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "pass")
    await process.wait()
    return perf_counter() - begin


async def _run(script: str, home: str, *arguments: str, variables: dict[str, str] | None = None) -> str:
    """A script's output. Raises RuntimeError where it failed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_STRANGE)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SCRIPTS / f"{script}.py"),
        *arguments,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        env=kept | {"ORCH_HOME": home} | (variables or {}),
    )
    output, errors = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{script} failed: {errors.decode()[-2000:]}")
    return output.decode()
