"""Names that people give: of flows, pools, queues, deployments and schedules."""

import unicodedata

from orch_server.application.errors import InvalidArgument

LONGEST_NAME = 256
_UNSEEN = frozenset({"Cc", "Zl", "Zp"})
"""Control characters, and the separators that break lines."""


def name_problem(name: str) -> str:
    """What is wrong with a name; empty where nothing is."""
    if not name:
        return "is missing."
    if len(name) > LONGEST_NAME:
        return f"{len(name)} characters are more than the limit of {LONGEST_NAME}."
    if any(unicodedata.category(character) in _UNSEEN for character in name):
        return "must not contain control characters, such as line breaks."
    return ""


def check_name(name: str, field: str, *, required: bool = True) -> str:
    """A name of 1 to 256 characters, none of them a control character; where not required, it may be empty."""
    problem = name_problem(name) if name or required else ""
    if problem:
        raise InvalidArgument.of(field, problem)
    return name
