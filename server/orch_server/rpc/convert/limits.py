"""Descriptions, limits and JSON documents, which several resources have."""

from collections.abc import Iterable

from orch_server.application.errors import InvalidArgument
from orch_server.rpc.convert.basics import check_text, parse_json_object

LONGEST_DESCRIPTION = 65_536
DEEPEST_JSON = 100


def to_concurrency_limit(limit: int | None, field: str) -> int | None:
    """A limit of 0 or more, or None for none."""
    if limit is not None and limit < 0:
        raise InvalidArgument.of(field, f"{limit} is negative. Leave it out for no limit.")
    return limit


def to_description(text: str, field: str) -> str:
    """A text for people."""
    return check_text(text, field, longest=LONGEST_DESCRIPTION)


def to_json_object(text: str, field: str) -> str:
    """The text of a JSON object, kept byte for byte; empty where none was given."""
    if _deeper_than(parse_json_object(text, field), DEEPEST_JSON):
        raise InvalidArgument.of(field, f"is nested more than {DEEPEST_JSON} levels deep.")
    return text


def _deeper_than(value: object, levels: int) -> bool:
    """Whether lists and objects lie in each other more than so many levels. What is stored must stay readable later."""
    level = [value]
    for _ in range(levels + 1):
        level = [child for each in level for child in _children(each)]
        if not level:
            return False
    return True


def _children(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
