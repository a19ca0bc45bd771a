"""Tasks in processes: what crosses over, what is recorded, and what happens to processes that die or do not stop."""

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from orch import Task, flow, interrupts, tags
from orch.errors import CancelInterrupt, ConfigurationError, FutureError, ProcessDiedError, ProcessTransferError
from orch.futures import OrchFuture
from orch.interrupts import Target
from orch.recording import use_recorder
from orch.recording.recorder import NullRecorder
from orch.recording.records import FlowRunRecord, LogLine, TaskRunRecord
from orch.states import Completed, Failed, State
from orch.task_runners import ProcessPoolTaskRunner
from orch.task_runners.remote import remote_caller
from orch.task_runners.shipping import RemoteTraceback
from tests.unit.sdk import process_work as work

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes are passed a socket")


def submit(
    runner: ProcessPoolTaskRunner,
    function: Callable[[], object],
    *,
    is_async: bool = False,
    target: Target | None = None,
) -> OrchFuture[Any]:
    """What the engine does with a task, made short."""

    def carry_out() -> State[object]:
        remote = remote_caller()
        assert remote is not None
        try:
            value = interrupts.call(
                lambda: remote(function, is_async=is_async),
                target=target,
                timeout_seconds=None,
                timeout_error=TimeoutError,
            )
            return Completed(data=value)
        except BaseException as error:
            return Failed(data=error)

    future: OrchFuture[Any] = OrchFuture("run")
    runner.submit(carry_out, future)
    return future


@pytest.fixture(scope="module")
def runner() -> Iterator[ProcessPoolTaskRunner]:
    with ProcessPoolTaskRunner(1, initializer=work.note_start, initargs=("initializer",)) as opened:
        yield opened


class Notes(NullRecorder):
    """A recorder that notes what it is told."""

    def __init__(self) -> None:
        self.tasks: list[tuple[str, str, str]] = []
        self.runs: list[tuple[str, str]] = []
        self.lines: list[tuple[str, str]] = []
        self.names: dict[str, str] = {"": ""}

    def begin(self, run: FlowRunRecord) -> None:
        self.runs.append((run.flow_name, "begins" if run.parent is None else f"begins in {run.parent.flow_name}"))

    def task(self, task: TaskRunRecord, state: State[Any]) -> None:
        self.names[task.id] = task.name
        self.tasks.append((task.flow_run.flow_name, task.name, state.name))

    def log(self, line: LogLine) -> None:
        self.lines.append((self.names[line.task_run_id], line.message))

    def end(self, run: FlowRunRecord, state: State[Any], result: object) -> None:
        self.runs.append((run.flow_name, state.name))


@pytest.fixture
def notes() -> Iterator[Notes]:
    recorder = Notes()
    before = use_recorder(recorder)
    try:
        yield recorder
    finally:
        use_recorder(before)


@flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
def town_flow(town: str, do: Callable[[], Any]) -> Any:  # noqa: ANN401
    return do()


class TestFunctions:
    def test_they_run_in_another_process_which_is_kept(self, runner: ProcessPoolTaskRunner) -> None:
        first, second = (submit(runner, work.process_id).result() for _ in range(2))
        assert first == second != os.getpid()

    def test_the_initializer_has_run_there_once(self, runner: ProcessPoolTaskRunner) -> None:
        assert submit(runner, work.started).result() == ["initializer"]
        assert work.started_by == []

    def test_what_they_raise_is_raised_here_and_tells_where(self, runner: ProcessPoolTaskRunner) -> None:
        with pytest.raises(ValueError, match="broken") as caught:
            submit(runner, partial(work.fail, "broken")).result()
        assert isinstance(caught.value.__cause__, RemoteTraceback)
        assert "process_work.py" in str(caught.value.__cause__)
        assert "orch/child.py" not in str(caught.value.__cause__)

    def test_an_exception_with_arguments_of_its_own_is_of_its_class(self, runner: ProcessPoolTaskRunner) -> None:
        with pytest.raises(work.RowError, match="row 3: empty") as caught:
            submit(runner, work.fail_at_a_row).result()
        assert (caught.value.row, caught.value.why) == (3, "empty")
        assert not hasattr(caught.value, "lock")

    def test_an_exception_that_cannot_be_pickled_keeps_its_name_and_text(self, runner: ProcessPoolTaskRunner) -> None:
        error = submit(runner, work.fail_strangely).result(raise_on_failure=False)
        assert type(error).__name__ == "HardToPickleError"
        assert str(error) == "7: strange"

    def test_coroutines_are_awaited_there(self, runner: ProcessPoolTaskRunner) -> None:
        assert submit(runner, partial(work.add_later, 1), is_async=True).result() == 2

    def test_closures_and_classes_of_functions_cross_over(self, runner: ProcessPoolTaskRunner) -> None:
        class Local:
            def __init__(self, number: int) -> None:
                self.number = number

        number = 41
        found = submit(runner, lambda: Local(number + 1)).result()
        assert isinstance(found, Local)
        assert found.number == 42

    def test_arguments_that_cannot_be_sent_are_told(self, runner: ProcessPoolTaskRunner) -> None:
        with pytest.raises(ProcessTransferError, match=r"cannot pickle '_thread\.lock'.*ThreadPoolTaskRunner"):
            submit(runner, partial(print, threading.Lock())).result()

    def test_results_that_cannot_be_sent_are_told(self, runner: ProcessPoolTaskRunner) -> None:
        with pytest.raises(ProcessTransferError, match="What the task returned cannot be sent"):
            submit(runner, work.unpicklable).result()

    @pytest.mark.parametrize(
        ("function", "text"),
        [(work.kill_itself, "ended by SIGKILL"), (work.exit_quietly, "ended by itself, with exit code 3")],
    )
    def test_a_process_that_dies_is_replaced(
        self, runner: ProcessPoolTaskRunner, function: Callable[[], None], text: str
    ) -> None:
        with pytest.raises(ProcessDiedError, match=text):
            submit(runner, function).result()
        assert submit(runner, work.process_id).result() != os.getpid()


