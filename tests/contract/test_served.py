"""The server serves the contract: all of its services, all of their methods, and nothing else under its name."""

from collections.abc import Iterator
from typing import cast

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from tests.support import contract
from tests.support.started_server import started_server

every_method = pytest.mark.parametrize("method", contract.methods(), ids=contract.short_name)


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[grpc.Channel]:
    with started_server(tmp_path_factory.mktemp("home")) as server, grpc.insecure_channel(server.address) as opened:
        yield opened


def test_the_services_are_those_of_the_contract(channel: grpc.Channel) -> None:
    served = set(ProtoReflectionDescriptorDatabase(channel).get_services())

    assert {name for name in served if name.startswith(f"{contract.PACKAGE}.")} == {
        service.full_name for service in contract.services()
    }
    assert {name for name in served if not name.startswith(f"{contract.PACKAGE}.")} == {
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    }


def test_reflection_tells_every_method(channel: grpc.Channel) -> None:
    pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))

    for service in contract.services():
        told = pool.FindServiceByName(service.full_name)
        assert [method.name for method in told.methods] == [method.name for method in service.methods]


@every_method
def test_no_method_is_missing(method: MethodDescriptor, channel: grpc.Channel) -> None:
    assert code_of(channel, contract.path(method)) is not grpc.StatusCode.UNIMPLEMENTED


def test_a_method_that_is_not_in_the_contract_is_missing(channel: grpc.Channel) -> None:
    assert code_of(channel, "/orch.v1.FlowRunService/Forget") is grpc.StatusCode.UNIMPLEMENTED


def code_of(channel: grpc.Channel, path: str) -> grpc.StatusCode:
    """How the server answers an empty request. Of a stream, its first answer is enough."""
    call = channel.unary_stream(path, bytes, bytes)(b"", timeout=5)
    try:
        next(call, b"")
    except grpc.RpcError as error:
        return cast("grpc.Call", error).code()
    finally:
        call.cancel()
    return grpc.StatusCode.OK
