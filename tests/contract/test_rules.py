"""The rules that buf cannot check: what every client may rely on, whichever service it talks to.

docs/architecture.md, "The contract". Each exception stands here, with its reason.
"""

import re

import pytest
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

from orch_client.methods import IDEMPOTENT
from tests.support import contract

TIMESTAMP, DURATION, FIELD_MASK = (f"google.protobuf.{name}" for name in ("Timestamp", "Duration", "FieldMask"))

REPEATABLE_WITHOUT_REQUEST_ID = {
    "orch.v1.LeaseService.SyncLeases": "the heartbeat names the whole of what is held: a repeat says it again",
    "orch.v1.LeaseService.AdoptLease": "adopter_id names the process: its repeat is answered alike",
    "orch.v1.LeaseService.ReportRuns": "token and sequence name each report: a repeat is a DUPLICATE",
    "orch.v1.LeaseService.ReleaseLeases": "the token names what is given back: a repeat is a DUPLICATE",
    "orch.v1.LogService.AppendLogs": "the offset names each line: nothing is stored twice",
    "orch.v1.TaskRunService.ReportTaskRuns": "the version names each report: what is not newer changes nothing",
    "orch.v1.WorkerService.CloseSession": "a closed session stays closed",
    "orch.v1.BatchService.CallBatch": "each of its calls names what makes its own repeat harmless",
    "orch.v1.BatchService.StreamCalls": "each of its calls names what makes its own repeat harmless",
}
"""Calls that change something and take no request_id: what makes their repeat harmless."""

CALLERS_STREAM = {"orch.v1.BatchService.StreamCalls": "each of its messages is a call, which is repeated as such"}
"""Methods to which callers stream."""

TIMES_BY_ANOTHER_NAME = {
    "orch.v1.LogRecord.time": "a line has one time, and there are millions of lines",
    "orch.v1.FlowRunFilter.create_time_from": "a bound of create_time",
    "orch.v1.FlowRunFilter.create_time_to": "a bound of create_time",
    "orch.v1.LogFilter.time_from": "a bound of a line's time",
    "orch.v1.LogFilter.time_to": "a bound of a line's time",
}
"""Timestamps whose names do not end in `_time`."""

RELEASED_NUMBERS = {"orch.v1.LogLevel": "the numbers are Python's, so that levels compare"}
"""Enums whose numbers are not 0, 1, 2, …"""

READS = re.compile(r"(Count|Get|List|Preview|Watch)[A-Z]")

every_method = pytest.mark.parametrize("method", contract.methods(), ids=contract.short_name)
every_enum = pytest.mark.parametrize("enum", contract.enums(), ids=lambda enum: enum.name)
lists = pytest.mark.parametrize(
    "method", [each for each in contract.methods() if each.name.startswith("List")], ids=contract.short_name
)
updates = pytest.mark.parametrize(
    "method", [each for each in contract.methods() if each.name.startswith("Update")], ids=contract.short_name
)
deletes = pytest.mark.parametrize(
    "method", [each for each in contract.methods() if each.name.startswith("Delete")], ids=contract.short_name
)


def type_of(message: Descriptor, name: str) -> str:
    """A field's type: "string", or a message's full name; empty where there is no such field."""
    field = message.fields_by_name.get(name)
    if field is None:
        return ""
    return field.message_type.full_name if field.message_type is not None else _SCALARS.get(field.type, "another")


_SCALARS = {
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_BOOL: "bool",
}


def reads(method: MethodDescriptor) -> bool:
    return READS.match(method.name) is not None


def test_there_is_a_contract_to_check() -> None:
    assert len(contract.services()) >= 11
    assert len(contract.methods()) >= 50


@every_method
def test_an_rpc_has_a_request_and_a_response_of_its_own(method: MethodDescriptor) -> None:
    assert method.input_type.name == f"{method.name}Request"
    assert method.output_type.name == f"{method.name}Response"
    streams = method.full_name in CALLERS_STREAM
    assert method.client_streaming == streams, "unary requests can be repeated; streams from clients cannot"


@every_method
def test_a_call_that_changes_something_can_be_repeated(method: MethodDescriptor) -> None:
    takes_id = type_of(method.input_type, "request_id") == "string"

    if reads(method):
        assert not takes_id, "reading is repeatable as it is"
    else:
        assert takes_id != (method.full_name in REPEATABLE_WITHOUT_REQUEST_ID)


