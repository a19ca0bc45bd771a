"""`orch flow-run logs`: the lines of a run, now or as they come."""

from typing import TYPE_CHECKING

import click

from orch_cli.completing import complete_flow_run
from orch_cli.connection import client
from orch_cli.finding import find_flow_run
from orch_cli.output import Format, note, output_option
from orch_cli.watch.lines import LinePrinter, check_lines_format
from orch_cli.watch.position import LogPosition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orch_client.client import Client
    from orch_proto.v1.log_pb2 import LogEntry
    from orch_proto.v1.log_service_pb2 import LogFilter

_LEVELS = ("debug", "info", "warning", "error", "critical")


@click.command()
@click.argument("run", shell_complete=complete_flow_run)
@click.option("-f", "--follow", is_flag=True, help="Go on with lines as they come, until the run has ended.")
@click.option("--tail", type=click.IntRange(min=0), metavar="N", help="Only the last N of the lines that are there.")
@click.option(
    "--level", type=click.Choice(_LEVELS, case_sensitive=False), help="Only lines at least this grave.", default="debug"
)
@click.option("--task-run", metavar="ID", default="", help="Only lines of this task run.")
@click.option("--stream", metavar="NAME", default="", help="Only lines of this stream: output, worker …")
@click.option("--grep", "text", metavar="TEXT", default="", help="Only lines that contain this, in any case.")
@output_option
def logs(
    run: str,
    *,
    follow: bool,
    tail: int | None,
    level: str,
    task_run: str,
    stream: str,
    text: str,
    output: Format,
) -> None:
    """Show the log of RUN. -o json writes one object a line."""
    check_lines_format(output)
    with client() as orch:
        from orch_proto.v1.log_pb2 import LogLevel
        from orch_proto.v1.log_service_pb2 import LogFilter

        found = find_flow_run(orch, run)
        chosen = LogFilter(
            min_level=LogLevel.Value(f"LOG_LEVEL_{level.upper()}"),
            task_run_id=task_run,
            stream=stream,
            text=text,
        )
        printer = LinePrinter(output=output)
        count = 0
        for entries in _pages(orch, found.flow_run_id, chosen, tail=tail, follow=follow):
            printer.entries(entries)
            count += len(entries)
    if not count and output is Format.TABLE:
        note("No lines.")


def _pages(
    orch: "Client", flow_run_id: str, chosen: "LogFilter", *, tail: int | None, follow: bool
) -> "Iterator[list[LogEntry]]":
    position = LogPosition()
    if tail is None:
        yield from position.stored(orch, flow_run_id, chosen)
    else:
        yield position.last(orch, flow_run_id, tail, chosen)
    if follow:
        from orch_proto.v1.log_service_pb2 import WatchLogsRequest

        request = WatchLogsRequest(flow_run_id=flow_run_id, filter=chosen, resume_token=position.token)
        for answer in orch.logs.WatchLogs(request):
            yield position.new(answer.entries)
