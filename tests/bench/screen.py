"""The screen on a million runs, and on a run with 10 000 task runs and a million lines: paints, filters, scrolling."""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.api import Api
from tests.bench.figures import Figure, Report, at_most
from tests.bench.laboratory import Laboratory
from tests.bench.million_runs import RUNS, MillionRuns
from tests.bench.screen_acts import (
    ALL_TASKS,
    LOG_ROWS,
    RUN_ROWS,
    TASK_ROWS,
    UNFILTERED,
    page_filters,
    run_filters,
    scrolls_of_log,
    scrolls_of_runs,
    scrolls_of_timeline,
)
from tests.bench.screen_browser import Acts, Chromium, started_chromium
from tests.bench.screen_data import LINES, TASKS, fill_large_run
from tests.bench.server_process import ServerProcess
from tests.support.started_server import started_server

ROUNDS = 3
FIRST_PAINT_S = 1.0
FILTER_MS = 300.0
LONG_TASK_MS = 100.0
_BUILD = Path(__file__).resolve().parents[2] / "tools" / "build_web.py"


@dataclass(frozen=True)
class Place:
    """Where a database with everything in it is served."""

    url: str
    flow_run_id: str
    """Of the large run."""

    @property
    def runs(self) -> str:
        """The address of the list of runs."""
        return f"{self.url}/runs"

    @property
    def run(self) -> str:
        """The address of the large run."""
        return f"{self.url}/runs/{self.flow_run_id}"


async def bench(laboratory: Laboratory) -> AsyncIterator[Report]:
    """Fill a database, serve it, look at it."""
    await asyncio.to_thread(_build)
    with (
        laboratory.databases.fresh() as url,
        tempfile.TemporaryDirectory(prefix="orch-bench-home-") as home,
        # Half of the runs are older than what is kept by default.
        started_server(Path(home), "--database-url", url, "--retain-runs-days", "0") as server,
    ):
        await MillionRuns().fill(url)
        async with ServerProcess(server.address, server.pid, 0).channel() as channel:
            large = await fill_large_run(Api(channel))
        async for report in look(Place(server.http_url, large), laboratory.profile):
            yield report


def _build() -> None:
    subprocess.run([sys.executable, str(_BUILD)], check=True, stdout=subprocess.DEVNULL)


async def look(place: Place, trace: Path | None = None) -> AsyncIterator[Report]:
    """What somebody sees who looks at it. With `trace`, how scrolling went is kept there, for Chrome's own tools."""
    async with started_chromium() as chromium:
        yield await _paints(chromium, place)
        yield await _filters(chromium, place)
        yield await _scrolling(chromium, place, trace)


async def _paints(chromium: Chromium, place: Place) -> Report:
    """Each page opened anew with an empty cache, several times."""
    pages = {
        "overview": (f"{place.url}/", f'document.querySelectorAll(".totals strong").length > 1 && {RUN_ROWS}'),
        "runs": (place.runs, RUN_ROWS),
        "run_timeline": (place.run, TASK_ROWS),
        "run_log": (place.run, LOG_ROWS),
        "run_all_tasks": (place.run, ALL_TASKS),
    }
    medians: dict[str, float] = {}
    for name, (url, check) in pages.items():
        taken = []
        for _ in range(ROUNDS):
            async with chromium.fresh() as watched:
                taken.append(await watched.first_paint(url, check))
        medians[name] = round(median(taken), 3)
    useful = max(value for name, value in medians.items() if name != "run_all_tasks")
    figures: dict[str, Figure] = {"runs": RUNS, "tasks": TASKS, "lines": LINES, "first_paint_s": useful}
    figures |= {f"{name}_s": value for name, value in medians.items()}
    return Report("screen_paint", figures, {"first_paint_s": at_most(FIRST_PAINT_S)})


async def _filters(chromium: Chromium, place: Place) -> Report:
    """Each control used as people use it, several times: from its event until what fits has been painted."""
    medians: dict[str, float] = {}
    async with chromium.fresh() as watched:
        await watched.first_paint(place.runs, RUN_ROWS)
        clear = watched.page.get_by_role("button", name="Clear").click
        for each in run_filters(watched.page):
            taken = []
            for _ in range(ROUNDS):
                taken.append(await watched.until_painted(each.act, each.check))
                await watched.until_painted(clear, UNFILTERED)
            medians[each.name] = round(median(taken), 1)
    async with chromium.fresh() as watched:
        await watched.first_paint(place.run, f"{ALL_TASKS} && {LOG_ROWS}")
        for each in page_filters(watched.page):
            taken = []
            for _ in range(ROUNDS):
                taken.append(await watched.until_painted(each.act, each.check))
                await watched.until_painted(each.undo, f"{ALL_TASKS} && {LOG_ROWS}")
            medians[each.name] = round(median(taken), 1)
    worst = max(medians, key=lambda name: medians[name])
    figures: dict[str, Figure] = {"filter_ms": medians[worst], "worst": worst}
    figures |= {f"{name}_ms": value for name, value in medians.items()}
    return Report("screen_filter", figures, {"filter_ms": at_most(FILTER_MS)})


async def _scrolling(chromium: Chromium, place: Place, trace: Path | None) -> Report:
    """The longest task of the page while each list is moved through. The second and later rounds count as the first."""
    longest: dict[str, float] = {}
    looks: list[tuple[str, str, Acts]] = [
        (place.runs, RUN_ROWS, scrolls_of_runs),
        (place.run, f"{ALL_TASKS} && {LOG_ROWS}", scrolls_of_timeline),
        (place.run, f"{ALL_TASKS} && {LOG_ROWS}", scrolls_of_log),
    ]
    for url, check, acts in looks:
        async with chromium.fresh(trace=trace and trace.with_suffix(f".{acts.__name__}.json")) as watched:
            await watched.first_paint(url, check)
            for name, act in acts(watched).items():
                longest[name] = round(await watched.longest_task(act), 1)
    worst = max(longest, key=lambda name: longest[name])
    figures: dict[str, Figure] = {"long_task_ms": longest[worst], "worst": worst}
    figures |= {f"{name}_ms": value for name, value in longest.items()}
    return Report("screen_scroll", figures, {"long_task_ms": at_most(LONG_TASK_MS)})
