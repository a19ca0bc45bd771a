"""The port to what background services remember between rounds, shared by all servers."""

from datetime import datetime
from typing import Protocol


class BackgroundRows(Protocol):
    """When each service last ran, on whichever server."""

    def begin(self, name: str) -> datetime | None:
        """A round of the service begins now; returns when the last one did, None for the first.

        Other servers' rounds of the same service wait until this transaction ends.
        """
        ...

    def last(self, name: str) -> datetime | None:
        """When the last round of the service began, without waiting for one under way; None where none ever has."""
        ...