class TestStopping:
    def test_code_is_interrupted_and_its_process_kept(self, runner: ProcessPoolTaskRunner, tmp_path: Path) -> None:
        before = submit(runner, work.process_id).result()
        begun, tidied, target = pipe(tmp_path), tmp_path / "tidied", Target()
        future = submit(runner, partial(work.begin_and_tidy_up, str(begun), str(tidied)), target=target)
        assert begun.read_text() == "begun"
        target.interrupt(CancelInterrupt("enough"))
        with pytest.raises(CancelInterrupt, match="enough") as caught:
            future.result()
        assert tidied.exists()
        assert "begin_and_tidy_up" in str(caught.value.__cause__)
        assert submit(runner, work.process_id).result() == before

    def test_code_that_cannot_be_interrupted_is_killed(self, runner: ProcessPoolTaskRunner, tmp_path: Path) -> None:
        begun, target = pipe(tmp_path), Target()
        future = submit(runner, partial(work.begin_and_compute, str(begun)), target=target)
        process = int(begun.read_text())
        target.interrupt(CancelInterrupt("enough"))
        with pytest.raises(CancelInterrupt, match="enough") as caught:
            future.result()
        assert "its process was killed" in str(caught.value.__cause__)
        assert not is_alive(process)
        assert submit(runner, work.process_id).result() != process

    def test_closing_leaves_no_process(self) -> None:
        with ProcessPoolTaskRunner(2) as runner:
            processes = {submit(runner, work.process_id).result()}
        assert not any(is_alive(process) for process in processes)
        with pytest.raises(FutureError, match="is not open"):
            submit(runner, work.process_id)

    def test_a_flow_that_is_killed_leaves_no_process(self, tmp_path: Path) -> None:
        begun = pipe(tmp_path)
        environment = {**os.environ, "ORCH_RECORDING": "off"}
        script = subprocess.Popen([sys.executable, "-c", SCRIPT, str(begun)], env=environment)
        with begun.open() as told:
            assert int(told.readline()) != script.pid
            script.kill()
            script.wait()
            # The task's process holds the other end for as long as it lives.
            assert told.read() == ""


SCRIPT = """
import sys
from functools import partial
from orch.futures import OrchFuture
from orch.task_runners import ProcessPoolTaskRunner
from orch.task_runners.remote import remote_caller
from tests.unit.sdk import process_work

with ProcessPoolTaskRunner(1) as runner:
    function = partial(process_work.begin_and_sleep, sys.argv[1])
    runner.submit(lambda: remote_caller()(function, is_async=False), OrchFuture("run"))
"""


def pipe(folder: Path) -> Path:
    """A named pipe: reading it waits until a process has written to it, and closed it."""
    path = folder / "begun"
    os.mkfifo(path)
    return path


