"""From what became of an attempt to what is reported of its run. Pure."""

import json
from dataclasses import dataclass

from orch_proto.v1.result_pb2 import Result
from orch_proto.v1.state_pb2 import (
    STATE_TYPE_CANCELLED,
    STATE_TYPE_COMPLETED,
    STATE_TYPE_CRASHED,
    STATE_TYPE_FAILED,
    STATE_TYPE_PENDING,
    STATE_TYPE_RUNNING,
    Failure,
    State,
)
from orch_worker.held_runs import Order
from orch_worker.launchers.base import Ending, Outcome

# Of one token: what the worker says while the run goes on, then what the run's own process says (from 1 000 001), and
# the worker's last word, which counts as newer than both.
_LAUNCHING, _LAUNCHED, _LAST_WORD = 1, 2, 2**40

LARGEST_RESULT_BYTES = 512 * 1024
"""That the control plane keeps beside the run."""


@dataclass(frozen=True, slots=True)
class Report:
    """A state to report, and its place among the reports of the same token."""

    sequence: int
    state: State
    result: Result | None = None


def launching(message: str) -> Report:
    """It takes a while until the run can begin."""
    return Report(_LAUNCHING, State(type=STATE_TYPE_PENDING, message=message))


def launched(message: str) -> Report:
    """A command runs."""
    return Report(_LAUNCHED, State(type=STATE_TYPE_RUNNING, message=message))


def not_launched(message: str) -> Report:
    """The launcher could not start it. Whether that is tried again is for the run's retry policy to say: a repository
    that could not be reached may be there in a minute."""
    return _failed(Failure(type="LaunchError", message=message))


def broken(message: str) -> Report:
    """The worker itself failed."""
    return _last(State(type=STATE_TYPE_CRASHED, message=message))


def cancelled(why: str) -> Report:
    """Stopped because somebody wanted that."""
    return _last(State(type=STATE_TYPE_CANCELLED, message=why or "Stopped, as asked."))


def ended(ending: Ending) -> Report:
    """How a command ended by itself, or by its surroundings."""
    if ending.outcome == Outcome.COMPLETED:
        return _completed(ending)
    if ending.outcome == Outcome.CRASHED:
        return _last(State(type=STATE_TYPE_CRASHED, message=ending.message))
    if ending.outcome == Outcome.LAUNCH_FAILED:
        return _failed(Failure(type="LaunchError", message=ending.message, retryable=False))
    code = "" if ending.exit_code is None else str(ending.exit_code)
    return _failed(Failure(type=f"ExitCode{code}", message=ending.message))


def unreported(ending: Ending) -> Report:
    """The end of a process that was to report its end itself, and did not: its code has not ended it."""
    if ending.outcome == Outcome.LAUNCH_FAILED:
        return ended(ending)
    message = ending.message
    if ending.outcome == Outcome.COMPLETED:
        message = f"The run's process ended without having reported how the run ended. {message}".rstrip()
    return _last(State(type=STATE_TYPE_CRASHED, message=message))


def after_order(order: Order, why: str) -> Report | None:
    """What is reported of an attempt that was stopped by an order; None: nothing, it is not the worker's any more."""
    if order == Order.CANCEL:
        return cancelled(why)
    if order == Order.WORKER_STOPS:
        return broken(f"Stopped, because its worker was told to stop at once ({why}).")
    if order == Order.OVERDUE:
        return broken(
            "Stopped by its worker, which could not reach the control plane for nearly as long as the lease lasts: an"
            " exclusive run must not go on then."
        )
    return None


def _completed(ending: Ending) -> Report:
    data = ending.result
    if not data:
        return _last(State(type=STATE_TYPE_COMPLETED, message=ending.message))
    if len(data) > LARGEST_RESULT_BYTES:
        return _bad_result(
            "ResultTooLarge",
            f"The result file holds {len(data)} bytes, and a result has at most {LARGEST_RESULT_BYTES}. Write the data"
            " somewhere else, and its address into the result file.",
        )
    try:
        json.loads(data)
    except ValueError as error:
        return _bad_result("InvalidResult", f"The result file (ORCH_RESULT_FILE) does not hold JSON: {error}.")
    result = Result(data=data, media_type="application/json", size_bytes=len(data))
    return _last(State(type=STATE_TYPE_COMPLETED, message=ending.message), result)


def _bad_result(kind: str, message: str) -> Report:
    return _failed(Failure(type=kind, message=message, retryable=False))


def _failed(failure: Failure) -> Report:
    return _last(State(type=STATE_TYPE_FAILED, message=failure.message, failure=failure))


def _last(state: State, result: Result | None = None) -> Report:
    return Report(_LAST_WORD, state, result)
