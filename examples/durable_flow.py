"""A durable flow: its process is killed halfway, and the next one goes on where it stopped.

    python examples/durable_flow.py

Counts the airports of the United States by state, some hundreds of rows a task, and keeps a diary of the rows that it
really read. `durable=True` has each task's result stored before the next begins. The flow runs in a process of its own,
which is killed after the third batch (SIGKILL: no handler, no clean-up). Then the same call is made in a new process:
the flow finds its unfinished run, takes the results of the first three batches from there, and reads the rest only.
"""

import csv
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from importlib.metadata import distribution
from pathlib import Path

from orch import flow, task

AIRPORTS = Path(str(distribution("vega-datasets").locate_file("vega_datasets/_data/airports.csv")))
BATCH = 600
DIES_AFTER = int(sys.argv[2]) if len(sys.argv) > 2 else None
"""The batch after which this process is killed; none, if it may live."""


@task
def read_states() -> list[str]:
    """The state of each airport."""
    with AIRPORTS.open() as file:
        return [row["state"] for row in csv.DictReader(file)]


@task(task_run_name="batch {number}")
def count(number: int, states: list[str], diary: Path) -> dict[str, int]:
    """How many airports of the batch are in which state; notes in the diary that it has really been done."""
    with diary.open("a") as file:
        file.write(f"batch {number}: {len(states)} rows\n")
    return dict(Counter(states))


@task
def add_up(counts: list[dict[str, int]]) -> dict[str, int]:
    """All batches together."""
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(total)


@flow(durable=True)
def count_airports(diary: Path) -> dict[str, int]:
    """Airports by state."""
    counts = []
    for number, states in enumerate(batches(read_states()), start=1):
        counts.append(count(number, states, diary))
        if number == DIES_AFTER:
            os.kill(os.getpid(), signal.SIGKILL)
    return add_up(counts)


def batches(states: list[str]) -> list[list[str]]:
    """Some hundreds of rows each."""
    return [states[start : start + BATCH] for start in range(0, len(states), BATCH)]


def main() -> None:
    """Runs the flow in a process, twice, and shows what each of the two has done."""
    with tempfile.TemporaryDirectory() as folder:
        diary = Path(folder, "diary.txt")
        diary.touch()
        for process, dies_after in (("first", ["3"]), ("second", [])):
            before = len(diary.read_text().splitlines())
            command = [sys.executable, __file__, str(diary), *dies_after]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
            ended = "was killed" if done.returncode == -signal.SIGKILL else f"ended with {done.returncode}"
            print(f"The {process} process {ended}. It read:")
            print("\n".join(f"  {line}" for line in diary.read_text().splitlines()[before:]))
            print(done.stdout, end="")


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        by_state = count_airports(Path(sys.argv[1]))
        most = max(by_state, key=lambda state: by_state[state])
        print(f"Most airports: {most} with {by_state[most]} of {sum(by_state.values())}")
