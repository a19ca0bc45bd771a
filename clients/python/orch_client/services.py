"""Services of the contract as attributes of a client."""

import re
from importlib import import_module
from typing import Any, Generic, Protocol, TypeVar, overload

StubT = TypeVar("StubT")


class HasTransport(Protocol):
    """A client, as far as a service needs it."""

    transport: Any
    """Has `unary_unary`, `unary_stream` and `stream_stream` like a gRPC channel; stubs are made on it."""


class Service(Generic[StubT]):
    """A generated stub, made on the client's transport, and imported, when it is first asked for."""

    def __init__(self, name: str) -> None:
        self._module = f"orch_proto.v1.{re.sub(r'(?<!^)(?=[A-Z])', '_', name).lower()}_pb2_grpc"
        self._stub = f"{name}Stub"
        self._attribute = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._attribute = name

    @overload
    def __get__(self, client: None, owner: type) -> "Service[StubT]": ...
    @overload
    def __get__(self, client: HasTransport, owner: type) -> StubT: ...

    def __get__(self, client: HasTransport | None, owner: type) -> "Service[StubT] | StubT":
        if client is None:
            return self
        stub: StubT = getattr(import_module(self._module), self._stub)(client.transport)
        # From now on the instance's own attribute is found first.
        vars(client)[self._attribute] = stub
        return stub
