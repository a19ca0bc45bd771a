"""`orch server start` and `orch server migrate`: options in, exit code out. Also `python -m orch_server`.

The control plane itself is imported when it is started, so that --help and wrong options answer at once.
"""

import os
from collections.abc import Callable, Iterable, Mapping

import click

from orch_server.collector import loading
from orch_server.errors import OrchServerError
from orch_server.options import OPTIONS, Option
from orch_server.settings import Settings

# Exit code for what the person who starts the server has to put right.
_USAGE = 2
_MIGRATE_OPTIONS = frozenset({"home", "database_url", "database_statement_timeout_seconds", "log_format", "log_level"})


def _start(**arguments: object) -> None:
    with loading():
        from orch_server.app import main

    raise SystemExit(main(Settings.load(arguments, os.environ)))


def _migrate(*, dry_run: bool, **arguments: object) -> None:
    from orch_server.app import migrate

    settings = Settings.load(arguments, _only(_MIGRATE_OPTIONS, os.environ))
    for line in migrate(settings, dry_run=dry_run):
        click.echo(line)


def _only(names: Iterable[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Where only the database is touched, a listening address without a key is nobody's business."""
    variables = {option.variable for option in OPTIONS if option.name in names}
    return {name: value for name, value in environ.items() if not name.startswith("ORCH_") or name in variables}


class _ServerCommand(click.Command):
    """Says an expected error in one paragraph instead of a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except OrchServerError as error:
            click.echo(f"orch: {error.message}", err=True)
            ctx.exit(_USAGE)


def _parameter(option: Option) -> click.Option:
    default = f" Default: {option.default}." if option.default else ""
    text = f"{option.help}{default} [{option.variable}]"
    if option.flag:
        return click.Option([option.switch], is_flag=True, flag_value="true", default=None, help=text)
    return click.Option([option.switch], metavar=option.metavar, help=text)


def _command(
    name: str, run: Callable[..., None], options: Iterable[Option], *more: click.Option, help_text: str
) -> click.Command:
    parameters = [*(_parameter(option) for option in options), *more]
    return _ServerCommand(name, params=list(parameters), callback=run, help=help_text)


start = _command(
    "start",
    _start,
    OPTIONS,
    help_text=(
        "Starts the control plane, until SIGTERM or Ctrl-C.\n\nEach option has a variable, in brackets; the option "
        "wins. API keys come from ORCH_API_KEY or --api-key-file."
    ),
)

migrate = _command(
    "migrate",
    _migrate,
    [option for option in OPTIONS if option.name in _MIGRATE_OPTIONS],
    click.Option(["--dry-run"], is_flag=True, help="Say what would be done, and do nothing."),
    help_text="Brings the database to this version's schema. `start` does so too, where nobody has before.",
)
