"""Ctrl-C and SIGTERM, in a process of their own: a signal that comes late must not strike other tests."""

import subprocess
import sys
from pathlib import Path

CASES = Path(__file__).with_name("signal_cases.py")


def test_signals_end_a_flow_wherever_it_is() -> None:
    """Each of `signal_cases.py` is a test."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(CASES)]

    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=100)

    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
