"""`orch`: the group of all commands. Each is imported when it is used, so that `orch --help` answers at once."""

import os
import sys
from contextlib import suppress
from errno import EBADF, EDQUOT, EFBIG, EIO, ENOSPC
from io import TextIOWrapper
from typing import NoReturn

import click

from orch_cli.failures import FAILED, told
from orch_cli.groups import LazyCommand, LazyGroup

_COMMANDS = {
    "completion": LazyCommand("orch_cli.completion:completion", "Print the completion script for your shell."),
    "config": LazyCommand("orch_cli.config:config", "Show and change settings."),
    "deploy": LazyCommand("orch_cli.deploy:deploy", "Make flows and commands ready to be run by workers."),
    "deployment": LazyCommand("orch_cli.deployment:deployment", "Look at, pause, roll back and delete deployments."),
    "doctor": LazyCommand("orch_cli.doctor:doctor", "Say what is wrong with this installation, and how to mend it."),
    "flow": LazyCommand("orch_cli.flow:flow", "Look at flows."),
    "flow-run": LazyCommand("orch_cli.flow_run:flow_run", "Look at, follow, cancel, retry and delete flow runs."),
    "lease": LazyCommand("orch_cli.lease:lease", "Look at leases: who holds which run."),
    "profile": LazyCommand("orch_cli.profile:profile", "Keep the settings of several control planes apart."),
    "run": LazyCommand("orch_cli.run:run", "Run a deployment, or a flow in a file."),
    "schedule": LazyCommand("orch_cli.schedule:schedule", "Create, preview, pause and backfill schedules."),
    "server": LazyCommand("orch_cli.server:server", "Start and migrate the control plane."),
    "task-run": LazyCommand("orch_cli.task_run:task_run", "Look at task runs."),
    "work-pool": LazyCommand("orch_cli.work_pool:work_pool", "Create, change, pause and delete work pools."),
    "work-queue": LazyCommand("orch_cli.work_queue:work_queue", "Create, change, pause and delete work queues."),
    "worker": LazyCommand("orch_cli.worker:worker", "Start, look at and drain workers."),
}


_UNWRITABLE = frozenset({EBADF, EDQUOT, EFBIG, EIO, ENOSPC})
"""Why standard output may take nothing. A pipe that nobody reads any more is click's: it ends the command quietly."""


class _Orch(LazyGroup):
    """The root: errors become a paragraph on standard error and an exit code (`failures`)."""

    def invoke(self, ctx: click.Context) -> object:
        if profile := ctx.params.get("profile"):
            os.environ["ORCH_PROFILE"] = profile
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except (Exception, KeyboardInterrupt) as error:
            failure = told(error)
            if failure is None:
                raise
            raise failure from error


def _version() -> str:
    import platform

    from orch_server.version import orch_version

    return f"orch {orch_version()} (Python {platform.python_version()}, {platform.system()} {platform.machine()})"


def _say_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        click.echo(_version())
        ctx.exit()


_PROFILE = click.Option(["--profile"], metavar="NAME", help="The profile to use. [ORCH_PROFILE]")
_VERSION = click.Option(
    ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_say_version, help="As `orch version`."
)

orch = _Orch(
    "orch",
    help="Runs Python functions as observed, retried, recoverable workflows.",
    lazy=_COMMANDS,
    params=[_PROFILE, _VERSION],
)


@orch.command()
def version() -> None:
    """Show which Orch this is."""
    click.echo(_version())


def main() -> None:
    """The console script."""
    _open_missing_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A locale that cannot show a name shows its code instead.
            stream.reconfigure(errors="backslashreplace")
    try:
        orch(prog_name="orch")
    except OSError as error:
        if error.errno not in _UNWRITABLE or error.filename is not None:
            raise
        _give_up_output(error)


def _open_missing_streams() -> None:
    """What the caller has closed (`>&-`) is None in Python: what is written there is for nobody."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open to the end of the process
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def _give_up_output(error: OSError) -> NoReturn:
    """Standard output takes no more, as on a full disk: that is said, and what is left in its buffer is dropped."""
    with suppress(OSError):
        click.echo(f"orch: Standard output cannot be written: {error.strerror}.", err=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(FAILED)


if __name__ == "__main__":
    main()
