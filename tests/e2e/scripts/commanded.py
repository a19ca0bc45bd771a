"""A flow that does what it is told on stdin, and says on stdout when it has.

work N   N tasks, each with a line of log
end      the flow completes
"""

import sys

from orch import flow, get_run_logger, task


@task
def work(number: int) -> None:
    get_run_logger().info("line %s", number)


@flow
def commanded() -> None:
    number = 0
    print("begun", flush=True)
    for command in sys.stdin:
        if command.startswith("end"):
            return
        for _ in range(int(command.split()[1])):
            work(number)
            number += 1
        print("done", flush=True)


commanded()
print("completed", flush=True)
