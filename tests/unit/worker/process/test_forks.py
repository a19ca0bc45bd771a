"""Runs in forks of an interpreter that has loaded what they need. In place of the SDK they call what the test says."""

import asyncio
import os
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orch_worker.launchers.base import Job, LaunchError, Outcome
from orch_worker.launchers.process import planning
from orch_worker.launchers.process.attempt import ProcessAttempt
from orch_worker.launchers.process.launcher import ProcessLauncher
from tests.unit.worker.process.stage import first_line, is_alive, job, lines_of, opened, shell, texts_of


class Stage:
    """A launcher whose runs call `main` of a module that the test writes."""

    def __init__(self, launcher: ProcessLauncher, folder: Path) -> None:
        self._launcher = launcher
        self._file = folder / "called_in_fork.py"

    def write(self, code: str) -> None:
        """What runs call."""
        self._file.write_text(textwrap.dedent(code))

    async def run(self, code: str, **options: object) -> ProcessAttempt:
        """Launch a run of some code."""
        self.write(code)
        return await self.launch(**options)

    async def launch(self, **options: object) -> ProcessAttempt:
        """Launch a run."""
        options = {"entrypoint": "a.py:f", "working_dir": str(self._file.parent), **options}
        return await self._launcher.launch(job(**options))  # type: ignore[arg-type] # passed on

    async def command(self, given: Job) -> ProcessAttempt:
        """Launch a command."""
        return await self._launcher.launch(given)


@pytest.fixture
async def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """A launcher whose host finds the test's module."""
    folder = tmp_path / "code"
    folder.mkdir()
    monkeypatch.setattr(planning, "_RUN_CALL", "called_in_fork:main")
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
    async with opened(tmp_path / "launcher") as launcher:
        yield Stage(launcher, folder)


async def test_what_it_prints_and_returns(stage: Stage) -> None:
    attempt = await stage.run(
        """
        import sys

        def main():
            print("out")
            print("err", file=sys.stderr)
            return 3
        """
    )
    assert [(line.stream, line.text) for line in sorted(await lines_of(attempt), reverse=True)] == [
        ("stdout", "out"),
        ("stderr", "err"),
    ]
    assert (await attempt.wait()).exit_code == 3


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("return 0", 0, ""),
        ("return None", 0, ""),
        ("sys.exit(5)", 5, ""),
        ("sys.exit('because')", 1, "because"),
        ("raise ValueError('because')", 1, "ValueError: because"),
        ("os._exit(9)", 9, ""),
    ],
)
async def test_exit_codes_are_those_of_any_python_program(stage: Stage, body: str, code: int, said: str) -> None:
    attempt = await stage.run(f"import os, sys\ndef main():\n    {body}\n")
    assert (await attempt.wait()).exit_code == code
    assert (await texts_of(attempt, "stderr") or [""])[-1] == said


async def test_a_module_that_is_not_there_says_so(stage: Stage) -> None:
    attempt = await stage.launch()
    assert "called_in_fork" in (await texts_of(attempt, "stderr"))[-1]
    assert (await attempt.wait()).outcome is Outcome.FAILED


async def test_its_surroundings_are_its_own(stage: Stage, tmp_path: Path) -> None:
    attempt = await stage.run(
        """
        import os, signal, sys, threading

        def main():
            print(os.getcwd())
            print(os.environ["ORCH_FLOW_RUN_ID"], os.environ["OF_THE_RUN"], os.getenv("HOME"))
            print(repr(sys.stdin.read()), sys.argv, os.getsid(0) == os.getpid() == os.getpgid(0))
            print(signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT).__name__)
            print(sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())), threading.active_count())
            print([name for name in vars(sys.modules["__main__"]) if not name.startswith("__")])
            # The last is that of the listing itself.
            print(len(os.listdir("/proc/self/fd")))
        """,
        environment={"ORCH_FLOW_RUN_ID": "a-run"},
        env={"OF_THE_RUN": "a value", "HOME": None},
    )
    assert await texts_of(attempt) == [
        str(tmp_path / "code"),
        "a-run a value None",
        "'' ['called_in_fork'] True",
        "0 default_int_handler",
        "[] 1",
        "[]",
        "4",
    ]


async def test_one_that_starts_beside_others_holds_nothing_of_theirs(stage: Stage) -> None:
    """Else their lines would have no end before its own."""
    early = await stage.command(shell("echo early; read -r line < fifo 2> /dev/null"))
    await early.wait()
    waiting = await stage.command(shell("echo $$; sleep 600"))
    await first_line(waiting)
    late = await stage.run("def main():\n    import os\n    print(len(os.listdir('/proc/self/fd')))\n")
    assert await texts_of(late) == ["4"]
    await waiting.stop(grace_seconds=0)


