"""Instances of classes as tagged JSON: dataclasses, pydantic models, enums, named tuples, and states of runs.

They are read back without running `__init__` or validation, so that what comes back is what was written, and only where
the class still has the same fields.
"""

import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from orch.errors import ResultSerializationError
from orch.results.class_names import class_name, find_class
from orch.results.tagged import VALUE, NotRepresentableError, Writer
from orch.states import State

if TYPE_CHECKING:
    from pydantic import BaseModel


def write(writer: Writer, value: object) -> object | None:
    """The tagged form, or None for something else. NotRepresentableError where it would not be exact."""
    if isinstance(value, type):
        return None
    if isinstance(value, Enum):
        return _write_enum(writer, value)
    if type(value) is State:
        return _write_state(writer, value)
    if _is_model(value):
        return _write_model(writer, value)  # type: ignore[arg-type]
    if is_dataclass(value):
        return _write_dataclass(writer, value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return _write_named_tuple(writer, value)
    return None


def _write_state(writer: Writer, value: State[Any]) -> object:
    fields = {name: getattr(value, name) for name in ("name", "message", "data", "timestamp_ns", "run_id")}
    return writer.tag("state", value.type.value, fields=writer.write_fields(fields, ".{}"))


def _read_state(written: dict[str, Any]) -> object:
    fields = dict(written["fields"])
    run_id = fields.pop("run_id")
    found: State[Any] = State(written[VALUE], **fields)
    found.run_id = run_id
    return found


def _named(value: object) -> str:
    name = class_name(type(value))
    if name is None:
        raise NotRepresentableError(value, "is of a class that cannot be found by its name")
    return name


def _write_enum(writer: Writer, value: Enum) -> object:
    kind = type(value)
    if value.name in kind.__members__ and kind.__members__[value.name] is value:
        return writer.tag("enum", value.name, **{"class": _named(value)})
    # A combination of flags has no name of its own.
    return writer.tag("flag", writer.write(value.value), **{"class": _named(value)})


def _read_enum(written: dict[str, Any]) -> object:
    kind = find_class(written["class"])
    try:
        return kind(written[VALUE]) if written["$type"] == "flag" else kind[written[VALUE]]  # type: ignore[index]
    except (KeyError, ValueError) as error:
        raise _changed(written, f"has no member {written[VALUE]!r}") from error


def _write_named_tuple(writer: Writer, value: tuple[object, ...]) -> object:
    if getattr(value, "__dict__", None) or type(value).__new__ is tuple.__new__:
        raise NotRepresentableError(value, "has more than its fields")
    names: tuple[str, ...] = value._fields  # type: ignore[attr-defined]
    items = writer.write_all(value, lambda at: f".{names[at]}")
    return writer.tag("namedtuple", items, **{"class": _named(value), "fields": list(names)})


def _read_named_tuple(written: dict[str, Any]) -> object:
    kind = find_class(written["class"])
    if list(getattr(kind, "_fields", ())) != written["fields"]:
        raise _changed(written, f"has other fields than {written['fields']}")
    return tuple.__new__(kind, written[VALUE])


def _write_dataclass(writer: Writer, value: object) -> object:
    if not _is_simple(type(value)):
        raise NotRepresentableError(value, "has its own way of being pickled")
    names = [field.name for field in fields(value)]  # type: ignore[arg-type]
    found = {name: getattr(value, name) for name in names if hasattr(value, name)}
    if len(found) != len(names) or not getattr(value, "__dict__", {}).keys() <= found.keys():
        raise NotRepresentableError(value, "has more or less than its fields")
    return writer.tag("dataclass", writer.write_fields(found, ".{}"), **{"class": _named(value)})


def _is_simple(kind: type) -> bool:
    """Nothing but its fields makes an instance: no base in C, no way of its own of being copied."""
    own_state = getattr(kind, "__getstate__", None)
    return all(
        getattr(kind, name) is getattr(object, name) for name in ("__new__", "__reduce__", "__reduce_ex__")
    ) and (
        own_state is object.__getstate__
        # What dataclasses give to classes that are frozen and have slots does the same as is done here.
        or getattr(own_state, "__module__", "") == "dataclasses"
    )


def _read_dataclass(written: dict[str, Any]) -> object:
    kind = find_class(written["class"])
    found = written[VALUE]
    if not is_dataclass(kind) or {field.name for field in fields(kind)} != found.keys():
        raise _changed(written, f"has other fields than {sorted(found)}")
    made = object.__new__(kind)
    for name, value in found.items():
        object.__setattr__(made, name, value)
    return made


def _is_model(value: object) -> bool:
    pydantic = sys.modules.get("pydantic")
    model = getattr(pydantic, "BaseModel", None)
    return model is not None and isinstance(value, model)


def _write_model(writer: Writer, value: "BaseModel") -> object:
    from pydantic import BaseModel

    kind = type(value)
    if kind.__getstate__ is not BaseModel.__getstate__ or kind.__reduce_ex__ is not object.__reduce_ex__:
        raise NotRepresentableError(value, "has its own way of being pickled")
    if value.__dict__.keys() != kind.model_fields.keys():
        raise NotRepresentableError(value, "has more or less than its fields")
    parts: dict[str, object] = {"class": "", "set": sorted(value.model_fields_set), **_model_class(value)}
    for name, held in (("extra", value.__pydantic_extra__), ("private", value.__pydantic_private__)):
        if held:
            parts[name] = writer.write_fields(_without_unset(held), ".{}")
    return writer.tag("model", writer.write_fields(value.__dict__, ".{}"), **parts)


def _model_class(value: "BaseModel") -> dict[str, object]:
    """How the class is found again: a generic one by its own name and those of its arguments."""
    generic = type(value).__pydantic_generic_metadata__
    if generic["origin"] is None:
        return {"class": _named(value)}
    names = [class_name(each) if isinstance(each, type) else None for each in (generic["origin"], *generic["args"])]
    if None in names:
        raise NotRepresentableError(value, "is of a class that cannot be found by its name")
    return {"class": names[0], "arguments": names[1:]}


def _without_unset(held: dict[str, Any]) -> dict[str, object]:
    from pydantic_core import PydanticUndefined

    return {name: value for name, value in held.items() if value is not PydanticUndefined}


def _read_model(written: dict[str, Any]) -> object:
    kind: Any = find_class(written["class"])
    if "arguments" in written:
        kind = kind[tuple(map(find_class, written["arguments"]))]
    values = written[VALUE]
    if not hasattr(kind, "model_fields") or kind.model_fields.keys() != values.keys():
        raise _changed(written, f"has other fields than {sorted(values)}")
    made = kind.__new__(kind)
    extra = written.get("extra") or ({} if kind.model_config.get("extra") == "allow" else None)
    private = written.get("private") or ({} if kind.__private_attributes__ else None)
    made.__setstate__(
        {
            "__dict__": values,
            "__pydantic_fields_set__": set(written["set"]),
            "__pydantic_extra__": extra,
            "__pydantic_private__": private,
        }
    )
    return made


def _changed(written: dict[str, Any], why: str) -> ResultSerializationError:
    return ResultSerializationError(
        f"A stored value is of the class {written['class']}, which {why}: the class has changed since. "
        "Compute the value again."
    )


READERS: dict[object, Callable[[dict[str, Any]], object]] = {
    "enum": _read_enum,
    "flag": _read_enum,
    "namedtuple": _read_named_tuple,
    "dataclass": _read_dataclass,
    "model": _read_model,
    "state": _read_state,
}
"""How each tag is read."""
