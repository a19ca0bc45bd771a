"""The recorder as threads see it: a courier of its own, whatever becomes of it."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orch.errors import LeaseLostError, RecordingError
from orch.recording.batches import Holder
from orch.recording.courier import Plan
from orch.recording.inbox import Inbox
from orch.recording.opening import open_recorder
from orch.recording.recorder import CourierRecorder, NullRecorder
from orch.recording.records import FlowRunRecord, LogLine, TaskRunRecord
from orch.settings import temporary_settings
from orch.states import Completed, Running
from orch_client.errors import ConfigurationError
from tests.unit.sdk.recording.fake_plane import FakePlane, failed


def plan_for(plane: FakePlane, home: Path) -> Plan:
    """In real time."""

    async def open_transport() -> FakePlane:
        return plane

    return Plan(
        open_transport=open_transport,
        target="plane",
        holder=Holder("holder", "host/1/2/3"),
        spill_folder=home / "spill",
        clock=time.monotonic,
        wall_ns=time.time_ns,
        chance=lambda: 0.5,
    )


@pytest.fixture
def plane() -> FakePlane:
    """A control plane."""
    return FakePlane()


@pytest.fixture
def recorder(plane: FakePlane, tmp_path: Path) -> Iterator[CourierRecorder]:
    """A recorder for it."""
    found = CourierRecorder(lambda: plan_for(plane, tmp_path), confirms_first=True)
    yield found
    found.close(0.0)


def new_run(name: str = "lynx") -> FlowRunRecord:
    """A run that is about to begin."""
    return FlowRunRecord(id=f"run-{name}", name=name, flow_name="etl", start_ns=time.time_ns())


def work(recorder: CourierRecorder, run: FlowRunRecord, thread: int, count: int) -> None:
    """Tasks and lines of one thread."""
    for number in range(count):
        name = f"{thread}-{number}"
        task = TaskRunRecord(f"task-{name}", run, name, "m.task", name, create_ns=time.time_ns(), attempt=1)
        for state in (Running(), Completed()):
            task.version += 1
            recorder.task(task, state)
        recorder.log(LogLine(run, "", time.time_ns(), 20, "orch", f"{thread}:{number}"))


def test_many_threads_record_at_once(recorder: CourierRecorder, plane: FakePlane) -> None:
    run = new_run()
    recorder.begin(run)
    with ThreadPoolExecutor(8) as pool:
        for thread in range(8):
            pool.submit(work, recorder, run, thread, 500)
    recorder.end(run, Completed(), None)
    assert recorder.flush()

    assert len(plane.tasks[run.id]) == 4000
    lines = plane.lines[run.id, "run"]
    for thread in range(8):
        assert [line for line in lines if line.startswith(f"{thread}:")] == [f"{thread}:{n}" for n in range(500)]
    assert plane.runs[run.id].states == ["Running", "Completed"]


def test_who_waits_for_each_task_gets_an_answer_for_each(recorder: CourierRecorder, plane: FakePlane) -> None:
    run = new_run()
    recorder.begin(run)
    assert recorder.begun(run).result(10)
    for number in range(200):
        work(recorder, run, number, 1)
        assert recorder.committed(run).result(10)
        assert f"task-{number}-0" in plane.tasks[run.id]


def test_only_the_first_run_is_waited_for(recorder: CourierRecorder) -> None:
    assert recorder.confirms_begin
    run = new_run()
    recorder.begin(run)
    recorder.begun(run).result(10)
    assert not recorder.confirms_begin


def test_a_recorder_that_was_never_used_starts_nothing(recorder: CourierRecorder) -> None:
    before = threading.active_count()
    assert recorder.flush()
    recorder.close()
    assert threading.active_count() == before


def test_news_of_runs_that_have_not_begun_here_waits_for_nobody(recorder: CourierRecorder, plane: FakePlane) -> None:
    # A forked child has such runs: its parent's.
    run = new_run("owl")
    work(recorder, run, 1, 100)

    assert not recorder._inbox.news
    assert recorder.committed(run).result(10)
    assert not plane.runs


def test_after_the_end_nobody_waits_for_ever(recorder: CourierRecorder) -> None:
    run = new_run()
    recorder.begin(run)
    recorder.close()
    recorder.end(run, Completed(), None)

    with pytest.raises(RecordingError, match="ended"):
        recorder.committed(run).result(10)
    assert not recorder.flush()


def test_settings_that_cannot_be_right_refuse_the_run(plane: FakePlane, tmp_path: Path) -> None:
    def plan() -> Plan:
        raise ConfigurationError("The API key would travel unencrypted.")

    recorder = CourierRecorder(plan)
    run = new_run()
    recorder.begin(run)

    with pytest.raises(RecordingError, match="would travel unencrypted"):
        recorder.begun(run).result(10)
    assert not recorder.flush()
    recorder.close()


def test_a_lease_that_is_lost_is_told_as_such(recorder: CourierRecorder, plane: FakePlane) -> None:
    plane.refusals["start_flow_run"] = lambda _: failed("FAILED_PRECONDITION", "Taken.", reason="LEASE_LOST")
    run = new_run()
    recorder.begin(run)

    with pytest.raises(LeaseLostError, match=r"Taken\."):
        recorder.begun(run).result(10)


def test_a_courier_that_is_woken_while_it_falls_asleep_misses_nothing() -> None:
    """The courier says that it sleeps, then looks: news that came between the two is seen by one of them."""
    inbox = Inbox()
    woken = threading.Event()
    inbox.wake = woken.set
    run = new_run()

    inbox.sleeping = True
    inbox.put(LogLine(run, "", 1, 20, "orch", "one"))

    assert woken.is_set()
    assert len(inbox.drain(10)) == 1


def test_recording_can_be_switched_off(tmp_path: Path) -> None:
    with temporary_settings(home=tmp_path, recording="off"):
        recorder = open_recorder()

    run = new_run()
    assert isinstance(recorder, NullRecorder)
    recorder.begin(run)
    recorder.end(run, Completed(), None)
    assert recorder.begun(run).result(0)
    assert recorder.committed(run).result(0)
    assert recorder.flush()
    assert list(tmp_path.iterdir()) == []


async def test_an_event_loop_can_wait_without_being_held_up(recorder: CourierRecorder) -> None:
    run = new_run()
    recorder.begin(run)
    async with asyncio.timeout(10):
        assert await asyncio.wrap_future(recorder.begun(run))
