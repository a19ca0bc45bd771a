"""The standard library's values as tagged JSON."""

from base64 import b64decode, b64encode
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from orch.results.tagged import BULK_LIMIT_BYTES, VALUE, NotRepresentableError, Writer, write_items


def _sequence(name: str) -> Callable[[Writer, Any], object]:
    return lambda writer, value: writer.tag(name, writer.write_all(value))


def _text(name: str) -> Callable[[Writer, Any], object]:
    return lambda writer, value: writer.tag(name, str(value))


def _bytes(name: str) -> Callable[[Writer, Any], object]:
    def write(writer: Writer, value: bytes | bytearray) -> object:
        if len(value) > BULK_LIMIT_BYTES and not writer.any_size:
            raise NotRepresentableError(value, "is large")
        return writer.tag(name, b64encode(value).decode())

    return write


def _write_datetime(writer: Writer, value: datetime) -> object:
    return writer.tag("datetime", value.replace(tzinfo=None).isoformat(), **_zone(value, value.tzinfo))


def _write_time(writer: Writer, value: time) -> object:
    return writer.tag("time", value.replace(tzinfo=None).isoformat(), **_zone(value, value.tzinfo))


def _zone(value: datetime | time, zone: tzinfo | None) -> dict[str, object]:
    """How the zone is written. NotRepresentableError for zones that would read back as something else."""
    parts: dict[str, object] = {"fold": 1} if value.fold else {}
    if zone is None:
        return parts
    if type(zone) is ZoneInfo and zone.key:
        return {"zone": zone.key, **parts}
    if type(zone) is timezone:
        offset = zone.utcoffset(None)
        if zone.tzname(None) == timezone(offset).tzname(None):
            return {"offset_seconds": offset.total_seconds(), **parts}
    raise NotRepresentableError(value, f"has the time zone {zone!r}, which has no exact form in JSON")


def _read_zone(written: dict[str, Any]) -> tzinfo | None:
    if "zone" in written:
        return ZoneInfo(written["zone"])
    if "offset_seconds" in written:
        return timezone(timedelta(seconds=written["offset_seconds"])) if written["offset_seconds"] else UTC
    return None


def _read_datetime(written: dict[str, Any]) -> datetime:
    value = datetime.fromisoformat(written[VALUE])
    return value.replace(tzinfo=_read_zone(written), fold=written.get("fold", 0))


def _read_time(written: dict[str, Any]) -> time:
    return time.fromisoformat(written[VALUE]).replace(tzinfo=_read_zone(written), fold=written.get("fold", 0))


def _write_deque(writer: Writer, value: deque[Any]) -> object:
    return writer.tag("deque", writer.write_all(value), maximum=value.maxlen)


WRITERS: dict[type, Callable[[Writer, Any], object]] = {
    tuple: _sequence("tuple"),
    set: _sequence("set"),
    frozenset: _sequence("frozenset"),
    deque: _write_deque,
    OrderedDict: lambda writer, value: writer.tag("OrderedDict", write_items(writer, value)),
    Counter: lambda writer, value: writer.tag("Counter", write_items(writer, value)),
    bytes: _bytes("bytes"),
    bytearray: _bytes("bytearray"),
    complex: lambda writer, value: writer.tag("complex", [repr(value.real), repr(value.imag)]),
    range: lambda writer, value: writer.tag("range", [value.start, value.stop, value.step]),
    datetime: _write_datetime,
    time: _write_time,
    date: lambda writer, value: writer.tag("date", value.isoformat()),
    timedelta: lambda writer, value: writer.tag("timedelta", [value.days, value.seconds, value.microseconds]),
    Decimal: _text("Decimal"),
    Fraction: _text("Fraction"),
    UUID: _text("UUID"),
    # The kind of path that this system has; it reads back as the kind that the reader's system has.
    type(Path()): _text("Path"),
    PurePosixPath: _text("PurePosixPath"),
    PureWindowsPath: _text("PureWindowsPath"),
}
"""How each type is written; subclasses are other types."""


def _of(make: Callable[[Any], object]) -> Callable[[dict[str, Any]], object]:
    return lambda written: make(written[VALUE])


READERS: dict[object, Callable[[dict[str, Any]], object]] = {
    "float": _of(float),
    "dict": _of(dict),
    "tuple": _of(tuple),
    "set": _of(set),
    "frozenset": _of(frozenset),
    "deque": lambda written: deque(written[VALUE], written["maximum"]),
    "OrderedDict": _of(OrderedDict),
    "Counter": lambda written: Counter(dict(written[VALUE])),
    "bytes": _of(b64decode),
    "bytearray": _of(lambda text: bytearray(b64decode(text))),
    "complex": _of(lambda parts: complex(float(parts[0]), float(parts[1]))),
    "range": _of(lambda parts: range(*parts)),
    "datetime": _read_datetime,
    "time": _read_time,
    "date": _of(date.fromisoformat),
    "timedelta": _of(lambda parts: timedelta(*parts)),
    "Decimal": _of(Decimal),
    "Fraction": _of(Fraction),
    "UUID": _of(UUID),
    "Path": _of(Path),
    "PurePosixPath": _of(PurePosixPath),
    "PureWindowsPath": _of(PureWindowsPath),
}
"""How each tag is read."""
