"""The contract as data: every service, method, message, field and enum of orch.v1, read off the generated code."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from google.protobuf.descriptor import (
    Descriptor,
    EnumDescriptor,
    FieldDescriptor,
    FileDescriptor,
    MethodDescriptor,
    ServiceDescriptor,
)
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

import orch_proto.v1

PACKAGE = "orch.v1"


def files() -> list[FileDescriptor]:
    """The contract's files, by name."""
    names = sorted(module.name for module in iter_modules(orch_proto.v1.__path__) if module.name.endswith("_pb2"))
    return [import_module(f"orch_proto.v1.{name}").DESCRIPTOR for name in names]


def services() -> list[ServiceDescriptor]:
    """Every service, by file."""
    return [service for file in files() for service in file.services_by_name.values()]


def methods() -> list[MethodDescriptor]:
    """Every RPC, by service."""
    return [method for service in services() for method in service.methods]


def messages() -> list[Descriptor]:
    """Every message but the entries of maps, by file."""
    return [each for file in files() for top in file.message_types_by_name.values() for each in _with_nested(top)]


def _with_nested(message: Descriptor) -> Iterator[Descriptor]:
    if not message.GetOptions().map_entry:
        yield message
        for nested in message.nested_types:
            yield from _with_nested(nested)


def fields() -> list[FieldDescriptor]:
    """Every field of every message."""
    return [field for message in messages() for field in message.fields]


def enums() -> list[EnumDescriptor]:
    """Every enum."""
    return [enum for file in files() for enum in file.enum_types_by_name.values()]


def short_name(method: MethodDescriptor) -> str:
    """ "FlowRunService.GetFlowRun"."""
    return f"{method.containing_service.name}.{method.name}"


def path(method: MethodDescriptor) -> str:
    """ "/orch.v1.FlowRunService/GetFlowRun"."""
    return f"/{method.containing_service.full_name}/{method.name}"


def request_class(method: MethodDescriptor) -> type[Message]:
    """The class of its requests."""
    return GetMessageClass(method.input_type)


def response_class(method: MethodDescriptor) -> type[Message]:
    """The class of its answers."""
    return GetMessageClass(method.output_type)


def is_repeated(field: FieldDescriptor) -> bool:
    """Whether a field is a list or a map."""
    return bool(field.is_repeated)
