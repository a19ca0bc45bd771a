"""Column types that the two databases keep in their own way and the code sees as one."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Dialect,
    Integer,
    Interval,
    LargeBinary,
    SmallInteger,
    Text,
    Uuid,
    literal,
    type_coerce,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class SqliteInstant(TypeDecorator[datetime]):
    """A moment as SQLite keeps it: microseconds since 1970, as an integer."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To the driver."""
        return to_micros(value) if value is not None else None

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """From the driver."""
        return from_micros(value) if value is not None else None


def to_micros(value: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (value - _EPOCH) // _MICROSECOND


def from_micros(value: int) -> datetime:
    """The moment so many microseconds after 1970 began."""
    return _EPOCH + value * _MICROSECOND


ID = Uuid(as_uuid=True)
BIG = BigInteger().with_variant(Integer, "sqlite")
SMALL = SmallInteger()
TEXT = Text()
BYTES = LargeBinary()
INSTANT = DateTime(timezone=True).with_variant(SqliteInstant(), "sqlite")
"""A moment, aware and in UTC. On Postgres a plain `timestamptz`, which the driver converts by itself."""


def later(moment: ColumnElement[Any], milliseconds: ColumnElement[int], kind: str) -> ColumnElement[Any]:
    """`moment` plus a number of milliseconds, as the database computes it."""
    if kind == "sqlite":
        # A cast, not a coercion: that would hand a parameter to the driver as it is, not as microseconds.
        return type_coerce(sql_cast(moment, BIG) + milliseconds * 1000, INSTANT)
    return moment + milliseconds * literal(timedelta(milliseconds=1), Interval())
