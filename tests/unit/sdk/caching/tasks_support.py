"""Stands in for the contexts that the engine hands to cache policies."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from orch.context import TaskRunContext


def context_of(
    function: Callable[..., object], *, key: str = "", flow_run_id: str = "run-1", task_run_id: str = "task-1"
) -> "TaskRunContext":
    """The context of a run of the function as a task."""
    task = SimpleNamespace(fn=function, name=function.__name__, task_key=key or function.__qualname__)
    run = SimpleNamespace(id=flow_run_id, name="quick-lynx", flow_name="etl")
    record = SimpleNamespace(id=task_run_id, name="load-0", flow_run=run)
    return cast("TaskRunContext", SimpleNamespace(task=task, task_run=record, record=record))


def nothing(*_: object) -> None:
    """A task."""
