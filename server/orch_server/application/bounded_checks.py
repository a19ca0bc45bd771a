"""Checks of JSON Schema in bounded time: one bad pattern must not stop the control plane, which has other things to do.

Python's `re` can take longer than anybody waits, for a text of thirty characters where repeats lie within repeats
("(a+)+$"), and for a long one in any case; nothing can interrupt it. What might is not checked here: the flow itself,
which has the whole schema in its own types, refuses it when it starts. Names are matched, too, and as long as texts may
be. The other keyword that is dear is `uniqueItems`; and `multipleOf` fails on numbers that no float can hold.
"""

import json
import re
from collections.abc import Mapping
from fractions import Fraction
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

LONGEST_MATCHED = 1024
"""Characters of a text that is held against a pattern."""

_REPEAT = re.compile(r"[*+]|\{\d*,?\d*\}")


@cache
def bounded(validator: "type[Validator]") -> "type[Validator]":
    """The validator of a draft, with the dear keywords replaced."""
    from jsonschema.validators import extend

    keywords: dict[str, object] = {
        "multipleOf": _multiple_of,
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "uniqueItems": _unique_items,
    }
    for name, is_dear in (("additionalProperties", _has_dear_names), ("unevaluatedProperties", _may_have_dear_names)):
        if name in validator.VALIDATORS:
            keywords[name] = _unless(is_dear, validator.VALIDATORS[name])
    found: type[Validator] = extend(validator, keywords)  # type: ignore[no-untyped-call]
    return found


@lru_cache(256)
def is_quick(pattern: str) -> bool:
    """Whether a pattern repeats nothing that has repeats or alternatives within it."""
    place, open_groups, inner = 0, list[bool](), False
    while place < len(pattern):
        letter = pattern[place]
        if letter == "\\":
            place += 2
            continue
        if letter == "[":
            place = _after_set(pattern, place)
            continue
        repeat = _REPEAT.match(pattern, place)
        if letter == "(":
            open_groups.append(inner)
            inner = False
        elif letter == ")":
            if inner and _REPEAT.match(pattern, place + 1):
                return False
            inner |= open_groups.pop() if open_groups else False
        elif letter == "|" or repeat:
            inner = True
        place = repeat.end() if repeat else place + 1
    return True


def _after_set(pattern: str, begin: int) -> int:
    """The place after a set of characters, `[^]a\\]]`."""
    place = begin + 1
    place += pattern[place : place + 1] == "^"
    place += pattern[place : place + 1] == "]"
    while place < len(pattern) and pattern[place] != "]":
        place += 2 if pattern[place] == "\\" else 1
    return place + 1


def _pattern(_: object, pattern: str, instance: object, __: object) -> "Iterator[ValidationError]":
    if not isinstance(instance, str) or len(instance) > LONGEST_MATCHED or not is_quick(pattern):
        return
    if not re.search(pattern, instance):
        yield _error(f"does not match the pattern {pattern}")


def _pattern_properties(
    validator: Any,  # noqa: ANN401 - a class of its own for each draft
    patterns: Mapping[str, Any],
    instance: object,
    _: object,
) -> "Iterator[ValidationError]":
    if not isinstance(instance, dict):
        return
    for pattern, schema in patterns.items():
        for name, value in instance.items() if is_quick(pattern) else ():
            if len(name) <= LONGEST_MATCHED and re.search(pattern, name):
                yield from validator.descend(value, schema, path=name, schema_path=pattern)


def _unless(is_dear: "Callable[[dict[str, Any], Any], bool]", keyword: Any) -> Any:  # noqa: ANN401 - untyped there
    """The keyword, which holds names against patterns itself; left out where that is dear."""

    def check(validator: object, wanted: object, instance: object, schema: object) -> "Iterator[ValidationError]":
        if not (isinstance(instance, dict) and is_dear(instance, schema)):
            yield from keyword(validator, wanted, instance, schema)

    return check


def _has_dear_names(instance: dict[str, Any], schema: Any) -> bool:  # noqa: ANN401 - whatever stands in the schema
    patterns = schema.get("patternProperties", {})
    return bool(patterns) and not (
        all(map(is_quick, patterns)) and all(len(name) <= LONGEST_MATCHED for name in instance)
    )


def _may_have_dear_names(_: dict[str, Any], schema: Any) -> bool:  # noqa: ANN401 - whatever stands in the schema
    """Whether patterns may lie anywhere in it, or in what it refers to."""
    level = [schema]
    while level:
        each = level.pop()
        if isinstance(each, dict):
            if not {"patternProperties", "$ref", "$dynamicRef", "$recursiveRef"}.isdisjoint(each):
                return True
            level.extend(each.values())
        elif isinstance(each, list):
            level.extend(each)
    return False


def _multiple_of(_: object, step: float, instance: object, __: object) -> "Iterator[ValidationError]":
    if isinstance(instance, bool) or not isinstance(instance, int | float):
        return
    # As they are written: 0.3 is a multiple of 0.1.
    if Fraction(str(instance)) % Fraction(str(step)):
        yield _error(f"{instance} is not a multiple of {step}")


def _unique_items(_: object, wanted: Any, instance: object, __: object) -> "Iterator[ValidationError]":  # noqa: ANN401
    if wanted and isinstance(instance, list):
        written = {json.dumps(each, sort_keys=True) for each in instance}
        if len(written) < len(instance):
            yield _error("has an item twice")


def _error(text: str) -> "ValidationError":
    from jsonschema import ValidationError

    return ValidationError(text)
