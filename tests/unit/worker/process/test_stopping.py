"""Stopping attempts, and all that they have started."""

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from orch_worker.launchers.base import Job, Outcome
from orch_worker.launchers.process.launcher import ProcessLauncher
from tests.unit.worker.process.stage import first_line, is_alive, job, opened, python, shell, texts_of, wait_until_gone

_CATCHES = """
import signal, sys
def leave(*_):
    print("leaving")
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print("ready")
signal.pause()
"""

_DEAF = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready")
while True:
    signal.pause()
"""


async def test_it_may_end_in_its_own_way(launcher: ProcessLauncher) -> None:
    attempt = await launcher.launch(python(_CATCHES))
    await first_line(attempt)
    await attempt.stop(grace_seconds=600)
    assert (await attempt.wait()).outcome is Outcome.COMPLETED
    assert await texts_of(attempt) == ["ready", "leaving"]


async def test_who_does_not_hear_is_killed(launcher: ProcessLauncher) -> None:
    attempt = await launcher.launch(python(_DEAF))
    await first_line(attempt)
    await attempt.stop(grace_seconds=0.05)
    ending = await attempt.wait()
    assert ending.outcome is Outcome.CRASHED
    assert "did not end in time when it was asked to, and was killed (SIGKILL)" in ending.message


async def test_a_shorter_grace_wins(launcher: ProcessLauncher) -> None:
    attempt = await launcher.launch(python(_DEAF))
    await first_line(attempt)
    patient = asyncio.create_task(attempt.stop(grace_seconds=600))
    impatient = asyncio.create_task(attempt.stop(grace_seconds=0))
    await asyncio.gather(patient, impatient)
    assert (await attempt.wait()).outcome is Outcome.CRASHED


async def test_the_shorter_grace_wins_whose_ever_stop_was_given_up(launcher: ProcessLauncher) -> None:
    attempt = await launcher.launch(python(_DEAF))
    await first_line(attempt)
    with suppress(TimeoutError):
        async with asyncio.timeout(0.01):
            await attempt.stop(grace_seconds=600)
    await attempt.stop(grace_seconds=0)


async def test_one_that_has_ended_needs_no_stop(launcher: ProcessLauncher) -> None:
    attempt = await launcher.launch(job("true"))
    await attempt.wait()
    await attempt.stop(grace_seconds=600)
    assert (await attempt.wait()).outcome is Outcome.COMPLETED


async def test_one_that_is_halted_is_stopped_too(launcher: ProcessLauncher) -> None:
    attempt = await launcher.launch(shell("echo ready; kill -STOP $$; sleep 600"))
    await first_line(attempt)
    await attempt.stop(grace_seconds=600)
    assert "SIGTERM" in (await attempt.wait()).message


@pytest.mark.parametrize(
    "start",
    [
        pytest.param("sleep 600 &", id="in its group"),
        pytest.param("set -m; sleep 600 &", id="a job of its shell, in a group of its own"),
        pytest.param("sh -c 'trap \"\" TERM; sleep 600 & echo deaf; wait' &", id="that does not hear"),
    ],
)
async def test_all_that_it_has_started_ends_with_it(launcher: ProcessLauncher, start: str) -> None:
    attempt = await launcher.launch(shell(f"{start} echo pid $!; wait"))
    pid = int((await first_line(attempt, lambda text: text.startswith("pid"))).split()[1])
    await attempt.stop(grace_seconds=0.2)
    wait_until_gone(pid)
    assert not is_alive(pid)


async def test_children_have_the_grace_too(launcher: ProcessLauncher) -> None:
    """A shell ends at once; what it has called may still write its last words."""
    attempt = await launcher.launch(job("sh", "-c", 'python3 -c "$CODE" & wait', environment={"CODE": _SLOW}))
    await first_line(attempt)
    await attempt.stop(grace_seconds=600)
    assert await texts_of(attempt) == ["ready", "tidied up"]


_SLOW = """
import signal, sys, time
def leave(*_):
    time.sleep(0.7)
    print("tidied up", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print("ready", flush=True)
signal.pause()
"""


async def test_a_daemon_on_purpose_outlives_its_run(launcher: ProcessLauncher, tmp_path: Path) -> None:
    daemon = "setsid sh -c 'echo $$ > daemon; exec sleep 600' > /dev/null 2>&1 &"
    attempt = await launcher.launch(
        shell(f"{daemon} while ! test -s daemon; do :; done; cat daemon", working_dir=str(tmp_path))
    )
    pid = int(await first_line(attempt))
    try:
        assert (await attempt.wait()).outcome is Outcome.COMPLETED
        assert is_alive(pid)
    finally:
        os.kill(pid, signal.SIGKILL)


async def test_a_launch_that_is_cancelled_leaves_nothing(launcher: ProcessLauncher, tmp_path: Path) -> None:
    for number in range(20):
        mark = tmp_path / str(number)
        launch = asyncio.create_task(launcher.launch(shell(f"echo $$ > {mark}; sleep 600")))
        # Cancelled ever later: before its folder is made, while it is started, when it runs.
        for _ in range(number):
            await asyncio.sleep(0)
        launch.cancel()
        with suppress(asyncio.CancelledError):
            await (await launch).stop(grace_seconds=0)
        if mark.exists() and mark.read_text().strip():
            pid = int(mark.read_text())
            wait_until_gone(pid)
    known = [attempt for attempt in await launcher.find() if not attempt.has_ended]
    assert known == []


async def test_the_same_attempt_twice_is_started_once(launcher: ProcessLauncher, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    twice: Job = shell(f"echo once >> {mark}")
    first, second = await asyncio.gather(launcher.launch(twice), launcher.launch(twice))
    assert first is second
    await first.wait()
    assert mark.read_text() == "once\n"


async def test_an_exclusive_command_ends_when_its_worker_is_silent(tmp_path: Path) -> None:
    async with opened(tmp_path) as launcher:
        attempt = await launcher.launch(shell("echo $$; sleep 600", exclusive=True))
        pid = int(await first_line(attempt))
    # Its worker has left.
    await asyncio.to_thread(wait_until_gone, pid)
    async with opened(tmp_path) as launcher:
        (found,) = await launcher.find()
        assert "It is exclusive, and was killed since its worker was dead or halted" in (await found.wait()).message
