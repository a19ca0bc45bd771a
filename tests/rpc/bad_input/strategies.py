"""Messages of any type with any values in them, built from descriptors: what a broken or a hostile client may send.

Half of the ids, names and tokens are real ones, so that calls get past the first check.
"""

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import strategies as st

from tests.rpc.bad_input.world import World, new_run_id
from tests.support.contract import is_repeated

_DEPTH = 4
_INT32 = (0, 1, 2, -1, 2**31 - 1, -(2**31))
_INT64 = (*_INT32, 2**31, 2**32, 2**53 + 1, 2**63 - 1, -(2**63))
_DOUBLES = (0.0, 0.5, -1.0, 10.0, 11.0, 1e308, float("nan"), float("inf"), float("-inf"))
_SECONDS = (*_INT64, 1_790_000_000, -62_135_596_800, -62_135_596_801, 253_402_300_799, 253_402_300_800, 315_576_000_001)
_NANOS = (0, 1, 999_999_999, 1_000_000_000, -1, -999_999_999, 2**31 - 1)
_JSON = (
    "",
    "{}",
    '{"day": 1}',
    '{"day": NaN}',
    '{"day": 1e999}',
    '{"text": "\\u0000"}',
    '{"text": "\\ud800"}',
    '{"\\udfff": 1}',
    '{"day": 1, "day": 2}',
    '{"day": ' + "9" * 5000 + "}",
    "[" * 500 + "]" * 500,
    "[]",
    "null",
    "{",
    '{"a": "\x00"}',
)
_TEXT = st.one_of(st.text(max_size=12), st.sampled_from(["", "\x00", "a\x00b", "ä" * 300, "x" * 10_000, "%", "\u2028"]))
_SPECS = (
    "* * * * *",
    "@daily",
    "0 0 30 2 *",
    "61 * * * *",
    "FREQ=DAILY",
    "FREQ=SECONDLY",
    "FREQ=YEARLY;COUNT=0",
    "DTSTART:99991231T235959Z\nRRULE:FREQ=DAILY",
    "RRULE:FREQ=DAILY;UNTIL=19000101T000000Z",
)
_ZONES = ("", "UTC", "Europe/Berlin", "Australia/Lord_Howe", "Mars/Olympus", "../../etc/passwd", "localtime")


def any_message(descriptor: Descriptor, world: World) -> st.SearchStrategy[Message]:
    """Messages of a type."""
    return _Builder(world).message(descriptor, _DEPTH)


