"""`make demo`, as somebody runs it who has just cloned the repository."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "examples" / "demo" / "demo.py"
AT_MOST_SECONDS = 150

ESSENTIAL = [
    r"── The screen, for a browser of this machine: http://127\.0\.0\.1:\d+",
    r"\$ orch work-pool create demo .*",
    r"\$ orch-worker --pool demo --name ada &",
    r"\$ orch deploy --all --yes",
    r"weather-etl/nightly is deployed, version 1\.",
    r"── Now the machine of (ada|bert) dies: SIGKILL .*",
    r"    AwaitingRestart  token 1  Contact to the run's holder was lost.*",
    r"    Completed        token 2  ",
    r'    Its result: \{"days":1461,"months":48\}',
    r"    48 months were fetched in 4[89] requests: .*",
    r"── Where to look, in a browser: http://127\.0\.0\.1:\d+/runs/[0-9a-f-]{36}",
    r"    export ORCH_API_URL=http://127\.0\.0\.1:\d+",
    r"\$ orch run weather-audit/hourly --watch",
    r".*1461 days without a gap, 2012-01-01 to 2015-12-31",
    r".*Filesystem .*",
    r"Everything still runs\. .*",
]
"""Lines of the demo, in their order."""


@contextmanager
def demonstrating() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, DEMO], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/"
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        # Not read to its end: whatever is left of it may hold it open.
        assert process.stdout is not None
        process.stdout.close()


def leftovers() -> list[object]:
    """Processes and folders of a demo."""
    homes = [each for each in psutil.process_iter() if "orch-demo-" in _home_of(each)]
    folders = [each for each in Path("/tmp").glob("orch-demo-*") if each.is_dir()]
    return [*homes, *folders]


def _home_of(process: psutil.Process) -> str:
    try:
        return process.environ().get("ORCH_HOME", "")
    except psutil.Error:
        return ""


@pytest.mark.slow
@pytest.mark.timeout(AT_MOST_SECONDS)
def test_the_demo_kills_a_machine_and_loses_nothing() -> None:
    with demonstrating() as process:
        assert process.stdout is not None
        said: list[str] = []
        for line in process.stdout:
            said.append(line.rstrip("\n"))
            if "Everything still runs" in line:
                process.send_signal(signal.SIGINT)
        assert process.wait(AT_MOST_SECONDS) == 0
    lines = iter(said)
    for essential in ESSENTIAL:
        pattern = essential if essential.startswith(("─", ".")) else f"(── )?{essential}"
        assert any(re.fullmatch(pattern, line) for line in lines), f"{essential} is missing in\n" + "\n".join(said)
    assert "Traceback" not in "\n".join(said)
    assert leftovers() == []


@pytest.mark.slow
@pytest.mark.timeout(AT_MOST_SECONDS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_stopped_in_the_middle_it_leaves_nothing_behind(number: signal.Signals) -> None:
    with demonstrating() as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if line.startswith("$ orch flow-run watch"):
                process.send_signal(number)
        assert process.wait(AT_MOST_SECONDS) == 0
        assert "Ended: no process and no file is left." in said
        assert "Traceback" not in said
    assert leftovers() == []
