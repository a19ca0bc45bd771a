"""What the runs do. Each step leaves a line in the ledger, on disk before the step goes on, and a line in the log.

A line of the ledger is a JSON object: who did what when. `run` is the flow run, `root` the one that a worker launched,
`token` its lease's; `home` is the machine, `at` the kernel's monotonic clock, which is one for all machines here.
"""

import json
import os
import time

from orch import flow, get_run_logger, task
from orch.runtime import flow_run


def _write(ledger: str, key: str) -> None:
    line = {
        "run": flow_run.id,
        "root": os.environ["ORCH_FLOW_RUN_ID"],
        "token": int(os.environ["ORCH_LEASE_TOKEN"]),
        "attempt": flow_run.run_count,
        "key": key,
        "pid": os.getpid(),
        "home": os.path.basename(os.environ["ORCH_HOME"]),
        "at": time.monotonic_ns(),
    }
    file = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        os.write(file, json.dumps(line).encode() + b"\n")  # one short write at a file's end is atomic
        os.fsync(file)
    finally:
        os.close(file)


@task
def step(ledger: str, number: int, seconds: float) -> int:
    """One line, and some time."""
    _write(ledger, f"{number}")
    get_run_logger().info("did %s under token %s", number, os.environ["ORCH_LEASE_TOKEN"])
    time.sleep(seconds)
    return number * number


def _steps(ledger: str, steps: int, seconds: float) -> int:
    return sum(step(ledger, number, seconds) for number in range(steps))


@flow(durable=True)
def durable(ledger: str, steps: int, seconds: float) -> int:
    """Goes on where it was, whatever dies."""
    return _steps(ledger, steps, seconds)


@flow(durable=True)
def part(ledger: str, steps: int, seconds: float) -> int:
    """A subflow."""
    return _steps(ledger, steps, seconds)


@flow(durable=True)
def family(ledger: str, steps: int, seconds: float) -> int:
    """Two steps of its own, and a subflow between them."""
    first = step(ledger, 0, seconds)
    middle = part(ledger, steps - 2, seconds)
    return first + middle + step(ledger, 1, seconds)


@flow
def plain(ledger: str, steps: int, seconds: float) -> int:
    """Ends CRASHED where its process dies."""
    return _steps(ledger, steps, seconds)


@flow
def restarted(ledger: str, steps: int, seconds: float) -> int:
    """Begins anew where its process dies."""
    return _steps(ledger, steps, seconds)


@flow
def retried(ledger: str, steps: int, seconds: float) -> int:
    """Fails at first."""
    total = _steps(ledger, steps, seconds)
    if flow_run.run_count == 1:
        raise RuntimeError("not at the first attempt")
    return total


@flow(exclusive=True)
def exclusive(ledger: str, steps: int, seconds: float) -> int:
    """Never twice at the same time."""
    return _steps(ledger, steps, seconds)


@flow(durable=True)
def endless(ledger: str, steps: int, seconds: float) -> int:
    """Lasts until somebody cancels it."""
    return _steps(ledger, steps, seconds)
