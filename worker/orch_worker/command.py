"""`orch-worker`, which is also `orch worker start` and `python -m orch_worker`: options in, exit code out.

The worker itself is imported when it is started, so that --help and wrong options answer at once.
"""

import os

import click

from orch_worker.errors import WorkerError


class _WorkerCommand(click.Command):
    """Says an expected error in one paragraph instead of a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except WorkerError as error:
            click.echo(f"orch: {error.message}", err=True)
            ctx.exit(error.exit_code)


@click.command("start", cls=_WorkerCommand)
@click.option("--pool", "-p", required=True, envvar="ORCH_WORKER_POOL", show_envvar=True, help="Work pool to serve.")
@click.option("--queue", "-q", "queues", multiple=True, help="Work queue of the pool; repeatable. Without: all.")
@click.option(
    "--limit",
    "-l",
    type=click.IntRange(1, 10000),
    envvar="ORCH_WORKER_LIMIT",
    show_envvar=True,
    help="Runs at once. Without: 4 a CPU, at least 8.",
)
@click.option("--label", "labels", multiple=True, metavar="KEY=VALUE", help="Label of this worker; repeatable.")
@click.option(
    "--name",
    envvar="ORCH_WORKER_NAME",
    default="",
    show_envvar=True,
    help="Name, the same after a restart. Without: the machine's, or the next free one made from it.",
)
@click.option("--type", "pool_type", default="", help="Type that the pool must have, or is created with (process).")
@click.option(
    "--create-pool/--no-create-pool", default=True, help="Create the pool where there is none. Default: create."
)
@click.option(
    "--home", default="", metavar="DIR", help="Directory for the worker's own files. Default: ~/.orch. [env: ORCH_HOME]"
)
@click.option(
    "--health-port", type=click.IntRange(0, 65535), help="Answer /healthz and /readyz there; 0: any free port."
)
@click.option("--health-host", default="127.0.0.1", help="Address for that; 0.0.0.0 for all. Default: 127.0.0.1.")
@click.option(
    "--log-format",
    type=click.Choice(["auto", "human", "json"]),
    envvar="ORCH_LOG_FORMAT",
    default="auto",
    help="human, json, or auto: human on a terminal.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    envvar="ORCH_LOG_LEVEL",
    default="info",
    help="Of the worker's own log.",
)
def worker(**options: object) -> None:
    """Starts a worker: it takes runs from a work pool and launches them.

    SIGTERM or Ctrl-C drains: nothing more is taken, and what runs may end. A second one stops the runs, a third ends
    the worker at once. The control plane is the one at ORCH_API_URL, or else the one that runs on the home directory.
    """
    from orch_worker.app import main as run
    from orch_worker.options import settings_from_options

    raise SystemExit(run(settings_from_options(options, os.environ)))


def main() -> None:
    """The console script."""
    worker(prog_name="orch-worker")
