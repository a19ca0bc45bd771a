"""The server's shell: where it listens, what it limits, how it is known to be well, how it goes."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import grpc
import pytest
import trustme
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest

from orch_proto.v1.log_service_pb2 import WatchLogsRequest, WatchLogsResponse
from orch_proto.v1.server_service_pb2 import GetServerInfoRequest, GetServerInfoResponse
from orch_server.errors import StartupError
from orch_server.rpc.endpoint import Endpoint, TlsIdentity
from orch_server.rpc.handlers import Context
from orch_server.rpc.server import build_server
from orch_server.shutdown import StopRequest
from orch_server.shutdown import serve as serve_until_stopped
from tests.rpc.edge.serving import Edge, Scripted, serve

if TYPE_CHECKING:
    from google.protobuf.message import Message

SERVING, NOT_SERVING = HealthCheckResponse.SERVING, HealthCheckResponse.NOT_SERVING


async def test_a_free_port_is_taken_and_told() -> None:
    async with serve() as edge:
        assert edge.rpc.port > 0
        assert edge.rpc.url == f"http://127.0.0.1:{edge.rpc.port}"
        assert edge.rpc.services == ("orch.v1.ServerService", "orch.v1.LogService", "orch.v1.BatchService")
        assert (await edge.info.GetServerInfo(GetServerInfoRequest())).version == "1.2.3"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
async def test_two_servers_never_share_a_port(host: str) -> None:
    async with serve() as edge:
        with pytest.raises(StartupError, match=f"Port {edge.rpc.port} on {host} is in use: by another Orch"):
            build_server(endpoint=Endpoint(host=host, port=edge.rpc.port), services=[])


async def test_nobody_can_join_the_port_and_get_half_of_the_calls() -> None:
    async with serve() as edge:
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            with pytest.raises(OSError, match="in use"):
                other.bind(("127.0.0.1", edge.rpc.port))


async def test_a_port_that_another_program_listens_on_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(StartupError, match="--port"):
            build_server(endpoint=Endpoint(port=port), services=[])


@pytest.mark.parametrize(
    ("host", "says"),
    [("203.0.113.7", "does not have the address 203.0.113.7"), ("no-such-host.invalid", "has no address")],
)
async def test_an_address_of_somebody_else_is_told(host: str, says: str) -> None:
    with pytest.raises(StartupError, match=says):
        build_server(endpoint=Endpoint(host=host, port=0), services=[])


async def test_a_message_above_the_limit_is_refused() -> None:
    async with serve(endpoint=Endpoint(port=0, max_message_bytes=1024)) as edge:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await edge.call_raw("/orch.v1.ServerService/GetServerInfo", b"x" * 2048)

    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_reflection_lists_all_services_and_describes_them() -> None:
    async with serve() as edge:
        call = edge.reflect(
            ServerReflectionRequest(list_services=""),
            ServerReflectionRequest(file_containing_symbol="orch.v1.LogService"),
        )
        listed, described = [response async for response in call]

    assert {service.name for service in listed.list_services_response.service} == {
        "orch.v1.ServerService",
        "orch.v1.LogService",
        "orch.v1.BatchService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    }
    assert described.file_descriptor_response.file_descriptor_proto


async def test_health_knows_the_server_and_each_service() -> None:
    async with serve() as edge:
        assert await edge.check() == SERVING
        assert await edge.check("orch.v1.LogService") == SERVING

        edge.rpc.health.set(["orch.v1.LogService"], serving=False)
        assert await edge.check("orch.v1.LogService") == NOT_SERVING
        assert await edge.check() == SERVING

        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await edge.check("orch.v1.Nothing")
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def state(watcher: "grpc.aio.UnaryStreamCall[Message, HealthCheckResponse]") -> int:
    response = await watcher.read()
    assert isinstance(response, HealthCheckResponse)
    return response.status


async def test_every_watcher_hears_every_change_even_after_another_has_left() -> None:
    async with serve() as edge:
        watchers = [edge.watch_health() for _ in range(3)]
        assert [await state(watcher) for watcher in watchers] == [SERVING] * 3
        watchers.pop().cancel()

        edge.rpc.health.set([""], serving=False)
        assert [await state(watcher) for watcher in watchers] == [NOT_SERVING] * 2
        edge.rpc.health.set([""], serving=True)
        assert [await state(watcher) for watcher in watchers] == [SERVING] * 2


async def test_a_service_that_is_not_there_is_watched_as_unknown() -> None:
    async with serve() as edge:
        watcher = edge.watch_health("orch.v1.Later")
        assert await state(watcher) == HealthCheckResponse.SERVICE_UNKNOWN


async def test_draining_tells_watchers_and_still_answers_calls() -> None:
    async with serve() as edge:
        watcher = edge.watch_health()
        await watcher.read()

        await edge.rpc.drain()

        assert await state(watcher) == NOT_SERVING
        assert await watcher.read() is grpc.aio.EOF
        assert edge.rpc.draining.is_set()
        assert (await edge.info.GetServerInfo(GetServerInfoRequest())).version == "1.2.3"
        edge.rpc.health.set([""], serving=True)
        assert await edge.check() == NOT_SERVING


async def test_stopping_waits_for_calls_under_way_and_for_no_watcher() -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def info(request: GetServerInfoRequest, context: Context) -> GetServerInfoResponse:
        entered.set()
        await leave.wait()
        return GetServerInfoResponse(version="late, but here")

    async with serve(Scripted(info=info)) as edge:
        watcher = edge.watch_health()
        await watcher.read()
        call = asyncio.ensure_future(edge.info.GetServerInfo(GetServerInfoRequest()))
        await entered.wait()

        stopping = asyncio.create_task(edge.rpc.stop(3600))
        await edge.rpc.draining.wait()
        leave.set()

        assert (await call).version == "late, but here"
        await stopping


async def test_insisting_cancels_calls_that_a_patient_stop_waits_for() -> None:
    entered = asyncio.Event()

    async def watch(request: WatchLogsRequest, context: Context) -> AsyncIterator[WatchLogsResponse]:
        entered.set()
        await asyncio.Event().wait()
        yield WatchLogsResponse()

    request, started = StopRequest(), asyncio.Event()
    async with serve(Scripted(watch=watch)) as edge:
        serving = asyncio.create_task(serve_until_stopped(edge.rpc, request, grace_seconds=3600, started=started.set))
        await started.wait()
        call = edge.logs.WatchLogs(WatchLogsRequest())
        reading = asyncio.ensure_future(call.read())
        await entered.wait()

        request.hear("SIGTERM")
        await edge.rpc.draining.wait()
        request.hear("SIGTERM")

        await serving
        with pytest.raises(grpc.aio.AioRpcError):
            await reading


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def identity(authority: trustme.CA, client_ca: bytes | None = None) -> TlsIdentity:
    issued = authority.issue_cert("127.0.0.1", "localhost")
    chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
    return TlsIdentity(chain, issued.private_key_pem.bytes(), client_ca)


async def test_with_a_certificate_calls_are_encrypted(authority: trustme.CA) -> None:
    credentials = grpc.ssl_channel_credentials(authority.cert_pem.bytes())
    async with serve(endpoint=Endpoint(port=0, tls=identity(authority)), credentials=credentials) as edge:
        assert edge.rpc.url.startswith("https://")
        assert (await edge.info.GetServerInfo(GetServerInfoRequest())).version == "1.2.3"

        async with grpc.aio.insecure_channel(edge.rpc.endpoint.address(edge.rpc.port)) as plain:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await Edge(edge.rpc, plain, edge.servicer).check()
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_with_a_client_ca_only_its_certificates_get_in(authority: trustme.CA) -> None:
    clients = trustme.CA()
    shown = clients.issue_cert("worker-1")
    root = authority.cert_pem.bytes()
    with_certificate = grpc.ssl_channel_credentials(
        root, shown.private_key_pem.bytes(), b"".join(blob.bytes() for blob in shown.cert_chain_pems)
    )
    endpoint = Endpoint(port=0, tls=identity(authority, clients.cert_pem.bytes()))
    async with serve(endpoint=endpoint, credentials=with_certificate) as edge:
        assert (await edge.info.GetServerInfo(GetServerInfoRequest())).version == "1.2.3"

        address = edge.rpc.endpoint.address(edge.rpc.port)
        async with grpc.aio.secure_channel(address, grpc.ssl_channel_credentials(root)) as without:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await Edge(edge.rpc, without, edge.servicer).check()
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
