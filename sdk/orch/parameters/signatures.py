"""A call's arguments as named values, and named values as a call's arguments.

`inspect.signature` costs more than a whole task run may; a CallPlan keeps what it says. Variadic parameters appear
under their own names: `f(1, 2, x=3)` on `def f(a, *rest, **more)` gives `{"a": 1, "rest": (2,), "more": {"x": 3}}`.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from orch.errors import ParameterBindError

Function = Callable[..., Any]

_KEYWORD_ONLY = inspect.Parameter.KEYWORD_ONLY
_ORDINARY = (inspect.Parameter.POSITIONAL_OR_KEYWORD, _KEYWORD_ONLY)
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_ANYTHING = inspect.Signature(
    [
        inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL),
        inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD),
    ]
)


class CallPlan:
    """What a function's signature says, read once.

    `names` are its parameters in order, `defaults` what those have that may be left out, `required` those that may not.
    """

    __slots__ = ("_ordinary", "_positional_count", "called", "defaults", "names", "required", "signature")

    def __init__(self, function: Function) -> None:
        try:
            self.signature = inspect.signature(function)
        except ValueError:  # some builtins tell nothing about their arguments
            self.signature = _ANYTHING
        parameters = self.signature.parameters
        self.called = str(getattr(function, "__name__", None) or type(function).__name__)
        self.names = tuple(parameters)
        self.defaults = {name: p.default for name, p in parameters.items() if p.default is not p.empty}
        self.required = tuple(
            name for name, p in parameters.items() if p.default is p.empty and p.kind not in _VARIADIC
        )
        self._positional_count = sum(p.kind is not _KEYWORD_ONLY for p in parameters.values())
        self._ordinary = all(p.kind in _ORDINARY for p in parameters.values()) and not self._field_defaults()

    def _field_defaults(self) -> list[str]:
        """Parameters written as `x: int = pydantic.Field(default=1)`: their default is inside the field."""
        return [name for name, default in self.defaults.items() if type(default).__module__ == "pydantic.fields"]

    def bind(self, args: Sequence[object], kwargs: Mapping[str, object]) -> dict[str, Any]:
        """The arguments as named values in the signature's order, defaults filled in.

        Raises:
            ParameterBindError: the arguments do not fit.
        """
        names = self.names
        given = len(args)
        if not self._ordinary or given > self._positional_count:
            return self._bound_by_inspect(args, kwargs)
        values: dict[str, Any] = dict(zip(names, args, strict=False))
        used = 0
        for name in names[given:]:
            if name in kwargs:
                values[name] = kwargs[name]
                used += 1
            elif name in self.defaults:
                values[name] = self.defaults[name]
            else:
                return self._bound_by_inspect(args, kwargs)
        return values if used == len(kwargs) else self._bound_by_inspect(args, kwargs)

    def _bound_by_inspect(self, args: Sequence[object], kwargs: Mapping[str, object]) -> dict[str, Any]:
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise self._mismatch(f"{error}", len(args), kwargs) from None
        bound.apply_defaults()
        values: dict[str, Any] = dict(bound.arguments)
        for name in self._field_defaults():
            if values[name] is self.defaults[name]:
                values[name] = self._field_default(name, args, kwargs)
        return values

    def _field_default(self, name: str, args: Sequence[object], kwargs: Mapping[str, object]) -> object:
        from pydantic_core import PydanticUndefined

        value: object = self.defaults[name].get_default(call_default_factory=True)
        if value is PydanticUndefined:
            raise self._mismatch(f"missing a required argument: {name!r}", len(args), kwargs)
        return value

    def _mismatch(self, reason: str, positional_count: int, kwargs: Mapping[str, object]) -> ParameterBindError:
        # The values stay out of the text: they may be secret, and are often long.
        given = f"{positional_count} positional argument{'' if positional_count == 1 else 's'}"
        keywords = f" and the keyword arguments {', '.join(kwargs)}" if kwargs else ""
        return ParameterBindError(
            f"Error binding parameters for function '{self.called}': {reason}. "
            f"Its signature is {self.called}{self._shown_signature()}, and it was given {given}{keywords}."
        )

    def _shown_signature(self) -> str:
        bare = [
            parameter.replace(annotation=inspect.Parameter.empty) for parameter in self.signature.parameters.values()
        ]
        try:
            return str(inspect.Signature(bare))
        except Exception:  # a default whose repr is broken must not hide the mismatch
            return f"({', '.join(self.names)})"

    def arguments(self, parameters: Mapping[str, object]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The `args` and `kwargs` that call the function with `parameters`, as `bind` names them.

        Raises:
            ParameterBindError: a parameter that has no default is missing, or the function has no such parameter.
        """
        unknown = [name for name in parameters if name not in self.signature.parameters]
        if unknown:
            raise self._mismatch(f"there is no parameter {', '.join(map(repr, unknown))}", 0, parameters)
        if self._ordinary and len(parameters) == len(self.names) == self._positional_count:
            return tuple([parameters[name] for name in self.names]), {}
        return self._arguments_by_kind(parameters)

    def _arguments_by_kind(self, parameters: Mapping[str, object]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        by_keyword = False  # from the first positional parameter that is left to its default
        for name, parameter in self.signature.parameters.items():
            if name not in parameters:
                if parameter.default is parameter.empty and parameter.kind not in _VARIADIC:
                    raise self._mismatch(f"missing a required argument: {name!r}", 0, parameters)
                by_keyword = True
            else:
                value: Any = parameters[name]
                by_keyword = by_keyword or parameter.kind is _KEYWORD_ONLY
                if parameter.kind is parameter.VAR_POSITIONAL:
                    args.extend(value)
                elif parameter.kind is parameter.VAR_KEYWORD:
                    kwargs.update(value)
                elif by_keyword and parameter.kind is not parameter.POSITIONAL_ONLY:
                    kwargs[name] = value
                else:
                    args.append(value)
        return tuple(args), kwargs


_plans: WeakKeyDictionary[Function, CallPlan] = WeakKeyDictionary()


def plan_for(function: Function) -> CallPlan:
    """The function's CallPlan; read once for as long as the function lives."""
    try:
        plan = _plans.get(function)
        if plan is None:
            plan = _plans[function] = CallPlan(function)
        return plan
    except TypeError:  # a callable without weak references or hash
        return CallPlan(function)


def bind(function: Function, args: Sequence[object], kwargs: Mapping[str, object]) -> dict[str, Any]:
    """The call's arguments as named values in the signature's order, defaults filled in.

    Raises:
        ParameterBindError: the arguments do not fit; the text names the function and what is wrong.
    """
    return plan_for(function).bind(args, kwargs)


def call_with(function: Function, parameters: Mapping[str, object]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The `args` and `kwargs` that call `function` with `parameters`; the reverse of `bind`.

    Raises:
        ParameterBindError: a parameter that has no default is missing, or the function has no such parameter.
    """
    return plan_for(function).arguments(parameters)
