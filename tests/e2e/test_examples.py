"""The examples, run as somebody runs them who has just cloned the repository."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
ENDS_WITHIN_SECONDS = 90
SHOWN_ELSEWHERE = {"control_plane_tour", "minimal_worker"}
"""They need a server, and have tests of their own."""

LINES: dict[str, list[str]] = {
    "async_pipeline": [
        "Seattle: 11.1 °C",
        "San Francisco: 13.8 °C",
        "26 questions for 24 months",
    ],
    "durable_flow": [
        "The first process was killed. It read:",
        "  batch 1: 600 rows",
        "  batch 2: 600 rows",
        "  batch 3: 600 rows",
        "The second process ended with 0. It read:",
        "  batch 4: 600 rows",
        "  batch 5: 600 rows",
        "  batch 6: 376 rows",
        "Most airports: AK with 263 of 3376",
    ],
    "dynamic_fan_out": [r"\d+ \w{3} 2026: \d+ zones change their clocks"],
    "etl_with_retries_and_caching": [
        "first run: 48 months, 8 requests",
        "second run: 48 months, 0 requests",
        "wettest month: 2015-12 with 285 mm",
    ],
    "parameter_sweep": ["best: degree 3, ridge 0.01, 3.96 mpg off"],
    "subflows": [
        "Failed: no result for ACME",
        "Completed: 3 shares analysed",
    ],
}
"""What each prints on its standard output, as patterns of whole lines."""


def run(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The example, with a home of its own."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("ORCH_")}
    return subprocess.run(
        [sys.executable, str(EXAMPLES / f"{name}.py")],
        env={**inherited, "ORCH_HOME": str(folder / "home")},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=ENDS_WITHIN_SECONDS,
    )


@pytest.mark.parametrize("name", sorted(LINES))
def test_it_prints_what_it_promises(name: str, tmp_path: Path) -> None:
    done = run(name, tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    lines = iter(done.stdout.splitlines())
    for expected in LINES[name]:
        assert any(re.fullmatch(expected, line) for line in lines), f"{expected!r} is missing in\n{done.stdout}"


def test_every_example_is_run() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {*LINES, *SHOWN_ELSEWHERE}


@pytest.mark.parametrize("name", sorted(LINES))
def test_it_says_what_it_shows_and_how_to_run_it(name: str) -> None:
    text = (EXAMPLES / f"{name}.py").read_text()

    assert f"\n    python examples/{name}.py\n" in text.split('"""')[1]
    assert len(text.splitlines()) <= 120
