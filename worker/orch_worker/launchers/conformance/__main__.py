"""`python -m orch_worker.launchers.conformance TYPE`: checks an installed launcher, and says which rules it keeps."""

import asyncio
import json
import sys
import tempfile
from pathlib import Path

import click

from orch_worker.errors import WorkerError
from orch_worker.launchers.base import LauncherError, LauncherFactory
from orch_worker.launchers.conformance import CHECKS, Check, Stage, run_check
from orch_worker.launchers.loading import launcher_factory

_CHECK_SECONDS = 120.0


@click.command(context_settings={"max_content_width": 100})
@click.argument("pool_type", metavar="TYPE")
@click.option(
    "--variables", "variables_json", default="{}", metavar="JSON", help='Job variables, like {"image": "alpine"}.'
)
def main(pool_type: str, variables_json: str) -> None:
    """Check the launcher of pools of this TYPE, which runs scripts with sh. Exit code 1 where it breaks a rule."""
    try:
        variables = json.loads(variables_json)
        factory = launcher_factory("conformance", pool_type)
    except ValueError as error:
        raise click.UsageError(f"--variables is no JSON: {error}.") from error
    except WorkerError as error:
        raise click.UsageError(error.message) from error
    if not isinstance(variables, dict):
        raise click.UsageError("--variables is no JSON object.")
    broken = sum(not _kept(check, factory, variables) for check in CHECKS)
    click.echo(f"{len(CHECKS) - broken} of {len(CHECKS)} rules are kept.")
    sys.exit(1 if broken else 0)


def _kept(check: Check, factory: LauncherFactory, variables: dict[str, object]) -> bool:
    name = check.__name__.replace("_", " ")
    with tempfile.TemporaryDirectory(prefix="orch-conformance-") as folder:
        try:
            asyncio.run(_within_time(check, Stage(factory, Path(folder), variables=variables)))
        except LauncherError as error:
            raise click.ClickException(f"The launcher cannot work here: {error}") from error
        except Exception as error:
            click.echo(f"broken: {name}: {type(error).__name__}: {error}")
            return False
    click.echo(f"kept: {name}")
    return True


async def _within_time(check: Check, stage: Stage) -> None:
    async with asyncio.timeout(_CHECK_SECONDS):
        await run_check(check, stage)


if __name__ == "__main__":
    main()
