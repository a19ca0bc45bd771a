"""Whether the process that holds a run still lives."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from orch.recording.processes import ProcessName

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what /proc tells")


def started() -> "subprocess.Popen[bytes]":
    """A process that lives until its stdin is closed."""
    return subprocess.Popen([sys.executable, "-c", "print(flush=True); input()"], stdin=-1, stdout=-1)


def test_a_name_survives_being_written_down() -> None:
    mine = ProcessName.mine()

    assert ProcessName.parse(str(mine)) == mine
    assert mine.pid == os.getpid()


@pytest.mark.parametrize("text", ["", "a/b", "host/space/none/mark"])
def test_other_texts_are_no_names(text: str) -> None:
    assert ProcessName.parse(text) is None


def test_a_process_is_dead_when_it_has_ended_and_not_before() -> None:
    with started() as process:
        assert process.stdout is not None
        process.stdout.readline()
        name = replace(ProcessName.mine(), pid=process.pid, mark=_mark(process.pid))
        assert not name.is_dead()
        process.communicate(b"\n")
    assert name.is_dead()


def test_a_process_that_was_given_the_same_number_later_is_another_one() -> None:
    mine = ProcessName.mine()

    assert not mine.is_dead()
    assert replace(mine, mark="another boot/17").is_dead()


@pytest.mark.parametrize("elsewhere", [{"host": "elsewhere"}, {"space": "17"}, {"mark": ""}])
def test_what_cannot_be_seen_from_here_is_not_called_dead(elsewhere: dict[str, str]) -> None:
    gone = replace(ProcessName.mine(), pid=2**22 - 1)
    assert gone.is_dead()

    assert not replace(gone, **elsewhere).is_dead()  # type: ignore[arg-type]


def _mark(pid: int) -> str:
    from orch_client.processes import process_mark

    return process_mark(pid)
