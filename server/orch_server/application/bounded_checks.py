"""Checks of JSON Schema in bounded time: one bad pattern must not stop the control plane, which has other things to do.

Python's `re` can take longer than anybody waits, for a text of thirty characters where repeats lie within repeats
("(a+)+$"), and for a long one in any case; nothing can interrupt it. What might is not checked here: the flow itself,
which has the whole schema in its own types, refuses it when it starts. The other keyword that is dear is `uniqueItems`.
"""

import json
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

LONGEST_MATCHED = 1024
"""Characters of a text that is held against a pattern."""

_REPEAT = re.compile(r"[*+]|\{\d*,?\d*\}")


@cache
def bounded(validator: "type[Validator]") -> "type[Validator]":
    """The validator of a draft, with the dear keywords replaced."""
    from jsonschema.validators import extend

    found: type[Validator] = extend(  # type: ignore[no-untyped-call]
        validator, {"pattern": _pattern, "uniqueItems": _unique_items}
    )
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


def _unique_items(_: object, wanted: Any, instance: object, __: object) -> "Iterator[ValidationError]":  # noqa: ANN401
    if wanted and isinstance(instance, list):
        written = {json.dumps(each, sort_keys=True) for each in instance}
        if len(written) < len(instance):
            yield _error("has an item twice")


def _error(text: str) -> "ValidationError":
    from jsonschema import ValidationError

    return ValidationError(text)
