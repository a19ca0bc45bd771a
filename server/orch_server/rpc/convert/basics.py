"""Conversions that every resource needs: ids, times, durations, JSON objects, enums, pages."""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import TypeVar
from uuid import UUID

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from orch_server.application.errors import FieldViolation, InvalidArgument
from orch_server.application.pages import MAX_SIZE, PageRequest, page_size

MAX_JSON_BYTES = 512 * 1024
MAX_JSON_DEPTH = 200
"""How far Python's JSON goes depends on how deep its caller is. Far below that, what was read here can be written, too,
wherever parameters are merged."""
_LONGEST_LISTED = 512
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECONDS_A_DAY = 24 * 60 * 60
_FIRST_SECOND, _LAST_SECOND = -62135596800, 253402300799
_FIRST_MOMENT = datetime.min.replace(tzinfo=UTC) + _MICROSECOND
_LAST_MOMENT = datetime.max.replace(tzinfo=UTC) - _MICROSECOND
"""Beyond these two lies one microsecond each, which asyncpg takes for minus infinity and infinity, and gives back
without a time zone."""

E = TypeVar("E", bound=IntEnum)
M = TypeVar("M")
T = TypeVar("T")


def each_of(messages: Iterable[M], field: str, convert: Callable[[M], T]) -> tuple[T, ...]:
    """All of a repeated field, converted. InvalidArgument names the wrong one; its place is made up only then."""
    found: list[T] = []
    try:
        for each in messages:
            found.append(convert(each))  # noqa: PERF401 - how many there are so far tells the wrong one
    except InvalidArgument as error:
        raise error.within(f"{field}[{len(found)}].") from None
    return tuple(found)


def parse_id(text: str, field: str) -> UUID:
    """A UUID from its text. InvalidArgument names the field."""
    try:
        return UUID(text)
    except ValueError:
        shown = text if len(text) <= 64 else text[:64] + "…"
        hint = "It must be a UUID such as 0198c1c2-7a3b-7c11-9a55-3f5b8f0c2d11."
        raise InvalidArgument.of(field, f"{shown!r} is not an id. {hint}" if text else f"is missing. {hint}") from None


def parse_optional_id(text: str, field: str) -> UUID | None:
    """A UUID, or None for an empty text."""
    return parse_id(text, field) if text else None


def id_text(value: UUID | None) -> str:
    """An id as text; empty for None."""
    return str(value) if value is not None else ""


def to_timestamp(value: datetime | None) -> Timestamp | None:
    """A moment on the wire; None stays absent."""
    if value is None:
        return None
    message = Timestamp()
    write_time(message, value)
    return message


def write_time(message: Timestamp, value: datetime) -> None:
    """Fill an empty message, or a field of another one, with a moment."""
    since = value - _EPOCH
    message.seconds = since.days * _SECONDS_A_DAY + since.seconds
    message.nanos = since.microseconds * 1000


