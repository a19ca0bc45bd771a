"""Keeps lines of runs off the console where whoever started the process stores what it writes: a worker does.

There a line that is kept with its run, with its level and its task, must not come a second time as output. Lines that
no run says, and what is written without logging, come out as ever. Handlers that write elsewhere, to files for one, are
left alone.
"""

import logging
import sys
from collections.abc import Iterator

_MARK = "_orch_quiet"


class _NotTwice(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return not getattr(record, _MARK, False)


_not_twice = _NotTwice()


def keep_off_consoles(logger: logging.Logger, record: logging.LogRecord) -> None:
    """Have the logger's handlers that write to standard output or error pass this record over."""
    setattr(record, _MARK, True)
    for handler in _handlers(logger):
        # Handlers come and go with the user's code; adding a filter again changes nothing.
        if _writes_to_console(handler):
            handler.addFilter(_not_twice)


def is_kept_off(record: logging.LogRecord) -> bool:
    """Whether a record is not for consoles."""
    return bool(getattr(record, _MARK, False))


def _handlers(logger: logging.Logger) -> Iterator[logging.Handler]:
    """All that would be handed a record of the logger."""
    if logging.lastResort is not None:
        yield logging.lastResort
    each: logging.Logger | None = logger
    while each is not None:
        yield from each.handlers
        each = each.parent if each.propagate else None


def _writes_to_console(handler: logging.Handler) -> bool:
    # Rich's handler has a console, which has a file.
    stream = getattr(handler, "stream", None) or getattr(getattr(handler, "console", None), "file", None)
    return stream is not None and stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