class _Builder:
    """Strategies by what a field is called, and by its type."""

    def __init__(self, world: World) -> None:
        ids = [
            *(world.flow_run_id, world.queued_id, world.deployment_id, world.schedule_id, world.session_id),
            *(world.task_run_id, world.used_request_id),
            *(world.holder_id, world.started_id, world.failed_id, world.completed_id, new_run_id()),
        ]
        self._id = st.one_of(st.sampled_from(ids), st.uuids().map(str), st.sampled_from(["", "1", "{}"]), _TEXT)
        names = [world.flow, world.work_pool, world.work_queue, world.deployment, "default", "run", "nightly"]
        self._name = st.one_of(st.sampled_from(names), _TEXT)
        self._number = st.one_of(st.just(world.token), st.sampled_from(_INT64), st.integers(-(2**63), 2**63 - 1))
        self._real: Mapping[str, str] = {
            "flow_run_id": world.flow_run_id,
            "deployment_id": world.deployment_id,
            "schedule_id": world.schedule_id,
            "session_id": world.session_id,
            "task_run_id": world.task_run_id,
            "holder_id": world.holder_id,
        }

    def message(self, descriptor: Descriptor, depth: int) -> st.SearchStrategy[Message]:
        """Messages of a type, some of whose fields are set; of a oneof at most one."""
        if descriptor.full_name in _WELL_KNOWN:
            return _WELL_KNOWN[descriptor.full_name](descriptor)
        fields = [each for each in descriptor.fields if depth or each.message_type is None]
        values = st.fixed_dictionaries({}, optional={each.name: self.value(each, depth) for each in fields})
        return values.map(lambda chosen: _filled(descriptor, chosen))

    def value(self, field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
        """Values of a field."""
        if is_repeated(field) and field.message_type is not None and field.message_type.GetOptions().map_entry:
            return st.dictionaries(_TEXT, _TEXT, max_size=2)
        one = self._one(field, depth)
        return st.lists(one, max_size=3) if is_repeated(field) else one

    def _one(self, field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
        if field.message_type is not None:
            return self.message(field.message_type, depth - 1)
        if field.enum_type is not None:
            known = [value.number for value in field.enum_type.values]
            return st.one_of(st.sampled_from(known), st.sampled_from([-1, 99, 2**31 - 1]))
        return self._scalar(field)

    def _scalar(self, field: FieldDescriptor) -> st.SearchStrategy[Any]:
        match field.type:
            case FieldDescriptor.TYPE_STRING:
                return self._text(field.name)
            case FieldDescriptor.TYPE_BOOL:
                return st.booleans()
            case FieldDescriptor.TYPE_BYTES:
                return st.binary(max_size=20)
            case FieldDescriptor.TYPE_DOUBLE:
                return st.one_of(st.sampled_from(_DOUBLES), st.floats())
            case FieldDescriptor.TYPE_INT32:
                return st.one_of(st.sampled_from(_INT32), st.integers(-(2**31), 2**31 - 1))
            case FieldDescriptor.TYPE_INT64:
                return self._number
        raise AssertionError(f"{field.full_name} has a type that nothing is made for here")

    def _text(self, name: str) -> st.SearchStrategy[str]:
        if name in self._real:
            return st.one_of(st.just(self._real[name]), self._id)
        if name.endswith(("_id", "_ids")):
            return self._id
        if name.endswith("_json"):
            return st.one_of(st.sampled_from(_JSON), _TEXT)
        if name in {"expression", "rule"}:
            return st.one_of(st.sampled_from(_SPECS), _TEXT)
        if name == "time_zone":
            return st.one_of(st.sampled_from(_ZONES), _TEXT)
        return self._name


def _filled(descriptor: Descriptor, chosen: Mapping[str, Any]) -> Message:
    message = GetMessageClass(descriptor)()
    for name, value in chosen.items():
        field = descriptor.fields_by_name[name]
        if isinstance(value, Message):
            getattr(message, name).CopyFrom(value)
        elif isinstance(value, dict):
            getattr(message, name).update(value)
        elif is_repeated(field):
            getattr(message, name).extend(value)
        else:
            setattr(message, name, value)
    return message


def _seconds_and_nanos(descriptor: Descriptor) -> st.SearchStrategy[Message]:
    make = GetMessageClass(descriptor)
    return st.builds(make, seconds=st.sampled_from(_SECONDS), nanos=st.sampled_from(_NANOS))


_PATHS = ("name", "tags", "description", "paused", "priority", "concurrency_limit", "lease_ttl", "cron", "interval")
_MORE_PATHS = (
    "rrule",
    "jitter",
    "catch_up_window",
    "parameters_json",
    "launch_spec",
    "etag",
    "",
    "a.b",
    "work_pool_name",
)


def _mask(descriptor: Descriptor) -> st.SearchStrategy[Message]:
    paths = st.lists(st.one_of(st.sampled_from([*_PATHS, *_MORE_PATHS]), _TEXT), max_size=3)
    return st.builds(GetMessageClass(descriptor), paths=paths)


_WELL_KNOWN: Mapping[str, Callable[[Descriptor], st.SearchStrategy[Message]]] = {
    "google.protobuf.Timestamp": _seconds_and_nanos,
    "google.protobuf.Duration": _seconds_and_nanos,
    "google.protobuf.FieldMask": _mask,
}
