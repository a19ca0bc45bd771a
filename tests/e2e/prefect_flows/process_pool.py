"""Tasks in processes: values, failures, what a task there knows of its run, retries, maps."""

import os

from orch import flow, task, unmapped
from orch.runtime import flow_run, task_run
from orch.task_runners import ProcessPoolTaskRunner


@task
def square(number: int) -> int:
    return number * number


@task
def elsewhere(parent: int) -> bool:
    return os.getpid() != parent


@task
def broken(number: int) -> int:
    raise ValueError(f"broken {number}")


@task(task_run_name="named {number}", tags=["t"])
def knows_itself(number: int, extra: str) -> list[object]:
    return [task_run.name, sorted(task_run.tags), flow_run.flow_name, number, extra]


@flow(task_runner=ProcessPoolTaskRunner(max_workers=2))
def in_processes() -> dict[str, object]:
    failed = broken.submit(3)
    failed.wait()
    return {
        "values": square.map(range(5)).result(),
        "dependent": square.submit(square.submit(3)).result(),
        "elsewhere": elsewhere.submit(os.getpid()).result(),
        "failed": [failed.state.name, repr(failed.result(raise_on_failure=False))],
        "itself": knows_itself.map([1, 2], unmapped("x")).result(),
        "called": elsewhere(os.getpid()),
    }


def main() -> object:
    return in_processes()
