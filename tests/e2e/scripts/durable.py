"""A durable flow of many tasks. Each writes a line into a ledger, so that what ran can be counted afterwards.

python durable.py LEDGER TASKS
"""

import os
import sys

from orch import flow, task

ledger = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)


@task
def square(number: int) -> int:
    os.write(ledger, f"{number}\n".encode())
    return number * number


@flow(durable=True)
def squares(count: int) -> int:
    return sum(square(number) for number in range(count))


if __name__ == "__main__":
    os.write(ledger, b"result %d\n" % squares(int(sys.argv[2])))
