"""Parameters as JSON text for a run's record: for people to read, bounded in size, and never in the way of the run.

What JSON knows is written as it is; dates, paths, enumerations, dataclasses and Pydantic models as one would expect.
Pydantic's secrets are masked, fields that hide from `repr` left out. Everything else is its repr, cut.
"""

import math
import os
import sys
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel

_LIMIT_BYTES = 512 * 1024  # the contract's: FlowRun.parameters_json
_REPR_CHARACTERS = 1_000
_CUT_BYTES = 40  # what a text that is cut says about that
_DEPTH = 30
MASK = "**********"  # as Pydantic shows secrets
_SHORT_TEXT = 10_000
_SAFE_INTEGER = 1 << 200  # above, json writes numbers that few readers take, and in the end refuses
_SIMPLE = (str, int, bool, type(None))
_AS_TEXT = frozenset({"decimal", "uuid", "fractions", "ipaddress", "zoneinfo"})


def json_text(parameters: Mapping[str, object], *, limit_bytes: int = _LIMIT_BYTES) -> str:
    """A JSON object of the parameters, of at most `limit_bytes` in ASCII. Never raises.

    Large parameters are cut, each to its share of the space, and say so.
    """
    import json

    if all(map(_is_short, parameters.values())) and len(parameters) * 2 * _SHORT_TEXT < limit_bytes:
        return json.dumps(parameters)
    written: dict[str, object] = {}
    left = limit_bytes - 64
    for index, (name, value) in enumerate(parameters.items()):
        space = _Space(left // (len(parameters) - index) - len(name) - 16)
        written[name] = space.guarded(value)
        left = limit_bytes - 64 - len(json.dumps(written))
    text = json.dumps(written)
    return text if len(text) <= limit_bytes else json.dumps({"…": f"{len(parameters)} parameters, too large to record"})


def jsonable(value: object) -> object:
    """One value as `json_text` writes it."""
    return _Space(_LIMIT_BYTES).guarded(value)


def _is_short(value: object) -> bool:
    if type(value) is str:
        return len(value) * 6 < _SHORT_TEXT
    if type(value) is int:
        return -_SAFE_INTEGER < value < _SAFE_INTEGER
    return type(value) in _SIMPLE


class _Space:
    """Turns a value into what json can write, as far as its bytes last."""

    def __init__(self, left_bytes: int) -> None:
        self._left_bytes = left_bytes

    def guarded(self, value: object) -> object:
        try:
            return self._value(value, 0)
        except Exception as error:  # whatever a user's object does when it is looked at
            return f"<{type(value).__name__}, not recorded: reading it raised {type(error).__name__}>"

    def _value(self, value: object, depth: int) -> object:
        self._left_bytes -= 6
        if value is None or isinstance(value, bool):
            return value
        if depth > _DEPTH or self._left_bytes <= 0:
            return "…"
        convert = _BY_TYPE.get(type(value)) or next((then for matches, then in _BY_KIND if matches(value)), None)
        if convert is not None:
            return convert(self, value, depth)
        return self._text(_short_repr(value))

    def _text(self, value: str, depth: int = 0) -> str:
        from json.encoder import encode_basestring_ascii as encoded

        space = max(self._left_bytes - _CUT_BYTES, 0)
        shown = value[: space + 1]
        size = len(encoded(shown))
        while size > space and shown:  # a character takes 1 to 12 bytes
            shown = shown[: len(shown) * space // size]
            size = len(encoded(shown))
        if len(shown) < len(value):
            shown = f"{shown}… ({len(value)} characters)"
            size += _CUT_BYTES
        self._left_bytes -= size
        return shown

    def _number(self, value: int | float, depth: int) -> object:
        if isinstance(value, float):
            self._left_bytes -= 24
            return float(value) if math.isfinite(value) else self._text(repr(float(value)))
        if -_SAFE_INTEGER < value < _SAFE_INTEGER:
            self._left_bytes -= len(str(int(value)))
            return int(value)
        return self._text(f"<int of {value.bit_length()} bits>")

    def _list(self, values: Collection[object], depth: int) -> list[object]:
        written: list[object] = []
        for value in values:
            if self._left_bytes <= 0:
                written.append(f"… and {len(values) - len(written)} more")
                break
            written.append(self._value(value, depth + 1))
        return written

    def _mapping(self, values: Mapping[Any, object], depth: int) -> dict[str, object]:
        written: dict[str, object] = {}
        for key, value in values.items():
            if self._left_bytes <= 0:
                written["…"] = f"and {len(values) - len(written)} more"
                break
            # The key's own conversion may give anything; what names a member must be text.
            name = self._text(key) if isinstance(key, str) else self._text(str(self._value(key, depth + 1)))
            written[name] = self._value(value, depth + 1)
        return written

    def _dataclass(self, value: object, depth: int) -> dict[str, object]:
        fields = getattr(type(value), "__dataclass_fields__", {})
        shown = [name for name, field in fields.items() if field.repr and hasattr(value, name)]
        return self._mapping({name: getattr(value, name) for name in shown}, depth)


_Match = Callable[[Any], bool]
_Convert = Callable[[_Space, Any, int], object]


def _loaded(module: str, name: str) -> _Match:
    """Whether a value is an instance of a class of a module that is loaded; if it is not, nothing can be one."""

    def matches(value: object) -> bool:
        known = getattr(sys.modules.get(module), name, None)
        return isinstance(known, type) and isinstance(value, known)

    return matches


def _is_secret(value: object) -> bool:
    return callable(getattr(type(value), "get_secret_value", None))


def _is_dataclass(value: object) -> bool:
    return hasattr(type(value), "__dataclass_fields__")


def _is_text_like(value: object) -> bool:
    return type(value).__module__ in _AS_TEXT


# Most values, without a question asked.
_BY_TYPE: dict[type, _Convert] = {
    int: _Space._number,
    float: _Space._number,
    str: _Space._text,
    list: _Space._list,
    tuple: _Space._list,
    dict: _Space._mapping,
}

# For the others, the first that matches decides.
_BY_KIND: tuple[tuple[_Match, _Convert], ...] = (
    (_is_secret, lambda space, value, depth: MASK),
    (_loaded("enum", "Enum"), lambda space, value, depth: space._value(value.value, depth + 1)),
    (lambda value: isinstance(value, str), lambda space, value, depth: space._text(str.__str__(value))),
    (lambda value: isinstance(value, int | float), _Space._number),
    (lambda value: isinstance(value, Mapping), _Space._mapping),
    (lambda value: isinstance(value, list | tuple), _Space._list),
    # In an order that is the same in every process: a durable flow knows its run by this text.
    (lambda value: isinstance(value, set | frozenset), lambda space, value, depth: space._list(_sorted(value), depth)),
    (_loaded("pydantic.main", "BaseModel"), lambda space, value, depth: space._mapping(_shown_by_model(value), depth)),
    (_is_dataclass, _Space._dataclass),
    (lambda value: isinstance(value, bytes | bytearray), lambda space, value, depth: space._text(_short_bytes(value))),
    (lambda value: isinstance(value, os.PathLike), lambda space, value, depth: space._text(str(os.fspath(value)))),
    (_loaded("datetime", "date"), lambda space, value, depth: space._text(value.isoformat())),
    (_loaded("datetime", "time"), lambda space, value, depth: space._text(value.isoformat())),
    (_loaded("datetime", "timedelta"), lambda space, value, depth: space._text(str(value))),
    (_is_text_like, lambda space, value, depth: space._text(str(value))),
)


def _shown_by_model(model: "BaseModel") -> dict[str, object]:
    return {name: value for name, value in model.__repr_args__() if name}


def _sorted(values: Collection[object]) -> list[object]:
    return sorted(values, key=_short_repr)


def _short_bytes(value: bytes | bytearray) -> str:
    return _short_repr(value) if len(value) <= _REPR_CHARACTERS // 4 else f"<{len(value)} bytes>"


def _short_repr(value: object) -> str:
    try:
        shown = repr(value)
    except Exception as error:  # a user's __repr__ may raise anything
        return f"<{type(value).__name__}, whose repr raised {type(error).__name__}>"
    return shown if len(shown) <= _REPR_CHARACTERS else f"{shown[:_REPR_CHARACTERS]}…"
