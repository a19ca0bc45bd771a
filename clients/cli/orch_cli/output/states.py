"""States in words and colours."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orch_proto.v1.state_pb2 import State

_STYLES = {
    "SCHEDULED": "yellow",
    "PENDING": "cyan",
    "RUNNING": "blue",
    "PAUSED": "magenta",
    "CANCELLING": "magenta",
    "COMPLETED": "green",
    "FAILED": "red",
    "CANCELLED": "bright_black",
    "CRASHED": "bold red",
}


def state_type(state: "State") -> str:
    """The type without its prefix: "RUNNING"."""
    from orch_cli.output.plain_values import enum_name
    from orch_proto.v1.state_pb2 import StateType

    return enum_name(state.type, StateType.DESCRIPTOR)


def state_name(state: "State") -> str:
    """What people call it: "Late", or "Running" where it has no name of its own."""
    from orch_cli.output.terminals import clean

    return clean(state.name) or state_type(state).capitalize()


def state_style(state: "State") -> str:
    """Rich's style for it."""
    return _STYLES.get(state_type(state), "")


_SGR = {
    "yellow": "33",
    "cyan": "36",
    "blue": "34",
    "magenta": "35",
    "green": "32",
    "red": "31",
    "bright_black": "90",
    "bold red": "1;31",
}


def state_colour(state: "State") -> str:
    """The same colour as a terminal's own parameter, for lines that are written without Rich."""
    return _SGR.get(state_style(state), "")
