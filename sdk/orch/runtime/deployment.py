"""The deployment whose run the calling code belongs to. Empty in a run that its own process has started.

In a subflow it is the deployment of the run around it.
"""

from collections.abc import Callable
from typing import Any

from orch.context import flow_run_context
from orch.recording.records import Grant

__all__ = ["flow_run_id", "id", "name", "parameters", "version"]  # noqa: F822 (looked up by __getattr__)


def _parameters(grant: Grant) -> object:
    import json

    return json.loads(grant.parameters_json or "{}")


# How each attribute is read in a deployment's run, and what it is elsewhere.
_ATTRIBUTES: dict[str, tuple[Callable[[Grant], object], Callable[[], object]]] = {
    "flow_run_id": (lambda grant: grant.flow_run_id, lambda: None),
    "id": (lambda grant: grant.deployment_id, lambda: None),
    "name": (lambda grant: grant.deployment_name or None, lambda: None),
    "parameters": (_parameters, dict),
    "version": (lambda grant: str(grant.deployment_version), lambda: None),
}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    found = _ATTRIBUTES.get(name)
    if found is None:
        raise AttributeError(f"{__name__} has no attribute {name!r}; it has {', '.join(__all__)}.")
    context = flow_run_context.get()
    grant = context.record.grant if context is not None else None
    return found[1]() if grant is None or not grant.deployment_id else found[0](grant)


def __dir__() -> list[str]:
    return sorted(__all__)
