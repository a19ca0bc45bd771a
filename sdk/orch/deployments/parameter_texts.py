"""Parameters written as texts, on a command line: read by the schema, so that a zip code stays a text."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from orch.errors import ConfigurationError


def parse_parameters(texts: Iterable[str], schema: Mapping[str, Any] | str | None = None) -> dict[str, object]:
    """ "name=value" texts as named values; the last one of a name counts. `schema`: of all parameters, or its JSON.

    Raises ConfigurationError for what has no name or no value.
    """
    properties = _properties(schema)
    found: dict[str, object] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            what = "name" if equals else "value"
            raise ConfigurationError(f"The parameter {text!r} has no {what}: write name=value.")
        found[name.strip()] = parse_value(value, properties.get(name.strip()))
    return found


def parse_value(text: str, schema: object = None) -> object:
    """One value: JSON where it reads as JSON of a type that the schema takes, else the text as it stands.

    So "5" is a number, but a text for a parameter that is a text; and "null" is None for one that may be None.
    """
    try:
        value: object = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text
    types = _types(schema)
    is_text = "string" in types and (isinstance(value, str) or _type(value) not in types)
    return text if is_text else value


def _refuse(constant: str) -> object:
    raise ValueError(constant)  # NaN and Infinity are no JSON


def _type(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    names = {int: "integer", float: "number", str: "string", list: "array", dict: "object", type(None): "null"}
    return names[type(value)]


def _types(schema: object) -> frozenset[str]:
    """The types that a schema names; empty where it names none, or leaves it to a part that is elsewhere."""
    if not isinstance(schema, Mapping):
        return frozenset()
    named = schema.get("type")
    if isinstance(named, str):
        return _widened(frozenset({named}))
    if isinstance(named, list):
        return _widened(frozenset(map(str, named)))
    parts = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    found = [_types(part) for part in parts]
    return frozenset().union(*found) if found and all(found) else frozenset()


def _widened(types: frozenset[str]) -> frozenset[str]:
    return types | {"integer"} if "number" in types else types


def _properties(schema: Mapping[str, Any] | str | None) -> Mapping[str, object]:
    try:
        read = json.loads(schema) if isinstance(schema, str) and schema else schema
    except ValueError:
        return {}
    properties = read.get("properties") if isinstance(read, Mapping) else None
    return properties if isinstance(properties, Mapping) else {}
