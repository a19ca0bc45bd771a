"""Names that people give: of flows, pools, queues, deployments and schedules."""

import unicodedata

from orch_server.application.errors import InvalidArgument

LONGEST_NAME = 256
_UNSEEN = frozenset({"Cc", "Zl", "Zp"})
"""Control characters, and the separators that break lines."""
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""What turns the direction of text, also that of what stands after a name."""


def name_problem(name: str) -> str:
    """What is wrong with a name; empty where nothing is."""
    if not name:
        return "is missing."
    if len(name) > LONGEST_NAME:
        return f"{len(name)} characters are more than the limit of {LONGEST_NAME}."
    if name in {".", ".."}:
        return "must be more than dots: no address could hold it."
    if not _BIDI.isdisjoint(name):
        return "must not contain characters that turn the direction of text."
    if any(unicodedata.category(character) in _UNSEEN for character in name):
        return "must not contain control characters, such as line breaks."
    return ""


def check_name(name: str, field: str, *, required: bool = True) -> str:
    """A name of 1 to 256 characters, none of them a control character; where not required, it may be empty."""
    problem = name_problem(name) if name or required else ""
    if problem:
        raise InvalidArgument.of(field, problem)
    return name
