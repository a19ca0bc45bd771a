"""Parameters made into what the annotations say, by Pydantic, and the JSON schema of what may be given.

Most values are exactly of their annotation's plain type and never get as far as Pydantic, which is imported only when
it is needed. What Pydantic knows nothing about (`arbitrary_types_allowed`) is checked by isinstance.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from orch.errors import ParameterTypeError
from orch.parameters.annotations import resolved
from orch.parameters.plain import NOT_PLAIN, Reader, reader
from orch.parameters.signatures import plan_for
from orch.parameters.text import jsonable

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError
    from pydantic.json_schema import GenerateJsonSchema

Function = Callable[..., Any]


class Validator:
    """Checks the parameters of one function; keeps what it has learned about the annotations."""

    def __init__(self, function: Function) -> None:
        self._plan = plan_for(function)
        self._annotations = resolved(function, self._plan.signature)
        self._readers = {name: reader(annotation) for name, annotation in self._annotations.items()}
        self._adapter: TypeAdapter[dict[str, Any]] | None = None

    def validated(self, parameters: Mapping[str, object]) -> dict[str, Any]:
        """The parameters, each as its annotation says.

        Raises:
            ParameterTypeError: at least one cannot be made so; the text lists each.
        """
        values: dict[str, Any] = dict(parameters)
        rest: dict[str, object] = {}
        for name, read in self._readers.items():
            if name in values:
                value = _read(read, values[name])
                if value is NOT_PLAIN:
                    rest[name] = values[name]
                else:
                    values[name] = value
        if rest:
            values.update(self._by_pydantic(rest))
        return values

    def _by_pydantic(self, parameters: dict[str, object]) -> dict[str, Any]:
        from pydantic import PydanticUserError, ValidationError

        called = self._plan.called
        if self._adapter is None:
            self._adapter = _adapter(called, self._annotations)
        try:
            return self._adapter.validate_python(parameters)
        except ValidationError as error:
            # Not chained: Pydantic's error repeats the values, which may be secret or huge, and cannot be pickled.
            raise ParameterTypeError(_explained(called, error)) from None
        except PydanticUserError as error:  # a model that is not complete is noticed only here
            raise _cannot_be_checked(called, error) from error

    def schema(self) -> dict[str, Any]:
        """JSON schema of the parameters: an object whose properties stand in the signature's order."""
        every = {name: self._annotations.get(name, Any) for name in self._plan.names}
        found = _adapter(self._plan.called, every).json_schema(schema_generator=_lenient_generator())
        properties: dict[str, Any] = found.get("properties", {})
        for position, name in enumerate(self._plan.names):
            member = properties.setdefault(name, {})
            member["title"], member["position"] = name, position
            if name in self._plan.defaults and "default" not in member:
                member["default"] = jsonable(self._plan.defaults[name])
        required = [name for name in self._plan.required if "default" not in properties[name]]
        members = {"title": "Parameters", "type": "object", "properties": properties, "required": required}
        return {**members, **({"$defs": found["$defs"]} if "$defs" in found else {})}


def _read(read: Reader | None, value: object) -> object:
    return NOT_PLAIN if read is None else read(value)


def _adapter(called: str, annotations: Mapping[str, object]) -> "TypeAdapter[dict[str, Any]]":
    """One Pydantic validator for any subset of the parameters."""
    try:
        return _dictionary_adapter(annotations)
    except Warning:  # where the user wants warnings as errors
        raise
    except Exception as error:  # annotations may bring schemas of their own, which may raise anything
        raise _cannot_be_checked(called, error) from error


def _cannot_be_checked(called: str, error: Exception) -> ParameterTypeError:
    reason = str(error).partition("\n")[0]
    return ParameterTypeError(
        f"The annotations of '{called}' cannot be checked: {type(error).__name__}: {reason} "
        "Correct them, or turn the check off: @flow(validate_parameters=False)."
    )


def _dictionary_adapter(annotations: Mapping[str, object]) -> "TypeAdapter[dict[str, Any]]":
    # A TypedDict, not a model: its members may be called `json`, `schema` or `_private`, as parameters may.
    from pydantic import ConfigDict, TypeAdapter
    from typing_extensions import TypedDict

    make: Any = TypedDict
    members = make("Parameters", dict(annotations), total=False)
    members.__pydantic_config__ = ConfigDict(arbitrary_types_allowed=True, populate_by_name=True)
    return TypeAdapter(members)


def _explained(called: str, error: "ValidationError") -> str:
    lines = [
        f" - {'.'.join(map(str, problem['loc']))}: {problem['msg']} (got {type(problem['input']).__name__})"
        for problem in error.errors(include_url=False, include_context=False)
    ]
    return f"'{called}' received invalid parameters:\n" + "\n".join(lines)


def _lenient_generator() -> "type[GenerateJsonSchema]":
    from pydantic.json_schema import GenerateJsonSchema

    class Lenient(GenerateJsonSchema):
        """Lets a parameter of a type that JSON schema cannot describe be anything."""

        def handle_invalid_for_json_schema(self, schema: object, error_info: str) -> dict[str, Any]:
            return {}

    return Lenient


_validators: WeakKeyDictionary[Function, Validator] = WeakKeyDictionary()


def _validator(function: Function) -> Validator:
    try:
        validator = _validators.get(function)
        if validator is None:
            validator = _validators[function] = Validator(function)
        return validator
    except TypeError:  # a callable without weak references or hash
        return Validator(function)


def validated(function: Function, parameters: Mapping[str, object]) -> dict[str, Any]:
    """The parameters, as `bind` names them, each made into what its annotation says. Futures are resolved before.

    Raises:
        ParameterTypeError: at least one cannot be made so; the text lists each, without its value.
    """
    return _validator(function).validated(parameters)


def schema(function: Function) -> dict[str, Any]:
    """JSON schema (2020-12) of the function's parameters, for deployments and forms.

    A type that JSON schema cannot describe is described as anything; `position` numbers the parameters from 0.
    """
    return _validator(function).schema()
