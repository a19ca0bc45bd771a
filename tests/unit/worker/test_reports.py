"""What is reported of an attempt's end."""

import pytest

from orch_proto.v1.state_pb2 import (
    STATE_TYPE_CANCELLED,
    STATE_TYPE_COMPLETED,
    STATE_TYPE_CRASHED,
    STATE_TYPE_FAILED,
    StateType,
)
from orch_worker import reports
from orch_worker.attempt_facts import AttemptFacts
from orch_worker.held_runs import Order
from orch_worker.launchers.base import Ending, Outcome
from orch_worker.stopping import STOP_RULES

COMPLETED = Ending(Outcome.COMPLETED, "exit code 0", 0)
FAILED = Ending(Outcome.FAILED, "exit code 3", 3)
CRASHED = Ending(Outcome.CRASHED, "killed (SIGKILL)")
LAUNCH_FAILED = Ending(Outcome.LAUNCH_FAILED, "no such command")
OF_THE_RUNS_PROCESS = 1_000_001
"""Where the reports of a run's own process begin."""


@pytest.mark.parametrize(
    ("ending", "of_command", "of_entrypoint"),
    [
        (COMPLETED, STATE_TYPE_COMPLETED, STATE_TYPE_CRASHED),
        (FAILED, STATE_TYPE_FAILED, STATE_TYPE_CRASHED),
        (CRASHED, STATE_TYPE_CRASHED, STATE_TYPE_CRASHED),
        (LAUNCH_FAILED, STATE_TYPE_FAILED, STATE_TYPE_FAILED),
    ],
)
def test_an_end_that_nobody_ordered(
    ending: Ending, of_command: StateType.ValueType, of_entrypoint: StateType.ValueType
) -> None:
    assert reports.ended(ending).state.type == of_command
    # Its own process was to report its end, and did not.
    assert reports.unreported(ending).state.type == of_entrypoint
    assert ending.message in reports.unreported(ending).state.message


@pytest.mark.parametrize(
    ("order", "reported"),
    [
        (Order.WORKER_STOPS, STATE_TYPE_CRASHED),
        (Order.CANCEL, STATE_TYPE_CANCELLED),
        (Order.OVERDUE, STATE_TYPE_CRASHED),
        (Order.FINISHED, None),
        (Order.LOST, None),
    ],
)
def test_an_end_by_order(order: Order, reported: StateType.ValueType | None) -> None:
    report = reports.after_order(order, "why")

    assert (report.state.type if report else None) == reported


def test_the_workers_last_word_comes_after_all_that_the_runs_process_says_and_its_first_before() -> None:
    assert reports.launching("…").sequence < reports.launched("…").sequence < OF_THE_RUNS_PROCESS
    for last in (reports.ended(COMPLETED), reports.unreported(CRASHED), reports.not_launched("…"), reports.broken("…")):
        assert last.sequence > OF_THE_RUNS_PROCESS * 1000


def test_what_nobody_can_mend_by_trying_again_says_so() -> None:
    assert reports.ended(LAUNCH_FAILED).state.failure.retryable is False
    assert not reports.not_launched("the repository is away").state.failure.HasField("retryable")
    assert not reports.ended(FAILED).state.failure.HasField("retryable")


def test_a_command_that_leaves_no_result_has_none() -> None:
    assert reports.ended(COMPLETED).result is None


def test_an_exclusive_run_may_end_by_itself_when_it_is_cancelled_and_not_when_it_is_lost() -> None:
    exclusive, other = AttemptFacts(exclusive=True), AttemptFacts()

    assert STOP_RULES[Order.CANCEL].patience_seconds(exclusive) == STOP_RULES[Order.CANCEL].patience_seconds(other) > 0
    assert STOP_RULES[Order.LOST].patience_seconds(exclusive) == 0 < STOP_RULES[Order.LOST].patience_seconds(other)
