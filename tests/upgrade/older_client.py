"""A client that knows nothing but a contract: a recorded set of descriptors, no generated code.

What it sends and hears are messages of that contract, written here as JSON with the contract's own names. A field that
the contract does not have is left out, as a program of that time would.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

import grpc
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

Json: TypeAlias = Any

_CALL_SECONDS = 20.0
_PACKAGE = "orch.v1"


class OlderClient:
    """Calls a server by a contract's descriptors."""

    def __init__(self, contract: bytes, channel: grpc.Channel) -> None:
        """contract: a serialized FileDescriptorSet, with what it imports."""
        self._channel = channel
        files = FileDescriptorSet.FromString(contract)
        pool = DescriptorPool()
        for file in files.file:
            pool.Add(file)
        self._methods = dict(_methods(pool.FindFileByName(file.name) for file in files.file))

    def knows(self, method: str) -> bool:
        """Whether the contract has a method of this name ("GetFlowRun")."""
        return method in self._methods

    def methods(self) -> list[str]:
        """The names of all its methods."""
        return sorted(self._methods)

    def takes(self, method: str, field: str) -> bool:
        """Whether a method's request has a field."""
        return field in self._methods[method].input_type.fields_by_name

    def call(self, method: str, /, **request: Json) -> Json:
        """Call a method; the answer, with the fields that are not empty. Raises grpc.RpcError."""
        described = self._methods[method]
        ask = self._channel.unary_unary(
            _path(described), _serialized, GetMessageClass(described.output_type).FromString
        )
        return _as_json(ask(_message(described, request), timeout=_CALL_SECONDS))

    def watch(self, method: str, /, **request: Json) -> Iterator[Json]:
        """Call a method that answers with a stream."""
        described = self._methods[method]
        ask = self._channel.unary_stream(
            _path(described), _serialized, GetMessageClass(described.output_type).FromString
        )
        for answer in ask(_message(described, request), timeout=_CALL_SECONDS):
            yield _as_json(answer)

    def first(self, method: str, /, **request: Json) -> Json:
        """Call a method of either kind; its first answer."""
        streams = self._methods[method].server_streaming
        return next(self.watch(method, **request), {}) if streams else self.call(method, **request)


def served_contract(channel: grpc.Channel) -> bytes:
    """The contract as a server itself tells it, by reflection: a serialized FileDescriptorSet."""
    database = ProtoReflectionDescriptorDatabase(channel)
    found = FileDescriptorSet()
    known: set[str] = set()

    def add(name: str) -> None:
        if name in known:
            return
        known.add(name)
        file = database.FindFileByName(name)
        for imported in file.dependency:
            add(imported)
        found.file.append(file)

    for service in sorted(database.get_services()):
        if service.startswith(f"{_PACKAGE}."):
            add(database.FindFileContainingSymbol(service).name)
    return found.SerializeToString(deterministic=True)


def _methods(files: Iterator[FileDescriptor]) -> Iterator[tuple[str, MethodDescriptor]]:
    for file in files:
        for service in file.services_by_name.values():
            for method in service.methods:
                yield method.name, method


def _path(method: MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"


def _message(method: MethodDescriptor, request: Json) -> Message:
    return ParseDict(request, GetMessageClass(method.input_type)(), ignore_unknown_fields=True)


def _serialized(message: Message) -> bytes:
    return message.SerializeToString()


def _as_json(message: Message) -> Json:
    return MessageToDict(message, preserving_proto_field_name=True)
