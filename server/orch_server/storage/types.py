"""Column types that the two databases keep in their own way and the code sees as one."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

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
from sqlalchemy.types import TypeDecorator, TypeEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """A moment, aware and in UTC: `timestamptz` on Postgres, microseconds since 1970 as an integer on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type that the database itself has."""
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ANN401 - the driver's own
        """To the driver."""
        return to_micros(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ANN401 - the driver's own
        """From the driver."""
        if isinstance(value, int):
            return _EPOCH + value * _MICROSECOND
        return cast("datetime | None", value)


def to_micros(value: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (value - _EPOCH) // _MICROSECOND


ID = Uuid(as_uuid=True)
BIG = BigInteger().with_variant(Integer, "sqlite")
SMALL = SmallInteger()
TEXT = Text()
BYTES = LargeBinary()
INSTANT = Instant()


def later(moment: ColumnElement[Any], milliseconds: ColumnElement[int], kind: str) -> ColumnElement[Any]:
    """`moment` plus a number of milliseconds, as the database computes it."""
    if kind == "sqlite":
        return type_coerce(type_coerce(moment, BIG) + milliseconds * 1000, INSTANT)
    return moment + milliseconds * literal(timedelta(milliseconds=1), Interval())
