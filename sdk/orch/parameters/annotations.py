"""What a function's annotations say, each resolved for itself.

`typing.get_type_hints` gives up on all of them when one cannot be resolved, such as a class that is known only inside
another function under `from __future__ import annotations`.
"""

import functools
import inspect
import logging
from collections.abc import Callable, Mapping
from types import GenericAlias, SimpleNamespace
from typing import Annotated, Any, get_type_hints

_logger = logging.getLogger("orch.parameters")


def resolved(function: Callable[..., Any], signature: inspect.Signature) -> dict[str, object]:
    """The annotation of each parameter that has one; Any for those that cannot be resolved.

    `*rest: int` becomes `tuple[int, ...]` and `**options: int` becomes `dict[str, int]`, as `bind` gives their values.
    """
    inner = _innermost(function)
    global_names: dict[str, Any] = getattr(inner, "__globals__", {})
    local_names = _closure(inner)
    found: dict[str, object] = {}
    for name, parameter in signature.parameters.items():
        if parameter.annotation is not parameter.empty:
            found[name] = _resolve(name, parameter.annotation, global_names, local_names)
    return {name: _as_bound(signature.parameters[name], annotation) for name, annotation in found.items()}


def _resolve(name: str, annotation: object, global_names: dict[str, Any], local_names: Mapping[str, Any]) -> object:
    surrogate = SimpleNamespace(__annotations__={name: annotation})
    try:
        return get_type_hints(surrogate, global_names, local_names, include_extras=True)[name]
    except Exception as error:  # an annotation is an expression, and may raise anything
        _logger.debug("The parameter %s is not checked: %r cannot be resolved (%s).", name, annotation, error)
        return Any


def _as_bound(parameter: inspect.Parameter, annotation: object) -> object:
    if parameter.kind is parameter.VAR_POSITIONAL:
        return GenericAlias(tuple, (annotation, ...))
    if parameter.kind is parameter.VAR_KEYWORD:
        return GenericAlias(dict, (str, annotation))
    if type(parameter.default).__module__ == "pydantic.fields":
        return Annotated[annotation, parameter.default]
    return annotation


def _innermost(function: object) -> object:
    """The function whose module the annotations were written in."""
    while True:
        if isinstance(function, functools.partial):
            function = function.func
        elif inspect.ismethod(function):
            function = function.__func__
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        elif not hasattr(function, "__globals__") and hasattr(type(function).__call__, "__globals__"):
            function = type(function).__call__
        else:
            return function


def _closure(function: object) -> dict[str, Any]:
    """Names from the functions around; a cell that is still empty has none."""
    code, cells = getattr(function, "__code__", None), getattr(function, "__closure__", None)
    names: dict[str, Any] = {}
    for name, cell in zip(code.co_freevars if code else (), cells or (), strict=False):
        try:
            names[name] = cell.cell_contents
        except ValueError:
            continue
    return names
