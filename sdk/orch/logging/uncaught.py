"""How a program ends that lets a run's exception pass: with the user's own frames, without the dozens of Orch's.

Only Python's own `sys.excepthook` is replaced, by the first run: a debugger's or a notebook's is left alone. Exceptions
that passed no run are printed as ever.
"""

import sys
from types import TracebackType

from orch.logging.console import write


def shorten_uncaught() -> None:
    """Have uncaught exceptions of runs printed with the user's frames, where nobody has a hook of his own."""
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _show


def _show(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    from orch.tracebacks import has_own_frames, user_traceback

    if sys.stderr is None or not has_own_frames(traceback):
        sys.__excepthook__(kind, error, traceback)
        return
    try:
        text = user_traceback(error)
    except Exception:  # nothing may come between a program and the reason of its end
        sys.__excepthook__(kind, error, traceback)
        return
    write(sys.stderr, text)
