"""Mistakes that are told at once: wrong decorators, reserved names, results that are not there yet."""

import warnings
from collections.abc import Callable
from typing import Any

from orch import flow, task
from orch.exceptions import FailedRun, MissingContextError, MissingResult, UnfinishedRun
from orch.states import Completed, Failed, Pending, Running

any_flow: Any = flow
any_task: Any = task


def told(call: Callable[[], object]) -> str:
    try:
        call()
    except Exception as error:
        return next(
            (kind.__name__ for kind in (TypeError, ValueError) if isinstance(error, kind)), type(error).__name__
        )
    return "nothing"


def plain(number: int) -> int:
    return number


def reserved_in_a_flow() -> None:
    @flow
    def with_reserved(return_state: bool) -> None: ...


def reserved_in_a_task() -> None:
    @task
    def with_reserved(wait_for: bool) -> None: ...


@task
def broken() -> None:
    raise ValueError("broken")


@flow
def results_of_states() -> list[str]:
    failed = broken(return_state=True)
    return [
        told(failed.result),
        told(lambda: failed.result(raise_on_failure=False)),
        told(Failed(message="no data").result),
        told(Pending().result),
        told(Running().result),
        told(Completed(data=1).result),
    ]


def main() -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            "flow of a number": told(lambda: any_flow(3)),
            "task of a number": told(lambda: any_task(3)),
            "name is a number": told(lambda: any_flow(name=3)(plain)),
            "reserved in a flow": told(reserved_in_a_flow),
            "reserved in a task": told(reserved_in_a_task),
            "negative jitter": told(lambda: any_task(retries=1, retry_jitter_factor=-1)(plain)),
            "timeout is a text": told(lambda: any_flow(timeout_seconds="long")(plain)),
            "unknown option": told(lambda: any_task(unknown=1)(plain)),
            "hook is no function": told(lambda: any_flow(on_failure=["text"])(plain)),
            "hooks are no list": told(lambda: any_task(on_failure=3)(plain)),
            "condition is no function": told(lambda: any_task(retry_condition_fn=3)(plain)),
            "run name is no text": told(lambda: any_task(task_run_name=3)(plain)),
            "results": results_of_states(),
            "trees": [
                issubclass(each, Exception) for each in (FailedRun, MissingContextError, MissingResult, UnfinishedRun)
            ],
        }
