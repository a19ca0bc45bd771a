"""The JSON schema of a flow's parameters, and a first look at parameters before they are deployed.

The control plane enforces the schema at every create of a run; what is wrong already when deploying is said here, in
the words of the flow's own annotations.
"""

import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from inspect import Parameter
from typing import TYPE_CHECKING, Any

from orch.deployments.json_values import json_object
from orch.errors import ConfigurationError, OrchError
from orch.parameters import plan_for, schema, validated

if TYPE_CHECKING:
    from orch.flows import Flow
    from orch.schedules import Schedule


def parameter_schema(flow: "Flow[..., Any]") -> dict[str, Any]:
    """JSON schema (2020-12) of what a run of the flow can be given: nothing but its parameters, unless it takes
    `**options`, which then may also be given by their own names.
    """
    found = schema(flow.fn)
    parameters = plan_for(flow.fn).signature.parameters
    options = next((name for name, each in parameters.items() if each.kind is Parameter.VAR_KEYWORD), None)
    found["additionalProperties"] = options is not None and found["properties"][options].get(
        "additionalProperties", True
    )
    return found


def check_parameters(
    flow: "Flow[..., Any]", parameters: Mapping[str, object], schedules: Iterable["Schedule"], *, what: str
) -> None:
    """Raises ConfigurationError where parameters cannot be right, or would not be complete when a schedule fires."""
    plan = plan_for(flow.fn)
    takes_any = any(each.kind is Parameter.VAR_KEYWORD for each in plan.signature.parameters.values())
    _check(flow, parameters, what, takes_any=takes_any)
    for schedule in schedules:
        where = f"{what}, schedule {schedule.label!r}"
        _check(flow, schedule.parameters, where, takes_any=takes_any)
        missing = [name for name in plan.required if name not in parameters and name not in schedule.parameters]
        if missing:
            raise ConfigurationError(
                f"{where}: the {flow.label} needs {_listed(missing)}, and a schedule has nobody to ask. Give the"
                " deployment or the schedule a value, or the parameter a default."
            )


def _check(flow: "Flow[..., Any]", parameters: Mapping[str, object], what: str, *, takes_any: bool) -> None:
    known = plan_for(flow.fn).names
    unknown = [] if takes_any else [name for name in parameters if name not in known]
    if unknown:
        close = get_close_matches(unknown[0], known, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else f" It has {_listed(known) or 'none'}."
        raise ConfigurationError(f"{what}: the {flow.label} has no parameter {unknown[0]!r}.{hint}")
    if not flow.should_validate_parameters:
        return
    # As a run will get them: through JSON.
    sent = json.loads(json_object(parameters, what) or "{}")
    try:
        validated(flow.fn, {name: value for name, value in sent.items() if name in known})
    except OrchError as error:
        raise ConfigurationError(f"{what}: {error}") from None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)
