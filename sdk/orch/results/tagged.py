"""Values as JSON that reads back exactly as it was.

What JSON knows is written as it is, everything else as an object with a tag: `{"$type": "UUID", "value": "6f1c…"}`. A
dictionary of the user's that has a key `$type` is itself tagged, so that the two cannot be confused. The types are in
`tagged_standard`, `tagged_classes` and `tagged_numpy`.
"""

import json
from collections.abc import Callable, Iterable
from functools import cache
from math import isfinite
from typing import Any

from orch.errors import ResultSerializationError

TAG = "$type"
VALUE = "value"

_PLAIN = frozenset({str, int, bool, type(None)})
_PLAIN_OR_FLOAT = _PLAIN | {float}
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
"""Made once: `json.dumps` makes one for each value that it writes by rules of one's own."""

BULK_LIMIT_BYTES = 32 * 1024
"""Binary parts that are larger make a value unfit for JSON, where there is a choice: base64 is a third larger."""


class NotRepresentableError(Exception):
    """A part of a value has no exact form in JSON. `path` leads to it, outermost step last."""

    def __init__(self, value: object, why: str = "") -> None:
        """`why` completes the sentence "a value of type T …"."""
        super().__init__(why)
        self.value = value
        self.why = why
        self.path: list[str] = []

    def place(self) -> str:
        """Where the part is, as Python would say it: `['rows'][0]`."""
        return "".join(reversed(self.path))


class Writer:
    """Makes JSON's own types of one value."""

    __slots__ = ("any_size", "tagged")

    def __init__(self, *, any_size: bool) -> None:
        """`any_size` allows binary parts above BULK_LIMIT_BYTES."""
        self.any_size = any_size
        self.tagged = False

    def write(self, value: object) -> object:
        """The value in JSON's types; the value itself where it already is. NotRepresentableError if it has none."""
        kind = type(value)
        if kind in _PLAIN:
            return value
        if kind is float:
            return value if isfinite(value) else self.tag("float", repr(value))  # type: ignore[arg-type]
        writer = _writers().get(kind)
        return writer(self, value) if writer else _write_other(self, value)

    def tag(self, name: str, value: object, **more: object) -> dict[str, object]:
        """A tagged value."""
        self.tagged = True
        return {TAG: name, VALUE: value, **more}

    def write_all(self, values: Iterable[object], path: Callable[[int], str] = "[{}]".format) -> list[object]:
        """Each of the values; `path` says how the value at a position is reached."""
        written: list[object] = []
        for value in values:
            try:
                written.append(self.write(value))
            except NotRepresentableError as error:
                error.path.append(path(len(written)))
                raise
        return written

    def write_fields(self, fields: dict[str, object], path: str = "[{!r}]") -> dict[str, object]:
        """Each value of a dictionary whose keys are texts."""
        names = list(fields)
        return dict(zip(names, self.write_all(fields.values(), lambda at: path.format(names[at])), strict=True))


def write_list(writer: Writer, value: list[object]) -> object:
    """A list; one of plain values is not even copied."""
    return value if _is_plain(value) else writer.write_all(value)


def write_dict(writer: Writer, value: dict[object, object]) -> object:
    """A dictionary: JSON's own where all keys are texts, else its items."""
    if set(map(type, value)) <= {str} and TAG not in value:
        return value if _is_plain(value.values()) else writer.write_fields(value)  # type: ignore[arg-type]
    return writer.tag("dict", write_items(writer, value))


def write_items(writer: Writer, value: dict[object, object]) -> list[object]:
    """The keys and values of a dictionary, as pairs."""
    keys = list(value)
    written = writer.write_all(value.values(), lambda at: f"[{keys[at]!r}]")
    return [list(pair) for pair in zip(writer.write_all(keys, lambda at: f" (key {keys[at]!r})"), written, strict=True)]


def dumps(value: object, *, any_size: bool) -> tuple[bytes, bool]:
    """The value as JSON, and whether it has tags. NotRepresentableError where it has no exact form."""
    writer = Writer(any_size=any_size)
    try:
        text = _ENCODER.encode(writer.write(value))
    except RecursionError as error:
        raise NotRepresentableError(value, "refers to itself, or is nested too deep") from error
    except ValueError as error:
        raise NotRepresentableError(value, f"cannot be JSON: {error}") from error
    return text.encode(), writer.tagged


def loads(data: bytes) -> object:
    """What `dumps` wrote, with tags."""
    return json.loads(data, object_hook=_read)


def _is_plain(values: Iterable[object]) -> bool:
    kinds = set(map(type, values))
    if kinds <= _PLAIN:
        return True
    return kinds <= _PLAIN_OR_FLOAT and all(isfinite(each) for each in values if type(each) is float)


def _read(written: dict[str, Any]) -> object:
    name = written.get(TAG)
    if name is None:
        return written
    reader = _readers().get(name)
    if reader is None:
        raise ResultSerializationError(
            f"A stored value has the tag {name!r}, which this version of Orch does not know. "
            "It was probably written by a newer one: upgrade here."
        )
    return reader(written)


def _write_other(writer: Writer, value: object) -> object:
    from orch.results import tagged_classes, tagged_numpy

    for write in (tagged_numpy.write, tagged_classes.write):
        written = write(writer, value)
        if written is not None:
            return written
    raise NotRepresentableError(value, "has no exact form in JSON")


def _writers() -> "_Writers":
    return _tables()[0]


def _readers() -> "_Readers":
    return _tables()[1]


_Writers = dict[type, Callable[[Writer, Any], object]]
_Readers = dict[object, Callable[[dict[str, Any]], object]]


@cache
def _tables() -> tuple[_Writers, _Readers]:
    """The tables need uuid, decimal and more, which plain values can do without."""
    from orch.results import tagged_classes, tagged_numpy, tagged_standard

    writers: _Writers = {list: write_list, dict: write_dict, **tagged_standard.WRITERS}
    return writers, {**tagged_standard.READERS, **tagged_classes.READERS, **tagged_numpy.READERS}
