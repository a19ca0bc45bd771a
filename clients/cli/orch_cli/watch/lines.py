"""What happens to a run, on lines: its log, and its states between.

14:03:12.345 | INFO    | orch.flow_runs | Flow 'etl' begins.
14:03:13.012 | STATE   | Flow run 'quick-lynx' | Completed

In a pipe the time has its date and its offset. As JSON each is an object.
"""

import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from orch_cli.failures import Wrong
from orch_cli.output import Format, clean, instant, json_line, one_line, plain, say, state_name, stdout_is_terminal
from orch_cli.output.states import state_colour

if TYPE_CHECKING:
    from orch_proto.v1.flow_run_pb2 import FlowRun
    from orch_proto.v1.log_pb2 import LogEntry
    from orch_proto.v1.state_pb2 import State

_COLOURS = {10: "2", 20: "36", 30: "33", 40: "31", 50: "1;31"}
_LEVELS = {10: "DEBUG", 20: "INFO", 30: "WARNING", 40: "ERROR", 50: "CRITICAL"}


class LinePrinter:
    """Writes log entries and states on standard output."""

    def __init__(self, *, output: Format, write: Callable[[str], None] = say, coloured: bool | None = None) -> None:
        """`write` takes a line, or several at once. `coloured`: None asks the terminal."""
        self._json = output is Format.JSON
        self._write = write
        self._terminal = stdout_is_terminal()
        self._coloured = wants_colour() if coloured is None else coloured

    def entries(self, entries: "Iterable[LogEntry]") -> None:
        """Lines of the log, written together."""
        lines = [self._entry(entry) for entry in entries]
        if lines:
            self._write("\n".join(lines))

    def _entry(self, entry: "LogEntry") -> str:
        record = entry.record
        if self._json:
            line = plain(record)
            assert isinstance(line, dict)
            return json_line({"kind": "log", "stream": entry.stream, "offset": entry.offset, **line})
        level = record.level or 20
        name = _LEVELS.get(level, str(level))
        message = clean(record.message.rstrip("\n"), colours=self._coloured)
        who = one_line(record.logger or entry.stream)
        return self._line(instant(record.time), name, _COLOURS.get(level, ""), who, message)

    def state(self, run: "FlowRun") -> None:
        """A state that the run has come to."""
        state = run.state
        if self._json:
            ids = {"flow_run_id": run.flow_run_id, "name": run.name, "attempt": run.attempt}
            self._write(json_line({"kind": "state", **ids, "state": plain(state)}))
            return
        who = f"Flow run {clean(run.name)!r}"
        words = state_words(state)
        self._write(self._line(instant(state.state_time), "STATE", state_colour(state), who, words))

    def _line(self, time: datetime | None, level: str, colour: str, who: str, message: str) -> str:
        clock = self._clock(time or datetime.now(UTC))
        level = f"{level:<7}"
        if self._coloured:
            clock, level = f"\x1b[2m{clock}\x1b[0m", f"\x1b[{colour}m{level}\x1b[0m"
            message = f"{message}\x1b[0m" if "\x1b" in message else message
        return f"{clock} | {level} | {who} | {message}"

    def _clock(self, time: datetime) -> str:
        local = time.astimezone()
        if self._terminal:
            return f"{local:%H:%M:%S}.{local.microsecond // 1000:03d}"
        return local.isoformat(timespec="milliseconds")


def state_words(state: "State") -> str:
    """The state's name and message, on one line."""
    name, message = state_name(state), " ".join(clean(state.message).split())
    return f"{name}: {message}" if message and message != name else name


def check_lines_format(output: Format) -> None:
    """Raises Wrong for a format that has no form for what comes line by line."""
    if output in (Format.YAML, Format.ID):
        raise Wrong(f"What comes line by line is written as table or json, not as {output}.")


def wants_colour() -> bool:
    """Whether to colour: NO_COLOR forbids, FORCE_COLOR demands, else at a terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stdout_is_terminal()
