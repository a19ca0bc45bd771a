"""How attempts end, in words."""

import json
import sys
from pathlib import Path

import pytest

from orch_worker.launchers.base import LaunchError, Outcome
from orch_worker.launchers.process.launcher import ProcessLauncher
from tests.unit.worker.process.stage import job, python, shell


async def test_a_command_that_ends_well(launcher: ProcessLauncher) -> None:
    attempt = await launcher.launch(job("true"))
    ending = await attempt.wait()
    assert (ending.outcome, ending.exit_code, ending.result) == (Outcome.COMPLETED, 0, None)


async def test_an_exit_code_is_a_failure(launcher: ProcessLauncher) -> None:
    ending = await (await launcher.launch(shell("exit 3"))).wait()
    assert (ending.outcome, ending.exit_code) == (Outcome.FAILED, 3)
    assert "exit code 3" in ending.message


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("no-such-program-here", "127: a command that it called was not found"),
        ("touch file; ./file", "126: a command that it called may not be executed"),
        ("sh -c 'kill -SEGV $$'; exit $?", "139: a program that it called was ended by SIGSEGV"),
    ],
)
async def test_what_shells_mean_by_their_exit_codes(
    launcher: ProcessLauncher, tmp_path: Path, script: str, words: str
) -> None:
    ending = await (await launcher.launch(shell(script, working_dir=str(tmp_path)))).wait()
    assert ending.outcome is Outcome.FAILED
    assert words in ending.message


@pytest.mark.parametrize(
    ("signal", "words"),
    [
        ("KILL", "killed (SIGKILL): somebody, or the system, killed it"),
        ("SEGV", "SIGSEGV. Native code in it used memory that is not its own"),
        ("TERM", "SIGTERM. Somebody asked it to end"),
        ("XCPU", "its limit (cpu_seconds)"),
        ("USR1", "It was ended by SIGUSR1."),
    ],
)
async def test_signals_are_crashes(launcher: ProcessLauncher, signal: str, words: str) -> None:
    ending = await (await launcher.launch(shell(f"kill -{signal} $$"))).wait()
    assert (ending.outcome, ending.exit_code) == (Outcome.CRASHED, None)
    assert words in ending.message


async def test_a_command_that_is_not_there(launcher: ProcessLauncher) -> None:
    with pytest.raises(LaunchError, match=r"Command not found: no-such-program is not on the PATH \(.*bin.*Install it"):
        await launcher.launch(job("no-such-program"))
    with pytest.raises(LaunchError, match=r"Command not found: \./no/such is not in /"):
        await launcher.launch(job("./no/such"))
    with pytest.raises(LaunchError, match="there is no /no/such/program"):
        await launcher.launch(job("/no/such/program"))


async def test_programs_that_cannot_be_executed(launcher: ProcessLauncher, tmp_path: Path) -> None:
    for name, content, mode in (("plain", "echo", 0o644), ("odd", "#!/no/such/shell\n", 0o755), ("bare", "x", 0o755)):
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(mode)
    with pytest.raises(LaunchError, match=r"\./plain may not be executed.*chmod"):
        await launcher.launch(job("./plain", working_dir=str(tmp_path)))
    with pytest.raises(LaunchError, match=r"interpreter that the first line of \./odd names was not found"):
        await launcher.launch(job("./odd", working_dir=str(tmp_path)))
    with pytest.raises(LaunchError, match=r"\./bare is no program.*#!/bin/sh"):
        await launcher.launch(job("./bare", working_dir=str(tmp_path)))


async def test_what_could_not_be_started_leaves_nothing(launcher: ProcessLauncher) -> None:
    refused = job("no-such-program")
    with pytest.raises(LaunchError):
        await launcher.launch(refused)
    assert list(await launcher.find()) == []
    with pytest.raises(LaunchError, match="Command not found"):
        await launcher.launch(refused)


async def test_a_working_folder_that_is_not_there(launcher: ProcessLauncher) -> None:
    with pytest.raises(LaunchError, match=r"working folder /no/such/folder cannot be used: No such file.*working_dir"):
        await launcher.launch(job("true", working_dir="/no/such/folder"))


async def test_an_environment_larger_than_the_system_allows(launcher: ProcessLauncher) -> None:
    with pytest.raises(LaunchError, match="larger than this system allows: pass large values by file"):
        await launcher.launch(job("true", environment={"HUGE": "x" * 200_000}))


async def test_neither_command_nor_function(launcher: ProcessLauncher) -> None:
    with pytest.raises(LaunchError, match="neither what function nor what command"):
        await launcher.launch(job())


async def test_a_result_by_file(launcher: ProcessLauncher) -> None:
    ending = await (await launcher.launch(shell("""echo '{"rows": 7}' > $ORCH_RESULT_FILE"""))).wait()
    assert json.loads(ending.result or b"") == {"rows": 7}


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo oops > $ORCH_RESULT_FILE", "holds no JSON"),
        ("head -c 600000 /dev/zero > $ORCH_RESULT_FILE", "more than 512 KiB"),
        ("mkdir $ORCH_RESULT_FILE", "cannot be read: Is a directory"),
    ],
)
async def test_a_result_that_is_none(launcher: ProcessLauncher, script: str, words: str) -> None:
    ending = await (await launcher.launch(shell(script))).wait()
    assert ending.outcome is Outcome.FAILED
    assert words in ending.message


async def test_memory_beyond_the_limit(launcher: ProcessLauncher) -> None:
    greedy = python("bytearray(600 * 2**20)", limits={"memory_mb": 300})
    ending = await (await launcher.launch(greedy)).wait()
    assert ending.outcome is Outcome.FAILED
    assert "It may allocate 300 MiB (memory_mb)" in ending.message


async def test_processor_time_beyond_the_limit(launcher: ProcessLauncher) -> None:
    ending = await (await launcher.launch(python("while True: pass", limits={"cpu_seconds": 1}))).wait()
    assert ending.outcome is Outcome.CRASHED
    assert "cpu_seconds" in ending.message


async def test_a_limit_above_what_the_machine_allows(launcher: ProcessLauncher) -> None:
    with pytest.raises(LaunchError, match=r"limit open_files cannot be set to 2147483647.*Change the job var"):
        await launcher.launch(job("true", limits={"open_files": 2**31 - 1}))


async def test_another_python_without_orch(launcher: ProcessLauncher, tmp_path: Path) -> None:
    bare = tmp_path / "python"
    # An interpreter that sees no packages.
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n')
    bare.chmod(0o755)
    ending = await (await launcher.launch(job(entrypoint="a.py:f", python=str(bare)))).wait()
    assert ending.outcome is Outcome.FAILED
    assert "has no Orch" in ending.message
