"""A durable flow that is killed again and again ends with the right result, and repeats nothing that was finished.

ORCH_TEST_SEEDS says how many times each (default 6).
"""

import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.script_process import Script
from tests.e2e.server_process import running_server

pytestmark = pytest.mark.slow

SEEDS = range(int(os.environ.get("ORCH_TEST_SEEDS", "6")))
TASKS = 200
RESULT = f"result {sum(number * number for number in range(TASKS))}"


@pytest.fixture(params=["embedded", "server"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """Where the runs are recorded, as variables of the environment."""
    if request.param == "embedded":
        yield {}
        return
    async with running_server(tmp_path / "server") as server:
        yield {"ORCH_API_URL": f"http://{server.address}"}


@pytest.mark.timeout(600)
async def test_killed_at_any_moment_it_goes_on_where_it_was(place: dict[str, str], tmp_path: Path) -> None:
    for seed in SEEDS:
        _kill_and_go_on(seed, tmp_path, place)


def _kill_and_go_on(seed: int, folder: Path, variables: dict[str, str]) -> None:
    chance = random.Random(seed)
    ledger = folder / f"ledger-{seed}"
    home = folder / f"home-{seed}" if not variables else folder / "home"
    killed = 0
    for _ in range(chance.randint(1, 2)):
        script = Script("durable", ledger, str(TASKS), home=home, **variables)
        lines = script.wait_for_lines(len(script.lines()) + chance.randint(1, TASKS // 2))
        if any(line.startswith("result") for line in lines):
            script.end()
            break
        lines = script.kill()
        killed += 1
        counts = Counter(lines)
        _only_the_last_of_each_attempt_repeats(counts, killed, seed)
    script = Script("durable", ledger, str(TASKS), home=home, **variables)
    assert script.end() == 0, f"seed {seed}: {script.output}"
    lines = script.lines()
    assert lines[-1] == RESULT, f"seed {seed}: {script.output}"
    counts = Counter(line for line in lines if not line.startswith("result"))
    assert set(counts) == {str(number) for number in range(TASKS)}, f"seed {seed}"
    _only_the_last_of_each_attempt_repeats(counts, killed, seed)


def _only_the_last_of_each_attempt_repeats(counts: Counter[str], killed: int, seed: int) -> None:
    """A task that has a successor was committed. Each kill can hit one task between its effect and its commit."""
    repeats = {line: count for line, count in counts.items() if count > 1}
    assert sum(repeats.values()) - len(repeats) <= killed, f"seed {seed}: finished tasks were repeated: {repeats}"
