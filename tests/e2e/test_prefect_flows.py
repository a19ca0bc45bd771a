"""Programs written for Prefect, run on Orch with only the import changed: what Prefect answered, Orch answers.

``prefect_flows/expected.json`` holds the answers of a real Prefect (``tools/record_prefect.py``). A program runs
in a process and a home of its own, as a user would run it: once with nothing beside it, once with a server.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from copy import deepcopy
from pathlib import Path

import pytest

from tests.e2e.server_process import ServerProcess

pytestmark = pytest.mark.slow

PROGRAMS = Path(__file__).parent / "prefect_flows"
RECORDED = json.loads((PROGRAMS / "expected.json").read_text())
NAMES = sorted(path.stem for path in PROGRAMS.glob("*.py") if path.stem not in {"__init__", "run_flow"})
ENDS_WITHIN_SECONDS = 90

STOPPED = "stopped on purpose (Ctrl-C, a cancelled asyncio task), a run is CANCELLED; Prefect calls that a crash"
RETRYING = "a flow's second try is named Retrying, as a task's is; Prefect names it Running"
RETURNED_FAILURE = "Prefect leaves a flow that returns a failed future in AwaitingRetry for ever; Orch retries it"
APART = "Prefect gives a task what another one computed from the same inputs; Orch keeps tasks apart"

DIFFERENCES: dict[tuple[str, ...], tuple[object, str]] = {
    ("caching", "corners", "another task, same inputs"): (["another here"], APART),
    ("caching", "calls", "shares"): (1, APART),
    ("exits", "is-interrupted"): (["KeyboardInterrupt", "", "is-interrupted CANCELLED Cancelled"], STOPPED),
    ("exits", "cancelled from outside"): (["CancelledError", "waits-for-ever CANCELLED Cancelled"], STOPPED),
    ("flow_hooks", "fails-once", "3"): ("running: fails-once, RUNNING Retrying, named", RETRYING),
    ("flow_hooks", "always-fails", "3"): ("running: always-fails, RUNNING Retrying, named", RETRYING),
    ("flow_hooks", "returns-cancelled", "2"): (
        "cancellation: returns-cancelled, CANCELLED Cancelled, named",
        "a flow that ends itself in Cancelled is cancelled: its hooks are called",
    ),
    ("flow_retries", "fails-by-what-it-returns"): (["FAILED", "Failed"], RETURNED_FAILURE),
    ("flow_retries", "calls", "returns"): (2, RETURNED_FAILURE),
    ("outside_flows", "where"): (
        ["where_am_i", False, "where_am_i"],
        "a task that is called outside of flows has a flow run of its own, named after it",
    ),
}
"""Where Orch differs on purpose: program and way into its outcome, what Orch answers there, and why."""


@pytest.fixture(scope="module")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A control plane for those programs that do not bring their own."""
    server = ServerProcess(tmp_path_factory.mktemp("server"))
    try:
        asyncio.run(server.start())
        yield f"http://{server.address}"
    finally:
        asyncio.run(server.close())


@pytest.fixture(scope="module")
def used_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which a flow has run before: making its database anew for each program takes longer than most run."""
    home = tmp_path_factory.mktemp("used") / "home"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ORCH_")}
    script = "from orch import flow; flow(lambda: None, name='first')()"
    subprocess.run([sys.executable, "-c", script], env={**environment, "ORCH_HOME": str(home)}, check=True)
    return home


def run_on_orch(name: str, folder: Path, **environment: str) -> object:
    """What the program comes to on Orch."""
    answer = folder / "outcome.json"
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("ORCH_")}
    done = subprocess.run(
        [sys.executable, str(PROGRAMS / "run_flow.py"), name, str(answer)],
        env={**inherited, "ORCH_HOME": str(folder / "home"), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=ENDS_WITHIN_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(answer.read_text())


def there(outcome: object, way: Sequence[str]) -> object:
    """What lies at the end of a way into an outcome; None where the way ends before."""
    for step in way:
        if isinstance(outcome, list):
            outcome = dict(enumerate(outcome)).get(int(step))
        else:
            assert isinstance(outcome, dict)
            outcome = outcome.get(step)
    return outcome


def put(outcome: object, way: Sequence[str], answer: object) -> None:
    """Puts something at the end of a way into an outcome, or behind a list's last."""
    *steps, last = way
    inner = there(outcome, steps)
    if isinstance(inner, list):
        inner[int(last) : int(last) + 1] = [answer]
    else:
        assert isinstance(inner, dict)
        inner[last] = answer


def expected_of(name: str) -> object:
    """What Prefect answered, but for the deliberate differences."""
    expected = deepcopy(RECORDED["outcomes"][name])
    for (program, *way), (answer, _reason) in DIFFERENCES.items():
        if program == name:
            put(expected, way, answer)
    return expected


@pytest.mark.parametrize("name", NAMES)
def test_in_a_script_it_answers_like_prefect(name: str, tmp_path: Path, used_home: Path) -> None:
    shutil.copytree(used_home, tmp_path / "home")

    assert run_on_orch(name, tmp_path) == expected_of(name)


@pytest.mark.parametrize("name", NAMES)
def test_with_a_server_it_answers_like_prefect(name: str, tmp_path: Path, server_url: str) -> None:
    assert run_on_orch(name, tmp_path, ORCH_API_URL=server_url) == expected_of(name)


def test_there_are_thirty_programs_and_each_has_been_recorded() -> None:
    assert len(NAMES) >= 30
    assert sorted(RECORDED["outcomes"]) == NAMES


def test_each_deliberate_difference_is_one() -> None:
    for (program, *way), (answer, reason) in DIFFERENCES.items():
        assert there(RECORDED["outcomes"][program], way) != answer, f"no difference any more: {reason}"
