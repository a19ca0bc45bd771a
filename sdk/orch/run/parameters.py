"""From the JSON object that a run was created with to what its flow is called with."""

import json
from collections.abc import Callable
from inspect import Parameter
from typing import Any

from orch.errors import ParameterBindError
from orch.parameters import bind, call_with, plan_for


def parameters_of(function: Callable[..., Any], parameters_json: str) -> dict[str, Any]:
    """Named values, defaults filled in; the engine makes each into what its annotation says.

    Where the function has `**options`, names that it does not know go there. Raises ParameterBindError.
    """
    given = json.loads(parameters_json or "{}")
    if not isinstance(given, dict):
        raise ParameterBindError(f"A run's parameters are a JSON object, not {type(given).__name__}.")
    known = plan_for(function).signature.parameters
    rest = next((name for name, each in known.items() if each.kind is Parameter.VAR_KEYWORD), None)
    if rest is not None:
        further = {name: given.pop(name) for name in list(given) if name not in known}
        inside = given.get(rest, {})
        given[rest] = {**(inside if isinstance(inside, dict) else {rest: inside}), **further}
    args, kwargs = call_with(function, given)
    return bind(function, args, kwargs)
