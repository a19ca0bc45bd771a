"""The ticket: what a launcher puts into the environment of a run's process (docs/workers.md).

    ORCH_FLOW_RUN_ID, ORCH_LEASE_TOKEN    the run, and the lease to adopt
    ORCH_ENTRYPOINT                       what to run: "path/to/file.py:function" or "package.module:function"
    ORCH_API_URL, ORCH_API_KEY …          the control plane, as for any script (`orch.settings`)
    ORCH_FLOW_NAME, ORCH_FLOW_RUN_NAME    for messages, until the control plane has answered

What else there is to know comes with the lease.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from orch.errors import OrchError

_LONGEST_TOKEN = 19


class TicketError(OrchError):
    """The environment holds no ticket, or one that cannot be right."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """Names the run that this process is to run."""

    flow_run_id: str
    token: int
    """The fencing token of the lease."""
    entrypoint: str
    flow_name: str = ""
    flow_run_name: str = ""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """From an environment. Raises TicketError."""
        return cls(
            flow_run_id=_needed(environ, "ORCH_FLOW_RUN_ID"),
            token=_token(_needed(environ, "ORCH_LEASE_TOKEN")),
            entrypoint=_needed(environ, "ORCH_ENTRYPOINT"),
            flow_name=environ.get("ORCH_FLOW_NAME", ""),
            flow_run_name=environ.get("ORCH_FLOW_RUN_NAME", ""),
        )


def _needed(environ: Mapping[str, str], name: str) -> str:
    text = environ.get(name, "").strip()
    # The address is no part of the run's name, but without one another control plane would be asked for it.
    for each, found in ((name, text), ("ORCH_API_URL", environ.get("ORCH_API_URL", "").strip())):
        if not found:
            raise TicketError(
                f"{each} is not set. `python -m orch.run` is what workers start, with the ticket of a run that they"
                " were granted. To run a flow by hand, call it in a script; to run a deployment, use `orch run`."
            )
    return text


def _token(text: str) -> int:
    # Longer ones are beyond 64 bits; int() itself refuses thousands of digits.
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST_TOKEN and 0 < int(text) < 1 << 63:
        return int(text)
    raise TicketError(f"ORCH_LEASE_TOKEN is {text[:40]!r}; a fencing token is a whole number from 1 on.")
