"""What the bench of workers runs: flows that say when their code began."""

import time

from orch import flow, get_run_logger, task


@task
def say(number: int) -> int:
    """Returns what it is given."""
    return number


@flow
def first_line(number: int = 1) -> int:
    """The moment of its first line, as a result, in nanoseconds since 1970."""
    began = time.time_ns()
    say(number)
    return began


@flow
def ticking(lines: int, interval_seconds: float) -> int:
    """Logs the time, now and then."""
    logger = get_run_logger()
    for _ in range(lines):
        time.sleep(interval_seconds)
        logger.info("%s", time.time_ns())
    return lines


@flow
def soaked(tasks: int = 5, lines: int = 10) -> int:
    """The moment of its first line, as `first_line`, and then some tasks and log lines."""
    began = time.time_ns()
    logger = get_run_logger()
    for number in range(tasks):
        say(number)
        for line in range(lines // tasks):
            logger.info("line %s of task %s", line, number)
    return began
