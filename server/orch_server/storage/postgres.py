"""Postgres through asyncpg: pools of connections, one kept apart for heartbeats.

Transactions are begun and ended here, not by SQLAlchemy, whose connections stand in AUTOCOMMIT: the statements that
every call makes go past it (see `postgres_statements.py`), and both kinds must be in the same transaction. All of one
runs in a single greenlet. SQLAlchemy's asynchronous engines would start one for every step, and bring its ORM along,
6 MB that nobody uses.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from types import TracebackType
from typing import Final, Literal, TypeVar

import asyncpg
from sqlalchemy import create_engine, event, make_url
from sqlalchemy.engine import AdaptedConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.util import greenlet_spawn

from orch_server.application.ports import Clock, Wakeups
from orch_server.storage.database import Channel
from orch_server.storage.errors import Translated, is_repeatable, is_vain, out_of_reach
from orch_server.storage.hopes import Raced, Trust
from orch_server.storage.postgres_arrays import send_arrays
from orch_server.storage.postgres_connections import KeptConnections
from orch_server.storage.scope import Scope
from orch_server.storage.transaction import SqlTransaction

R = TypeVar("R")

_REPEATS = 5
_HEARTBEAT_CONNECTIONS = 2
_CAREFUL_SECONDS = 1.0
"""So long transactions do without guesses, after one was wrong, or lock what they read, after a hope was in vain:
somebody else, mostly another server, is at work on the same rows."""
_MOST_BESIDE = 3
"""Enough large transactions at once to keep Postgres busy while the server prepares the next."""
_SPARE_CONNECTIONS = 2
"""Beside those of large transactions, so that all else finds one."""
_STATEMENTS_KEPT = 300
"""Prepared on each connection: more than there are hot ones, each of them in its forms."""


class PostgresDatabase:
    """A Postgres database. `clock` replaces the database's own clock, for tests that move time."""

    kind: Final[Literal["postgresql"]] = "postgresql"

    def __init__(
        self,
        url: str,
        wakeups: Wakeups,
        *,
        clock: Clock | None = None,
        pool_size: int = 8,
        statement_timeout_seconds: float = 10.0,
    ) -> None:
        self._wakeups = wakeups
        self._clock = clock
        timeout, writers = statement_timeout_seconds, pool_size - pool_size // 2
        self.most_beside = max(min(writers - _SPARE_CONNECTIONS, _MOST_BESIDE), 1)
        self._writers: Mapping[Channel, KeptConnections] = {
            "main": _connections(url, writers, timeout, _WRITER),
            "heartbeat": _connections(url, _HEARTBEAT_CONNECTIONS, timeout, _WRITER),
        }
        self._raced = {Trust.GUESSES: -_CAREFUL_SECONDS, Trust.HOPES: -_CAREFUL_SECONDS}
        """When one of these was last in vain."""
        self._readers = _connections(url, max(pool_size // 2, 1), timeout, _READER)

    async def write(self, work: Callable[[SqlTransaction], R], *, channel: Channel = "main") -> R:
        """Run `work` in one transaction; again where others' transactions turned it away."""
        with _OVER_ASYNCPG:
            trust = self._trust()
            for _ in range(_REPEATS):
                try:
                    return await self._once(self._writers[channel], work, trust)
                except Raced as race:
                    self._raced[race.wrong] = time.monotonic()
                    trust = Trust(race.wrong - 1)
                except DBAPIError as error:
                    if not is_repeatable(error):
                        raise
                    trust = Trust.LOCKS
            return await self._once(self._writers[channel], work, Trust.LOCKS)

    def _trust(self) -> Trust:
        """What a first try may take for granted: nothing that was lately in vain."""
        careful = time.monotonic() - _CAREFUL_SECONDS
        if self._raced[Trust.HOPES] > careful:
            return Trust.LOCKS
        return Trust.HOPES if self._raced[Trust.GUESSES] > careful else Trust.GUESSES

    async def read(self, work: Callable[[SqlTransaction], R]) -> R:
        """Run `work` without a transaction around it."""
        with _OVER_ASYNCPG:
            result: R = await greenlet_spawn(self._outside, work)
            return result

    async def _once(self, writers: KeptConnections, work: Callable[[SqlTransaction], R], trust: Trust) -> R:
        done: tuple[SqlTransaction, R] = await greenlet_spawn(self._in_transaction, writers, work, trust)
        transaction, result = done
        self._wakeups.announce(transaction.topics)
        return result

    def _in_transaction(
        self, writers: KeptConnections, work: Callable[[SqlTransaction], R], trust: Trust
    ) -> tuple[SqlTransaction, R]:
        """Run `work` as one transaction: it begins with the first statement that locks or writes, or is one statement.

        A connection that cannot even roll back is not used again."""
        taken = writers.take()
        say = taken.statements.say
        begin = partial(say, "BEGIN")
        scope = Scope(taken.connection, self.kind, self._clock, taken.statements, begin=begin, trust=trust)
        transaction = SqlTransaction(scope)
        try:
            result = work(transaction)
            if scope.finish():
                say("COMMIT")
        except BaseException as error:
            try:
                say("ROLLBACK")
            except BaseException as trouble:
                taken.connection.invalidate(trouble)
                if not isinstance(trouble, DBAPIError | OSError):
                    raise
            finally:
                writers.drop(taken)
            if isinstance(error, DBAPIError) and is_vain(error):
                raise Raced(guessed=scope.guessed) from error
            raise
        writers.keep(taken)
        return transaction, result

    def _outside(self, work: Callable[[SqlTransaction], R]) -> R:
        taken = self._readers.take()
        try:
            result = work(SqlTransaction(Scope(taken.connection, self.kind, self._clock, taken.statements)))
        except BaseException:
            self._readers.drop(taken)
            raise
        self._readers.keep(taken)
        return result

    async def close(self) -> None:
        """Close every connection."""
        for connections in (*self._writers.values(), self._readers):
            await greenlet_spawn(connections.close)


class _OverAsyncpg(Translated):
    """Knows also what asyncpg says of a connection that was cut in the middle of a statement; SQLAlchemy does not."""

    __slots__ = ()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """See `Translated`."""
        if isinstance(error, asyncpg.InternalClientError):
            raise out_of_reach(f"the connection was cut: {error}") from error
        super().__exit__(kind, error, traceback)


_OVER_ASYNCPG = _OverAsyncpg()

_WRITER = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
"""Who writes finds rows by their keys, always. Planning anew each time would cost more than the work itself, and a
plan made while a table was small would read all of it when it has grown."""

_READER = {"plan_cache_mode": "force_custom_plan"}
"""Lists are filtered in many ways, and what is rare depends on the values: each is planned for its own."""


def _connections(url: str, size: int, timeout_seconds: float, planning: Mapping[str, str]) -> KeptConnections:
    engine = create_engine(
        async_url(url),
        pool_size=size,
        max_overflow=0,
        pool_timeout=timeout_seconds,
        pool_reset_on_return=None,
        isolation_level="AUTOCOMMIT",
        connect_args={
            "timeout": timeout_seconds,
            "command_timeout": 2 * timeout_seconds,
            "statement_cache_size": _STATEMENTS_KEPT,
            "server_settings": {**server_settings(timeout_seconds), **planning},
        },
    )

    @event.listens_for(engine, "connect")
    def connected(connection: AdaptedConnection, record: object) -> None:
        send_arrays(connection.driver_connection)

    return KeptConnections(engine)


def server_settings(timeout_seconds: float) -> dict[str, str]:
    """What each connection asks of Postgres: a stalled statement or transaction must not hold others up."""
    milliseconds = str(int(timeout_seconds * 1000))
    return {
        "application_name": "orch",
        "jit": "off",
        "statement_timeout": milliseconds,
        "idle_in_transaction_session_timeout": milliseconds,
    }


def async_url(url: str) -> str:
    """The same address, for SQLAlchemy's asyncpg dialect. Takes postgres://, postgresql:// and postgresql+asyncpg://."""
    return _rewritten(url, "postgresql+asyncpg", {"sslmode": "ssl"})


def driver_url(url: str) -> str:
    """The same address, for asyncpg itself, which reads it as libpq does."""
    return _rewritten(url, "postgresql", {"ssl": "sslmode"})


def _rewritten(url: str, driver: str, names: Mapping[str, str]) -> str:
    parsed = make_url(url).set(drivername=driver)
    query = {names.get(name, name): value for name, value in parsed.query.items()}
    return parsed.set(query=query).render_as_string(hide_password=False)
