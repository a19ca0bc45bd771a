"""Invariants 14 and 15: a time fires once; log offsets are contiguous."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from orch_server.application.log_rows import ChunkWish
from orch_server.application.schedules import ScheduleDraft
from orch_server.domain.runs import ReportVerdict
from orch_server.domain.schedules import CronSpec
from orch_server.domain.states import StateType
from orch_server.storage.flow_runs import SqlFlowRuns
from tests.simulation.scene import (
    Scene,
    append,
    before_next,
    calm,
    seconds,
)
from tests.support.plane import Held, Plane, reply

S = StateType
V = ReportVerdict


# 14. A schedule fires once per nominal time.


async def _minutely(plane: Plane, spec: CronSpec | None = None) -> ScheduleDraft:
    deployment = await plane.deployment()
    draft = ScheduleDraft(deployment_id=deployment.id, spec=spec or CronSpec("* * * * *"), name="minutely")
    await plane.schedules.create(draft, reply())
    return draft


async def a_time_fires_once(scene: Scene) -> None:
    """Two servers at once, and again after restarts."""
    planes = [await scene.plane(), await scene.plane()]
    await _minutely(planes[0])
    for minute in range(1, 6):
        scene.clock.advance(seconds(60))
        await asyncio.gather(*(calm(plane.scheduler.run_once()) for plane in planes))
        restarted = await scene.plane()
        await calm(restarted.scheduler.run_once())
        times = [run.nominal_time for run in await planes[0].all_runs()]
        assert len(times) == len(set(times)) == minute


async def a_time_decided_here_is_not_fired_there(scene: Scene) -> None:
    """The other server looks after this one has locked the schedule, and before it has written."""
    plane = await scene.plane()
    await _minutely(plane)
    scene.clock.advance(seconds(60))

    async def fire(other: Plane) -> int:
        return (await other.scheduler.run_once()).fired

    rival = scene.elsewhere(fire)
    with before_next(SqlFlowRuns, "add", rival.go):
        await calm(plane.scheduler.run_once())

    assert len(await plane.all_runs()) == 1
    assert rival.results in ([], [0])


async def a_redeployed_schedule_does_not_fire_again(scene: Scene) -> None:
    """It is deleted and created again while its time is still there to be decided."""
    plane = await scene.plane()
    draft = await _minutely(plane)
    scene.clock.advance(seconds(60))
    await plane.scheduler.run_once()
    [run] = await plane.all_runs()
    assert run.schedule_id is not None
    await plane.schedules.delete(run.schedule_id, "", reply=reply())
    again = await plane.schedules.create(draft, reply())
    # As after a restore from a backup, or a clock that was put back: the time is due once more.
    due_again = replace(again, next_time=run.nominal_time, version=again.version + 1)
    assert await plane.store.write(lambda tx: tx.schedules.change(due_again, old_version=again.version))

    await calm(plane.scheduler.run_once())

    assert len(await plane.all_runs()) == 1


async def daylight_saving_fires_once_a_day(scene: Scene) -> None:
    """On the day without 02:30 and on the day with two of them."""
    plane = await scene.plane()
    await _minutely(plane, CronSpec("30 2 * * *", "Europe/Berlin"))
    for day in (datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)):
        scene.clock.set(day - seconds(3600))
        await plane.scheduler.run_once()
        before = len(await plane.all_runs())
        for _ in range(8):
            scene.clock.advance(seconds(1800))
            await calm(plane.scheduler.run_once())
        assert len(await plane.all_runs()) == before + 1


# 15. Log offsets are contiguous.


async def _stored(plane: Plane, held: Held) -> list[int]:
    """The numbers of the lines that are stored, as the chunks have them: the last ones of each count."""
    created = (await plane.get(held.run_id)).create_time
    wish = ChunkWish(held.run_id, "run", 0, 1000, 1 << 20, 0, created)
    chunks = await plane.store.read(lambda tx: tx.logs.chunks(wish))
    expected = 0
    lines: list[int] = []
    for chunk in chunks:
        assert chunk.first_offset == expected
        assert chunk.records is not None
        lines += chunk.records[-chunk.record_count :]
        expected = chunk.end_offset
    return lines


async def log_lines_are_contiguous(scene: Scene) -> None:
    """Repeats, overlaps, gaps and leaps back."""
    plane = await scene.plane()
    held = await plane.running(await plane.open())
    sent = [(0, 3), (0, 3), (2, 3), (9, 2), (5, 1), (0, 6), (6, 4), (4, 8)]

    answers = [await calm(append(plane, held, offset, count)) for offset, count in sent]

    assert [each.verdict.name for each in answers] == [
        "ACCEPTED",
        "DUPLICATE",
        "ACCEPTED",
        "INVALID",
        "ACCEPTED",
        "DUPLICATE",
        "ACCEPTED",
        "ACCEPTED",
    ]
    assert [each.committed_offset for each in answers] == [3, 3, 5, 5, 6, 6, 10, 12]
    assert await _stored(plane, held) == list(range(12))


async def racing_writers_of_one_stream_store_each_line_once(scene: Scene) -> None:
    """A process and its shipper, through two servers, repeat each other's lines."""
    planes = [await scene.plane(), await scene.plane()]
    held = await planes[0].running(await planes[0].open())

    async def ship(plane: Plane) -> None:
        offset = 0
        while offset < 60:
            offset = (await calm(append(plane, held, offset, 4))).committed_offset

    await asyncio.gather(*(ship(plane) for plane in planes))

    assert await _stored(planes[0], held) == list(range(60))
