"""What an attempt's process finds around it."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from orch_worker.launchers.base import LaunchError
from orch_worker.launchers.process.launcher import ProcessLauncher
from tests.unit.worker.process.stage import job, python, shell, texts_of


async def test_parameters_by_file(launcher: ProcessLauncher) -> None:
    parameters = json.dumps({"text": "x" * 500_000})
    script = "import json, os; print(len(json.load(open(os.environ['ORCH_PARAMETERS_FILE']))['text']))"
    assert await texts_of(await launcher.launch(python(script, parameters=parameters))) == ["500000"]


async def test_no_parameters_are_an_empty_object(launcher: ProcessLauncher) -> None:
    assert await texts_of(await launcher.launch(shell("cat $ORCH_PARAMETERS_FILE"))) == ["{}"]


async def test_the_environment_is_the_workers_the_deployments_and_the_tickets(
    launcher: ProcessLauncher, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Set after the host was started: it is the worker's environment that counts.
    monkeypatch.setenv("OF_THE_WORKER", "1")
    monkeypatch.setenv("UNWANTED", "1")
    wanted = {"OF_THE_DEPLOYMENT": 2, "UNWANTED": None, "ORCH_FLOW_RUN_ID": "forged"}
    attempt = await launcher.launch(
        shell("env", env=wanted, environment={"ORCH_FLOW_RUN_ID": "true", "ODD": "ünï\nline"})
    )
    lines = await texts_of(attempt)
    assert {"OF_THE_WORKER=1", "OF_THE_DEPLOYMENT=2", "ORCH_FLOW_RUN_ID=true", "ODD=ünï", "line"} <= set(lines)
    assert not any(line.startswith("UNWANTED") for line in lines)


async def test_it_runs_where_the_worker_was_started(launcher: ProcessLauncher) -> None:
    assert await texts_of(await launcher.launch(job("pwd"))) == [os.getcwd()]


async def test_it_runs_in_the_code_that_was_brought(launcher: ProcessLauncher, tmp_path: Path) -> None:
    (tmp_path / "code" / "inner").mkdir(parents=True)
    steps = json.dumps([{"step": "local", "path": str(tmp_path / "code")}])
    assert await texts_of(await launcher.launch(job("pwd", pull_steps=steps))) == [str(tmp_path / "code")]
    inner = job("pwd", pull_steps=steps, working_dir="inner")
    assert await texts_of(await launcher.launch(inner)) == [str(tmp_path / "code" / "inner")]


async def test_code_that_cannot_be_brought(launcher: ProcessLauncher) -> None:
    steps = json.dumps([{"step": "local", "path": "/no/such/code"}])
    with pytest.raises(LaunchError, match="/no/such/code"):
        await launcher.launch(job("pwd", pull_steps=steps))
    assert list(await launcher.find()) == []


async def test_it_reads_nothing_and_has_a_session_of_its_own(launcher: ProcessLauncher) -> None:
    script = "import os, sys; print(repr(sys.stdin.read()), os.getsid(0) == os.getpid() == os.getpgid(0))"
    assert await texts_of(await launcher.launch(python(script))) == ["'' True"]


async def test_it_inherits_no_descriptor(launcher: ProcessLauncher) -> None:
    script = "import os; print(sorted(int(name) for name in os.listdir('/proc/self/fd')))"
    # The fourth is that of the listing itself.
    assert await texts_of(await launcher.launch(python(script))) == ["[0, 1, 2, 3]"]


async def test_it_handles_signals_as_programs_do(launcher: ProcessLauncher) -> None:
    masks = await texts_of(await launcher.launch(shell("grep -E '^Sig(Blk|Ign)' /proc/self/status")))
    for mask in masks:
        named = int(mask.split()[1], 16)
        # Numbers that the C library keeps for itself nobody can reset.
        assert [number for number in signal.valid_signals() if named >> (number - 1) & 1] == [], mask


async def test_limits(launcher: ProcessLauncher) -> None:
    limits = {"open_files": 77, "file_mb": 2, "memory_mb": 512, "processes": 4000}
    assert await texts_of(await launcher.launch(shell("ulimit -n; ulimit -f; ulimit -d", limits=limits))) == [
        "77",
        "4096",
        "524288",
    ]


async def test_a_fresh_interpreter_and_a_fork_say_the_same_to_who_has_no_ticket(launcher: ProcessLauncher) -> None:
    forked = await launcher.launch(job(entrypoint="a.py:f"))
    fresh = await launcher.launch(job(entrypoint="a.py:f", isolation="fresh"))
    named = await launcher.launch(job(entrypoint="a.py:f", python=sys.executable))
    said = [await texts_of(attempt, "stderr") for attempt in (forked, fresh, named)]
    assert "`python -m orch.run` is what workers start" in said[0][0]
    assert said[0] == said[1] == said[2]
    codes = [(await attempt.wait()).exit_code for attempt in (forked, fresh, named)]
    assert codes == [1, 1, 1]
