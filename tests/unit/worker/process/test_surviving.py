"""Attempts outlive their workers; and what becomes of them when their host dies."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orch_worker.launchers.base import AttemptKey, LaunchError, LauncherUnavailableError, Outcome
from orch_worker.launchers.process.folders import begin
from orch_worker.launchers.process.host_link import HostLink, HostLostError
from orch_worker.launchers.process.launcher import ProcessLauncher
from tests.unit.worker.process.stage import (
    first_line,
    is_alive,
    job,
    lines_of,
    opened,
    shell,
    texts_of,
    wait_until_gone,
)

KEY = AttemptKey("0190a000-0000-7000-8000-000000000001", 3)


async def test_one_that_runs_is_taken_up_again(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    async with opened(tmp_path) as launcher:
        attempt = await launcher.launch(shell(f"echo one; cat {gate}; echo two; exit 4", key=KEY))
        assert await first_line(attempt) == "one"
        place = attempt.place
    async with opened(tmp_path) as launcher:
        (found,) = await launcher.find()
        assert (found.key, found.place) == (KEY, place)
        await asyncio.to_thread(gate.write_text, "between\n")
        assert [line.text for line in await lines_of(found, 1)] == ["between", "two"]
        assert (await found.wait()).exit_code == 4
        await found.forget()
        assert list(await launcher.find()) == []


async def test_one_that_ended_meanwhile_is_found_with_its_end(tmp_path: Path) -> None:
    async with opened(tmp_path) as launcher:
        attempt = await launcher.launch(
            shell("echo $$; read -r _ < /dev/null; echo '[1]' > $ORCH_RESULT_FILE; sleep 0.3; echo late", key=KEY)
        )
        pid = int(await first_line(attempt))
    await asyncio.to_thread(wait_until_gone, pid)
    async with opened(tmp_path) as launcher:
        (found,) = await launcher.find()
        assert await texts_of(found) == [str(pid), "late"]
        ending = await found.wait()
        assert (ending.outcome, ending.result) == (Outcome.COMPLETED, b"[1]\n")


async def test_found_attempts_are_found_once_and_can_be_stopped(tmp_path: Path) -> None:
    async with opened(tmp_path) as launcher:
        await launcher.launch(job("sleep", "600", key=KEY))
    async with opened(tmp_path) as launcher:
        (found,) = await launcher.find()
        assert list(await launcher.find()) == []
        assert await launcher.launch(job("sleep", "600", key=KEY)) is found
        await found.stop(grace_seconds=600)
        assert "SIGTERM" in (await found.wait()).message


async def test_a_key_of_an_earlier_worker_is_not_started_twice(tmp_path: Path) -> None:
    async with opened(tmp_path) as launcher:
        attempt = await launcher.launch(job("true", key=KEY))
        await attempt.wait()
    async with opened(tmp_path) as launcher:
        with pytest.raises(LaunchError, match="was launched by an earlier worker"):
            await launcher.launch(job("true", key=KEY))


_WORKER = """
import asyncio, sys
from pathlib import Path
from tests.unit.worker.process.stage import first_line, opened, shell

