"""A comparison that somebody stops leaves nothing behind."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.bench.source_trees import PROJECT


@pytest.fixture
def folder() -> Iterator[Path]:
    """For all that it makes; short enough for sockets, and open to the user that databases run as."""
    with tempfile.TemporaryDirectory(prefix="orch-stop-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


def born_of(folder: Path) -> list[psutil.Process]:
    """Processes whose temporary files lie there, whatever has become of their parents."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("TMPDIR") == str(folder):
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.mark.skipif(not (PROJECT / ".git").exists(), reason="this tree is no git repository")
def test_ctrl_c_ends_it_with_all_that_it_has_started_and_insisting_changes_nothing(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.compare", "HEAD", "import"],
        cwd=PROJECT,
        env=os.environ | {"TMPDIR": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        told = next(line for line in process.stderr if line.startswith(("pair", "Traceback")))
        assert told == "pair 1 of 8: base\n"

        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()

    assert process.returncode == 130
    assert "Stopped: nothing was compared." in rest
    assert born_of(folder) == []
    assert not list(folder.glob("orch-bench-base-*"))
