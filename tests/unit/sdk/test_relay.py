"""What a task's process has to record, on its way to the recorder of the flow's process; and what comes back."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from multiprocessing import Pipe
from typing import Any

import pytest

from orch.context import FlowRunContext
from orch.engine.checkpoints import Checkpoint, Checkpoints
from orch.engine.held_run import HeldRun
from orch.errors import RecordingError
from orch.recording.recorder import NullRecorder
from orch.recording.records import FlowRunRecord, LogLine, TaskRunRecord, Verdict
from orch.results.stored import StoredResult
from orch.states import Completed, Failed, Running, State
from orch.task_runners.channel import Channel
from orch.task_runners.relay import Relay, RelayedCheckpoints, RelayedScope, RelayingRecorder, Requests

RESULT = StoredResult(data=b"1", uri="", media_type="application/json", size_bytes=1)


class Notes(NullRecorder):
    """Keeps what it is told, and refuses what it is asked if it is told to."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any, Any]] = []
        self.refusal: RecordingError | None = None

    def begin(self, run: FlowRunRecord) -> None:
        self.heard.append(("begin", run, None))

    def task(self, task: TaskRunRecord, state: State[Any]) -> None:
        self.heard.append(("task", task, state))

    def log(self, line: LogLine) -> None:
        self.heard.append(("log", line, None))

    def state(self, run: FlowRunRecord, state: State[Any]) -> None:
        self.heard.append(("state", run, state))

    def end(self, run: FlowRunRecord, state: State[Any], result: StoredResult | None) -> None:
        self.heard.append(("end", run, (state, result)))

    def committed(self, run: FlowRunRecord) -> "Future[bool]":
        self.heard.append(("committed", run, None))
        future: Future[bool] = Future()
        if self.refusal is not None:
            future.set_exception(self.refusal)
        else:
            future.set_result(True)
        return future


class Border:
    """Both sides of the border between two processes, in one."""

    def __init__(self) -> None:
        here, there = Pipe()
        self.notes = Notes()
        self._here, self._there = Channel(here), Channel(there)
        self.relay = Relay(self._here, lambda: self.notes)
        self.requests = Requests(self._there)
        self.recorder = RelayingRecorder(self._there, self.requests)
        self._threads = [threading.Thread(target=each) for each in (self._receive_here, self._receive_there)]
        for thread in self._threads:
            thread.start()

    def _receive_here(self) -> None:
        while (message := self._here.receive()) is not None:
            kind, *content = message
            if kind == "end":
                return
            (self.relay.take if kind == "recorder" else self.relay.answer)(*content)

    def _receive_there(self) -> None:
        while (message := self._there.receive()) is not None:
            kind, *content = message
            if kind == "end":
                return
            (self.requests.answered if kind == "answer" else self.recorder.heard)(*content)

    def arrived(self) -> list[tuple[str, Any, Any]]:
        """What the recorder has heard, once everything sent so far has come over."""
        self.recorder.committed(FLOW_RUN).result(timeout=30)
        heard = [each for each in self.notes.heard if each[0] != "committed"]
        self.notes.heard.clear()
        return heard

    def close(self) -> None:
        self._there.send("end")
        self._here.send("end")
        for thread in self._threads:
            thread.join()
        self._here.close()
        self._there.close()


FLOW_RUN = FlowRunRecord(id="flow-run", name="brisk-otter", flow_name="etl")


@pytest.fixture
def border() -> Iterator[Border]:
    made = Border()
    made.relay.know(context_of(FLOW_RUN))
    try:
        yield made
    finally:
        made.close()


def context_of(record: FlowRunRecord, checkpoints: Checkpoints | None = None) -> FlowRunContext:
    return FlowRunContext(
        flow=None,  # type: ignore[arg-type] # not asked for
        record=record,
        parameters={},
        held=HeldRun(),
        log_prints=False,
        checkpoints=checkpoints,
    )


def copy_of(record: FlowRunRecord) -> FlowRunRecord:
    """A record as the other process has it: alike, and not the same."""
    return FlowRunRecord(id=record.id, name=record.name, flow_name=record.flow_name, parent=record.parent)


def task_run(flow_run: FlowRunRecord) -> TaskRunRecord:
    return TaskRunRecord(id="task-run", flow_run=flow_run, name="load-0", task_key="load", dynamic_key="0", version=1)


