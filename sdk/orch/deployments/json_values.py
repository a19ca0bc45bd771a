"""Values as JSON, exactly or not at all: what a deployment keeps must come back as it was meant."""

import json
from collections.abc import Mapping

from orch.errors import ConfigurationError
from orch.parameters.text import MASK


def json_object(values: Mapping[str, object], what: str) -> str:
    """A JSON object of the values; empty for none. Dates, paths, enumerations, dataclasses and Pydantic models become
    what their annotation makes of it again. ConfigurationError names what cannot be written.
    """
    if not values:
        return ""
    for name in values:
        if not isinstance(name, str):
            raise ConfigurationError(f"{what}: {name!r} is no name; names are texts.")
    return (
        "{"
        + ", ".join(f"{json.dumps(name)}: {_text(value, f'{what}: {name}')}" for name, value in values.items())
        + "}"
    )


def _text(value: object, what: str) -> str:
    try:
        return json.dumps(_plain(value, what), allow_nan=False)
    except ValueError as error:
        raise ConfigurationError(f"{what} cannot be written as JSON: {error}.") from None
    except RecursionError:
        raise ConfigurationError(f"{what} cannot be written as JSON: it is nested too deeply.") from None


def _plain(value: object, what: str) -> object:
    """The value of plain lists, dicts, texts and numbers."""
    if value is None or isinstance(value, (bool, int, float)) or type(value) is str:
        return value
    if type(value) in {list, tuple}:
        return [_plain(each, what) for each in value]  # type: ignore[attr-defined]
    if type(value) is dict and all(type(key) is str for key in value):
        return {key: _plain(each, what) for key, each in value.items()}
    return _by_pydantic(value, what)


def _by_pydantic(value: object, what: str) -> object:
    from pydantic_core import PydanticSerializationError, to_jsonable_python

    try:
        found: object = to_jsonable_python(value, inf_nan_mode="constants")
    except (PydanticSerializationError, ValueError) as error:
        raise ConfigurationError(
            f"{what} is a {type(value).__name__}, which cannot be written as JSON ({error}). Give a text, a number, a"
            " list or a dict, and make the value in the flow."
        ) from None
    if MASK in json.dumps(found):
        raise ConfigurationError(
            f"{what} is or holds a secret, and deployments are kept in plain text. Give the name of a variable or of a"
            " file instead, and read it in the flow."
        )
    return found
