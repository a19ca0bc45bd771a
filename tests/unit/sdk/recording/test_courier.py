"""What becomes of a run's records while the control plane is there, away, forgetful or refuses them."""

import asyncio
import logging
from pathlib import Path

import pytest

from orch.errors import LeaseLostError, RecordingError
from orch.recording.inbox import Awaited
from orch.recording.records import ResumeFrom, Verdict
from orch.states import AwaitingRetry, Completed, Failed, Paused, Retrying
from tests.unit.sdk.recording.fake_plane import FakePlane, failed
from tests.unit.sdk.recording.moved_time import loop_clock, run_in_moved_time, wall_ns
from tests.unit.sdk.recording.scene import assert_complete, playing


def test_everything_is_stored_once_and_in_order(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            scene.workload("lynx")
            assert await scene.flushed()

    run_in_moved_time(script)

    assert_complete(plane, "lynx")
    assert plane.journal[0] == "start lynx"
    assert plane.journal[-1] == "report Completed"


def test_many_news_travel_in_few_calls(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            scene.workload("lynx", tasks=1000)
            assert await scene.flushed()

    run_in_moved_time(script)

    assert_complete(plane, "lynx", tasks=1000)
    assert sorted(plane.calls) == ["append_logs", "report_runs", "report_task_runs", "start_flow_run"]


def test_callers_are_started_before_the_runs_they_call(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            outer = scene.run("outer")
            inner = scene.run("inner", parent=outer, parent_task_run_id="")
            innermost = scene.run("innermost", parent=inner)
            for run in (innermost, inner, outer):
                scene.end(run)
            assert await scene.flushed()

    run_in_moved_time(script)

    assert plane.journal[:3] == ["start outer", "start inner", "start innermost"]
    assert [run.states[-1] for run in plane.runs.values()] == ["Completed"] * 3


def test_a_run_that_waited_for_the_plane_keeps_its_true_start(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            with plane.outage():
                scene.run("lynx")
                await asyncio.sleep(600)
            assert await scene.flushed()

    run_in_moved_time(script)

    assert 600 <= plane.runs["run-lynx"].start.age.seconds <= 606


def test_a_run_that_ended_while_the_plane_was_away_keeps_its_true_end(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            run = scene.run("lynx")
            assert await scene.flushed()
            with plane.outage():
                scene.end(run, Completed(timestamp_ns=wall_ns()))
                await asyncio.sleep(600)
            assert await scene.flushed()

    run_in_moved_time(script)

    assert 600 <= plane.runs["run-lynx"].end_age_seconds <= 606


def test_states_on_the_way_are_told_in_their_order(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            run = scene.run("lynx")
            scene.state(run, AwaitingRetry())
            scene.state(run, Retrying())
            scene.state(run, Paused())
            scene.end(run, Failed(message="no"))
            assert await scene.flushed()

    run_in_moved_time(script)

    assert plane.runs["run-lynx"].states == ["Running", "AwaitingRetry", "Retrying", "Paused", "Failed"]


def test_a_plane_that_is_away_stops_nobody_and_hears_it_all_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            with plane.outage():
                for number in range(5):
                    scene.workload(f"lynx{number}")
                    await asyncio.sleep(60)
                assert plane.journal == []
            assert await scene.flushed()

    with caplog.at_level(logging.WARNING, "orch.recording"):
        run_in_moved_time(script)

    for number in range(5):
        assert_complete(plane, f"lynx{number}")
    away, back = (record.getMessage() for record in caplog.records)
    assert "It is away. Runs go on" in away
    assert "answers again" in back


def test_one_call_at_a_time_tries_a_plane_that_is_away(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            runs = [scene.run(f"lynx{number}") for number in range(30)]
            assert await scene.flushed()
            with plane.outage():
                for run in runs:
                    scene.line(run, "hello")
                before = plane.tries
                await asyncio.sleep(60)
                # Thirty lines wait, and heartbeats go on: each every five seconds or so.
                assert plane.tries - before < 70
            assert await scene.flushed()

    run_in_moved_time(script)

    assert all(lines == ["hello"] for lines in plane.lines.values())


def test_what_was_stored_though_its_answer_was_lost_is_not_stored_twice(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            for number in range(4):
                plane.answers_lost = 3
                scene.workload(f"lynx{number}")
                assert await scene.flushed()

    run_in_moved_time(script)

    for number in range(4):
        assert_complete(plane, f"lynx{number}")
    assert len(plane.journal) == 4 * (1 + 20 * 3 + 1)


def test_late_lines_and_tasks_are_stored_after_the_end(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            run = scene.run("lynx")
            scene.line(run, "one")
            scene.end(run)
            assert await scene.flushed()
            scene.line(run, "two")
            scene.task(run, "late")
            assert await scene.flushed()

    run_in_moved_time(script)

    assert plane.lines["run-lynx", "run"] == ["one", "two"]
    assert "task-late" in plane.tasks["run-lynx"]


def test_committed_is_done_when_the_plane_has_it_and_not_before(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            run = scene.run("lynx", durable=True)
            await scene.begun(run)
            with plane.outage():
                scene.task(run, "one")
                committed = scene.ask(Awaited.STORED, run)
                await asyncio.sleep(100)
                assert not committed.done()
            assert await asyncio.wrap_future(committed)
            assert plane.tasks["run-lynx"]["task-one"] == {1: "Running", 2: "Completed"}

    run_in_moved_time(script)


def test_who_waits_is_not_kept_waiting_for_others_to_come(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            run = scene.run("lynx")
            await scene.begun(run)
            before = loop_clock()
            scene.task(run, "one")
            assert await asyncio.wrap_future(scene.ask(Awaited.STORED, run))
            # The fake plane takes 2 ms a call.
            assert loop_clock() - before < 0.005

    run_in_moved_time(script)


def test_a_refused_key_fails_the_run_and_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    plane = FakePlane()
    plane.refusals["start_flow_run"] = lambda _: failed("UNAUTHENTICATED", "This key is not known.")

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            for number in range(3):
                run = scene.run(f"lynx{number}")
                with pytest.raises(RecordingError, match="This key is not known"):
                    await scene.begun(run)
                scene.task(run, "one")
                scene.end(run)
            assert await scene.flushed()

    with caplog.at_level(logging.ERROR, "orch.recording"):
        run_in_moved_time(script)

    assert plane.calls == []
    assert len(caplog.records) == 1
    assert not (tmp_path / "spill").exists()


def test_a_key_that_is_withdrawn_later_loses_nothing(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            run = scene.run("lynx")
            await scene.begun(run)
            plane.refusals["append_logs"] = lambda _: failed("PERMISSION_DENIED", "Not with this key.")
            scene.line(run, "hello")
            await asyncio.sleep(100)
            plane.refusals.clear()
            assert await scene.flushed()

    run_in_moved_time(script)

    assert plane.lines["run-lynx", "run"] == ["hello"]


def test_a_called_run_is_refused_with_its_caller(tmp_path: Path) -> None:
    plane = FakePlane()
    plane.refusals["start_flow_run"] = lambda _: failed("UNAUTHENTICATED", "This key is not known.")

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            outer = scene.run("outer")
            with pytest.raises(RecordingError):
                await scene.begun(outer)
            tries = plane.tries
            inner = scene.run("inner", parent=outer)
            with pytest.raises(RecordingError, match="not known"):
                await scene.begun(inner)
            assert plane.tries == tries

    run_in_moved_time(script)


def test_a_run_that_needs_no_grant_begins_while_the_plane_is_away(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            with plane.outage():
                assert await scene.begun(scene.run("lynx"))
                durable = scene.run("owl", durable=True)
                with pytest.raises(RecordingError, match="within 30 s: It is away"):
                    await scene.begun(durable)

    run_in_moved_time(script)


def test_a_run_is_taken_up_again_under_the_next_token(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path, holder="first") as scene:
            scene.line(scene.run("lynx"), "before")
            assert await scene.flushed()
        async with playing(plane, tmp_path, holder="second") as scene:
            run = scene.run("lynx", resume_from=ResumeFrom(1, take_over=True))
            assert await scene.begun(run)
            assert run.token == 2
            scene.line(run, "after")
            scene.end(run)
            assert await scene.flushed()

    run_in_moved_time(script)

    assert plane.runs["run-lynx"].states == ["Running", "Running", "Completed"]
    assert plane.lines == {("run-lynx", "run"): ["before"], ("run-lynx", "run-2"): ["after"]}


def test_the_lines_of_very_many_grants_share_a_stream(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path, holder="first") as scene:
            await scene.begun(scene.run("lynx"))
        plane.runs["run-lynx"].token = 99
        for token in range(99, 103):
            async with playing(plane, tmp_path, holder=f"holder-{token}") as scene:
                run = scene.run("lynx", resume_from=ResumeFrom(token, take_over=True))
                for number in range(3):
                    scene.line(run, f"{token}:{number}")
                assert await scene.flushed()

    run_in_moved_time(script)

    said = [f"{token}:{number}" for token in range(99, 103) for number in range(3)]
    assert plane.lines == {("run-lynx", "run-33+"): said}


def test_who_is_too_late_to_take_a_run_up_hears_it(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            assert await scene.begun(scene.run("lynx"))
            plane.runs["run-lynx"].token = 7
            late = scene.run("lynx", resume_from=ResumeFrom(1, take_over=True))
            with pytest.raises(LeaseLostError, match="Somebody else has it"):
                await scene.begun(late)

    run_in_moved_time(script)


def test_a_run_that_somebody_else_has_is_told_once_and_says_nothing_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            run, other = scene.run("lynx"), scene.run("owl")
            assert await scene.begun(run)
            plane.runs["run-lynx"].token = 2
            scene.task(run, "one")
            with pytest.raises(LeaseLostError):
                await asyncio.wrap_future(scene.ask(Awaited.STORED, run))
            calls = len(plane.calls)
            scene.task(run, "two")
            scene.line(run, "hello")
            scene.end(run)
            await asyncio.sleep(60)
            assert not [call for call in plane.calls[calls:] if call != "sync_leases"]
            assert scene.verdicts == [("lynx", Verdict.LOST)]
            scene.end(other)
            assert await scene.flushed()

    with caplog.at_level(logging.WARNING, "orch.recording"):
        run_in_moved_time(script)

    assert plane.runs["run-owl"].states[-1] == "Completed"
    assert len(caplog.records) == 1


def test_one_wrong_report_is_dropped_and_told_and_the_others_are_stored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plane = FakePlane()

    def refuse(request: object) -> Exception | None:
        reports = request.reports  # type: ignore[attr-defined]
        poisoned = any(report.task_run.name == "lynx-13" for report in reports)
        return failed("INVALID_ARGUMENT", "reports[13]: no.") if poisoned else None

    plane.refusals["report_task_runs"] = refuse  # type: ignore[assignment]

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            scene.workload("lynx", tasks=100)
            assert await scene.flushed()

    with caplog.at_level(logging.ERROR, "orch.recording"):
        run_in_moved_time(script)

    assert set(plane.tasks["run-lynx"]) == {f"task-lynx-{number}" for number in range(100)} - {"task-lynx-13"}
    assert plane.runs["run-lynx"].states[-1] == "Completed"
    assert "1 of tasks" in caplog.text
    assert "reports[13]: no." in caplog.text


def test_a_fault_of_the_plane_is_tried_a_few_times(tmp_path: Path) -> None:
    plane = FakePlane()
    faults = iter(range(3))

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            plane.refusals["report_runs"] = lambda _: failed("INTERNAL", "A bug.") if next(faults, None) else None
            scene.workload("lynx")
            assert await scene.flushed()

    run_in_moved_time(script)

    assert_complete(plane, "lynx")


def test_a_flush_gives_up_when_its_time_is_over_and_an_absence_is_waited_for_once(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            with plane.outage():
                start = loop_clock()
                for number in range(5):
                    scene.workload(f"lynx{number}")
                    assert not await scene.flushed(seconds=10)
                assert loop_clock() - start < 10 + 4 * 0.6
            assert await scene.flushed()

    run_in_moved_time(script)

    for number in range(5):
        assert_complete(plane, f"lynx{number}")


def test_odd_texts_cost_nothing_but_themselves(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            run = scene.run("lynx")
            scene.line(run, "half a \ud83d pair")
            scene.line(run, "€" * 100_000)
            scene.task(run, "nul \x00 " + "x" * 1000, Completed(message="\udcff"))
            assert await scene.flushed()

    run_in_moved_time(script)

    odd, long = plane.lines["run-lynx", "run"]
    assert odd == "half a ? pair"
    assert len(long.encode()) <= 256 * 1024
    assert long.endswith("… (cut)")
