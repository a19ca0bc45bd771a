"""What the runs do. Each step leaves a line in a ledger: run, token, step.

A step that has a successor in a durable run was committed: it may not be seen twice under two tokens, except the last
one before each crash.
"""

import os
import time
from pathlib import Path

from orch import flow, task


@task
def step(ledger: str, number: int, seconds: float) -> int:
    """One line, and some time."""
    line = f"{os.environ['ORCH_FLOW_RUN_ID']} {os.environ['ORCH_LEASE_TOKEN']} {number}\n"
    with Path(ledger).open("a") as file:  # one write of a short line at the end of a file is atomic
        file.write(line)
    time.sleep(seconds)
    return number * number


@flow(durable=True)
def durable_job(ledger: str, steps: int, seconds: float) -> int:
    """Goes on where it was, whatever dies."""
    return sum(step(ledger, number, seconds) for number in range(steps))


@flow
def plain_job(ledger: str, steps: int, seconds: float) -> int:
    """Ends CRASHED where its process dies."""
    return sum(step(ledger, number, seconds) for number in range(steps))
