"""What statements run in: a connection, the kind of database, and the moment of the transaction."""

from datetime import datetime
from functools import cached_property
from typing import Literal, TypeAlias

from sqlalchemy import Connection, func, select

from orch_server.application.ports import Clock
from orch_server.storage.types import INSTANT

Kind: TypeAlias = Literal["sqlite", "postgresql"]

_DATABASE_NOW = select(func.statement_timestamp(type_=INSTANT))


class Scope:
    """Handed to the rows of every resource."""

    def __init__(self, connection: Connection, kind: Kind, clock: Clock | None) -> None:
        self.connection = connection
        self.kind: Kind = kind
        self._clock = clock

    @cached_property
    def now(self) -> datetime:
        """The moment of this transaction: Postgres' own clock, or, on SQLite and in tests, the clock handed in."""
        if self._clock is not None:
            return self._clock.now()
        return self.connection.execute(_DATABASE_NOW).scalar_one()
