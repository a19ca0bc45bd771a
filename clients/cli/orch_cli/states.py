"""`--state`: types of states, or the names that people give them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from orch_cli.failures import NotFound, Wrong

if TYPE_CHECKING:
    from orch_proto.v1.state_pb2 import StateType

KNOWN_NAMES = (
    "AwaitingRetry",
    "Cached",
    "InvalidParameters",
    "Late",
    "Retrying",
    "RolledBack",
    "Skipped",
    "TimedOut",
)
"""Names that Orch itself gives; users may give others."""
TYPES = "scheduled, pending, running, paused, cancelling, completed, failed, cancelled and crashed"
"""For people."""


def state_conditions(texts: Sequence[str]) -> "tuple[list[StateType.ValueType], list[str]]":
    """The types and the names that --state asks for, whatever their case. Types and names cannot be mixed: Wrong."""
    from orch_proto.v1.state_pb2 import StateType

    types = {name.removeprefix("STATE_TYPE_"): number for name, number in StateType.items() if number}
    asked = [text.strip() for text in texts if text.strip()]
    found = [types[text.upper()] for text in asked if text.upper() in types]
    names = [_name(text) for text in asked if text.upper() not in types]
    if found and names:
        raise Wrong(
            f"--state asks for types of states and for a state's name ({names[0]!r}) at once. Ask for one or the other;"
            f" the types are {', '.join(each.lower() for each in types)}."
        )
    return found, names


def check_names(names: Sequence[str]) -> None:
    """Names of states that were asked for, looked at where nothing was found. Raises NotFound for those that only users
    can have given, which are slips of the pen most often.
    """
    unknown = [name for name in names if name not in KNOWN_NAMES]
    if unknown:
        raise NotFound(
            f"No flow run is in a state named {' or '.join(map(repr, unknown))}. The types are {TYPES}; some names:"
            f" {', '.join(KNOWN_NAMES)}."
        )


def _name(text: str) -> str:
    return next((known for known in KNOWN_NAMES if known.lower() == text.lower()), text)
