"""Flows that are served: `python served.py NAME…` serves those, and runs what others ask for."""

import os
import sys
import time
from pathlib import Path

from orch import flow, serve
from orch.deployments import arun_deployment, run_deployment


@flow(log_prints=True)
def add(a: int, b: int = 1) -> int:
    """Adds, and fails for what is negative."""
    print(f"adding {a} and {b}")
    if a < 0:
        raise ValueError("nothing negative here")
    return a + b


@flow
def wait(file: str) -> str:
    """Waits for a file."""
    path = Path(file)
    path.with_suffix(".waiting").touch()
    while not path.exists():
        time.sleep(0.01)
    return path.read_text()


@flow
def calling(a: int = 1) -> list[int]:
    """Asks for two runs, one after the other."""
    return [run_deployment("add/served", parameters={"a": each}).state.result() for each in (a, a + 1)]


@flow
async def calling_async(a: int) -> str:
    """Asks for a run in async code, and says how it ended."""
    return (await arun_deployment("add/served", parameters={"a": a})).state.name


@flow
def waiting(file: str) -> str:
    """Asks for a run that waits."""
    return str(run_deployment("wait/served", parameters={"file": file}).state.result())


@flow(durable=True)
def lasting(file: str) -> str:
    """The same, and survives. Says which process it is."""
    with Path(file).with_suffix(".pids").open("a") as pids:
        pids.write(f"{os.getpid()}\n")
    return str(run_deployment("wait/served", parameters={"file": file}).state.result())


FLOWS = {each.fn.__name__: each for each in (add, wait, calling, calling_async, waiting, lasting)}

if __name__ == "__main__":
    serve(*(FLOWS[name].to_deployment("served") for name in sys.argv[1:]), limit=20)