def from_timestamp(value: Timestamp, field: str) -> datetime:
    """A moment from the wire, cut to microseconds. InvalidArgument outside of years 1 to 9999."""
    seconds, nanos = value.seconds, value.nanos
    if not _FIRST_SECOND <= seconds <= _LAST_SECOND or not 0 <= nanos < 1_000_000_000:
        raise InvalidArgument.of(field, "is not a time between the years 1 and 9999.")
    moment = _EPOCH + timedelta(0, seconds, nanos // 1000)
    if _FIRST_SECOND < seconds < _LAST_SECOND:
        return moment
    return min(max(moment, _FIRST_MOMENT), _LAST_MOMENT)


def optional_time(message: Message, name: str, prefix: str = "") -> datetime | None:
    """A message's Timestamp field, or None where it is absent."""
    if not message.HasField(name):
        return None
    try:
        return from_timestamp(getattr(message, name), name)
    except InvalidArgument as error:
        raise error.within(prefix) from None


def to_duration(value: timedelta | None) -> Duration | None:
    """A span on the wire; None stays absent."""
    if value is None:
        return None
    message = Duration()
    write_duration(message, value)
    return message


def write_duration(message: Duration, value: timedelta) -> None:
    """Fill an empty message, or a field of another one, with a span."""
    micros = value // _MICROSECOND
    sign = 1 if micros >= 0 else -1
    seconds, rest = divmod(abs(micros), 1_000_000)
    message.seconds = sign * seconds
    message.nanos = sign * rest * 1000


def from_duration(value: Duration, field: str) -> timedelta:
    """A span from the wire, not negative. InvalidArgument for negative ones and those over 10 000 years."""
    if value.seconds < 0 or value.nanos < 0 or value.seconds > 315_576_000_000 or value.nanos >= 1_000_000_000:
        raise InvalidArgument.of(field, "must be a duration from 0 s to 10000 years.")
    return timedelta(seconds=value.seconds, microseconds=value.nanos // 1000)


def parse_json_object(text: str, field: str) -> Mapping[str, object]:
    """A JSON object from its text; an empty text is an empty object. InvalidArgument says what is wrong with it."""
    if not text:
        return {}
    size = len(text.encode())
    if size > MAX_JSON_BYTES:
        limit = f"{size} bytes are more than the limit of {MAX_JSON_BYTES} bytes (512 KiB)."
        raise InvalidArgument.of(
            field, f"{limit} Store large values elsewhere and pass their address.", reason="PARAMETERS_TOO_LARGE"
        )
    try:
        value = _JSON.decode(text)
    except (ValueError, RecursionError) as error:
        raise InvalidArgument.of(field, f"is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise InvalidArgument.of(field, f'must be a JSON object such as {{"day": 1}}, not {type(value).__name__}.')
    if text.count("{") + text.count("[") > MAX_JSON_DEPTH and _is_deeper(value, MAX_JSON_DEPTH):
        raise InvalidArgument.of(field, f"is nested more than {MAX_JSON_DEPTH} deep.")
    return value


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON number")


def _finite(number: str) -> float:
    """Python reads 1e999 as infinity, and would write that as something that is not JSON."""
    value = float(number)
    if math.isinf(value):
        raise ValueError(f"{number[:64]} is larger than any number that can be reckoned with")
    return value


_JSON = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
"""Made once: `json.loads` makes one for each text that it reads by rules of one's own."""


def _is_deeper(value: dict[str, object], depth: int) -> bool:
    """Whether objects and lists lie in each other more than `depth` deep."""
    level: list[dict[str, object] | list[object]] = [value]
    for _ in range(depth):
        inner = (each.values() if isinstance(each, dict) else each for each in level)
        level = [child for children in inner for child in children if isinstance(child, dict | list)]
        if not level:
            return False
    return True


def parse_enum(value: int, type_: type[E], field: str) -> E | None:
    """A domain enum from a wire number; None for 0 (not given). InvalidArgument for numbers not known here."""
    if value == 0:
        return None
    try:
        return type_(value)
    except ValueError:
        known = ", ".join(f"{each.value} ({each.name})" for each in type_)
        raise InvalidArgument.of(field, f"{value} is not known here. Known: {known}.", reason="UNKNOWN_ENUM") from None


def check_text(text: str, field: str, *, longest: int, required: bool = False) -> str:
    """A text of at most `longest` characters, without NUL (which Postgres cannot store)."""
    if required and not text:
        raise InvalidArgument.of(field, "is missing.")
    if len(text) > longest:
        raise InvalidArgument.of(field, f"{len(text)} characters are more than the limit of {longest}.")
    if "\x00" in text:
        raise InvalidArgument.of(field, "must not contain the character NUL.")
    return text


def page_request(request: Message, *, default: int = 200, largest: int = MAX_SIZE) -> PageRequest:
    """What a List request asks for. A token belongs to the request's other fields, size and token aside."""
    size = page_size(request.page_size, default=default, largest=largest)  # type: ignore[attr-defined]
    token: str = request.page_token  # type: ignore[attr-defined]
    bare = type(request)()
    bare.CopyFrom(request)
    bare.ClearField("page_size")
    bare.ClearField("page_token")
    for field, value in bare.ListFields():
        if isinstance(value, str):
            check_text(value, field.name, longest=_LONGEST_LISTED)
    return PageRequest(size, token, type(request).__name__ + bare.SerializeToString(deterministic=True).hex())


def violations(*found: FieldViolation | None) -> None:
    """Raises InvalidArgument with all that were found, if any."""
    real = [each for each in found if each is not None]
    if real:
        raise InvalidArgument(real)
