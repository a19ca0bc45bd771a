"""From the drivers' errors to the use cases': what is worth a repeat, what means that the database is away."""

import sqlite3
from types import TracebackType

from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from orch_server.application.errors import OrchError, Overloaded, Unavailable

_REPEATABLE = {"40001", "40P01", "23505"}
"""Postgres: serialization failure, deadlock, unique violation: another transaction was first with the same key, and a
repeat finds what it made (https://www.postgresql.org/docs/current/errcodes-appendix.html)."""
_FULL = {"53100"}
_BUSY = {"55P03", "57014", "53300", "53200"}
"""Postgres: lock timeout, statement timeout, too many connections, out of memory."""
_AWAY = {"08", "28", "53", "57", "58"}
"""Classes of Postgres' states: connection, authorization (a password is being changed), resources, operator, system."""
_STANDBY = "25006"
"""The server only reads: a standby that is being promoted."""
_RETRY_SECONDS = 1.0


def is_repeatable(error: DBAPIError) -> bool:
    """Whether the transaction was turned away by others' and will go through when it is run again."""
    return _sqlstate(error) in _REPEATABLE


def is_vain(error: DBAPIError) -> bool:
    """Whether a statement has found that what was hoped for is not so (`hopes.verified`): a division by zero."""
    return _sqlstate(error) == "22012"


def _sqlstate(error: DBAPIError) -> str:
    state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
    return str(state or "")


def _from_sqlite(error: sqlite3.Error) -> OrchError | None:
    text = str(error)
    if "full" in text:
        return _disk_full(text)
    if "locked" in text or "busy" in text:
        return Overloaded(f"The database file is busy: {text}. Try again.", retry_after_seconds=_RETRY_SECONDS)
    if "not a database" in text or "malformed" in text:
        return Unavailable(
            f"The database file is damaged ({text}). Restore a backup, or move the file away to begin with a new one.",
            retry_after_seconds=60 * _RETRY_SECONDS,
            reason="DATABASE_DAMAGED",
        )
    if isinstance(error, sqlite3.OperationalError):
        return Unavailable(
            f"The database file cannot be used: {text}. See that this user may write it and its directory.",
            retry_after_seconds=_RETRY_SECONDS,
        )
    return None


def _disk_full(text: str) -> OrchError:
    return Unavailable(
        f"The database's disk is full ({text}); nothing was written. Free some space: the server goes on by itself.",
        retry_after_seconds=5 * _RETRY_SECONDS,
        reason="DISK_FULL",
    )


def _translated(error: DBAPIError) -> OrchError | None:
    """The use cases' error for a driver's; None for a bug of ours, which must stay visible."""
    if isinstance(error.orig, sqlite3.Error):
        return _from_sqlite(error.orig)
    state = _sqlstate(error)
    if state in _FULL:
        return _disk_full(str(error.orig))
    if state in _BUSY or state in _REPEATABLE:
        return Overloaded(f"The database is overloaded: {error.orig}.", retry_after_seconds=_RETRY_SECONDS)
    if isinstance(error, DataError):
        return None
    away = error.connection_invalidated or state[:2] in _AWAY or state == _STANDBY or isinstance(error, InterfaceError)
    if away or isinstance(error, OperationalError):
        return out_of_reach(error.orig)
    return None


def out_of_reach(cause: object) -> Unavailable:
    """The database is not there."""
    return Unavailable(
        f"The database cannot be reached ({cause}). The server tries again by itself; so should you.",
        retry_after_seconds=_RETRY_SECONDS,
    )


def _known(error: BaseException) -> OrchError | None:
    """The use cases' error for one of a driver, or of waiting for a connection; None for all else."""
    match error:
        case DBAPIError():
            return _translated(error)
        case sqlite3.Error():
            return _from_sqlite(error)
        case PoolTimeoutError():
            return Overloaded("All database connections are busy.", retry_after_seconds=_RETRY_SECONDS)
        case TimeoutError() | OSError():
            return out_of_reach(error)
        case _:
            return None


class Translated:
    """Turns the drivers' errors inside a `with` into the use cases'. A bug of ours passes as it is.

    A class, since every transaction is inside of one: a generator takes several times as long.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        """Nothing."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Raises OrchError in the place of a driver's error."""
        known = None if error is None else _known(error)
        if known is not None:
            raise known from error
