"""`--state`: types of states, or the names that people give them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from orch_cli.failures import Wrong

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


def hint_for(names: Sequence[str]) -> str:
    """What --state may be, said where names were asked for and nothing was found."""
    if not names:
        return ""
    return (
        f" No state is named {' or '.join(map(repr, names))}? The types are scheduled, pending, running, paused,"
        f" cancelling, completed, failed, cancelled and crashed; some names: {', '.join(KNOWN_NAMES)}."
    )


def _name(text: str) -> str:
    return next((known for known in KNOWN_NAMES if known.lower() == text.lower()), text)
