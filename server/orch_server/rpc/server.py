"""The gRPC server's shell: limits, TLS, health, reflection, one error map around every handler, and a clear bind."""

import asyncio
import errno
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import grpc
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server
from grpc_reflection.v1alpha import reflection

from orch_proto.v1.batch_service_pb2_grpc import add_BatchServiceServicer_to_server
from orch_server.application.telemetry import NoTelemetry, Telemetry
from orch_server.errors import StartupError
from orch_server.rpc.batch_service import BatchServicer
from orch_server.rpc.certificate import ServerCertificate
from orch_server.rpc.endpoint import Endpoint
from orch_server.rpc.errors import Encoded, guarded
from orch_server.rpc.handlers import Handler, is_async
from orch_server.rpc.health import SERVICE as HEALTH
from orch_server.rpc.health import Health
from orch_server.rpc.methods import ServedMethod, served_methods
from orch_server.rpc.tracing import STREAM_OF_CALLS

# Puts a servicer into a server: functools.partial(add_FlowRunServiceServicer_to_server, servicer).
AddServicer = Callable[[grpc.aio.Server], None]

_NO_TELEMETRY = NoTelemetry()

# Workers and watching screens stay for days behind balancers and NAT that forget silent connections after a minute or
# more: they may ping every 10 s, calls under way or not, and the server itself finds out about the dead within 80 s.
_KEEPALIVE = (
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
)


@dataclass(frozen=True, slots=True)
class RpcServer:
    """A server that is bound, and what belongs to it.

    server: grpc's own. endpoint, port: where it listens. health: says NOT_SERVING once it
    drains. services: full names. methods: of the contract, for those who carry them otherwise. certificate: what it
    shows, where it encrypts.
    batch: ends the streams that callers keep open, when it drains.
    draining: set when no long poll or stream should last any longer.
    """

    server: grpc.aio.Server
    endpoint: Endpoint
    port: int
    health: Health
    batch: BatchServicer
    services: tuple[str, ...]
    methods: tuple[ServedMethod, ...] = ()
    certificate: ServerCertificate | None = None
    draining: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """What a client on this machine sets ORCH_API_URL to."""
        return self.endpoint.url(self.port)

    @property
    def local_url(self) -> str:
        """The same for a program of this machine, where the server listens on all of its addresses."""
        return self.endpoint.local_url(self.port)

    async def start(self) -> None:
        """Begins to answer calls."""
        await self.server.start()

    async def drain(self) -> None:
        """Says NOT_SERVING, and asks long polls and streams to end; calls are still answered."""
        self.health.drain()
        self.batch.drain()
        self.draining.set()

    async def stop(self, grace_seconds: float | None) -> None:
        """Takes no more calls, waits for those under way, then cancels them. None cancels at once, even amid a wait."""
        await self.drain()
        await self.server.stop(grace_seconds)


def build_server(
    *,
    endpoint: Endpoint,
    services: Iterable[AddServicer],
    interceptors: Sequence[grpc.aio.ServerInterceptor] = (),
    telemetry: Telemetry = _NO_TELEMETRY,
) -> RpcServer:
    """A server bound to its address, not yet started. To be called in the event loop that will run it.

    telemetry: counts calls. Interceptors see every call, the first one first. Raises StartupError where the address
    cannot be had.
    """
    server = grpc.aio.server(interceptors=interceptors, options=_options(endpoint))
    registrar = _Registrar(server, telemetry)
    as_server = cast("grpc.aio.Server", registrar)
    for add_servicer in services:
        add_servicer(as_server)
    batch = BatchServicer(telemetry)
    batch.carry(registrar.carried)
    add_BatchServiceServicer_to_server(batch, as_server)
    methods = tuple(registrar.methods)
    health = Health()
    health.set(registrar.names, serving=True)
    add_HealthServicer_to_server(health, as_server)
    names = tuple(name for name in registrar.names if name != HEALTH)
    reflection.enable_server_reflection((*registrar.names, reflection.SERVICE_NAME), server)
    certificate = ServerCertificate(endpoint.tls) if endpoint.tls else None
    port = _bind(server, endpoint, certificate)
    return RpcServer(server, endpoint, port, health, batch, names, methods, certificate)


class _Registrar:
    """Stands in for the server while servicers are added: learns their names and guards their handlers."""

    def __init__(self, server: grpc.aio.Server, telemetry: Telemetry) -> None:
        self._server = server
        self._telemetry = telemetry
        self.names: list[str] = []
        self.carried: dict[str, Encoded] = {}
        """Methods that a batch may carry, by path."""
        self.methods: list[ServedMethod] = []

    def add_generic_rpc_handlers(self, generic_rpc_handlers: Iterable[grpc.GenericRpcHandler]) -> None:
        """Left out: the same handlers come again, by name."""

    def add_registered_method_handlers(self, service_name: str, method_handlers: Mapping[str, Handler]) -> None:
        """What generated code calls with the service's name and its handlers."""
        self.names.append(service_name)
        self.methods.extend(served_methods(service_name, method_handlers))
        telemetry = _NO_TELEMETRY if service_name == HEALTH else self._telemetry
        handlers = {
            name: guarded(
                handler,
                f"{service_name}/{name}",
                telemetry=_NO_TELEMETRY if f"/{service_name}/{name}" == STREAM_OF_CALLS else telemetry,
            )
            for name, handler in method_handlers.items()
        }
        self.carried |= {
            f"/{service_name}/{name}": Encoded(handler, f"{service_name}/{name}", telemetry=telemetry)
            for name, handler in method_handlers.items()
            if is_async(handler) and not (handler.request_streaming or handler.response_streaming)
        }
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service_name, handlers),))


def _options(endpoint: Endpoint) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", endpoint.max_message_bytes),
        ("grpc.max_send_message_length", endpoint.max_message_bytes),
        # On by default: a second server on the port would start without complaint and get half of the calls.
        ("grpc.so_reuseport", 0),
        *_KEEPALIVE,
    ]


def _bind(server: grpc.aio.Server, endpoint: Endpoint, certificate: ServerCertificate | None) -> int:
    _probe(endpoint)
    try:
        if certificate is None:
            return server.add_insecure_port(endpoint.address())
        return server.add_secure_port(endpoint.address(), certificate.credentials())
    except RuntimeError as error:
        raise StartupError(f"Cannot listen on {endpoint.address()}: {error}") from error


def _probe(endpoint: Endpoint) -> None:
    """Binds and lets go: grpc does not say why it cannot, and of a name's several addresses one is enough for it."""
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise StartupError(
            f"Cannot listen on {endpoint.address()}: the name {endpoint.host!r} has no address ({error.strerror}). "
            "Choose another with --host."
        ) from error
    outcomes = [_try_bind(family, address) for family, _, _, _, address in found]
    failures = [failure for failure in outcomes if failure is not None]
    taken = [failure for failure in failures if failure.errno == errno.EADDRINUSE]
    if taken or len(failures) == len(found):
        raise StartupError(_why_not(endpoint, (taken or failures)[0]))


def _try_bind(family: int, address: tuple[object, ...]) -> OSError | None:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error
    return None


def _why_not(endpoint: Endpoint, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"Port {endpoint.port} on {endpoint.host} is in use: by another Orch? Stop that one, or choose another "
                "port with --port (0 takes any free one)."
            )
        case errno.EACCES:
            return f"This user may not listen on port {endpoint.port}. Choose one above 1023 with --port."
        case errno.EADDRNOTAVAIL:
            return f"This machine does not have the address {endpoint.host}. Choose one of its own with --host."
        case _:
            return f"Cannot listen on {endpoint.address()}: {error.strerror or error}."
