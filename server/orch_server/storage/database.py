"""Where transactions run. A transaction is a plain function of a `Transaction`; the database gives it a connection.

Two kinds of database share one interface: `postgres.py` runs the function in a greenlet over asyncpg, `sqlite.py` in
the one thread that may write. The function itself, and every statement in it, is the same for both.
"""

from collections.abc import Callable
from typing import Literal, Protocol, TypeVar

from orch_server.storage.transaction import SqlTransaction

R = TypeVar("R")

Channel = Literal["main", "heartbeat"]
"""Heartbeats have a connection of their own, so that a crowd of other work cannot make leases expire."""


class Database(Protocol):
    """A database that runs transactions. Errors of the driver come out as `Unavailable` (see `errors.py`)."""

    @property
    def kind(self) -> Literal["sqlite", "postgresql"]:
        """Which database it is."""
        ...

    @property
    def most_beside(self) -> int:
        """How many transactions it works on at once without keeping small ones waiting. 1: one after another."""
        ...

    async def write(self, work: Callable[[SqlTransaction], R], *, channel: Channel = "main") -> R:
        """Run `work` in one transaction: all of it is committed, or none."""
        ...

    async def read(self, work: Callable[[SqlTransaction], R]) -> R:
        """Run `work`, which only reads. Statements may see different snapshots."""
        ...

    async def close(self) -> None:
        """Let the connections go. Nothing runs after this."""
        ...