def test_no_exception_names_a_call_that_is_gone() -> None:
    assert REPEATABLE_WITHOUT_REQUEST_ID.keys() <= {method.full_name for method in contract.methods()}
    assert TIMES_BY_ANOTHER_NAME.keys() <= {field.full_name for field in contract.fields()}


def test_the_client_repeats_the_same_calls() -> None:
    assert IDEMPOTENT.keys() == REPEATABLE_WITHOUT_REQUEST_ID.keys()


@every_method
def test_only_reading_is_declared_free_of_side_effects(method: MethodDescriptor) -> None:
    free = method.GetOptions().idempotency_level == MethodOptions.NO_SIDE_EFFECTS

    assert free == (reads(method) and not method.server_streaming)


@every_method
def test_only_watches_are_streams(method: MethodDescriptor) -> None:
    assert method.server_streaming == (method.name.startswith("Watch") or method.full_name in CALLERS_STREAM)


@lists
def test_a_list_has_pages(method: MethodDescriptor) -> None:
    assert type_of(method.input_type, "page_size") == "int32"
    assert type_of(method.input_type, "page_token") == "string"
    assert type_of(method.output_type, "next_page_token") == "string"
    items = [field for field in method.output_type.fields if contract.is_repeated(field)]
    assert [field.number for field in items] == [1]
    assert [field.message_type is not None for field in items] == [True]


@updates
def test_an_update_has_a_mask_and_a_resource_with_an_etag(method: MethodDescriptor) -> None:
    [resource] = [each for each in method.input_type.fields if each.name not in {"request_id", "update_mask"}]

    assert type_of(method.input_type, "update_mask") == FIELD_MASK
    assert resource.message_type is not None
    assert type_of(resource.message_type, "etag") == "string"
    assert type_of(method.output_type, resource.name) == resource.message_type.full_name


@deletes
def test_a_delete_can_be_guarded_by_an_etag(method: MethodDescriptor) -> None:
    assert type_of(method.input_type, "etag") == "string"


@every_enum
def test_an_enum_begins_with_not_given(enum: EnumDescriptor) -> None:
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", enum.name).upper()

    assert enum.values[0].number == 0
    assert enum.values[0].name == f"{prefix}_UNSPECIFIED"
    assert all(value.name.startswith(f"{prefix}_") for value in enum.values)


@every_enum
def test_an_enum_has_no_holes(enum: EnumDescriptor) -> None:
    numbers = [value.number for value in enum.values]

    assert (numbers == list(range(len(numbers)))) != (enum.full_name in RELEASED_NUMBERS)


def test_points_in_time_are_timestamps_and_say_so() -> None:
    named = {each.full_name for each in contract.fields() if re.search(r"_times?$", each.name)}
    typed = {each.full_name for each in contract.fields() if _message_name(each) == TIMESTAMP}

    assert typed - named == TIMES_BY_ANOTHER_NAME.keys()
    assert named - typed == set()


def test_spans_are_durations() -> None:
    spans = re.compile(r"(_|^)(seconds|millis|ms|ttl|interval|delays?|timeout|jitter|window|wait)$")
    numbers = [each for each in contract.fields() if spans.search(each.name) and each.message_type is None]

    assert [each.full_name for each in numbers] == []


def test_resources_say_when_they_came_to_be() -> None:
    resources = {
        field.message_type.full_name: field.message_type
        for method in contract.methods()
        if method.name.startswith("Create")
        for field in method.output_type.fields
        if field.message_type is not None
    }

    assert len(resources) == 5
    for resource in resources.values():
        for name in ("create_time", "update_time"):
            assert type_of(resource, name) == TIMESTAMP, f"{resource.full_name}.{name}"


def test_ids_are_texts() -> None:
    ids = [each for each in contract.fields() if re.search(r"_ids?$", each.name)]

    assert ids
    assert {each.full_name for each in ids if each.type != FieldDescriptor.TYPE_STRING} == set()


def test_no_field_is_a_free_form_struct() -> None:
    """docs/adr/0003: JSON travels as text, byte for byte."""
    assert [each.full_name for each in contract.fields() if _message_name(each) in _FREE_FORM] == []


_FREE_FORM = {f"google.protobuf.{name}" for name in ("Struct", "Value", "ListValue", "Any")}


def _message_name(field: FieldDescriptor) -> str:
    return field.message_type.full_name if field.message_type is not None else ""
