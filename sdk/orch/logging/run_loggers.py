"""Loggers that speak for a run.

`orch.flow_runs` and `orch.task_runs` are ordinary loggers; a RunLogger adds which run it is, so that its lines find
their run from any thread. Formatters of the user's own may write `%(flow_run_name)s`, `%(flow_run_id)s`,
`%(flow_name)s`, `%(task_run_name)s`, `%(task_run_id)s` and `%(task_name)s`.
"""

import logging
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any

from orch.context import FlowRunContext, TaskRunContext
from orch.errors import MissingContextError
from orch.logging.messages import mark_told
from orch.logging.speaker import Speaker, innermost_run, speaking

if TYPE_CHECKING:
    from orch.flows import Flow
    from orch.recording.records import FlowRunRecord, TaskRunRecord
    from orch.tasks import Task

FLOW_RUNS = "orch.flow_runs"
TASK_RUNS = "orch.task_runs"

_silenced: ContextVar[bool] = ContextVar("orch_run_loggers_silenced", default=False)


class RunLogger(logging.LoggerAdapter[logging.Logger]):
    """A logger whose lines belong to one run, whoever calls it and where. Has the methods of `logging.Logger`."""

    def __init__(
        self,
        flow_run: "FlowRunRecord",
        task_run: "TaskRunRecord | None" = None,
        *,
        task_name: str = "",
        extra: Mapping[str, object] | None = None,
    ) -> None:
        """`task_run` and `task_name` are the task's where it speaks; `extra` are further attributes for each record."""
        # Not super().__init__: one is made for every task run, and it would do nothing more.
        self.logger = _logger(FLOW_RUNS if task_run is None else TASK_RUNS)
        self._flow_run = flow_run
        self._task_run = task_run
        self._task_name = task_name
        self._further = extra

    @property
    def extra(self) -> Mapping[str, object]:  # type: ignore[override]
        """The attributes that records get: the run's names and ids, and further ones."""
        return {**self._names(), **(self._further or {})}

    def isEnabledFor(self, level: int) -> bool:
        """Whether a line of this level goes anywhere."""
        return not _silenced.get() and self.logger.isEnabledFor(level)

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:  # noqa: ANN401
        """Add the run's names and ids, which a call's own `extra` may replace."""
        kwargs["extra"] = {**self.extra, **(kwargs.get("extra") or {})}
        return msg, kwargs

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:  # noqa: ANN401 (logging's own)
        """Log a line for the run; everything else here (`info`, `exception` …) ends in this."""
        if not self.isEnabledFor(level):
            return
        message, keywords = self.process(msg, kwargs)
        keywords["stacklevel"] = keywords.get("stacklevel", 1) + 1  # the line is the caller's, not this one's
        token = speaking.set(Speaker(self._flow_run, self._task_run))
        try:
            self.logger.log(level, message, *args, **keywords)
        finally:
            speaking.reset(token)
        told = _exception_in(keywords.get("exc_info"))
        if told is not None:
            mark_told(told)

    def _names(self) -> dict[str, object]:
        flow_run, task_run = self._flow_run, self._task_run
        names: dict[str, object] = {
            "flow_run_id": flow_run.id,
            "flow_run_name": flow_run.name,
            "flow_name": flow_run.flow_name,
        }
        if task_run is not None:
            names |= {"task_run_id": task_run.id, "task_run_name": task_run.name, "task_name": self._task_name}
        return names


@cache
def _logger(name: str) -> logging.Logger:
    """The logger of that name, without logging's lock. Not made at import: a dictConfig disables loggers that exist."""
    return logging.getLogger(name)


def _exception_in(exc_info: object) -> BaseException | None:
    """The exception that a call's `exc_info` stands for."""
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        found = exc_info[1]
        return found if isinstance(found, BaseException) else None
    return sys.exc_info()[1] if exc_info else None


def flow_run_logger(
    flow: "Flow[..., Any]", record: "FlowRunRecord", extra: Mapping[str, object] | None = None
) -> RunLogger:
    """The logger of a flow run."""
    del flow  # the record knows the flow's name
    return RunLogger(record, extra=extra)


def task_run_logger(
    task: "Task[..., Any]", record: "TaskRunRecord", extra: Mapping[str, object] | None = None
) -> RunLogger:
    """The logger of a task run."""
    return RunLogger(record.flow_run, record, task_name=task.name, extra=extra)


def get_run_logger(
    context: FlowRunContext | TaskRunContext | None = None, **extra: object
) -> "logging.Logger | RunLogger":
    """The logger of the run around this code: its lines are shown, and kept with the run.

    `context` names another run's context; `extra` are further attributes for every record. Inside
    `disable_run_logger()` it is silent, and may be had outside of runs.

    Raises:
        MissingContextError: there is no run here.
    """
    run = context or innermost_run()
    if run is not None:
        return logger_of(run, extra)
    if _silenced.get():
        return _silent_logger()
    raise MissingContextError(
        "There is no active flow or task run here: call get_run_logger() inside one, or use logging.getLogger(). "
        "To call a flow's or task's .fn in a test, wrap the call in disable_run_logger()."
    )


@contextmanager
def disable_run_logger() -> Iterator[None]:
    """Silence the loggers of runs inside the block, and let get_run_logger() be called outside of runs.

    with disable_run_logger():
        assert my_task.fn(1) == 2
    """
    token = _silenced.set(True)
    try:
        yield
    finally:
        _silenced.reset(token)


def _silent_logger() -> logging.Logger:
    logger = logging.getLogger("orch.silent")
    logger.disabled = True
    return logger


def logger_of(run: FlowRunContext | TaskRunContext, extra: Mapping[str, object] | None = None) -> RunLogger:
    """The logger of the run that a context belongs to."""
    if isinstance(run, TaskRunContext):
        return task_run_logger(run.task, run.record, extra)
    return flow_run_logger(run.flow, run.record, extra)
