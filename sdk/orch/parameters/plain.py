"""Annotations that can be checked without Pydantic, for values that are exactly what the annotation says.

A reader takes a value and gives the value to use, or NOT_PLAIN: then Pydantic decides. It gives what Pydantic would
give, so containers are copied.
"""

import types
from collections.abc import Callable, Iterable
from typing import Any, Final, Union, get_args, get_origin

NOT_PLAIN: Final = object()
Reader = Callable[[Any], Any]

_ANYTHING: Final[tuple[object, ...]] = (Any, object)
_SCALARS = frozenset({int, float, str, bytes, bool, type(None)})
_CONTAINERS = (list, dict, set)


def reader(annotation: object) -> Reader | None:
    """The reader for an annotation, or None where every value needs Pydantic."""
    if annotation in _ANYTHING:
        return _as_it_is
    scalars = _scalars(annotation)
    if scalars:
        return lambda value: value if type(value) in scalars else NOT_PLAIN
    bare = next((container for container in _CONTAINERS if container is annotation), None)
    if bare is not None:
        return lambda value: value.copy() if type(value) is bare else NOT_PLAIN
    return _container_reader(annotation)


def _as_it_is(value: object) -> object:
    return value


def _scalars(annotation: object) -> frozenset[object]:
    """The types that a value may have: of a scalar, or of a union of scalars."""
    is_union = get_origin(annotation) in (Union, types.UnionType)
    members = get_args(annotation) if is_union else (annotation,)
    allowed = frozenset(type(None) if member is None else member for member in members if _is_hashable(member))
    return allowed if allowed <= _SCALARS and len(allowed) >= 1 else frozenset()


def _is_hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _container_reader(annotation: object) -> Reader | None:
    """Readers for `list[int]`, `set[str]`, `dict[str, float]` and their like: containers of scalars."""
    origin = get_origin(annotation)
    members = [_scalars(argument) for argument in get_args(annotation)]
    if origin not in _CONTAINERS or not members or not all(members):
        return None
    if origin is dict:
        keys, values = members
        return lambda value: (
            value.copy()
            if type(value) is dict and _all_in(value, keys) and _all_in(value.values(), values)
            else NOT_PLAIN
        )
    return lambda value: value.copy() if type(value) is origin and _all_in(value, members[0]) else NOT_PLAIN


def _all_in(values: Iterable[object], allowed: frozenset[object]) -> bool:
    return set(map(type, values)) <= allowed
