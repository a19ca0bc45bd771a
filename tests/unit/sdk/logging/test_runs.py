"""What real runs say: the lines that are kept, in their order."""

# ruff: noqa: T201 (printing is what is tested)

import logging
import threading
from collections.abc import Iterator
from contextvars import copy_context
from pathlib import Path

import pytest

from orch import flow, get_run_logger, task
from orch.errors import ParameterTypeError
from orch.logging.prints import leave_prints_alone
from orch.recording import use_recorder
from orch.recording.recorder import NullRecorder
from orch.recording.records import LogLine
from orch.settings import temporary_settings


class LineRecorder(NullRecorder):
    """Keeps the lines and forgets the rest."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[LogLine] = []

    def log(self, line: LogLine) -> None:
        self.lines.append(line)

    @property
    def said(self) -> list[str]:
        """Who said what, without the durations."""
        return [f"{line.logger.removeprefix('orch.')}: {line.message.partition(' in 0.')[0]}" for line in self.lines]


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[LineRecorder]:
    """The recorder of the test's runs."""
    found = LineRecorder()
    before = use_recorder(found)
    with temporary_settings(home=tmp_path, recording="off", logging_level=logging.INFO, log_prints=False):
        yield found
    use_recorder(before)
    leave_prints_alone()


def test_a_run_begins_says_its_lines_and_ends(recorder: LineRecorder) -> None:
    @task
    def load() -> int:
        get_run_logger().info("reading")
        logging.getLogger("a.library").warning("slow disk")
        return 3

    @flow
    def etl() -> int:
        get_run_logger().info("got %s rows", load())
        return 1

    etl()

    assert recorder.said == [
        "flow_runs: Flow 'etl' begins.",
        "task_runs: reading",
        "a.library: slow disk",
        "flow_runs: got 3 rows",
        "flow_runs: Completed",
    ]
    assert [bool(line.task_run_id) for line in recorder.lines] == [False, True, True, False, False]


def test_a_thousand_tasks_say_nothing(recorder: LineRecorder) -> None:
    @task
    def load() -> None: ...

    @flow
    def etl() -> None:
        for _ in range(1000):
            load()

    etl()

    assert len(recorder.lines) == 2


@pytest.mark.parametrize(
    ("of_flow", "of_task", "of_subflow", "logged"),
    [
        (True, None, None, ["flow", "task", "subflow"]),
        (None, None, None, []),
        (None, True, None, ["task"]),
        (True, False, False, ["flow"]),
        (False, True, True, ["task", "subflow"]),
    ],
)
def test_who_logs_prints(
    recorder: LineRecorder,
    of_flow: bool | None,
    of_task: bool | None,
    of_subflow: bool | None,
    logged: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    @task(log_prints=of_task)
    def load() -> None:
        print("task")

    @flow(log_prints=of_subflow)
    def inner() -> None:
        print("subflow")

    @flow(log_prints=of_flow)
    def etl() -> None:
        print("flow")
        load()
        inner()

    etl()

    every = ["flow", "task", "subflow"]
    assert [line.message for line in recorder.lines if line.message in every] == logged
    assert capsys.readouterr().out.split() == [each for each in every if each not in logged]


def test_prints_of_submitted_tasks_are_their_own(recorder: LineRecorder) -> None:
    @task
    def load(number: int) -> None:
        print("number", number)

    @flow(log_prints=True)
    def etl() -> None:
        load.map(list(range(10))).wait()

    etl()

    lines = [line for line in recorder.lines if line.message.startswith("number")]
    assert len({line.task_run_id for line in lines}) == 10


async def test_lines_of_async_runs_find_their_run(recorder: LineRecorder) -> None:
    @task
    async def load(name: str) -> None:
        logging.getLogger("a.library").warning("%s", name)

    @flow
    async def etl() -> None:
        import asyncio

        await asyncio.gather(load("a"), load("b"))

    await etl()

    by_library = [line for line in recorder.lines if line.logger == "a.library"]
    assert sorted(line.message for line in by_library) == ["a", "b"]
    assert len({line.task_run_id for line in by_library} - {""}) == 2


def test_a_thread_of_the_users_belongs_to_the_run_with_a_copy_of_its_context(recorder: LineRecorder) -> None:
    @flow
    def etl() -> None:
        for target in (say, copy_context().run):
            thread = threading.Thread(target=target, args=() if target is say else (say,))
            thread.start()
            thread.join()

    def say() -> None:
        logging.getLogger("a.library").warning("heard?")

    etl()

    assert recorder.said.count("a.library: heard?") == 1


def test_a_failure_is_told_once_with_the_users_frames(recorder: LineRecorder) -> None:
    @task
    def load() -> None:
        raise ValueError("bad row")

    @flow
    def etl() -> None:
        load()

    with pytest.raises(ValueError, match="bad row"):
        etl()

    tracebacks = [line for line in recorder.lines if "Traceback" in line.message]
    assert [(line.logger, line.level) for line in tracebacks] == [("orch.task_runs", logging.ERROR)]
    assert "in load" in tracebacks[0].message
    assert "/orch/engine/" not in tracebacks[0].message
    last = recorder.lines[-1]
    assert last.message.startswith("Failed in 0.")
    assert last.message.splitlines()[-1] == f"Flow run {last.flow_run.id}, not recorded."


def test_an_exception_of_the_flows_own_is_told_with_the_run(recorder: LineRecorder) -> None:
    @flow
    def etl() -> None:
        raise ValueError("no source")

    with pytest.raises(ValueError, match="no source"):
        etl()

    last = recorder.lines[-1].message.splitlines()
    assert last[0].endswith("ValueError: no source")
    assert last[1] == "Traceback (most recent call last):"
    assert last[-2] == "ValueError: no source"


def test_parameters_that_are_refused_are_told_once_and_without_frames(recorder: LineRecorder) -> None:
    @flow
    def etl(rows: int) -> None:
        """Has a parameter."""

    with pytest.raises(ParameterTypeError):
        etl("many")  # type: ignore[call-overload, unused-ignore]

    (line,) = recorder.lines
    first, second, *rest = line.message.splitlines()
    assert first.endswith("ParameterTypeError: 'etl' received invalid parameters:")
    assert second.startswith(" - rows: Input should be a valid integer")
    assert rest == [f"Flow run {line.flow_run.id}, not recorded."]


def test_a_broken_log_line_does_not_fail_the_run(recorder: LineRecorder, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            self.handleError(record)

    class Awkward:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    monkeypatch.setattr(logging, "raiseExceptions", False)
    monkeypatch.setattr(logging.getLogger("orch"), "propagate", False)  # pytest's own handler raises on purpose
    logging.getLogger("orch.flow_runs").addHandler(broken := Broken())

    @flow(log_prints=True)
    def etl() -> int:
        get_run_logger().info("%s", Awkward())
        return 5

    assert etl() == 5
    logging.getLogger("orch.flow_runs").removeHandler(broken)
    assert "flow_runs: %s (its arguments could not be formatted: RuntimeError)" in recorder.said
