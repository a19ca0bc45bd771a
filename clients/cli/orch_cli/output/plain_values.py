"""Messages of the contract as JSON's own types, as a person or a script would want them.

Like protobuf's JSON, with these differences: every field is there (null where it is absent), numbers are numbers,
enum values are without their prefix ("COMPLETED"), durations are seconds (`ttl_seconds`), and JSON that travels as text
is what it says (`parameters_json: "{}"` is `parameters: {}`; an inline JSON result is `value`).
"""

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from orch_cli.results import is_json

if TYPE_CHECKING:
    from google._upb._message import EnumDescriptor as FastEnum
    from google._upb._message import FieldDescriptor as FastField
    from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
    from google.protobuf.message import Message

_JSON_SUFFIX = "_json"


def plain(value: object) -> object:
    """A message, or messages in lists and mappings, as JSON's own types."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    from google.protobuf.message import Message

    if isinstance(value, Message):
        return _message(value)
    return str(value)


def enum_name(number: int, descriptor: "EnumDescriptor | FastEnum") -> str:
    """An enum's value without the prefix that its type gives it; empty for "unspecified", the number where unknown."""
    known = descriptor.values_by_number.get(number)
    if known is None:
        return str(number)
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", descriptor.name).upper() + "_"
    name: str = known.name.removeprefix(prefix)
    return "" if name == "UNSPECIFIED" else name


def _message(message: "Message") -> object:
    special = _SPECIAL.get(message.DESCRIPTOR.full_name)
    if special is not None:
        return special(message)
    found: dict[str, object] = {}
    for field in message.DESCRIPTOR.fields:
        group = field.containing_oneof
        # A choice is told by the one that was made; an `optional` is a choice of one, and is told as null.
        if group is not None and len(group.fields) > 1 and message.WhichOneof(group.name) != field.name:
            continue
        name, value = _named(field, message)
        found[name] = value
    return found


def _named(field: "FieldDescriptor | FastField", message: "Message") -> tuple[str, object]:
    raw: object = getattr(message, field.name)
    if field.is_repeated:
        return field.name, _repeated(field, raw)
    if field.has_presence and not message.HasField(field.name):
        raw = None
    if field.message_type is not None and field.message_type.full_name == "google.protobuf.Duration":
        return f"{field.name}_seconds", plain(raw)
    if field.name.endswith(_JSON_SUFFIX) and isinstance(raw, str):
        return field.name.removesuffix(_JSON_SUFFIX), _parsed(raw)
    return field.name, _single(field, raw)


def _repeated(field: "FieldDescriptor | FastField", raw: object) -> object:
    if isinstance(raw, Mapping):
        return plain(dict(raw))
    assert isinstance(raw, Sequence), field.full_name
    return [_single(field, each) for each in raw]


def _single(field: "FieldDescriptor | FastField", raw: object) -> object:
    if isinstance(raw, bytes):
        return base64.b64encode(raw).decode()
    if field.enum_type is not None and isinstance(raw, int):
        return enum_name(raw, field.enum_type) or None
    return plain(raw)


def _parsed(text: str) -> object:
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def _timestamp(message: "Message") -> object:
    from google.protobuf.timestamp_pb2 import Timestamp

    assert isinstance(message, Timestamp)
    return message.ToJsonString()


def _duration(message: "Message") -> object:
    from google.protobuf.duration_pb2 import Duration

    assert isinstance(message, Duration)
    seconds = message.seconds + message.nanos / 1e9
    return int(seconds) if seconds.is_integer() else seconds


def _result(message: "Message") -> object:
    from orch_proto.v1.result_pb2 import Result

    assert isinstance(message, Result)
    about = {"media_type": message.media_type, "size_bytes": message.size_bytes}
    if message.WhichOneof("content") == "uri":
        return {"uri": message.uri, **about}
    if is_json(message.media_type):
        return {"value": _parsed(message.data.decode("utf-8", "replace")), **about}
    return {"data": base64.b64encode(message.data).decode(), **about}


_SPECIAL: "dict[str, Callable[[Message], object]]" = {
    "google.protobuf.Timestamp": _timestamp,
    "google.protobuf.Duration": _duration,
    "orch.v1.Result": _result,
}
