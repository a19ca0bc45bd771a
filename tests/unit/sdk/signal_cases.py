"""Ctrl-C and SIGTERM, wherever a flow is at that moment."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from orch import flow, task
from orch.errors import TerminationSignal
from orch.futures import OrchFuture
from orch.recording import use_recorder
from orch.recording.recorder import NullRecorder
from orch.recording.records import FlowRunRecord
from orch.states import State

ended: list[str] = []


@pytest.fixture(autouse=True)
def unrecorded() -> Iterator[None]:
    before = use_recorder(NullRecorder())
    ended.clear()
    try:
        yield
    finally:
        use_recorder(before)


def note(owner: object, run: object, state: State[object]) -> None:
    ended.append(state.name)


@task
def signalled(number: int) -> None:
    os.kill(os.getpid(), number)
    while True:
        time.sleep(0.001)


@flow(on_cancellation=[note], on_crashed=[note])
def waits_for_its_task(number: int) -> None:
    signalled.submit(number).result()


@flow(on_cancellation=[note], on_crashed=[note], on_completion=[note])
def has_returned(number: int) -> OrchFuture[None] | None:
    signalled.submit(number)
    return None


@flow(on_cancellation=[note], on_crashed=[note])
def is_in_its_own_code(number: int) -> None:
    os.kill(os.getpid(), number)
    time.sleep(60)


@pytest.mark.parametrize("flow_", [waits_for_its_task, has_returned, is_in_its_own_code], ids=lambda each: each.name)
def test_ctrl_c_cancels_a_flow_and_reaches_the_caller(flow_: object) -> None:
    with pytest.raises(KeyboardInterrupt):
        flow_(signal.SIGINT)  # type: ignore[operator]
    assert ended == ["Cancelled"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("flow_", [waits_for_its_task, has_returned, is_in_its_own_code], ids=lambda each: each.name)
def test_sigterm_crashes_a_flow_and_reaches_the_caller(flow_: object) -> None:
    with pytest.raises(TerminationSignal):
        flow_(signal.SIGTERM)  # type: ignore[operator]
    assert ended == ["Crashed"]
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_task_that_cannot_be_interrupted_does_not_hold_up_the_end() -> None:
    release = threading.Event()
    states: list[State[None]] = []

    @task
    def deaf() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        release.wait(600)

    @flow
    def waits() -> None:
        future = deaf.submit()
        try:
            future.result()
        finally:
            future.wait()
            states.append(future.state)

    with pytest.raises(KeyboardInterrupt):
        waits()
    release.set()
    assert [state.name for state in states] == ["Cancelled"]


def test_handlers_of_the_users_own_are_left_alone() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))

    @flow
    def terminated() -> str:
        signal.raise_signal(signal.SIGTERM)
        return "goes on"

    try:
        assert terminated() == "goes on"
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]


def test_a_handler_that_a_flow_installs_stays() -> None:
    def own(number: int, frame: object) -> None:
        ended.append("own")

    @flow
    def installs() -> None:
        signal.signal(signal.SIGTERM, own)

    before = signal.getsignal(signal.SIGTERM)
    try:
        installs()
        assert signal.getsignal(signal.SIGTERM) is own
    finally:
        signal.signal(signal.SIGTERM, before)


def test_ctrl_c_ends_the_wait_for_a_control_plane_that_does_not_answer() -> None:
    class Silent(NullRecorder):
        """Signals while the run waits for its begin to be confirmed; nobody ever confirms it."""

        def begun(self, run: FlowRunRecord) -> "Future[bool]":
            threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
            return Future()

        def end(self, run: FlowRunRecord, state: State[object], result: object) -> None:
            ended.append(state.name)

    @flow(exclusive=True)
    def waits() -> None:
        ended.append("ran")

    use_recorder(Silent())
    with pytest.raises(KeyboardInterrupt):
        waits()
    assert ended == ["Cancelled"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
