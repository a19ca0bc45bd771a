"""The launcher of processes keeps what launchers promise; and launchers that do not are told so."""

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from orch_worker.launchers.base import Attempt, OutputLine
from orch_worker.launchers.conformance import CHECKS, Check, NonConformingError, Stage, run_check
from orch_worker.launchers.conformance.__main__ import main
from orch_worker.launchers.process import hosts
from orch_worker.launchers.process.attempt import ProcessAttempt
from orch_worker.launchers.process.launcher import ProcessLauncher


@pytest.fixture(autouse=True)
def cold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts that start quickly: they do not load the SDK."""
    monkeypatch.setattr(hosts, "_WARM", ())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_the_launcher_of_processes_conforms(check: Check, tmp_path: Path) -> None:
    await run_check(check, Stage(ProcessLauncher, tmp_path))


async def _find_nothing(_: ProcessLauncher) -> Sequence[Attempt]:
    return []


async def _from_the_start(attempt: ProcessAttempt, _: int = 0) -> AsyncIterator[Sequence[OutputLine]]:
    async for lines in _OUTPUT(attempt):
        yield lines


_OUTPUT = ProcessAttempt.output


@pytest.mark.parametrize(
    ("of", "method", "broken", "rule"),
    [
        (ProcessLauncher, _find_nothing, "ended_is_found_with_its_end", "A restarted worker finds"),
        (ProcessAttempt, _from_the_start, "lines_from_a_number_on", "Lines from number 8 on are"),
    ],
)
async def test_one_that_does_not_is_told_which_rule_it_breaks(
    of: type, method: Callable[..., object], broken: str, rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [check] = [each for each in CHECKS if each.__name__ == broken]
    monkeypatch.setattr(of, "find" if of is ProcessLauncher else "output", method)

    with pytest.raises(NonConformingError, match=rule):
        await run_check(check, Stage(ProcessLauncher, tmp_path))


def test_the_command_says_what_it_does_not_know() -> None:
    result = CliRunner().invoke(main, ["submarine"])

    assert result.exit_code == 2
    assert "no launcher of that type is installed" in " ".join(result.output.split())
