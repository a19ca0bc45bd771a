"""A flow that takes long, with hooks that write into a ledger.

python long.py LEDGER HOW     HOW: sleep, task, quick, submitted, async, stubborn
"""

import asyncio
import os
import sys
import time

from orch import State, flow, task

ledger = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def write(line: str) -> None:
    os.write(ledger, f"{line}\n".encode())


def hook(flow: object, run: object, state: State[object]) -> None:
    write(f"hook {state.name}")
    if sys.argv[2] == "stubborn":
        write("hook waits")
        time.sleep(60)


@task
def long_task() -> None:
    write("begun")
    time.sleep(60)


@flow(on_cancellation=[hook], on_crashed=[hook])
def long(how: str) -> None:
    if how == "task":
        long_task()
    elif how == "quick":
        write("begun")
        while True:
            quick_task()
    elif how == "submitted":
        # A thread that sleeps cannot be interrupted; one that computes can.
        busy.submit().wait()
    else:
        write("begun")
        time.sleep(60)


@task
def quick_task() -> None:
    pass


@task
def busy() -> None:
    write("begun")
    until = time.monotonic() + 60
    while time.monotonic() < until:
        pass


@flow(on_cancellation=[hook], on_crashed=[hook])
async def long_async() -> None:
    write("begun")
    await asyncio.sleep(60)


if __name__ == "__main__":
    if sys.argv[2] == "async":
        asyncio.run(long_async())
    else:
        long(sys.argv[2])
