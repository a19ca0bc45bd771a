"""Lists on their way to Postgres, in its own binary form: what `unnest` and `ANY` are given.

asyncpg asks of each cell, several times, whether it is a list itself; for statements of hundreds of rows that is a
quarter of the server's work. Here arrays have one dimension, and a column whose cells are all the same costs next to
nothing: most columns of a batch are. Arrays are only ever sent, never read back.

Format: `array_recv` in Postgres' src/backend/utils/adt/arrayfuncs.c, and the `…_recv` function of each type.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from struct import Struct
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

_Cell: TypeAlias = Callable[[Any], bytes]
"""An element with its length before it."""

_NULL = b"\xff\xff\xff\xff"
_HEADER = Struct(">iiiii")
"""Dimensions, flags, the elements' type, how many there are, the number of the first."""
_NOTHING = Struct(">iii")
_LENGTH = Struct(">i").pack
_SMALL = Struct(">ih").pack
_BIG = Struct(">iq").pack
_TRUE, _FALSE = b"\0\0\0\1\1", b"\0\0\0\1\0"
_UUID_LENGTH = _LENGTH(16)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def _small(value: int) -> bytes:
    return _SMALL(2, value)


def _big(value: int) -> bytes:
    return _BIG(8, value)


def _bool(value: bool) -> bytes:
    return _TRUE if value else _FALSE


def _uuid(value: UUID) -> bytes:
    return _UUID_LENGTH + value.bytes


def _text(value: str) -> bytes:
    data = value.encode()
    return _LENGTH(len(data)) + data


def _bytes(value: bytes) -> bytes:
    return _LENGTH(len(value)) + value


def _instant(value: datetime) -> bytes:
    return _BIG(8, (value - _EPOCH) // _MICROSECOND)


def _encode(oid: int, cell: _Cell, values: Sequence[Any]) -> bytes:
    count = len(values)
    if not count:
        return _NOTHING.pack(0, 0, oid)
    first = values[0]
    if values.count(first) == count:
        cells = (_NULL if first is None else cell(first)) * count
    elif None in values:
        cells = b"".join([_NULL if value is None else cell(value) for value in values])
    else:
        cells = b"".join(map(cell, values))
    return _HEADER.pack(1, 0, oid, count, 1) + cells


def _never(data: bytes) -> Any:  # noqa: ANN401
    raise TypeError("Arrays are only sent to Postgres: no statement returns one.")


_ARRAYS: dict[str, tuple[int, int, _Cell]] = {
    "_bool": (1000, 16, _bool),
    "_bytea": (1001, 17, _bytes),
    "_int2": (1005, 21, _small),
    "_int8": (1016, 20, _big),
    "_text": (1009, 25, _text),
    "_timestamptz": (1185, 1184, _instant),
    "_uuid": (2951, 2950, _uuid),
}
"""Array types with their numbers and those of their elements: src/include/catalog/pg_type.dat."""


def send_arrays(connection: asyncpg.Connection) -> bool:
    """Have a connection send arrays in this way. False where this asyncpg does not let it, and sends them in its own.

    asyncpg's public `set_type_codec` is for scalar types only; this is what it does once it has looked the type up.
    """
    try:
        add = connection._protocol.get_settings().add_python_codec
        for name, (oid, element, cell) in _ARRAYS.items():
            add(oid, name, "pg_catalog", [], "scalar", partial(_encode, element, cell), _never, "binary")
    except (AttributeError, TypeError):
        return False
    return True
