"""Whatever fails, and in whichever order: in the end all is stored, once, and in order. A seed replays a failure."""

import asyncio
import os
from pathlib import Path
from random import Random

import pytest

from orch.recording.records import FlowRunRecord
from tests.unit.sdk.recording.fake_plane import FakePlane, failed
from tests.unit.sdk.recording.moved_time import run_in_moved_time
from tests.unit.sdk.recording.scene import Scene, playing

SEEDS = range(int(os.environ.get("ORCH_TEST_SEEDS", "12")))
PROCESSES = 3
RUNS = 4
METHODS = ("start_flow_run", "report_runs", "report_task_runs", "append_logs", "sync_leases")
PASSING = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED")


async def trouble(plane: FakePlane, chance: Random) -> None:
    """Outages, lost answers and passing faults, until cancelled."""
    while True:
        await asyncio.sleep(chance.expovariate(1 / 3))
        match chance.randrange(3):
            case 0:
                with plane.outage():
                    await asyncio.sleep(chance.expovariate(1 / 20))
            case 1:
                plane.answers_lost += chance.randint(1, 3)
            case _:
                method, code = chance.choice(METHODS), chance.choice(PASSING)
                plane.refusals[method] = lambda _, code=code: failed(code)  # type: ignore[misc]
                await asyncio.sleep(chance.expovariate(1))
                del plane.refusals[method]


class Work:
    """What a process did, to be compared with what is stored."""

    def __init__(self) -> None:
        self.lines: dict[str, list[str]] = {}
        self.tasks: dict[str, set[str]] = {}

    async def run(self, scene: Scene, name: str, chance: Random, parent: FlowRunRecord | None = None) -> None:
        """One run, which may call another."""
        run = scene.run(name, parent=parent)
        lines, tasks = self.lines.setdefault(run.id, []), self.tasks.setdefault(run.id, set())
        for step in range(chance.randint(1, 60)):
            await asyncio.sleep(chance.choice((0, 0, 0.001, 0.01, 0.1, 1)))
            if chance.random() < 0.5:
                scene.task(run, f"{name}-{step}")
                tasks.add(f"task-{name}-{step}")
            else:
                scene.line(run, f"{step}")
                lines.append(f"{step}")
        if parent is None and chance.random() < 0.5:
            await self.run(scene, f"{name}-child", chance, run)
        scene.end(run)


async def process(plane: FakePlane, home: Path, number: int, chance: Random, work: Work) -> None:
    """A process from its begin to its end."""
    async with playing(plane, home, holder=f"holder-{number}", most_items=chance.choice((5, 50, 20_000))) as scene:
        runs = [work.run(scene, f"p{number}r{place}", chance) for place in range(RUNS)]
        await asyncio.gather(*runs)
        await scene.flushed(seconds=chance.choice((0.0, 1.0, 30.0)))


@pytest.mark.parametrize("seed", SEEDS)
def test_all_is_stored_once_and_in_order(seed: int, tmp_path: Path) -> None:
    plane, chance, work = FakePlane(), Random(seed), Work()

    async def script() -> None:
        troubling = asyncio.create_task(trouble(plane, chance))
        for number in range(PROCESSES):
            await process(plane, tmp_path, number, chance, work)
        troubling.cancel()
        plane.away, plane.answers_lost = False, 0
        plane.refusals.clear()
        async with playing(plane, tmp_path, holder="last") as scene:
            scene.workload("last")
            assert await scene.flushed()

    run_in_moved_time(script)

    assert {run_id: plane.lines.get((run_id, "run"), []) for run_id in work.lines} == work.lines
    assert {run_id: set(plane.tasks.get(run_id, ())) for run_id in work.tasks} == work.tasks
    for run_id in work.lines:
        assert plane.runs[run_id].states == ["Running", "Completed"]
        assert all(versions == {1: "Running", 2: "Completed"} for versions in plane.tasks.get(run_id, {}).values())
    assert not list((tmp_path / "spill").glob("*")) if (tmp_path / "spill").exists() else True
