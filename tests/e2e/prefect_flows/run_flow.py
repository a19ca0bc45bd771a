"""Runs one of the programs beside this file and writes what it came to, as JSON, into a file.

python run_flow.py NAME OUTCOME

A program is a module with a function ``main`` that returns something JSON can hold. What it prints goes
where prints go; the outcome has a file of its own, so that nothing gets mixed into it.
"""

import importlib
import json
import sys
from pathlib import Path


def run(name: str, outcome: Path) -> None:
    """Imports the program and keeps what its ``main`` returns."""
    program = importlib.import_module(name)
    outcome.write_text(json.dumps(program.main(), indent=1) + "\n")


if __name__ == "__main__":
    run(sys.argv[1], Path(sys.argv[2]))