def test_news_of_a_task_run_are_news_of_one_record(border: Border) -> None:
    record = task_run(copy_of(FLOW_RUN))
    border.recorder.task(record, Running())
    record.version, record.end_ns, record.result = 2, 5, RESULT
    border.recorder.task(record, Completed(data="not sent"))
    (_, first, running), (_, second, completed) = border.arrived()
    assert first is second
    assert first.flow_run is FLOW_RUN
    assert (second.version, second.end_ns, second.result) == (2, 5, RESULT)
    assert (running.name, completed.name, completed.data) == ("Running", "Completed", None)


def test_a_failure_keeps_its_exception(border: Border) -> None:
    border.recorder.task(task_run(copy_of(FLOW_RUN)), Failed(message="bad", data=ValueError("bad")))
    ((_, _, state),) = border.arrived()
    assert repr(state.data) == "ValueError('bad')"


def test_lines_belong_to_the_flow_run_here(border: Border) -> None:
    border.recorder.log(LogLine(copy_of(FLOW_RUN), "task-run", 1, 20, "orch", "hello"))
    ((_, line, _),) = border.arrived()
    assert line.flow_run is FLOW_RUN
    assert line.message == "hello"


def test_a_subflow_is_recorded_under_its_parent_here(border: Border) -> None:
    run = FlowRunRecord(id="sub", name="calm-fox", flow_name="sub", parent=copy_of(FLOW_RUN))
    border.recorder.begin(run)
    border.recorder.state(run, Running(name="Retrying"))
    border.recorder.end(run, Completed(), RESULT)
    begun, state, ended = border.arrived()
    assert begun[1] is state[1] is ended[1]
    assert begun[1].parent is FLOW_RUN
    assert state[2].name == "Retrying"
    assert (ended[2][0].name, ended[2][1]) == ("Completed", RESULT)


def test_a_verdict_reaches_the_subflow_there(border: Border) -> None:
    heard: list[tuple[Verdict, str]] = []
    arrived = threading.Event()

    def on_verdict(verdict: Verdict, message: str) -> None:
        heard.append((verdict, message))
        arrived.set()

    run = FlowRunRecord(id="sub", name="calm-fox", flow_name="sub", parent=copy_of(FLOW_RUN), on_verdict=on_verdict)
    border.recorder.begin(run)
    ((_, here, _),) = border.arrived()
    here.on_verdict(Verdict.CANCEL, "enough")
    assert arrived.wait(timeout=30)
    assert heard == [(Verdict.CANCEL, "enough")]


def test_a_refusal_is_raised_there(border: Border) -> None:
    border.notes.refusal = RecordingError("somebody else has it")
    with pytest.raises(RecordingError, match="somebody else has it"):
        border.recorder.committed(FLOW_RUN).result(timeout=30)


def test_calls_are_counted_together(border: Border) -> None:
    context = context_of(FLOW_RUN)
    border.relay.know(context)
    scope = RelayedScope(border.requests, FLOW_RUN.id)
    assert [scope.next("load"), context.scope.next("load"), scope.next("load"), scope.next("save")] == [0, 1, 2, 0]


def test_checkpoints_are_those_of_the_flow(border: Border) -> None:
    checkpoint = Checkpoint("id", "load-0", "load", "key", attempt=1, version=3, result=RESULT)
    border.relay.know(context_of(FLOW_RUN, Checkpoints()))
    there = RelayedCheckpoints(border.requests, FLOW_RUN.id)
    assert there.take("key", called="load") is None
    there.keep(checkpoint)
    assert there.take("key", called="load") == checkpoint


def test_runs_of_a_process_that_is_gone_have_crashed(border: Border) -> None:
    run = FlowRunRecord(id="sub", name="calm-fox", flow_name="sub", parent=copy_of(FLOW_RUN))
    border.recorder.begin(run)
    border.recorder.task(task_run(run), Running())
    border.arrived()
    border.relay.process_ended("killed")
    (_, task, crashed), (_, ended_run, (end, _)) = border.arrived()
    assert (task.version, crashed.name, crashed.message) == (2, "Crashed", "killed")
    assert (ended_run.id, end.name, end.message) == ("sub", "Crashed", "killed")
    border.relay.process_ended("again")
    assert border.arrived() == []


def test_what_subflows_leave_behind_is_bounded(border: Border) -> None:
    for number in range(300):
        run = FlowRunRecord(id=f"sub-{number}", name="", flow_name="sub", parent=copy_of(FLOW_RUN))
        border.recorder.begin(run)
        border.recorder.end(run, Completed(), None)
    border.arrived()
    assert len(border.relay._flow_runs) < 300
