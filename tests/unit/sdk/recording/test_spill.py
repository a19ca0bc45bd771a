"""Records that wait on disk: what does not fit into memory, and what is left when a process ends."""

import asyncio
import errno
import logging
import shutil
from pathlib import Path

import pytest

from orch.recording import spill as spill_module
from orch.recording.parcels import Kind, Parcel, Wave
from orch.recording.spill import Spill, leftovers
from orch_proto.v1.log_service_pb2 import AppendLogsRequest
from tests.unit.sdk.recording.fake_plane import FakePlane
from tests.unit.sdk.recording.moved_time import run_in_moved_time, until
from tests.unit.sdk.recording.scene import assert_complete, expected_lines, playing


def segments(home: Path) -> list[Path]:
    """What waits on disk."""
    return sorted((home / "spill").glob("*/*.segment"))


def test_what_memory_does_not_hold_waits_on_disk_and_arrives_in_order(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path, most_items=50) as scene:
            with plane.outage():
                for number in range(10):
                    scene.workload(f"lynx{number}")
                    await asyncio.sleep(10)
                assert segments(tmp_path)
            assert await scene.flushed()
            assert not segments(tmp_path)
            scene.workload("after")
            assert await scene.flushed()

    run_in_moved_time(script)

    for number in range(10):
        assert_complete(plane, f"lynx{number}")
    assert_complete(plane, "after")
    assert not list((tmp_path / "spill").iterdir())


def test_what_a_killed_process_had_spilled_is_whole(tmp_path: Path) -> None:
    plane, told_by_the_next = FakePlane(), FakePlane()
    killed = tmp_path / "killed"

    async def script() -> None:
        async with playing(plane, tmp_path, holder="first", most_items=50) as scene:
            with plane.outage():
                for number in range(10):
                    scene.workload(f"lynx{number}")
                    await asyncio.sleep(10)
                # What would be found if it were killed now; nobody holds the copy's lock.
                shutil.copytree(tmp_path / "spill", killed / "spill")
            assert await scene.flushed()
            assert not segments(tmp_path)
        async with playing(told_by_the_next, killed, holder="second") as scene:
            scene.workload("owl")
            assert await scene.flushed()

    run_in_moved_time(script)

    for number in range(10):
        assert_complete(told_by_the_next, f"lynx{number}")
    assert not list((killed / "spill").iterdir())


def test_who_is_killed_while_it_waits_for_the_last_delivery_loses_nothing(tmp_path: Path) -> None:
    plane, told_by_the_next = FakePlane(), FakePlane()
    killed = tmp_path / "killed"

    async def script() -> None:
        async with playing(plane, tmp_path, holder="first") as scene:
            with plane.outage():
                scene.workload("lynx")
                assert not await scene.flushed(seconds=60)
                scene.workload("owl")
                assert not await scene.flushed(seconds=60)
                shutil.copytree(tmp_path / "spill", killed / "spill")
            assert await scene.flushed()
            assert not segments(tmp_path)
        async with playing(told_by_the_next, killed, holder="second") as scene:
            scene.workload("hare")
            assert await scene.flushed()

    run_in_moved_time(script)

    for name in ("lynx", "owl", "hare"):
        assert_complete(told_by_the_next, name)
    for name in ("lynx", "owl"):
        assert_complete(plane, name)


def test_news_that_comes_while_the_disk_is_read_keeps_its_place(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path, most_items=50) as scene:
            run = scene.run("lynx")
            with plane.outage():
                for number in range(1000):
                    scene.line(run, f"lynx said {number}")
                    await asyncio.sleep(0.1)
            for number in range(1000, 1200):
                scene.line(run, f"lynx said {number}")
                await asyncio.sleep(0.001)
            assert await scene.flushed()

    run_in_moved_time(script)

    assert plane.lines["run-lynx", "run"] == expected_lines("lynx", 1200)


