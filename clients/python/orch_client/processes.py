"""Telling one process of this machine from any other that ever has its number."""

import os
import subprocess
import sys
from pathlib import Path

_FIELDS_BETWEEN = 18
"""Fields of /proc/PID/stat between the state and the start time; see proc(5)."""
_PS_SECONDS = 5.0


def process_mark(process_id: int | None = None) -> str:
    """A text that a process keeps for life and shares with no other: the machine's boot and when the process started.

    Without a number: of this process. Empty where there is no such process any more, or where the platform does not
    tell. A process that has ended and was not yet waited for counts as gone.
    """
    number = os.getpid() if process_id is None else process_id
    if number <= 0:
        return ""
    return _from_proc(number) if sys.platform == "linux" else _from_ps(number)


def _from_proc(process_id: int) -> str:
    stat = _read(f"/proc/{process_id}/stat")
    if not stat:
        return ""
    # The name before may hold spaces and brackets of its own.
    state, *fields = stat.rpartition(")")[2].split()
    if state in {"Z", "X"}:
        return ""
    return f"{_read('/proc/sys/kernel/random/boot_id').strip()}/{fields[_FIELDS_BETWEEN]}"


def _read(path: str) -> str:
    """Empty where it cannot be read: the process is gone, or a sandbox hides the file."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _from_ps(process_id: int) -> str:
    """Where there is no /proc. Where there is no ps either (Windows), nothing is known."""
    command = ["ps", "-o", "stat=", "-o", "lstart=", "-p", str(process_id)]
    try:
        told = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_PS_SECONDS, env=os.environ | {"LC_ALL": "C"}
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    state, _, start = told.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else start.strip()
