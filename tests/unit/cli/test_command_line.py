"""The root of all commands: what is loaded, what is said, and with which exit code it ends."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from orch_cli import failures
from orch_cli.failures import Failed, NotFound, Unreachable, Wrong
from orch_cli.main import orch
from orch_client.errors import Failure, FieldViolation, InvalidArgumentError, NotFoundError, UnavailableError

_HEAVY = ("grpc", "google.protobuf", "rich", "yaml", "pydantic", "sqlalchemy", "orch_server", "orch_worker", "asyncio")


@pytest.mark.parametrize("arguments", [["--help"], ["flow-run", "--help"], ["flow-rum"]])
def test_help_and_mistakes_are_answered_without_loading_anything_heavy(arguments: list[str]) -> None:
    program = (
        "import sys; from orch_cli.main import orch\n"
        f"try: orch({arguments!r})\n"
        f"except SystemExit: print([name for name in {_HEAVY!r} if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (Failed("It did not work."), 1, "orch: It did not work.\n"),
        (Wrong("Write it so."), 2, "orch: Write it so.\n"),
        (NotFound("It is not there."), 3, "orch: It is not there.\n"),
        (Unreachable("Nobody is there."), 4, "orch: Nobody is there.\n"),
        (Failed("", exit_code=failures.CRASHED), 6, ""),
        (NotFoundError("gone"), 3, "orch: gone\n"),
        (UnavailableError("away"), 4, "orch: away\n"),
        (
            InvalidArgumentError(
                "The parameters do not fit.",
                Failure("INVALID_ARGUMENT", "", violations=(FieldViolation("parameters_json.day", "is no date"),)),
            ),
            2,
            "orch: The parameters do not fit.\n  day: is no date\n",
        ),
        (KeyboardInterrupt(), 130, "orch: Interrupted.\n"),
        (click.Abort(), 130, "orch: Interrupted.\n"),
    ],
)
def test_errors_are_words_on_standard_error_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, words: str
) -> None:
    @click.command()
    def fails() -> None:
        raise error

    monkeypatch.setitem(orch.commands, "fails", fails)

    done = CliRunner().invoke(orch, ["fails"])

    assert (done.exit_code, done.stdout, done.stderr) == (code, "", words)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="it needs a device that is always full")
@pytest.mark.parametrize("arguments", ["--help", "version"])
def test_output_that_cannot_be_written_is_told_in_words(arguments: str) -> None:
    command = f"exec {shlex.quote(sys.executable)} -m orch_cli.main {arguments} > /dev/full"

    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (
        1,
        "orch: Standard output cannot be written: No space left on device.\n",
    )


def test_a_closed_output_is_no_matter() -> None:
    command = f"exec {shlex.quote(sys.executable)} -m orch_cli.main version >&-"

    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def fails() -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(orch.commands, "fails", fails)

    assert isinstance(CliRunner().invoke(orch, ["fails"]).exception, ZeroDivisionError)


def test_a_command_that_is_none_is_told_with_what_is_like_it() -> None:
    done = CliRunner().invoke(orch, ["flow-rum"])

    assert done.exit_code == 2
    assert "'flow-run'" in done.stderr


def test_every_command_that_is_listed_is_there_and_has_the_summary_of_the_list() -> None:
    context = click.Context(orch)
    for name in orch.list_commands(context):
        command = orch.get_command(context, name)
        assert command is not None, name
        assert command.help, name


def test_names_are_completed_with_their_summaries() -> None:
    completion = ShellComplete(orch, {}, "orch", "_ORCH_COMPLETE")

    found = completion.get_completions(["flow-run"], "re")

    assert [(item.value, bool(item.help)) for item in found] == [("retry", True)]


def test_a_profile_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "profiles.toml").write_text('[profiles.far]\napi_url = "http://127.0.0.1:9"\n')
    program = CliRunner(env={"ORCH_HOME": str(tmp_path), "ORCH_API_URL": "", "ORCH_PROFILE": ""})

    known = program.invoke(orch, ["--profile", "far", "flow", "ls"])
    unknown = program.invoke(orch, ["--profile", "nowhere", "flow", "ls"])

    assert (known.exit_code, "http://127.0.0.1:9" in known.stderr) == (4, True)
    assert (unknown.exit_code, "ORCH_PROFILE is 'nowhere'" in unknown.stderr) == (2, True)
