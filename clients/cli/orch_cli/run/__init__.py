"""`orch run`: a deployment by its workers, or a flow in a file here and now."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import click

from orch_cli.completing import complete_deployment
from orch_cli.failures import Wrong
from orch_cli.filters import DURATION, FUTURE_TIME
from orch_cli.output import Format, output_option
from orch_cli.parameters import parameters_options


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the command line says about the run."""

    params: tuple[str, ...] = ()
    params_file: str | None = None
    tags: tuple[str, ...] = ()
    name: str = ""
    output: Format = Format.TABLE
    watch: bool = False
    idempotency_key: str = ""
    scheduled_time: datetime | None = None
    pool: str = ""
    queue: str = ""
    job_variables: tuple[str, ...] = ()


@click.command()
@click.argument("target", metavar="DEPLOYMENT|FILE:FLOW", shell_complete=complete_deployment)
@parameters_options
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="A tag for the run. Repeatable.")
@click.option("--name", metavar="NAME", default="", help="The run's name, for people; made up where it is not given.")
@click.option("-w", "--watch", is_flag=True, help="Follow the run to its end, which becomes the exit code.")
@click.option("--idempotency-key", metavar="KEY", default="", help="A run that has this key already is taken instead.")
@click.option("--at", type=FUTURE_TIME, metavar="TIME", help="Start then: 18:00, tomorrow 08:00, 2026-12-01T06:00.")
@click.option("--in", "delay", type=DURATION, metavar="TIME", help="Start after this long: 90s, 30m, 2h.")
@click.option("--pool", metavar="POOL", default="", help="Another work pool than the deployment's.")
@click.option("--queue", metavar="QUEUE", default="", help="Another work queue than the deployment's.")
@click.option(
    "--job-variable",
    "job_variables",
    multiple=True,
    metavar="NAME=VALUE",
    help="Laid over the deployment's. Repeatable.",
)
@output_option
def run(target: str, *, at: datetime | None, delay: timedelta | None, **options: object) -> None:
    """Run a deployment, or a flow in a file.

    A deployment ("flow/name", or its id) is run by its workers; --watch follows it, and the exit code is then the run's
    end: 0 completed, 1 failed, 5 cancelled, 6 crashed. A flow ("etl.py:etl", "package.module:etl", or "etl.py" where it
    has one flow) runs here.
    """
    if at and delay:
        raise Wrong("--at and --in both say when: give one of them.")
    scheduled_time = datetime.now(UTC) + delay if delay is not None else at
    asked = RunOptions(scheduled_time=scheduled_time, **options)  # type: ignore[arg-type]  # as declared above
    if is_entrypoint(target):
        from orch_cli.run.here import run_here

        run_here(target, asked)
    else:
        from orch_cli.run.deployed import run_deployed

        run_deployed(target, asked)


def is_entrypoint(target: str) -> bool:
    """Whether this names a flow in a file or a module, and not a deployment."""
    place, colon, attribute = target.rpartition(":")
    if not colon:
        return target.endswith(".py")
    return place.endswith(".py") or all(part.isidentifier() for part in [*place.split("."), *attribute.split(".")])
