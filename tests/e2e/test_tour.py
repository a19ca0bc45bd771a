"""The tour through the control plane, as somebody runs it who has just cloned the repository."""

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
TOUR = ROOT / "examples" / "control_plane_tour.py"
AT_MOST_SECONDS = 80

ESSENTIAL = [
    r"A control plane runs at http://127\.0\.0\.1:\d+, its database in /\S+\.",
    r"Work pool 'tour': a lease lasts 4 s without a heartbeat\.",
    r"  Sat 27 Mar 2027 02:30 CET = 01:30 UTC",
    r"  Sun 28 Mar 2027 03:00 CEST = 01:00 UTC",
    r"  Mon 29 Mar 2027 02:30 CEST = 00:30 UTC",
    r"  Sun 31 Oct 2027 02:30 CEST = 00:30 UTC",
    r"  Mon 01 Nov 2027 02:30 CET = 01:30 UTC",
    r"  state  Running +token 1",
    r"  state  Completed +token 1",
    r"Created to running: [\d.]+ ms; created to completed: [\d.]+ ms\.",
    r'Its result, as stored: \{"year": 2026, "zones": \d{3}, "changing": \d+, .*\}',
    r"After \d+\.\d s the run is cleo's, under token 2\.",
    r"bert wakes up and reports COMPLETED\. It is told LOST: .*",
    r"  state  Completed +token 2",
    r"  state  AwaitingRetry +token 1  ConnectionRefusedError: .*",
    r"  state  Completed +token 2",
    r"The holder was told CANCEL [\d.]+ ms after the cancel was sent\.",
    r"  state  Cancelled +token 1  Stopped, as asked\.",
    r"a schedule for 30 February: INVALID_ARGUMENT, reason INVALID_FIELD",
    r".*did you mean Europe/Berlin .*",
    r"  parameters_json: is not JSON: .*",
    r"  There is no work pool 'tuor'\. Did you mean 'tour'\?",
    r"Where to look next",
]
"""Lines of the tour, in their order."""


@contextmanager
def touring() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, TOUR], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        # Not read to its end: whatever is left of it may hold it open.
        assert process.stdout is not None
        process.stdout.close()


def leftovers(output: str) -> list[object]:
    """What a tour has left behind: its folder, its control plane."""
    home = re.search(r"its database in (\S+)\.$", output, re.MULTILINE)
    assert home is not None, output
    folder = Path(home.group(1))
    servers = [each for each in psutil.process_iter(["cmdline"]) if str(folder) in (each.info["cmdline"] or ())]
    return [*([folder] if folder.exists() else []), *servers]


def test_the_tour_shows_what_there_is() -> None:
    done = subprocess.run(
        [sys.executable, TOUR], capture_output=True, text=True, check=False, timeout=AT_MOST_SECONDS, cwd="/"
    )

    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    lines = iter(done.stdout.splitlines())
    for essential in ESSENTIAL:
        assert any(re.fullmatch(essential, line) for line in lines), f"{essential} is missing in\n{done.stdout}"
    # Two tasks of the tour print these beside others.
    assert re.search(r"^  now somebody listens on port \d+$", done.stdout, re.MULTILINE)
    lost = r"^  state  AwaitingRestart +token 1  Contact to the run's holder was lost.*$"
    assert re.search(lost, done.stdout, re.MULTILINE), done.stdout
    assert len(re.findall(r"^  log    \d: \w+: \d+ zones change their clocks in 2026$", done.stdout, re.MULTILINE)) == 3
    assert leftovers(done.stdout) == []


def test_the_pages_that_it_points_at_are_there() -> None:
    named = re.findall(r'say\("((?:docs|proto)/\S+)', TOUR.read_text())

    assert len(named) >= 5
    assert [each for each in named if not (ROOT / each).exists()] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_stopped_halfway_it_leaves_nothing_behind(number: signal.Signals) -> None:
    with touring() as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if line.startswith("bert runs it"):
                process.send_signal(number)

        assert process.wait(AT_MOST_SECONDS) == 130
        assert said.endswith("Stopped; nothing is left behind.\n")
        assert "Traceback" not in said
        assert leftovers(said) == []
