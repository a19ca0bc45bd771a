"""`python -m orch_worker.code … -- COMMAND`: makes a deployment's code ready, then becomes the command.

For what starts without a worker beside it, such as a container: the pull steps come in its environment.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from orch_worker.code.errors import CodeError
from orch_worker.code.preparing import prepare

STEPS_VARIABLE = "ORCH_PULL_STEPS"
NOT_READY = 125
"""Exit code: the code could not be made ready. 126 and 127 are the command's own, as a shell has them."""


@click.command(context_settings={"max_content_width": 100})
@click.option("--steps", "steps_json", envvar=STEPS_VARIABLE, default="", metavar="JSON", show_envvar=True)
@click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    default=lambda: Path(os.environ.get("ORCH_HOME") or Path.home() / ".orch") / "cache" / "code",
    help="Where what was fetched is kept.",
    show_default="$ORCH_HOME/cache/code",
)
@click.argument("command", nargs=-1, required=True)
def main(steps_json: str, cache: Path, command: tuple[str, ...]) -> None:
    """Do the pull steps, then become COMMAND, in the code's folder."""
    try:
        prepared = asyncio.run(prepare(steps_json, cache=cache, environment=os.environ, tell=_tell))
    except CodeError as error:
        _tell(str(error))
        sys.exit(NOT_READY)
    if prepared.folder is not None:
        os.chdir(prepared.folder)
    for hold in prepared.holds:
        hold.outlive_exec()
    _become(command, {**os.environ, **prepared.environment})


def _become(command: tuple[str, ...], environment: Mapping[str, str]) -> None:
    try:
        os.execvpe(command[0], command, environment)
    except OSError as error:
        _tell(f"{command[0]} cannot be started: {error.strerror}.")
        sys.exit(127 if isinstance(error, FileNotFoundError) else 126)


def _tell(sentence: str) -> None:
    click.echo(sentence, err=True)


if __name__ == "__main__":
    main()