def is_alive(process_id: int) -> bool:
    """Whether one of our own processes has not ended and been waited for."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


class TestFlows:
    def test_a_task_knows_its_run_and_its_lines_are_recorded(self, notes: Notes) -> None:
        def do() -> object:
            with tags("blue"):
                return work.talkative.submit(3).result()

        flow_name, task_name, town, found_tags, process = town_flow("Ulm", do)
        assert (task_name, town, found_tags) == ("talkative-0", "Ulm", ["blue"])
        assert process != os.getpid()
        assert flow_name
        assert ("talkative-0", "printed 3") in notes.lines
        assert ("talkative-0", "logged 3") in notes.lines

    def test_what_a_task_calls_runs_in_its_process_and_is_recorded(self, notes: Notes) -> None:
        found = town_flow("Ulm", lambda: [work.double.submit(1).result(), work.nested.submit(1).result()])
        assert found == [2, [2, 4, 4]]
        ended = [(flow_name, name) for flow_name, name, state in notes.tasks if state == "Completed"]
        # Counted together with those of the flow's own process.
        assert sorted(ended) == [
            ("quadruple", "double-0"),
            ("quadruple", "double-1"),
            ("town-flow", "double-0"),
            ("town-flow", "double-1"),
            ("town-flow", "double-2"),
            ("town-flow", "nested-0"),
            ("town-flow", "quadruple-0"),
        ]
        assert notes.runs == [
            ("town-flow", "begins"),
            ("quadruple", "begins in town-flow"),
            ("quadruple", "Completed"),
            ("town-flow", "Completed"),
        ]

    def test_every_kind_of_task_may_run_there(self, notes: Notes, tmp_path: Path) -> None:
        def do() -> object:
            futures: list[OrchFuture[Any]] = [
                work.numbers.submit(),
                work.later.submit(1),
                work.second_time.submit(str(tmp_path / "seen")),
            ]
            own = work.own_state.submit()
            own.wait()
            return [future.result() for future in futures], own.state.message, own.result()

        assert town_flow("Ulm", do) == ([[1, 2], 2, "second time"], "mine", 5)

    def test_a_timeout_and_a_dead_process_end_their_own_task_only(self, notes: Notes) -> None:
        def do() -> object:
            states = [each.submit(return_state=True) for each in (work.too_slow, work.dies)]
            return [state.name for state in states], work.double.submit(4).result()

        assert town_flow("Ulm", do) == (["TimedOut", "Crashed"], 8)

    def test_a_task_whose_process_died_has_its_retries(self, notes: Notes, tmp_path: Path) -> None:
        path = str(tmp_path / "seen")
        assert town_flow("Ulm", lambda: work.dies_the_first_time.submit(path).result()) == "second time"
        assert [name for _, _, name in notes.tasks] == ["Pending", "Running", "Retrying", "Completed"]

    @pytest.mark.parametrize(
        ("task", "states"),
        [(work.dies_every_time, ["Running", "Retrying", "Crashed"]), (work.may_not_die_twice, ["Running", "Crashed"])],
    )
    def test_without_a_retry_left_or_allowed_it_has_crashed(
        self, notes: Notes, task: Task[[], None], states: list[str]
    ) -> None:
        assert town_flow("Ulm", lambda: task.submit(return_state=True).name) == "Crashed"
        assert [name for _, _, name in notes.tasks] == ["Pending", *states]

    def test_a_flow_that_a_dead_process_ended_has_its_retries(self, notes: Notes, tmp_path: Path) -> None:
        again = town_flow.with_options(retries=1)
        task = work.dies_the_first_time.with_options(retries=0)
        assert again("Ulm", lambda: task.submit(str(tmp_path / "seen")).result()) == "second time"
        assert notes.runs == [("town-flow", "begins"), ("town-flow", "Completed")]

    def test_no_run_inside_a_dead_process_goes_on_for_ever(self, notes: Notes) -> None:
        assert town_flow("Ulm", lambda: work.calls_what_dies.submit(return_state=True).name) == "Crashed"
        last = {(flow_name, name): state for flow_name, name, state in notes.tasks}
        assert last == {
            ("town-flow", "calls_what_dies-0"): "Crashed",
            ("town-flow", "dying-flow-0"): "Crashed",
            ("dying-flow", "kills_its_own_process-0"): "Crashed",
        }
        assert ("dying-flow", "Crashed") in notes.runs

    def test_futures_among_the_arguments_become_their_results(self, notes: Notes) -> None:
        assert town_flow("Ulm", lambda: work.double.submit(work.double.submit(1)).result()) == 4


MAIN = """
from orch import flow, task
from orch.task_runners import ProcessPoolTaskRunner

class Box:
    def __init__(self, content):
        self.content = content

@task
def boxed(number):
    return Box(number)

@flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
def boxes():
    found = boxed.submit(5).result()
    print(isinstance(found, Box), found.content)
"""


@pytest.mark.parametrize("ending", ["if __name__ == '__main__':\n    boxes()", "boxes()"], ids=["guarded", "unguarded"])
def test_scripts_may_define_their_tasks(tmp_path: Path, ending: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(MAIN + ending)
    ran = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "ORCH_RECORDING": "off", "ORCH_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "True 5\n"


def test_a_runner_can_be_duplicated_compared_and_pickled() -> None:
    runner = ProcessPoolTaskRunner(3, initializer=work.note_start, initargs=("x",))
    assert runner.duplicate() == runner == pickle.loads(pickle.dumps(runner))
    assert runner != ProcessPoolTaskRunner(3)


def test_a_runner_without_workers_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="at least 1, got 0"):
        ProcessPoolTaskRunner(0)


def test_an_initializer_that_fails_is_told_to_every_task() -> None:
    with ProcessPoolTaskRunner(1, initializer=work.fail, initargs=("no start",)) as runner:
        for _ in range(2):
            with pytest.raises(ValueError, match="no start"):
                submit(runner, work.process_id).result()