async def main():
    async with opened(Path(sys.argv[1])) as launcher:
        attempt = await launcher.launch(shell("echo $$; sleep 600"))
        print(await first_line(attempt), flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


@contextmanager
def _worker(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process with a launcher, and the process that this has launched."""
    command = [sys.executable, "-c", _WORKER, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        yield worker, int(worker.stdout.readline())


async def test_a_worker_that_is_killed(tmp_path: Path) -> None:
    with _worker(tmp_path) as (worker, pid):
        worker.kill()
    assert is_alive(pid)
    async with opened(tmp_path) as launcher:
        (found,) = await launcher.find()
        await found.stop(grace_seconds=600)
    assert not is_alive(pid)


async def test_a_host_that_is_killed_takes_its_attempts_along(launcher: ProcessLauncher, tmp_path: Path) -> None:
    attempt = await launcher.launch(shell("sleep 600 & echo $$ $!; wait"))
    process, child = map(int, (await first_line(attempt)).split())
    os.kill(_parent(process), signal.SIGKILL)
    ending = await attempt.wait()
    assert ending.outcome is Outcome.CRASHED
    assert "The host of the worker's processes was killed" in ending.message
    for pid in (process, child):
        wait_until_gone(pid)
    # There is another host for the next one.
    assert await texts_of(await launcher.launch(shell("echo again"))) == ["again"]


async def test_a_host_that_is_killed_before_it_has_started_a_process_is_replaced(launcher: ProcessLauncher) -> None:
    first = await launcher.launch(shell("echo $PPID; sleep 600"))
    host = int(await first_line(first))
    os.kill(host, signal.SIGSTOP)
    launching = asyncio.create_task(launcher.launch(shell("echo again")))
    await asyncio.wait({launching}, timeout=0.5)  # It waits for the host's answer by then.

    os.kill(host, signal.SIGKILL)

    assert await texts_of(await launching) == ["again"]
    assert (await first.wait()).outcome is Outcome.CRASHED


async def test_where_hosts_are_killed_again_and_again_nothing_can_be_launched(
    launcher: ProcessLauncher, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(link: HostLink, order: object) -> int:
        raise HostLostError("The host is gone.")

    monkeypatch.setattr(HostLink, "launch", killed)
    with pytest.raises(LauncherUnavailableError, match="host of the worker's processes was killed"):
        await launcher.launch(shell("true"))


async def test_a_command_that_may_have_begun_when_worker_and_host_were_killed_is_not_begun_again(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "attempts" / f"{KEY.flow_run_id}.{KEY.token}"
    folder.mkdir(parents=True)
    begin(folder)
    async with opened(tmp_path) as launcher:
        (found,) = await launcher.find()
        ending = await found.wait()
    assert ending.outcome is Outcome.CRASHED
    assert "may have begun" in ending.message


async def test_worker_and_host_killed_together(tmp_path: Path) -> None:
    with _worker(tmp_path) as (worker, pid):
        os.kill(_parent(pid), signal.SIGSTOP)
        worker.kill()
        os.kill(_parent(pid), signal.SIGKILL)
    async with opened(tmp_path) as launcher:
        (found,) = await launcher.find()
        ending = await found.wait()
        assert ending.outcome is Outcome.CRASHED
        assert await texts_of(found) == [str(pid)]
    assert not is_alive(pid)


async def test_what_a_worker_that_died_had_not_started_is_not_found(tmp_path: Path) -> None:
    folder = tmp_path / "attempts" / f"{KEY.flow_run_id}.{KEY.token}"
    folder.mkdir(parents=True)
    (folder / "parameters.json").write_text("{}")
    async with opened(tmp_path) as launcher:
        assert list(await launcher.find()) == []
    assert not folder.exists()


async def test_a_full_disk_costs_lines_and_not_the_end(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    async with opened(tmp_path) as launcher:
        attempt = await launcher.launch(shell(f"echo $PPID; cat {gate}; exit 3", key=KEY))
        host = int(await first_line(attempt))
        before = resource.prlimit(host, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        await asyncio.to_thread(gate.write_text, "one\ntwo\n")
        ending = await attempt.wait()
        assert ending.exit_code == 3
        assert "2 of its lines were lost: the disk of the worker's home was full" in ending.message
        with pytest.raises(LauncherUnavailableError, match="File too large"):
            await launcher.launch(job("true"))
        resource.prlimit(host, resource.RLIMIT_FSIZE, before)
    # It ends once it has written down how the attempt ended.
    await asyncio.to_thread(wait_until_gone, host)
    async with opened(tmp_path) as launcher:
        (found,) = await launcher.find()
        assert (await found.wait()).exit_code == 3


async def test_what_a_power_cut_leaves(tmp_path: Path) -> None:
    """Files without content, and what is no attempt's."""
    attempt = tmp_path / "attempts" / f"{KEY.flow_run_id}.{KEY.token}"
    attempt.mkdir(parents=True)
    for name in ("process.json", "ending.json", "code.json"):
        (attempt / name).touch()
    (tmp_path / "attempts" / "lost+found").mkdir()
    async with opened(tmp_path) as launcher:
        (found,) = await launcher.find()
        assert (await found.wait()).outcome is Outcome.CRASHED


async def test_what_was_being_forgotten_when_the_worker_died_is_not_found(tmp_path: Path) -> None:
    half = tmp_path / "attempts" / f"{KEY.flow_run_id}.{KEY.token}.forgotten"
    half.mkdir(parents=True)
    async with opened(tmp_path) as launcher:
        assert list(await launcher.find()) == []
    assert not half.exists()


async def test_the_host_ends_when_the_worker_leaves_and_nothing_runs(tmp_path: Path) -> None:
    async with opened(tmp_path) as launcher:
        attempt = await launcher.launch(shell("echo $PPID; sleep 600"))
        host = int(await first_line(attempt))
        await attempt.stop(grace_seconds=0)
    await asyncio.to_thread(wait_until_gone, host)
    assert not is_alive(host)


async def test_a_home_with_a_very_long_path(tmp_path: Path) -> None:
    async with opened(tmp_path / ("long" * 30) / ("path" * 30)) as launcher:
        assert await texts_of(await launcher.launch(shell("echo here"))) == ["here"]


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