def test_what_a_process_could_not_deliver_is_delivered_by_the_next_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path, holder="first", most_items=50) as scene:
            plane.away = True
            for number in range(5):
                scene.workload(f"lynx{number}")
                await asyncio.sleep(10)
            assert not await scene.flushed(seconds=10)
        assert plane.journal == []
        plane.away = False
        async with playing(plane, tmp_path, holder="second") as scene:
            scene.workload("owl")
            assert await scene.flushed()

    with caplog.at_level(logging.WARNING, "orch.recording"):
        run_in_moved_time(script)

    for name in ("lynx0", "lynx1", "lynx2", "lynx3", "lynx4", "owl"):
        assert_complete(plane, name)
    assert not list((tmp_path / "spill").iterdir())
    assert str(tmp_path / "spill") in caplog.text
    assert "another process could not deliver" in caplog.text


def test_what_was_delivered_in_part_is_not_stored_twice(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path, holder="first", most_items=50) as scene:
            run = scene.run("lynx")
            assert await scene.begun(run)
            plane.away = True
            for number in range(300):
                scene.line(run, f"lynx said {number}")
                await asyncio.sleep(0.1)
            plane.away = False
            # Stopped in the middle.
            await until(lambda: len(plane.lines.get(("run-lynx", "run"), ())) >= 100)
            plane.away = True
            assert not await scene.flushed(seconds=1)
        plane.away = False
        async with playing(plane, tmp_path, holder="second") as scene:
            scene.workload("owl")
            assert await scene.flushed()

    run_in_moved_time(script)

    assert plane.lines["run-lynx", "run"] == expected_lines("lynx", 300)


def test_the_next_process_lets_alone_what_is_for_another_plane(tmp_path: Path) -> None:
    plane, other = FakePlane(), FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path, holder="first") as scene:
            plane.away = True
            scene.workload("lynx")
            assert not await scene.flushed(seconds=1)
        async with playing(other, tmp_path, holder="second", target="other") as scene:
            scene.workload("owl")
            assert await scene.flushed()

    run_in_moved_time(script)

    assert list(other.runs) == ["run-owl"]
    assert segments(tmp_path)


def test_the_next_process_lets_alone_what_a_living_one_waits_with(tmp_path: Path) -> None:
    plane, reachable = FakePlane(), FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path, holder="first", most_items=10) as scene:
            plane.away = True
            scene.workload("lynx")
            await asyncio.sleep(10)
            assert segments(tmp_path)
            async with playing(reachable, tmp_path, holder="second") as scene_of_second:
                scene_of_second.workload("owl")
                assert await scene_of_second.flushed()
            assert list(reachable.runs) == ["run-owl"]
            plane.away = False
            assert await scene.flushed()

    run_in_moved_time(script)

    assert_complete(plane, "lynx")


