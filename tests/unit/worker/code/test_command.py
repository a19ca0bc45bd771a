"""`python -m orch_worker.code`: the way without a worker beside it, for containers."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from orch_worker.code.store import Store
from tests.unit.worker.code.conftest import Machine, Repository


def run(machine: Machine, steps: object, *command: str) -> subprocess.CompletedProcess[str]:
    environment = machine.environment | {"ORCH_PULL_STEPS": json.dumps(steps)}
    program = [sys.executable, "-m", "orch_worker.code", "--cache", str(machine.cache), "--", *command]
    return subprocess.run(program, env=environment, capture_output=True, text=True, check=False)


def test_it_becomes_the_command_in_the_codes_folder(machine: Machine, repository: Repository) -> None:
    steps = [{"step": "git", "url": repository.url}]
    done = run(machine, steps, "sh", "-c", "cat flow.py; echo $ORCH_CODE_COMMIT; exit 3")
    assert done.stdout == f"version = 1\n{repository.git('rev-parse', 'HEAD')}\n"
    assert done.returncode == 3


def test_the_command_keeps_its_code(machine: Machine, repository: Repository) -> None:
    """What it runs from is in use for as long as it lives."""
    program = f"""
import os, pathlib, time
from orch_worker.code.store import Store
cache = pathlib.Path({str(machine.cache)!r})
for mark in cache.glob("*/*.ready"):
    os.utime(mark, (0, 0))
print(Store(cache, limit_bytes=0).prune())
"""
    done = run(machine, [{"step": "git", "url": repository.url}], sys.executable, "-c", program)
    assert done.stdout == "[]\n", done.stderr
    assert len(Store(machine.cache, limit_bytes=0).prune()) == 1


@pytest.mark.parametrize(
    ("command", "exit_code", "words"),
    [
        (["no-such-program"], 127, "no-such-program cannot be started: No such file or directory"),
        (["/"], 126, "/ cannot be started: Permission denied"),
    ],
)
def test_a_command_that_cannot_be_started(command: list[str], exit_code: int, words: str, machine: Machine) -> None:
    done = run(machine, [], *command)
    assert done.returncode == exit_code
    assert words in done.stderr


def test_code_that_cannot_be_had(machine: Machine, tmp_path: Path) -> None:
    done = run(machine, [{"step": "local", "path": str(tmp_path / "gone")}], "true")
    assert done.returncode == 125
    assert "is not there on the worker's machine" in done.stderr
