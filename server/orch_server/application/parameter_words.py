"""What is wrong with parameters, in words for whoever wrote them: from the findings of `jsonschema`."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeAlias

from orch_server.application.hints import close_names

if TYPE_CHECKING:
    from jsonschema import ValidationError

Finding: TypeAlias = tuple[tuple[str | int, ...], str]
"""The way from the parameters to what is wrong, and what is wrong with it."""

_TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_FORMATS = {
    "date": "a date such as 2026-11-22",
    "date-time": "a time such as 2026-11-22T08:30:00Z",
    "time": "a time of day such as 08:30:00",
    "uuid": "a UUID",
    "email": "an e-mail address",
}
_LONGEST_SHOWN = 60
_LONGEST_TEXT = 300
_MOST_CHOICES = 10


def in_words(error: "ValidationError") -> Iterator[Finding]:
    """What a finding says, place by place."""
    path = tuple(error.absolute_path)
    if error.validator == "required":
        for name in _wanted(error):
            if name not in _given(error):
                yield (*path, name), "is missing."
    elif error.validator == "additionalProperties" and error.validator_value is False:
        yield from _unknown(error, path)
    elif error.validator in {"anyOf", "oneOf"} and error.context:
        yield from _none_fits(error, path)
    else:
        yield path, _text(error)


def path_text(field: str, path: Sequence[str | int]) -> str:
    """A place in a field of a request: `parameters_json.days[0].name`. Odd names are written as JSON has them."""
    return field + "".join(f"[{step}]" if isinstance(step, int) else f".{_key(step)}" for step in path)


def _key(name: str) -> str:
    shown = name if len(name) <= _LONGEST_SHOWN else name[:_LONGEST_SHOWN] + "…"
    return shown if shown.isprintable() else json.dumps(shown)


def _unknown(error: "ValidationError", path: tuple[str | int, ...]) -> Iterator[Finding]:
    schema: Mapping[str, Any] = error.schema if isinstance(error.schema, Mapping) else {}
    known, patterns = list(schema.get("properties", {})), list(schema.get("patternProperties", {}))
    kind = "field" if path else "parameter"
    for name in _given(error):
        if name in known or any(re.search(pattern, name) for pattern in patterns):
            continue
        hint = close_names(name, [each for each in known if each not in _given(error)] or known)
        yield (*path, name), f"is not a known {kind}. {hint}".rstrip()


def _none_fits(error: "ValidationError", path: tuple[str | int, ...]) -> Iterator[Finding]:
    """Of several forms none fits: all their names, or what is wrong with the one that was probably meant."""
    context = sorted(error.context or (), key=_branch)
    branches = [list(found) for _, found in groupby(context, key=_branch)]
    other_type = [branch for branch in branches if any(_is_other_type(each) for each in branch)]
    meant = [branch for branch in branches if branch not in other_type]
    if not meant:
        names = [name for branch in other_type for each in branch if _is_other_type(each) for name in _type_names(each)]
        yield path, f"must be {_either(names)}, not {_shown(error.instance)}."
        return
    for found in min(meant, key=len):
        yield from in_words(found)


def _branch(error: "ValidationError") -> int:
    first = next(iter(error.relative_schema_path), 0)
    return first if isinstance(first, int) else 0


def _is_other_type(error: "ValidationError") -> bool:
    return error.validator == "type" and not error.relative_path


def _type_names(error: "ValidationError") -> list[str]:
    wanted = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
    return [_TYPES.get(str(each), str(each)) for each in wanted]


def _either(names: Sequence[str]) -> str:
    *first, last = dict.fromkeys(names)
    return f"{', '.join(first)} or {last}" if first else last


def _shown(value: object) -> str:
    """A value, or what kind of value it is where it is long."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    text = json.dumps(value)
    shown = text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"
    return f"the text {shown}" if isinstance(value, str) else shown


def _wanted(error: "ValidationError") -> Any:  # noqa: ANN401 - whatever stands in the schema
    return error.validator_value


def _given(error: "ValidationError") -> Any:  # noqa: ANN401 - whatever stands in the parameters
    return error.instance


def _type(error: "ValidationError") -> str:
    return f"must be {_either(_type_names(error))}, not {_shown(error.instance)}."


def _one_of(error: "ValidationError") -> str:
    wanted = _wanted(error)
    if not wanted:
        return "can have no value: the schema names those that it may have, and there are none."
    more = " …" if len(wanted) > _MOST_CHOICES else ""
    return (
        f"must be {_either([json.dumps(each) for each in wanted[:_MOST_CHOICES]])}{more}, not {_shown(error.instance)}."
    )


def _format(error: "ValidationError") -> str:
    wanted = _FORMATS.get(_wanted(error), f"of the format {_wanted(error)!r}")
    return f"must be {wanted}, not {_shown(error.instance)}."


_TEXTS: Mapping[str, str] = {
    "const": "must be {wanted}, not {given}.",
    "minimum": "must be at least {wanted}, not {given}.",
    "maximum": "must be at most {wanted}, not {given}.",
    "exclusiveMinimum": "must be more than {wanted}, not {given}.",
    "exclusiveMaximum": "must be less than {wanted}, not {given}.",
    "multipleOf": "must be a multiple of {wanted}, not {given}.",
    "minLength": "must have at least {wanted} characters, and has {length}.",
    "maxLength": "must have at most {wanted} characters, and has {length}.",
    "minItems": "must have at least {wanted} items, and has {length}.",
    "maxItems": "must have at most {wanted} items, and has {length}.",
    "pattern": "must match the pattern {wanted}, and {given} does not.",
}
_WORDED: Mapping[str, Callable[["ValidationError"], str]] = {"type": _type, "enum": _one_of, "format": _format}


def _text(error: "ValidationError") -> str:
    keyword = str(error.validator)
    if keyword in _WORDED:
        text = _WORDED[keyword](error)
    elif keyword in _TEXTS:
        given = _given(error)
        length = len(given) if isinstance(given, str | list) else 0
        text = _TEXTS[keyword].format(wanted=json.dumps(_wanted(error)), given=_shown(given), length=length)
    else:
        text = f"{error.message}."
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"
