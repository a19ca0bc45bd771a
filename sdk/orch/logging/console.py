"""Lines on the console: short, coloured where a terminal reads them, and only where nobody else shows them.

14:03:12.345 | INFO    | Flow run 'quick-lynx' | Completed in 1.2 s.

They go to standard error, so that a program's own output stays its own. Where the root logger has handlers, the user
has set logging up (`logging.basicConfig`, dictConfig, pytest …): then Orch's lines reach those, in their format, and
this handler is silent, so that no line appears twice.
"""

import logging
import os
import sys
import time
from contextlib import suppress
from typing import Final, TextIO

from orch.logging.messages import message_of
from orch.logging.quiet import is_kept_off

_RESET: Final = "\x1b[0m"
_DIM: Final = "\x1b[2m"
_COLOURS: Final = {
    logging.DEBUG: _DIM,
    logging.INFO: "\x1b[36m",
    logging.WARNING: "\x1b[33m",
    logging.ERROR: "\x1b[31m",
    logging.CRITICAL: "\x1b[1;31m",
}
# These send lines elsewhere and show nothing.
_SHOWING_NOTHING: Final = ("opentelemetry.", "sentry_sdk.", "orch.")


class ConsoleHandler(logging.Handler):
    """Writes records to standard error as it is at that moment, unless the root logger's handlers show them."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: TextIO | None = None
        self._coloured = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record. Never raises: a closed or broken standard error leaves nobody to tell."""
        if is_kept_off(record) or shown_by_root():
            return
        stream: TextIO | None = sys.stderr
        if stream is not None and not getattr(stream, "closed", False):  # it may be the program's own, with no more
            if stream is not self._seen:  # asking costs as much as writing
                self._seen, self._coloured = stream, wants_colour(stream)
            write(stream, format_line(record, coloured=self._coloured))


def write(stream: TextIO, line: str) -> None:
    """Write a line to a console, which may be closed, full, or unable to show all of it: then as far as it goes."""
    text = f"{line}\n"
    # The reader of a pipe has gone, another thread has closed the stream, or a stream of the program's own fails.
    with suppress(Exception):
        try:
            stream.write(text)
        except UnicodeEncodeError:
            encoding = getattr(stream, "encoding", None) or "ascii"
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def shown_by_root() -> bool:
    """Whether the root logger has a handler of the user's own that shows lines."""
    return any(
        not isinstance(handler, logging.NullHandler) and not type(handler).__module__.startswith(_SHOWING_NOTHING)
        for handler in logging.getLogger().handlers
    )


def wants_colour(stream: TextIO) -> bool:
    """Whether to colour: NO_COLOR forbids, FORCE_COLOR demands, else where the stream is a terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    isatty = getattr(stream, "isatty", None)
    try:
        return os.environ.get("TERM") != "dumb" and isatty is not None and bool(isatty())
    except (OSError, ValueError):  # closed meanwhile
        return False


def format_line(record: logging.LogRecord, *, coloured: bool) -> str:
    """A record as it is shown: local time, level, who, what. A traceback follows on lines of its own."""
    clock = f"{time.strftime('%H:%M:%S', time.localtime(record.created))}.{int(record.msecs):03d}"
    level = f"{record.levelname:<7}"
    if coloured:
        clock = f"{_DIM}{clock}{_RESET}"
        level = f"{_COLOURS.get(record.levelno, '')}{level}{_RESET}"
    return f"{clock} | {level} | {_who(record)} | {message_of(record)}"


def _who(record: logging.LogRecord) -> str:
    for kind in ("task", "flow"):
        name = getattr(record, f"{kind}_run_name", None)
        if name is not None:
            return f"{kind.capitalize()} run {name!r}"
    return record.name
