"""A run as people watch it: lines as they come and, at a terminal, a live line below them that says where it stands."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from orch_cli.output import (
    Format,
    instant,
    note,
    one_line,
    seconds_between,
    span,
    state_name,
    state_style,
    stdout_is_terminal,
)
from orch_cli.output.tables import console
from orch_cli.watch.ending import has_ended
from orch_cli.watch.lines import LinePrinter
from orch_cli.watch.progress import Progress, counting
from orch_cli.watch.waiting import why_waiting

if TYPE_CHECKING:
    from rich.console import RenderableType

    from orch_client.client import Client
    from orch_proto.v1.flow_run_pb2 import FlowRun
    from orch_proto.v1.log_pb2 import LogEntry

_PATIENCE_SECONDS = 3.0
"""How long a run may be due before it is said why it does not begin."""


class LineWatcher:
    """A line for each state and each log line. See `follower.Watcher`."""

    def __init__(self, orch: "Client", printer: LinePrinter) -> None:
        self._orch = orch
        self._printer = printer
        self._told_why = ""
        self._last: tuple[int, str, str] | None = None

    def seen(self, run: "FlowRun") -> None:
        """Lines tell states in their order alone."""

    def state(self, run: "FlowRun") -> None:
        """A line, where the state is another one than before."""
        found = (run.state.type, run.state.name, run.state.message)
        if found != self._last:
            self._printer.state(run)
        self._last = found

    def entries(self, entries: "Sequence[LogEntry]") -> None:
        """A line for each."""
        self._printer.entries(entries)

    def idle(self, run: "FlowRun | None") -> None:
        """Where a run that is due does not begin: why, once."""
        if run is None or has_ended(run.state):
            return
        since = instant(run.state.state_time)
        if since is None or (datetime.now(UTC) - since).total_seconds() < _PATIENCE_SECONDS:
            return
        words = why_waiting(self._orch, run)
        if words and words != self._told_why:
            self._told_why = words
            note(words)


class _Status:
    """The live line: `⠋ quick-lynx  Running  12.3 s  tasks: 3 done`. Drawn anew by Rich several times a second."""

    def __init__(self, progress: Progress) -> None:
        from rich.spinner import Spinner

        self._spinner = Spinner("dots")
        self._progress = progress
        self.run: FlowRun | None = None

    def __rich__(self) -> "RenderableType":
        from rich.text import Text

        run = self.run
        if run is None:
            self._spinner.update(text=Text("…"))
            return self._spinner
        since = run.start_time if run.HasField("start_time") else run.create_time
        text = Text.assemble(
            (one_line(run.name), "bold"),
            "  ",
            (state_name(run.state), state_style(run.state)),
            f"  {span(seconds_between(since, run.end_time))}",
            f"  {self._progress.words}".rstrip(),
            ("  Ctrl-C leaves it running", "dim"),
            no_wrap=True,
            overflow="ellipsis",
        )
        self._spinner.update(text=text)
        return self._spinner


class LiveWatcher(LineWatcher):
    """Lines above a live line."""

    def __init__(self, orch: "Client", printer: LinePrinter, status: _Status) -> None:
        super().__init__(orch, printer)
        self._status = status

    def seen(self, run: "FlowRun") -> None:
        """The live line changes."""
        self._status.run = run


@contextmanager
def watching(orch: "Client", flow_run_id: str, *, output: Format) -> Iterator[LineWatcher]:
    """A watcher for people where they are at a terminal, else lines, or JSON objects on lines."""
    if output is not Format.TABLE or not stdout_is_terminal():
        yield LineWatcher(orch, LinePrinter(output=output))
        return
    from rich.live import Live

    screen = console()

    with counting(orch, flow_run_id) as progress:
        status = _Status(progress)
        with Live(status, console=screen, refresh_per_second=8, transient=True, redirect_stderr=True):
            yield LiveWatcher(orch, LinePrinter(output=output, write=screen.out), status)
