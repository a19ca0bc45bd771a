"""The flow run around the calling code. Attributes are looked up when they are read.

Those of runs in other processes (`root_flow_run_id` and `parent_deployment_id` of a run that another one has asked for)
are read from the control plane: RecordingError where it cannot be reached.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from orch.context import FlowRunContext, flow_run_context

if TYPE_CHECKING:
    from orch.recording.reading import FoundRun

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
    root = record.id
    above = _asked_by(context) if context.record.grant is not None else None
    while above:
        root = above
        found = _read(above)
        above = found.parent_flow_run_id if found is not None else None
    return root


def _parent(context: FlowRunContext) -> str | None:
    parent = context.record.parent
    return parent.id if parent is not None else _asked_by(context)


def _parent_deployment(context: FlowRunContext) -> str | None:
    grant = context.record.grant
    if context.record.parent is not None:
        return (grant.deployment_id or None) if grant is not None else None
    above = _asked_by(context)
    found = _read(above) if above else None
    return (found.deployment_id or None) if found is not None else None


def _asked_by(context: FlowRunContext) -> str | None:
    """The run in another process that asked for the run that this process was given."""
    grant = context.record.grant
    return (grant.parent_flow_run_id or None) if grant is not None else None


def _read(flow_run_id: str) -> "FoundRun | None":
    from orch.recording.reading import flow_run

    return flow_run(flow_run_id)


def _start(context: FlowRunContext) -> datetime:
    record = context.record
    planned = record.grant.scheduled_ns if record.grant is not None and record.parent is None else 0
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=(planned or record.start_ns) // 1000)


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
    "parent_deployment_id": (_parent_deployment, lambda: None),
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
