"""A short chaos, as `make chaos` starts it; and that nothing of one is left, whichever way it ends."""

import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

_SHORT = ("--minutes", "0.1", "--seed", "5", "--ttl", "2")
_SECONDS = 110


def _started(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.chaos", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _left(pid: int) -> list[str]:
    """What there is of a chaos: processes, namespaces, disks, files."""
    folder = f"{tempfile.gettempdir()}/orch-chaos-{pid}"
    links = [str(path) for path in Path("/run/netns").glob(f"orch-{pid}-*")]
    disks = [line for line in Path("/proc/self/mounts").read_text().splitlines() if folder in line]
    return [*_processes(folder), *links, *disks, *([folder] if Path(folder).exists() else [])]


def _processes(folder: str) -> list[str]:
    found = []
    for process in psutil.process_iter():
        try:
            if folder in " ".join(process.cmdline()) or folder in process.environ().get("ORCH_HOME", ""):
                found.append(str(process))
        except psutil.Error:
            continue
    return found


@pytest.mark.slow
@pytest.mark.postgres
def test_nothing_is_lost_sticks_or_is_left() -> None:
    process = _started(*_SHORT)
    told, said = process.communicate(timeout=_SECONDS)
    assert process.returncode == 0, f"{told}\n{said}"
    figures = json.loads(told.splitlines()[-1])
    assert figures["violations"] == {}
    assert figures["steps"] > 0
    assert sum(figures["faults"].values()) >= 2
    assert _left(process.pid) == []


@pytest.mark.postgres
def test_what_a_killed_chaos_leaves_the_next_one_removes_and_ctrl_c_leaves_nothing() -> None:
    with _started("--minutes", "1") as first:
        while not any("postgres" in each for each in _left(first.pid)):
            assert first.poll() is None
        first.kill()
    assert _left(first.pid) != []

    with _started("--minutes", "1") as second:
        assert second.stderr is not None
        assert any(f"orch-chaos-{first.pid}" in line for line in second.stderr)
        assert _left(first.pid) == []
        # Its own folder is made when it says this.
        assert any(f"orch-chaos-{second.pid}" in line for line in second.stderr)
        second.send_signal(signal.SIGINT)
        second.communicate(timeout=_SECONDS)
    assert second.returncode == 130
    assert _left(second.pid) == []
