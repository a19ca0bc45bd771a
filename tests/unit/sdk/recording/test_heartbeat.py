"""Leases are kept, and what the control plane wants of runs reaches them."""

import asyncio
from itertools import pairwise
from pathlib import Path

from orch.recording.records import Verdict
from orch_proto.v1.lease_pb2 import LeaseVerdict
from tests.unit.sdk.recording.fake_plane import FakePlane, failed
from tests.unit.sdk.recording.moved_time import loop_clock, run_in_moved_time, until
from tests.unit.sdk.recording.scene import playing


def test_a_lease_is_renewed_as_often_as_the_plane_wants(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            run = scene.run("lynx")
            await scene.begun(run)
            await asyncio.sleep(60)
            scene.end(run)
            assert await scene.flushed()
            renewed = len(plane.runs["run-lynx"].synced_at)
            await asyncio.sleep(60)
            assert len(plane.runs["run-lynx"].synced_at) == renewed

    run_in_moved_time(script)

    times = plane.runs["run-lynx"].synced_at
    assert 11 <= len(times) <= 13
    assert max(after - before for before, after in pairwise(times)) < 5.5


def test_one_heartbeat_keeps_all_leases(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            for number in range(50):
                await scene.begun(scene.run(f"lynx{number}"))
            before = plane.calls.count("sync_leases")
            await asyncio.sleep(30)
            assert plane.calls.count("sync_leases") - before <= 7

    run_in_moved_time(script)

    assert all(run.synced_at for run in plane.runs.values())


def test_heartbeats_do_not_queue_behind_records(tmp_path: Path) -> None:
    plane = FakePlane()
    plane.refusals["append_logs"] = lambda _: failed("UNAVAILABLE", "Too busy for lines.")

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            run = scene.run("lynx")
            await scene.begun(run)
            scene.line(run, "hello")
            await asyncio.sleep(60)

    run_in_moved_time(script)

    assert len(plane.runs["run-lynx"].synced_at) >= 11


def test_a_heartbeat_that_is_not_answered_comes_again_soon(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            await scene.begun(scene.run("lynx"))
            plane.refusals["sync_leases"] = lambda _: failed("UNAVAILABLE")
            await asyncio.sleep(8)
            plane.refusals.clear()
            await asyncio.sleep(3)

    run_in_moved_time(script)

    assert plane.runs["run-lynx"].synced_at


def test_a_cancel_comes_with_a_heartbeat_and_is_told_once(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            await scene.begun(scene.run("lynx"))
            plane.runs["run-lynx"].verdict = LeaseVerdict.LEASE_VERDICT_CANCEL
            await asyncio.sleep(30)
            assert scene.verdicts == [("lynx", Verdict.CANCEL)]
            assert len(plane.runs["run-lynx"].synced_at) >= 5

    run_in_moved_time(script)


def test_a_hint_brings_a_cancel_at_once(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            await scene.begun(scene.run("lynx"))
            await asyncio.sleep(1.5)
            plane.runs["run-lynx"].verdict = LeaseVerdict.LEASE_VERDICT_CANCEL
            asked_at = loop_clock()
            plane.hints["run-lynx"].set()
            await until(lambda: scene.verdicts)
            assert loop_clock() - asked_at < 0.1

    run_in_moved_time(script)


def test_a_run_that_is_lost_hears_so_and_is_let_go(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            await scene.begun(scene.run("lynx"))
            plane.runs["run-lynx"].token = 2
            await asyncio.sleep(60)
            assert scene.verdicts == [("lynx", Verdict.LOST)]
            assert len(plane.runs["run-lynx"].synced_at) == 1

    run_in_moved_time(script)


def test_an_exclusive_run_stops_before_its_lease_can_have_expired(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            exclusive, plain = scene.run("lynx", exclusive=True), scene.run("owl")
            await scene.begun(exclusive)
            await scene.begun(plain)
            await asyncio.sleep(5.5)
            renewed_at = plane.runs["run-lynx"].synced_at[-1]
            with plane.outage():
                await until(lambda: scene.verdicts)
                # 15 s, less 2.5 s for clocks and for stopping.
                assert 10 < loop_clock() - renewed_at <= 12.6
                await asyncio.sleep(60)
            assert scene.verdicts == [("lynx", Verdict.LOST)]
            # Nobody else took it: its end is still told.
            scene.end(exclusive)
            assert await scene.flushed()

    run_in_moved_time(script)

    assert plane.runs["run-lynx"].states[-1] == "Completed"
