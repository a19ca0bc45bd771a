"""Exit codes of containers in words."""

import pytest

from orch_worker.launchers.base import Outcome
from orch_worker.launchers.containers.endings import ending_of_exit, with_result


@pytest.mark.parametrize(
    ("code", "outcome", "words"),
    [
        (0, Outcome.COMPLETED, "It ended with exit code 0."),
        (3, Outcome.FAILED, "It ended with exit code 3."),
        (125, Outcome.FAILED, "It ended with exit code 125."),
        (127, Outcome.FAILED, "It ended with exit code 127: a command that it called was not found"),
        (137, Outcome.CRASHED, "It was ended by SIGKILL. Somebody, or the system, killed it."),
        (139, Outcome.CRASHED, "It was ended by SIGSEGV. Native code in it used memory that is not its own."),
        (255, Outcome.FAILED, "It ended with exit code 255."),
    ],
)
def test_codes(code: int, outcome: Outcome, words: str) -> None:
    ending = ending_of_exit(code)

    assert (ending.outcome, ending.exit_code) == (outcome, code)
    assert ending.message.startswith(words)


def test_code_that_could_not_be_made_ready() -> None:
    ending = ending_of_exit(125, wrapped=True, last_line="There is no branch 'main'.")

    assert (ending.outcome, ending.message) == (Outcome.LAUNCH_FAILED, "There is no branch 'main'.")


@pytest.mark.parametrize("module", ["orch", "orch_worker"])
def test_an_image_without_orch(module: str) -> None:
    ending = ending_of_exit(1, last_line=f"/usr/bin/python: No module named {module}")

    assert "The Python of its image has no Orch" in ending.message


def test_results() -> None:
    ended = ending_of_exit(0)

    assert with_result(ended, b'{"rows": 7}').result == b'{"rows": 7}'
    assert with_result(ended, b"\n").result is None
    assert with_result(ended, b"seven").outcome == Outcome.FAILED
    too_large = with_result(ended, b'"' + b"x" * 5000, max_bytes=4096)
    assert (too_large.outcome, "holds more than 4 KiB" in too_large.message) == (Outcome.FAILED, True)
