"""Reads the API's objects, which are JSON: what is not there, or is something else, is empty."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias, cast

Object: TypeAlias = Mapping[str, object]
"""A Job, a Pod, a condition …: any object of JSON."""

_NOTHING: Object = {}


class Condition(NamedTuple):
    """A condition of a Job or a Pod that holds, or says why it does not."""

    reason: str
    message: str


def part(found: object, *path: str) -> object:
    """What is at the end of a path of names; None where there is nothing."""
    for name in path:
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def mapping(found: object, *path: str) -> Object:
    """The object at the end of a path."""
    value = part(found, *path)
    return value if isinstance(value, Mapping) else _NOTHING


def text(found: object, *path: str) -> str:
    """The text at the end of a path."""
    value = part(found, *path)
    return value if isinstance(value, str) else ""


def number(found: object, *path: str) -> int | None:
    """The whole number at the end of a path; None where there is none."""
    value = part(found, *path)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def objects(found: object, *path: str) -> Sequence[Object]:
    """The list of objects at the end of a path."""
    value = part(found, *path)
    return [cast("Object", each) for each in value if isinstance(each, Mapping)] if isinstance(value, list) else ()


def condition(found: object, kind: str, *, status: str = "True") -> Condition | None:
    """The condition of this kind in an object's status, where it has this status."""
    for each in objects(found, "status", "conditions"):
        if (text(each, "type"), text(each, "status")) == (kind, status):
            return Condition(text(each, "reason"), text(each, "message"))
    return None


def name_of(found: object) -> str:
    """An object's name."""
    return text(found, "metadata", "name")


def uid_of(found: object) -> str:
    """What tells an object from all others, also from later ones of its name."""
    return text(found, "metadata", "uid")


def is_being_deleted(found: object) -> bool:
    """Whether somebody has deleted it, and it is on its way out."""
    return bool(text(found, "metadata", "deletionTimestamp"))


def seconds_between(earlier: str, later: str) -> float | None:
    """Between two of the API's times; None where one is missing."""
    try:
        return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
    except ValueError:
        return None
