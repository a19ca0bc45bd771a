"""The flow run around the calling code. Attributes are looked up when they are read."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from orch.context import FlowRunContext, flow_run_context

__all__ = [  # noqa: F822 (looked up by __getattr__)
    "flow_name",
    "flow_version",
    "id",
    "name",
    "parameters",
    "parent_deployment_id",
    "parent_flow_run_id",
    "root_flow_run_id",
    "run_count",
    "scheduled_start_time",
    "tags",
]


def _root(context: FlowRunContext) -> str:
    record = context.record
    while record.parent is not None:
        record = record.parent
    return record.id


def _parent(context: FlowRunContext) -> str | None:
    return context.record.parent.id if context.record.parent is not None else None


def _start(context: FlowRunContext) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=context.record.start_ns // 1000)


# How each attribute is read inside a run, and what it is outside of one.
_ATTRIBUTES: dict[str, tuple[Callable[[FlowRunContext], Any], Callable[[], Any]]] = {
    "id": (lambda context: context.record.id, lambda: None),
    "name": (lambda context: context.record.name, lambda: None),
    "flow_name": (lambda context: context.flow.name, lambda: None),
    "flow_version": (lambda context: context.flow.version or None, lambda: None),
    "parameters": (lambda context: dict(context.parameters), dict),
    "tags": (lambda context: list(context.record.tags), list),
    "run_count": (lambda context: context.record.attempt, lambda: 0),
    "parent_flow_run_id": (_parent, lambda: None),
    # As long as runs of deployments do not say theirs: see `deployment`.
    "parent_deployment_id": (lambda context: None, lambda: None),
    "root_flow_run_id": (_root, lambda: None),
    "scheduled_start_time": (_start, lambda: datetime.now(UTC)),
}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    found = _ATTRIBUTES.get(name)
    if found is None:
        raise AttributeError(f"{__name__} has no attribute {name!r}; it has {', '.join(__all__)}.")
    context = flow_run_context.get()
    return found[1]() if context is None else found[0](context)


def __dir__() -> list[str]:
    return sorted(__all__)
