"""`orch flow-run watch` and `orch flow-run wait`."""

import time
from datetime import timedelta

import click

from orch_cli.completing import complete_flow_run
from orch_cli.connection import client
from orch_cli.failures import TIMED_OUT, Failed
from orch_cli.filters import DURATION
from orch_cli.finding import find_flow_run
from orch_cli.output import Format, output_option, show_list, span


@click.command()
@click.argument("run", shell_complete=complete_flow_run)
@click.option("--logs/--no-logs", default=True, help="Also its log lines (the default).")
@output_option
def watch(run: str, *, logs: bool, output: Format) -> None:
    """Follow the states and the log of RUN to its end.

    The exit code is the run's end: 0 completed, 1 failed, 5 cancelled, 6 crashed. Ctrl-C leaves the run as it is.
    """
    with client() as orch:
        from orch_cli.watch.position import LogPosition
        from orch_cli.watch.session import watch_to_end

        watch_to_end(
            orch, find_flow_run(orch, run).flow_run_id, output=output, position=LogPosition() if logs else None
        )


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, shell_complete=complete_flow_run)
@click.option("--timeout", type=DURATION, metavar="TIME", help="Give up after this long (30s, 5m): exit code 124.")
@output_option
def wait(runs: tuple[str, ...], timeout: timedelta | None, output: Format) -> None:
    """Wait until each RUN has ended.

    The exit code is that of the worst end: 0 where all completed, 1 failed, 5 cancelled, 6 crashed.
    """
    with client() as orch:
        from orch_cli.flow_run.columns import COLUMNS
        from orch_cli.watch.ending import exit_code
        from orch_cli.watch.follower import Quiet, follow
        from orch_client.errors import DeadlineError

        found = [find_flow_run(orch, each) for each in runs]
        deadline = time.monotonic() + timeout.total_seconds() if timeout else None
        ended = []
        for each in found:
            left = max(deadline - time.monotonic(), 0.0) if deadline else None
            try:
                ended.append(follow(orch, each.flow_run_id, Quiet(), timeout_seconds=left))
            except DeadlineError:
                length = span(timeout.total_seconds() if timeout else None)
                words = f"The flow run {each.name!r} ({each.flow_run_id}) has not ended after {length}. It goes on."
                raise Failed(words, exit_code=TIMED_OUT) from None
    show_list(ended, COLUMNS, output=output, empty="")
    if code := max(exit_code(each) for each in ended):
        raise Failed("", exit_code=code)
