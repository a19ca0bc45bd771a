"""Descriptions, limits and JSON documents, which several resources have."""

from orch_server.application.errors import InvalidArgument
from orch_server.rpc.convert.basics import check_text, parse_json_object

LONGEST_DESCRIPTION = 65_536


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
    parse_json_object(text, field)
    return text
