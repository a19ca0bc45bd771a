"""`log_prints`: what the code of a run prints becomes lines of its log.

`builtins.print` is replaced when the first such run begins, and stays so: whether a print is logged is decided when it
happens, by the run around it. Prints of other threads, other runs and to other files come out as ever.
"""

import builtins
import sys
import threading
from contextvars import ContextVar
from functools import wraps
from typing import Any

from orch.logging.run_loggers import logger_of
from orch.logging.speaker import innermost_run

_MARK = "orch_original"
_busy: ContextVar[bool] = ContextVar("orch_print_is_being_logged", default=False)


_lock = threading.Lock()


def watch_prints() -> None:
    """Have prints of runs logged that ask for it. Called when such a run begins; again it does nothing."""
    if hasattr(builtins.print, _MARK):
        return
    with _lock:
        if not hasattr(builtins.print, _MARK):
            builtins.print = _patched(builtins.print)


def leave_prints_alone() -> None:
    """Put the original back, where nobody has replaced it again: for tests."""
    with _lock:
        builtins.print = getattr(builtins.print, _MARK, builtins.print)


def _patched(original: Any) -> Any:  # noqa: ANN401 (whatever stands in print's place)
    @wraps(original)
    def print_or_log(*values: Any, **keywords: Any) -> None:  # noqa: ANN401 (print's own)
        run = innermost_run()
        to_console = keywords.get("file") in (None, sys.stdout, sys.stderr)
        if run is None or not run.log_prints or not to_console or _busy.get():
            original(*values, **keywords)
            return
        # While this print is made text and logged, a __str__ or a handler that prints does so as ever.
        token = _busy.set(True)
        try:
            message = _text(original, values, keywords)
            logger_of(run).info("%s", message, stacklevel=2)
        finally:
            _busy.reset(token)

    setattr(print_or_log, _MARK, original)
    return print_or_log


def _text(original: Any, values: tuple[Any, ...], keywords: dict[str, Any]) -> str:  # noqa: ANN401
    from io import StringIO

    buffer = StringIO()
    original(*values, **{**keywords, "file": buffer})
    return buffer.getvalue().rstrip()
