"""What is wrong with a spec, said so that its author can put it right.

InvalidScheduleError (a ValueError)   a spec that `validate` complains about was asked for its times
"""

from dataclasses import dataclass

ECHO_LENGTH = 40
"""Characters of the author's own text repeated in a message."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong: the spec's field, and what is wrong with it and what to do."""

    field: str
    description: str


class InvalidScheduleError(ValueError):
    """A spec has no times because it is not valid; `violation` says why. Call `validate` before storing one."""

    def __init__(self, field: str, description: str) -> None:
        super().__init__(f"{field}: {description}")
        self.violation = Violation(field, description)


def echo(text: str) -> str:
    """The author's text, quoted and cut, for a message."""
    return repr(text if len(text) <= ECHO_LENGTH else text[: ECHO_LENGTH - 1] + "…")
