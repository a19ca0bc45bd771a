"""Logging for flows and tasks: `get_run_logger()`, and what becomes of its lines.

Importing this configures nothing. The first run of a process sets logging up, once; see `orch.logging.setup`.
"""

import logging

from orch.logging.run_loggers import RunLogger, disable_run_logger, get_run_logger

__all__ = ["RunLogger", "disable_run_logger", "get_logger", "get_run_logger"]


def get_logger(name: str | None = None) -> logging.Logger:
    """The logger `orch`, or the one of that name beneath it: its lines are shown as Orch's own are.

    Lines of a run belong to `get_run_logger()`.
    """
    if not name or name == "orch":
        return logging.getLogger("orch")
    return logging.getLogger(name if name.startswith("orch.") else f"orch.{name}")
