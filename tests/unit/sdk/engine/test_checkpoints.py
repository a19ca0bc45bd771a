"""A durable flow's second attempt: what is answered, what runs, and what is refused."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr

from orch import flow, task
from orch.engine.checkpoints import Checkpoint
from orch.engine.resume_marks import parts
from orch.errors import CheckpointMismatchError
from orch.recording import reading
from orch.recording.reading import FoundRun
from orch.recording.records import FlowRunRecord
from orch.settings import temporary_settings
from orch.states import Completed, State, StateType
from tests.unit.sdk.engine.conftest import Remembering


class Earlier:
    """An earlier attempt, as a control plane would tell of it."""

    def __init__(self, recorder: Remembering, monkeypatch: pytest.MonkeyPatch) -> None:
        self.recorder = recorder
        self.monkeypatch = monkeypatch

    def is_what_was_recorded(self, *, version: str | None = None, without: str = "") -> None:
        """From now on the newest run counts as crashed, with all of its tasks but those of one name."""
        run = [each for each in self.recorder.begun_runs if each.parent is None][-1]
        found = FoundRun(
            id=run.id,
            name=run.name,
            flow_name=run.flow_name,
            token=1,
            state_type=StateType.CRASHED,
            parameters_json=run.parameters_json,
            flow_version=run.flow_version if version is None else f"{version} {parts(run.flow_version)[1]}",
            attempt=run.attempt,
            holder_name="",
            parent_flow_run_id="",
            work_pool_name="",
        )
        known = [
            Checkpoint(
                each.id,
                each.name,
                each.task_key,
                each.dynamic_key,
                each.attempt,
                each.version,
                each.result,
                each.child_flow_run_id,
            )
            for each in self.recorder.tasks.values()
            if each.flow_run is run and not each.name.startswith(without or "\0")
        ]
        self.monkeypatch.setattr(reading, "unfinished_runs", lambda name: [found] if name == run.flow_name else [])
        self.monkeypatch.setattr(reading, "task_runs", lambda run_id: known if run_id == run.id else [])


@pytest.fixture
def earlier(recorder: Remembering, monkeypatch: pytest.MonkeyPatch) -> Earlier:
    monkeypatch.setattr(reading, "unfinished_runs", lambda name: [])
    monkeypatch.setattr(reading, "task_runs", lambda run_id: [])
    return Earlier(recorder, monkeypatch)


calls: list[str] = []


@pytest.fixture(autouse=True)
def _no_calls() -> None:
    calls.clear()


@task
def step(name: str) -> str:
    calls.append(name)
    return name.upper()


@flow(durable=True)
def steps(names: list[str]) -> list[str]:
    return [step(name) for name in names]


def test_finished_tasks_answer_from_their_checkpoints(earlier: Earlier, recorder: Remembering) -> None:
    steps(["a", "b", "c"])
    earlier.is_what_was_recorded(without="step-2")
    calls.clear()
    assert steps(["a", "b", "c"]) == ["A", "B", "C"]
    assert calls == ["c"]
    second = recorder.begun_runs[-1]
    assert second.id == recorder.begun_runs[0].id
    assert second.resume_from is not None
    assert second.resume_from.token == 1
    assert second.attempt == 2


def test_every_result_is_committed_before_the_flow_goes_on(earlier: Earlier, recorder: Remembering) -> None:
    steps(["a", "b"])
    assert recorder.commits >= 2


@task
def judge(name: str) -> State[object]:
    calls.append(name)
    return Completed(name="Judged", message=f"{name} is good", data=5)


def test_a_state_that_a_task_made_is_what_its_call_returns_again(earlier: Earlier) -> None:
    @flow(durable=True)
    def judging() -> tuple[str, object, str, bool, bool]:
        state = judge("a")
        of_two = [judge("b"), judge("c")]
        return state.name, state.result(), str(state.message), bool(state.run_id), all(map(is_state, of_two))

    def is_state(found: object) -> bool:
        return isinstance(found, State)

    first = judging()
    earlier.is_what_was_recorded()
    calls.clear()

    assert judging() == first == ("Judged", 5, "a is good", True, True)
    assert calls == []


def test_asked_for_as_a_state_its_result_is_what_it_was(earlier: Earlier) -> None:
    @flow(durable=True)
    def judging() -> tuple[object, object]:
        return judge("a", return_state=True).result(), judge.submit("b").result()

    first = judging()
    earlier.is_what_was_recorded()

    assert judging() == first == (5, 5)


def test_a_state_that_a_task_made_ends_its_flow_alike_both_times(earlier: Earlier) -> None:
    @flow(durable=True)
    def judging() -> State[object]:
        return judge("a")

    first = judging(return_state=True)
    earlier.is_what_was_recorded()
    second = judging(return_state=True)

    assert (second.name, second.message, second.result().result()) == (first.name, first.message, 5)


def test_alike_calls_are_counted(earlier: Earlier) -> None:
    steps(["a", "a", "a"])
    earlier.is_what_was_recorded(without="step-1")
    calls.clear()
    assert steps(["a", "a", "a"]) == ["A", "A", "A"]
    assert calls == ["a"]


def test_other_parameters_make_another_run(earlier: Earlier, recorder: Remembering) -> None:
    steps(["a"])
    earlier.is_what_was_recorded()
    steps(["b"])
    assert recorder.begun_runs[-1].resume_from is None


def test_the_order_of_a_pool_does_not_matter(earlier: Earlier) -> None:
    @flow(durable=True)
    def spread() -> list[str]:
        futures = [step.submit(name) for name in "abcd"]
        return [future.result() for future in futures]

    spread()
    earlier.is_what_was_recorded(without="step-3")
    calls.clear()
    assert spread() == ["A", "B", "C", "D"]
    assert len(calls) == 1


def test_changed_code_that_repeats_what_was_recorded_goes_on(earlier: Earlier) -> None:
    steps(["a", "b"])
    earlier.is_what_was_recorded(version="another", without="step-1")
    calls.clear()
    assert steps(["a", "b"]) == ["A", "B"]
    assert calls == ["b"]


def test_changed_code_that_calls_something_else_is_told_apart(earlier: Earlier) -> None:
    @flow(durable=True)
    def changing(first: str = "a") -> str:
        return step(switch[0]) + step("end")

    switch = ["a"]
    changing()
    earlier.is_what_was_recorded(version="another")
    switch[0] = "other"
    calls.clear()
    with pytest.raises(CheckpointMismatchError, match=r"calls 'step' now.*'step-0'"):
        changing()
    assert calls == []


def test_changed_code_that_leaves_calls_out_is_told_apart(earlier: Earlier) -> None:
    @flow(durable=True)
    def changing() -> str:
        return "".join(step(name) for name in switch)

    switch = ["a", "b"]
    changing()
    earlier.is_what_was_recorded(version="another")
    switch.pop()
    with pytest.raises(CheckpointMismatchError, match="returned, where it had called 'step-1'"):
        changing()


def test_the_flows_own_retries_do_not_repeat_finished_tasks(earlier: Earlier) -> None:
    tries = []

    @flow(durable=True, retries=1)
    def twice() -> str:
        found = step("once")
        tries.append(1)
        if len(tries) == 1:
            raise OSError("busy")
        return found

    assert twice() == "ONCE"
    assert calls == ["once"]


def test_a_subflow_that_completed_is_not_run_again(earlier: Earlier) -> None:
    @flow
    def child(name: str) -> str:
        return step(name)

    @flow(durable=True)
    def parent() -> str:
        return child("a") + step("b")

    parent()
    earlier.is_what_was_recorded(without="nothing")
    calls.clear()
    assert parent() == "AB"
    assert calls == []


def test_nested_tasks_have_checkpoints_of_their_own(earlier: Earlier) -> None:
    @task
    def outer(name: str) -> str:
        return step(name) + step(name + "!")

    @flow(durable=True)
    def nest() -> str:
        return outer("a") + outer("b")

    nest()
    earlier.is_what_was_recorded(without="outer-1")
    calls.clear()
    assert nest() == "AA!BB!"
    assert calls == []


def test_a_result_that_cannot_be_kept_fails_a_durable_task(earlier: Earlier) -> None:
    import threading

    @task
    def lock() -> object:
        return threading.Lock()

    @flow(durable=True)
    def holds() -> object:
        return lock()

    with pytest.raises(Exception, match="lock"):
        holds()


def test_resuming_can_be_switched_off(earlier: Earlier, recorder: Remembering) -> None:
    steps(["a"])
    earlier.is_what_was_recorded()
    with temporary_settings(resume=False):
        steps(["a"])
    assert recorder.begun_runs[-1].resume_from is None


@task
def letters(text: str) -> Iterator[str]:
    calls.append(text)
    yield from text


@flow
def doubled(text: str) -> Iterator[str]:
    calls.append(f"doubled {text}")
    for letter in text:
        yield letter * 2


def test_generators_yield_from_their_checkpoints_what_they_yielded_before(earlier: Earlier) -> None:
    @flow(durable=True)
    def read() -> tuple[list[str], str, list[str]]:
        first = letters("xyz")
        return list(letters("abc")), next(iter(first)), list(doubled("ab"))

    expected = (["a", "b", "c"], "x", ["aa", "bb"])
    assert read() == expected
    earlier.is_what_was_recorded()
    calls.clear()
    assert read() == expected
    assert calls == []


def test_a_run_is_taken_up_once_however_many_threads_call_the_flow(earlier: Earlier, recorder: Remembering) -> None:
    calls.append("once")

    @flow(durable=True)
    def once() -> None:
        if not calls:
            calls.append("again")
            with ThreadPoolExecutor(1) as beside:
                beside.submit(once).result()

    once()
    earlier.is_what_was_recorded()
    calls.clear()
    once()
    once()
    first, taken_up, beside, taken_up_later = [run.id for run in recorder.begun_runs]
    assert taken_up == taken_up_later == first
    assert beside != first


def test_another_flow_of_the_same_name_is_not_taken_up(earlier: Earlier, recorder: Remembering) -> None:
    @flow(durable=True, name="main")
    def first() -> str:
        return step("a")

    @flow(durable=True, name="main")
    def second() -> str:
        return step("a")

    first()
    earlier.is_what_was_recorded()
    second()
    assert recorder.begun_runs[-1].resume_from is None


def test_parameters_are_compared_beyond_what_is_recorded_of_them(earlier: Earlier, recorder: Remembering) -> None:
    @flow(durable=True)
    def large(data: bytes) -> int:
        return len(data)

    large(b"x" * 1000 + b"a")
    earlier.is_what_was_recorded()
    large(b"x" * 1000 + b"b")
    assert recorder.begun_runs[-1].resume_from is None
    large(b"x" * 1000 + b"a")
    assert recorder.begun_runs[-1].resume_from is not None


def test_a_run_with_secrets_is_not_taken_up_and_says_so(
    earlier: Earlier, recorder: Remembering, caplog: pytest.LogCaptureFixture
) -> None:
    @flow(durable=True)
    def charges(key: SecretStr) -> str:
        return step("a")

    charges(SecretStr("one"))
    earlier.is_what_was_recorded()
    charges(SecretStr("two"))
    assert recorder.begun_runs[-1].resume_from is None
    assert "hold secrets" in caplog.text


def test_a_durable_subflow_begins_once_its_parent_is_known_to_have_called_it(
    earlier: Earlier, recorder: Remembering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that dies in between leaves a call without a run, which is made again; never a run without a call,
    which nobody would take up.
    """
    known_when_begun: list[int] = []
    begin = recorder.begin

    def look_and_begin(run: FlowRunRecord) -> None:
        if run.parent is not None:
            assert [task.child_flow_run_id for task in recorder.tasks.values()] == [run.id]
            known_when_begun.append(recorder.commits)
        begin(run)

    monkeypatch.setattr(recorder, "begin", look_and_begin)

    @flow(durable=True)
    def part() -> None: ...

    @flow(durable=True)
    def whole() -> None:
        part()

    whole()

    assert known_when_begun == [1]
