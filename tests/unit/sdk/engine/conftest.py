"""A recorder that remembers what it is told, in place of the one that sends it to a control plane."""

from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from orch.recording.recorder import use_recorder
from orch.recording.records import FlowRunRecord, LogLine, TaskRunRecord
from orch.states import State


class Remembering:
    """Grants every run at once, and stores everything at once."""

    def __init__(self) -> None:
        self.confirms_begin = False
        self.begun_runs: list[FlowRunRecord] = []
        self.flow_states: list[tuple[str, str]] = []
        self.task_states: list[tuple[str, str]] = []
        self.tasks: dict[str, TaskRunRecord] = {}
        self.ends: dict[str, State[Any]] = {}
        self.commits = 0

    def begin(self, run: FlowRunRecord) -> None:
        self.begun_runs.append(run)
        run.token = 1

    def begun(self, run: FlowRunRecord) -> "Future[bool]":
        return _done()

    def task(self, task: TaskRunRecord, state: State[Any]) -> None:
        self.tasks[task.id] = task
        self.task_states.append((task.name, state.name))

    def log(self, line: LogLine) -> None:
        pass

    def state(self, run: FlowRunRecord, state: State[Any]) -> None:
        self.flow_states.append((run.flow_name, state.name))

    def end(self, run: FlowRunRecord, state: State[Any], result: object) -> None:
        self.ends[run.id] = state
        self.flow_states.append((run.flow_name, state.name))

    def committed(self, run: FlowRunRecord) -> "Future[bool]":
        self.commits += 1
        return _done()

    def flush(self, timeout_seconds: float | None = None) -> bool:
        return True

    def close(self, timeout_seconds: float | None = None) -> None:
        pass

    def states_of(self, task_run_name: str) -> list[str]:
        """The states that a task run went through."""
        return [state for name, state in self.task_states if name == task_run_name]


def _done() -> "Future[bool]":
    future: Future[bool] = Future()
    future.set_result(True)
    return future


@pytest.fixture
def recorder() -> Iterator[Remembering]:
    remembering = Remembering()
    before = use_recorder(remembering)
    yield remembering
    use_recorder(before)
