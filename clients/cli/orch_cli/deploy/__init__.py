"""`orch deploy`: makes flows and commands ready to be run by workers, and shows first what will change."""

import click

from orch_cli.filters import DURATION
from orch_cli.output import Format, output_option
from orch_cli.parameters import parameters_options

# The words of `orch.schedules` and `orch.deployments.spec`, which are not loaded for `--help`.
_CATCH_UP = click.Choice(["latest", "skip", "all"])
_OVERLAP = click.Choice(["allow", "skip", "queue", "cancel_old"])
_AT_LIMIT = click.Choice(["queue", "skip", "cancel_oldest"])


@click.command()
@click.argument("entrypoint", required=False, metavar="[FILE:FLOW]")
@click.option("-n", "--name", "names", multiple=True, metavar="NAME", help="The deployment's name. Of a file: only it.")
@click.option("--all", "everything", is_flag=True, help="All deployments of the file; so it is without --name, too.")
@click.option("-f", "--file", "file", metavar="FILE", help="The file of deployments. [orch.yaml]")
@click.option("--command", metavar="COMMAND", help='A program in place of a flow: "node report.js".')
@click.option("--flow", metavar="FLOW", help="The flow's name, for a command; the deployment's by default.")
@click.option("--pool", "work_pool", metavar="POOL", help="The work pool whose workers run it. [default]")
@click.option("--queue", "work_queue", metavar="QUEUE", help="The queue in that pool. [default]")
@parameters_options
@click.option("--cron", multiple=True, metavar="LINE", help='A schedule: "0 2 * * *". Repeatable.')
@click.option("--interval", multiple=True, metavar="SPAN", help="A schedule: 15m, 1h30m, 1d. Repeatable.")
@click.option("--rrule", multiple=True, metavar="RULE", help='A schedule: "FREQ=WEEKLY;BYDAY=MO". Repeatable.')
@click.option("--time-zone", metavar="ZONE", help="Of all schedules given: Europe/Berlin. [UTC]")
@click.option("--catch-up", type=_CATCH_UP, help="What happens to times that passed while nothing ran. [latest]")
@click.option("--catch-up-window", type=DURATION, metavar="SPAN", help="Missed times older than this are dropped.")
@click.option("--overlap", type=_OVERLAP, help="What happens while an earlier run goes on. [allow]")
@click.option("--jitter", type=DURATION, metavar="SPAN", help="Starts are spread over this span.")
@click.option("--no-schedules", is_flag=True, help="Delete its schedules.")
@click.option("--paused/--not-paused", default=None, help="Whether schedules rest. [as it is]")
@click.option("-t", "--tag", "tags", multiple=True, metavar="TAG", help="Every run gets it. Repeatable.")
@click.option("-d", "--description", metavar="TEXT", help="What it is for. [the flow's]")
@click.option("--concurrency-limit", type=click.IntRange(min=1), metavar="N", help="At most so many runs at once.")
@click.option("--at-limit", type=_AT_LIMIT, help="What happens to a new run then. [queue]")
@click.option("--env", multiple=True, metavar="NAME=VALUE", help="A variable of the runs' environment. Repeatable.")
@click.option(
    "-j",
    "--job-variable",
    "job_variables",
    multiple=True,
    metavar="NAME=VALUE",
    help="For the launcher: working_dir=/srv, limits.memory_mb=512. Repeatable.",
)
@click.option("--git", metavar="URL", help="Workers get the code from this repository, not from this folder.")
@click.option("--branch", metavar="NAME", help="Of the repository; or --git-tag, or --commit.")
@click.option("--git-tag", metavar="NAME", help="Of the repository.")
@click.option("--commit", metavar="HASH", help="Of the repository.")
@click.option("--credential", metavar="NAME", help="Of the repository: a variable of the worker, or a file there.")
@click.option("--requirements", metavar="FILE", help="Workers install this file's packages for it.")
@click.option("--no-pull", is_flag=True, help="The code is at the worker already.")
@click.option("--retries", type=click.IntRange(0, 1000), metavar="N", help="Run again, in a new process, on failure.")
@click.option("--retry-delay", multiple=True, metavar="SPAN", help="Before each retry. Repeatable.")
@click.option("--crash-restarts", type=click.IntRange(0, 1000), metavar="N", help="Of a command whose run was lost.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@output_option
def deploy(
    entrypoint: str | None,
    *,
    names: tuple[str, ...],
    everything: bool,
    file: str | None,
    dry_run: bool,
    yes: bool,
    output: Format,
    **options: object,
) -> None:
    """Deploy a flow, a command, or what orch.yaml lists.

    \b
    orch deploy etl.py:etl --name nightly --pool demo --cron "0 2 * * *" -p limit=10
    orch deploy --command "node report.js" --name weekly --interval 7d
    orch deploy --all

    Shows what will change, and asks. Deploying the same again changes nothing. In a file, and with --cron, --interval
    or --rrule, the schedules given are all that there will be; where none are given, they stay as they are.
    """
    from orch_cli.deploy.deploying import carry_out, specs_of_file, specs_of_options

    given = {name: value for name, value in options.items() if value not in (None, (), False)}
    if options["paused"] is not None:
        given["paused"] = options["paused"]
    if entrypoint or given.get("command"):
        specs = specs_of_options(entrypoint, names, file=file, everything=everything, options=given)
    else:
        specs = specs_of_file(file, names, everything=everything, options=given)
    carry_out(specs, dry_run=dry_run, yes=yes, output=output)