def test_where_the_disk_is_full_lines_go_first_and_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    plane = FakePlane()

    def no_room(descriptor: int, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def script() -> None:
        async with playing(plane, tmp_path, most_items=40) as scene:
            run = scene.run("lynx")
            assert await scene.begun(run)
            monkeypatch.setattr(spill_module, "_write_all", no_room)
            with plane.outage():
                for number in range(30):
                    scene.task(run, f"{number}")
                    scene.line(run, f"{number}")
                    await asyncio.sleep(1)
                scene.end(run)
                await asyncio.sleep(1)
            assert await scene.flushed()
            scene.line(run, "afterwards")
            assert await scene.flushed()

    with caplog.at_level(logging.ERROR, "orch.recording"):
        run_in_moved_time(script)

    assert len(plane.tasks["run-lynx"]) == 30
    assert plane.runs["run-lynx"].states[-1] == "Completed"
    stored = plane.lines["run-lynx", "run"]
    assert stored[:15] == [str(number) for number in range(15)]
    assert stored[-1] == "afterwards"
    assert len(stored) < 31
    assert [record.getMessage().count("No space left on device") for record in caplog.records] == [1]


def test_a_home_that_cannot_be_written_loses_what_is_left_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plane = FakePlane()
    (tmp_path / "spill").write_text("a file where a folder should be")

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            plane.away = True
            scene.workload("lynx")
            assert not await scene.flushed(seconds=1)

    with caplog.at_level(logging.ERROR, "orch.recording"):
        run_in_moved_time(script)

    assert "is lost" in caplog.text


def wave(number: int, text: str = "") -> Wave:
    """A wave of one request."""
    request = AppendLogsRequest(flow_run_id="run", token=1, stream="run", offset=number)
    request.records.add(message=text or f"line {number}")
    return Wave([Parcel(Kind.LOGS, request)], number)


def spilled(folder: Path, numbers: range, *, segment_bytes: int = 4096) -> None:
    """A folder as a process that was killed leaves it: the lock is free, the files are there."""
    spill = Spill(folder, target="plane", segment_bytes=segment_bytes)
    for number in numbers:
        spill.append([wave(number)])
    spill.close()


def read_all(home: Path) -> list[int]:
    """The waves of all leftovers, in their order."""
    found = []
    for leftover in leftovers(home):
        found += [each.number for batches in leftover.segments() for waves in batches for each in waves]
        leftover.close()
    return found


def test_what_is_on_disk_is_read_back_whole_and_in_order(tmp_path: Path) -> None:
    spilled(tmp_path / "one", range(1, 501))

    assert len(list((tmp_path / "one").glob("*.segment"))) > 3
    assert read_all(tmp_path) == list(range(1, 501))
    assert list(tmp_path.iterdir()) == []


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    spilled(tmp_path / "one", range(1, 3))

    (segment,) = (tmp_path / "one").glob("*.segment")
    assert segment.stat().st_mode & 0o077 == 0
    assert segment.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("cut", [1, 10, 30])
def test_a_frame_that_was_cut_off_ends_its_segment(tmp_path: Path, cut: int) -> None:
    spilled(tmp_path / "one", range(1, 11))
    (segment,) = (tmp_path / "one").glob("*.segment")
    segment.write_bytes(segment.read_bytes()[:-cut])

    assert read_all(tmp_path) == list(range(1, 10))


def test_a_frame_that_was_changed_ends_its_segment(tmp_path: Path) -> None:
    spilled(tmp_path / "one", range(1, 11))
    (segment,) = (tmp_path / "one").glob("*.segment")
    segment.write_bytes(segment.read_bytes().replace(b"line 7", b"lime 7"))

    assert read_all(tmp_path) == list(range(1, 7))


def test_what_a_newer_version_has_left_is_let_alone(tmp_path: Path) -> None:
    spilled(tmp_path / "one", range(1, 11))
    (segment,) = (tmp_path / "one").glob("*.segment")
    segment.write_bytes(segment.read_bytes().replace(b'"orch_spill": 1', b'"orch_spill": 2', 1))

    (leftover,) = leftovers(tmp_path)
    leftover.close()

    assert leftover.target not in {"", "plane"}


def test_what_does_not_fit_is_not_kept_in_part(tmp_path: Path) -> None:
    spill = Spill(tmp_path / "one", target="plane", most_bytes=2000)
    spill.append([wave(1)])

    with pytest.raises(OSError, match="2000 bytes"):
        spill.append([wave(2, "x" * 3000)])

    spill.append([wave(3)])
    assert [each.number for each in spill.read(10_000)] == [1, 3]
    spill.close()


def test_reading_goes_on_where_writing_went_on(tmp_path: Path) -> None:
    spill = Spill(tmp_path / "one", target="plane", segment_bytes=200)
    found: list[int] = []
    for number in range(1, 50):
        spill.append([wave(number)])
        if number % 7 == 0:
            while waves := spill.read(100):
                found += [each.number for each in waves]
                spill.done(found[-1])
    found += [each.number for each in spill.read(10_000)]
    spill.close()

    assert found == list(range(1, 50))
