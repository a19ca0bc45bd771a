"""Real servers on a free port, with a servicer that does what a test tells it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

from orch_proto.v1 import log_service_pb2_grpc, server_service_pb2_grpc
from orch_proto.v1.log_service_pb2 import WatchLogsRequest, WatchLogsResponse
from orch_proto.v1.server_service_pb2 import GetServerInfoRequest, GetServerInfoResponse
from orch_server.application.telemetry import NoTelemetry, Telemetry
from orch_server.rpc.endpoint import Endpoint
from orch_server.rpc.handlers import Context
from orch_server.rpc.server import RpcServer, build_server

if TYPE_CHECKING:
    from google.protobuf.message import Message


_PATIENCE_SECONDS = 10.0


async def _answer(request: GetServerInfoRequest, context: Context) -> GetServerInfoResponse:
    return GetServerInfoResponse(version="1.2.3")


async def _lines(request: WatchLogsRequest, context: Context) -> AsyncIterator[WatchLogsResponse]:
    for token in ("a", "b"):
        yield WatchLogsResponse(resume_token=token)


@dataclass
class Scripted(server_service_pb2_grpc.ServerServiceServicer, log_service_pb2_grpc.LogServiceServicer):
    """One unary and one streaming RPC whose behaviour a test chooses."""

    AppendLogs = log_service_pb2_grpc.LogServiceServicer.AppendLogs
    GetLogOffset = log_service_pb2_grpc.LogServiceServicer.GetLogOffset
    ListLogs = log_service_pb2_grpc.LogServiceServicer.ListLogs

    info: Callable[[GetServerInfoRequest, Context], Awaitable[GetServerInfoResponse]] = _answer
    watch: Callable[[WatchLogsRequest, Context], AsyncIterator[WatchLogsResponse]] = _lines

    async def GetServerInfo(self, request: GetServerInfoRequest, context: Context) -> GetServerInfoResponse:
        return await self.info(request, context)

    async def WatchLogs(self, request: WatchLogsRequest, context: Context) -> AsyncIterator[WatchLogsResponse]:
        async for response in self.watch(request, context):
            yield response


@dataclass(frozen=True)
class Edge:
    """A running server and a channel to it."""

    rpc: RpcServer
    channel: grpc.aio.Channel
    servicer: Scripted

    @property
    def info(self) -> "server_service_pb2_grpc.ServerServiceAsyncStub":
        return server_service_pb2_grpc.ServerServiceStub(self.channel)

    @property
    def logs(self) -> "log_service_pb2_grpc.LogServiceAsyncStub":
        return log_service_pb2_grpc.LogServiceStub(self.channel)

    def call_raw(self, method: str, request: bytes = b"") -> Awaitable[bytes]:
        """Any method, with any bytes."""
        return self.channel.unary_unary(method, bytes, bytes)(request)

    async def check(self, service: str = "") -> int:
        """What the health service says now."""
        call = self.channel.unary_unary(
            "/grpc.health.v1.Health/Check", HealthCheckRequest.SerializeToString, HealthCheckResponse.FromString
        )
        return (await call(HealthCheckRequest(service=service))).status

    def watch_health(self, service: str = "") -> "grpc.aio.UnaryStreamCall[Message, HealthCheckResponse]":
        """What the health service says as it changes."""
        call = self.channel.unary_stream(
            "/grpc.health.v1.Health/Watch", HealthCheckRequest.SerializeToString, HealthCheckResponse.FromString
        )
        return call(HealthCheckRequest(service=service))

    def reflect(
        self, *requests: ServerReflectionRequest, metadata: Sequence[tuple[str, str]] = ()
    ) -> "grpc.aio.StreamStreamCall[Message, ServerReflectionResponse]":
        """Asks the reflection service; without requests the stream is opened and nothing is sent."""
        call = self.channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            ServerReflectionRequest.SerializeToString,
            ServerReflectionResponse.FromString,
        )
        return call(iter(requests) if requests else None, metadata=tuple(metadata))


@asynccontextmanager
async def serve(
    servicer: Scripted | None = None,
    *,
    interceptors: Sequence[grpc.aio.ServerInterceptor] = (),
    endpoint: Endpoint | None = None,
    credentials: grpc.ChannelCredentials | None = None,
    telemetry: Telemetry | None = None,
) -> AsyncIterator[Edge]:
    """A server on a free port of this machine, and a channel to it."""
    servicer = servicer or Scripted()
    rpc = build_server(
        endpoint=endpoint or Endpoint(port=0),
        services=[
            partial(server_service_pb2_grpc.add_ServerServiceServicer_to_server, servicer),
            partial(log_service_pb2_grpc.add_LogServiceServicer_to_server, servicer),
        ],
        interceptors=interceptors,
        telemetry=telemetry or NoTelemetry(),
    )
    await rpc.start()
    address = rpc.endpoint.address(rpc.port)
    channel = grpc.aio.secure_channel(address, credentials) if credentials else grpc.aio.insecure_channel(address)
    try:
        async with channel:
            yield Edge(rpc, channel, servicer)
    finally:
        # Patiently: who has had his answer may look at what the server noted of it afterwards.
        await rpc.stop(_PATIENCE_SECONDS)
