"""The task run around the calling code. Attributes are looked up when they are read."""

from collections.abc import Callable
from typing import Any

from orch.context import TaskRunContext, task_run_context

__all__ = ["id", "name", "parameters", "run_count", "tags", "task_name"]  # noqa: F822 (looked up by __getattr__)

# How each attribute is read inside a run, and what it is outside of one.
_ATTRIBUTES: dict[str, tuple[Callable[[TaskRunContext], Any], Callable[[], Any]]] = {
    "id": (lambda context: context.record.id, lambda: None),
    "name": (lambda context: context.record.name, lambda: None),
    "task_name": (lambda context: context.task.name, lambda: None),
    "parameters": (lambda context: dict(context.parameters), dict),
    "tags": (lambda context: list(context.record.tags), list),
    "run_count": (lambda context: context.record.attempt, lambda: 0),
}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    found = _ATTRIBUTES.get(name)
    if found is None:
        raise AttributeError(f"{__name__} has no attribute {name!r}; it has {', '.join(__all__)}.")
    context = task_run_context.get()
    return found[1]() if context is None else found[0](context)


def __dir__() -> list[str]:
    return sorted(__all__)