async def test_no_two_draw_the_same_lots(stage: Stage) -> None:
    stage.write(
        """
        import random, sys

        def main():
            numpy = sys.modules.get("numpy")
            print(random.random(), numpy.random.random() if numpy else None)
        """
    )
    attempts = [await stage.launch(preload=["numpy", "random"]) for _ in range(2)]
    (one,), (other,) = [await texts_of(attempt) for attempt in attempts]
    assert "None" not in one
    assert set(one.split()).isdisjoint(other.split())


async def test_what_programs_do_at_their_end_is_done(stage: Stage, tmp_path: Path) -> None:
    attempt = await stage.run(
        """
        import atexit, sys, threading

        def main():
            atexit.register(print, "at exit")
            threading.Thread(target=lambda: (threading.Event().wait(0.1), print("thread"))).start()
            sys.stdout.write("no line end")
            global left_open
            left_open = open("left_open", "w")
            left_open.write("written")
            return 0
        """
    )
    assert await texts_of(attempt) == ["no line endthread", "at exit"]
    assert (tmp_path / "code" / "left_open").read_text() == "written"


async def test_a_prompt_line_is_there_while_it_runs(stage: Stage) -> None:
    attempt = await stage.run("import time\ndef main():\n    print('here')\n    time.sleep(600)\n")
    assert await first_line(attempt) == "here"
    await attempt.stop(grace_seconds=600)
    assert "SIGTERM" in (await attempt.wait()).message


async def test_modules_can_be_loaded_before_the_fork(stage: Stage) -> None:
    code = "import os\nLOADED_BY = os.getpid()\ndef main():\n    print(LOADED_BY == os.getpid())\n"
    assert await texts_of(await stage.run(code)) == ["True"]
    assert await texts_of(await stage.launch(preload=["called_in_fork"])) == ["False"]


async def test_preloaded_modules_that_have_changed_are_loaded_anew(stage: Stage) -> None:
    """Runs that go on keep what they had; a host that has nothing more to do ends."""
    code = "import os, time\ndef main():\n    print('{}', os.getppid())\n    time.sleep({})\n"
    old = await stage.run(code.format("old", 600), preload=["called_in_fork"])
    said, old_host = (await first_line(old)).split()
    assert said == "old"
    # Of another length: Python knows code of the same length, written within the same second, by its bytecode.
    new = await stage.run(code.format("another", 0), preload=["called_in_fork"])
    (line,) = await texts_of(new)
    assert line.split()[0] == "another"
    assert line.split()[1] != old_host
    assert is_alive(int(old_host))
    await old.stop(grace_seconds=0)
    assert (await old.wait()).outcome is Outcome.CRASHED


async def test_a_module_that_cannot_be_preloaded(stage: Stage) -> None:
    stage.write("raise ValueError('not today')\n")
    with pytest.raises(LaunchError, match=r"(?s)called_in_fork cannot be imported\. .*ValueError: not today") as raised:
        await stage.launch(preload=["called_in_fork"])
    assert "importlib" not in str(raised.value)
    assert "orch_worker" not in str(raised.value)
    stage.write("import sys\nsys.exit('not today')\n")
    with pytest.raises(LaunchError, match="SystemExit: not today"):
        await stage.launch(preload=["called_in_fork"])
    with pytest.raises(LaunchError, match="no_such_module"):
        await stage.launch(preload=["no_such_module"])


async def test_a_preloaded_module_may_print_and_may_not_start_threads(stage: Stage) -> None:
    attempt = await stage.run("print('loading')\ndef main():\n    print('running')\n", preload=["called_in_fork"])
    assert await texts_of(attempt) == ["running"]
    stage.write("import threading\nthreading.Thread(target=threading.Event().wait, name='busy', daemon=True).start()\n")
    with pytest.raises(LaunchError, match=r"called_in_fork start threads when they are imported \(busy\)"):
        await stage.launch(preload=["called_in_fork"])


async def test_variables_that_only_a_new_interpreter_reads_get_one(stage: Stage) -> None:
    stage.write("def main():\n    pass\n")
    attempt = await stage.launch(env={"PYTHONHASHSEED": "1"})
    # `python -m orch.run`, which misses its ticket.
    assert (await attempt.wait()).exit_code == 1


async def test_many_at_once(stage: Stage) -> None:
    stage.write("import os\ndef main():\n    print(os.environ['NUMBER'])\n")
    numbers = [str(number) for number in range(60)]
    attempts = await asyncio.gather(*(stage.launch(env={"NUMBER": number}) for number in numbers))
    assert [await texts_of(attempt) for attempt in attempts] == [[number] for number in numbers]
