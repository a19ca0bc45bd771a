"""What became of a container, in words."""

from signal import SIGHUP, SIGKILL, SIGTERM
from typing import Any

import pytest

from orch_worker.launchers.base import Outcome
from orch_worker.launchers.docker.endings import Circumstances, ended, removed


def inspected(code: int, *, out_of_memory: bool = False, limit: int = 0, error: str = "") -> dict[str, Any]:
    return {
        "State": {"Status": "exited", "ExitCode": code, "OOMKilled": out_of_memory, "Error": error},
        "HostConfig": {"Memory": limit},
        "Config": {"Image": "python:3.13", "Cmd": ["nosuch", "x"]},
    }


@pytest.mark.parametrize(
    ("found", "heard", "words"),
    [
        (inspected(137), Circumstances(), "It was ended by SIGKILL. Somebody, or the system, killed it."),
        (
            inspected(137, out_of_memory=True, limit=64 * 1024**2),
            Circumstances(),
            "It was killed (SIGKILL) because it had used all the memory that it may have: 64 MiB (mem_limit).",
        ),
        (
            inspected(137, out_of_memory=True),
            Circumstances(),
            "It was killed (SIGKILL) because there was no memory left on the engine's machine.",
        ),
        (inspected(137), Circumstances(signal=SIGKILL), "Its container was ended with SIGKILL through the engine:"),
        (inspected(129), Circumstances(signal=SIGHUP), "Its container was ended with SIGHUP through the engine:"),
        (
            inspected(143),
            Circumstances(engine_was_away=True),
            "It was ended by SIGTERM while the Docker engine was away: an engine that stops ends its containers",
        ),
        (inspected(143), Circumstances(stopped=True), "It ended when it was asked to (SIGTERM)."),
        (
            inspected(137),
            Circumstances(stopped=True, forced=True),
            "It did not end in time when it was asked to, and was killed (SIGKILL).",
        ),
    ],
)
def test_signals(found: dict[str, Any], heard: Circumstances, words: str) -> None:
    ending = ended(found, heard)

    assert ending.outcome == Outcome.CRASHED
    assert ending.message.startswith(words)


@pytest.mark.parametrize(
    ("heard", "outcome"),
    [(Circumstances(), Outcome.CRASHED), (Circumstances(exit_code=255), Outcome.FAILED)],
    ids=["its machine went down", "it has said so itself"],
)
def test_what_an_engine_says_that_does_not_know_is_no_exit_code(heard: Circumstances, outcome: Outcome) -> None:
    assert ended(inspected(255), heard).outcome == outcome


def test_it_may_end_by_itself_when_it_is_asked_to() -> None:
    ending = ended(inspected(7), Circumstances(stopped=True))

    assert (ending.outcome, ending.message, ending.exit_code) == (Outcome.FAILED, "It ended with exit code 7.", 7)


def test_notes() -> None:
    of_memory = ended(inspected(1, out_of_memory=True, limit=1024**2), Circumstances())
    of_signal = ended(inspected(5), Circumstances(signal=SIGTERM))
    of_engine = ended(inspected(1, error="device is busy"), Circumstances())

    assert of_memory.message == (
        "It ended with exit code 1. While it ran, the system killed a process in it for want of memory: it may have"
        " 1 MiB (mem_limit)."
    )
    assert "It had been sent SIGTERM through the engine" in of_signal.message
    assert of_engine.message.endswith("The engine says: device is busy.")


def test_a_command_that_init_could_not_start() -> None:
    line = "[FATAL tini (7)] exec nosuch failed: No such file or directory"

    ending = ended(inspected(127), Circumstances(), last_line=line)

    assert ending.outcome == Outcome.LAUNCH_FAILED
    assert ending.message.startswith("nosuch could not be started in the image python:3.13: No such file or directory.")


@pytest.mark.parametrize(
    ("heard", "outcome", "words"),
    [
        (Circumstances(), Outcome.CRASHED, "Its container was removed while it ran: somebody, or something, did that"),
        (Circumstances(exit_code=137), Outcome.CRASHED, "Its container was removed while it ran"),
        (Circumstances(engine_was_away=True), Outcome.CRASHED, "removed while the Docker engine was away"),
        (Circumstances(stopped=True, exit_code=137), Outcome.CRASHED, "It was stopped, as asked"),
        (Circumstances(exit_code=0), Outcome.COMPLETED, "Its container was removed before its result could be read."),
        (Circumstances(exit_code=3), Outcome.FAILED, "It ended with exit code 3."),
    ],
)
def test_removed(heard: Circumstances, outcome: Outcome, words: str) -> None:
    ending = removed(heard)

    assert ending.outcome == outcome
    assert words in ending.message
