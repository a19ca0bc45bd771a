"""Sets logging up when a run begins: never at import, and never what the user has set up himself.

- The logger `orch` gets the level ORCH_LOGGING_LEVEL, where it has none, and a console handler.
- The loggers in ORCH_LOGGING_EXTRA_LOGGERS get the same, so that a library's lines are shown and kept.
- Standard logging inside runs is kept with the run: `orch.logging.capture`.
- Python's own hook for uncaught exceptions shows the user's frames: `orch.logging.uncaught`.

The root logger, its level and its handlers are left alone.
"""

import logging
import threading

from orch.logging.capture import capture
from orch.logging.console import ConsoleHandler
from orch.logging.run_loggers import FLOW_RUNS, TASK_RUNS
from orch.logging.uncaught import shorten_uncaught
from orch.settings import Settings, current_settings

_lock = threading.Lock()
_done_for: list[Settings] = []
_levels_set: dict[str, int] = {}


def begin_logging() -> None:
    """Do all that, when a flow run begins. Again it does nothing, unless the settings are others now.

    Raises:
        ConfigurationError: a setting is wrong.
    """
    settings = current_settings()
    if not _done_for or _done_for[0] is not settings:
        with _lock:
            _set_up(settings)
            _done_for[:] = [settings]
    # A dictConfig in the user's code disables loggers that exist already; a run's log must not end there.
    for name in (FLOW_RUNS, TASK_RUNS):
        logging.getLogger(name).disabled = False


def _set_up(settings: Settings) -> None:
    for name in ("orch", *settings.logging_extra_loggers):
        logger = logging.getLogger(name)
        if logger.level in (logging.NOTSET, _levels_set.get(name)):
            logger.setLevel(settings.logging_level)
            _levels_set[name] = settings.logging_level
        if not any(isinstance(handler, ConsoleHandler) for handler in logger.handlers):
            logger.addHandler(ConsoleHandler())
    capture.level = settings.logging_level
    capture.install()
    shorten_uncaught()
