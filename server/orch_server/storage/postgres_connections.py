"""Connections to Postgres that stay taken out of SQLAlchemy's pool from one transaction to the next.

Taking one out and putting it back is a tenth of the server's work on a small transaction.
"""

import time
from collections import deque
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from orch_server.storage.postgres_statements import PostgresStatements

_REST_SECONDS = 30.0
"""A connection that has rested for so long is the next to work: firewalls forget those that nobody uses."""


@dataclass(slots=True)
class Taken:
    """A connection, and the short way to it."""

    connection: Connection
    statements: PostgresStatements
    since: float = 0.0
    """When it was last used."""


class KeptConnections:
    """The connections of an engine, whose pool says how many there may be and how long to wait for one.

    All methods run in greenlets. Whoever takes a connection gives it back with `keep`, or, after trouble, with `drop`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: deque[Taken] = deque()
        """The last was used last."""
        self._waiting = 0
        """How many are at the pool."""
        self._closed = False

    def take(self) -> Taken:
        """A connection that nobody else has. Raises SQLAlchemy's TimeoutError where none becomes free."""
        rested = time.monotonic() - _REST_SECONDS
        while self._idle:
            taken = self._idle.popleft() if self._idle[0].since < rested else self._idle.pop()
            if not taken.statements.is_closed:
                return taken
            self.drop(taken)
        self._waiting += 1
        try:
            connection = self._engine.connect()
        finally:
            self._waiting -= 1
        try:
            return Taken(connection, PostgresStatements(connection))
        except BaseException:
            connection.close()
            raise

    def keep(self, taken: Taken) -> None:
        """Keep a connection for the next, unless somebody waits for it at the pool, or SQLAlchemy is to clean it up."""
        connection = taken.connection
        if self._waiting or self._closed or connection.in_transaction() or connection.invalidated:
            self.drop(taken)
        else:
            taken.since = time.monotonic()
            self._idle.append(taken)

    def drop(self, taken: Taken) -> None:
        """Put a connection back into the pool, which closes it where it is of no more use."""
        if self._closed:
            taken.connection.invalidate()
        taken.connection.close()

    def close(self) -> None:
        """Close those that nobody uses. The others are closed when they are given back."""
        self._closed = True
        while self._idle:
            self.drop(self._idle.pop())
        self._engine.dispose()
