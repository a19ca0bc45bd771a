"""The edge, put together: from what it is handed to a server that can be started."""

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orch_server.application.api_keys import ApiKeys
from orch_server.web.access import Access, Origins
from orch_server.web.binding import PortTaken, bind
from orch_server.web.connect import ConnectApplication
from orch_server.web.cors import Cors
from orch_server.web.edge import Edge, Page, Routes, no_such_method
from orch_server.web.hooks.definitions import Webhook
from orch_server.web.hooks.endpoint import FOLDER, Hooks
from orch_server.web.login import Login
from orch_server.web.meters import MeterTelemetry
from orch_server.web.methods import EncodeFailure, Method
from orch_server.web.openapi import openapi_document
from orch_server.web.probes import Metrics, Readiness, Ready, Refresh, alive
from orch_server.web.server import HttpServer
from orch_server.web.sessions import Sessions
from orch_server.web.static_files import BUILT_IN, StaticFiles


@dataclass(frozen=True, slots=True)
class Listening:
    """Where.

    port: 0 takes any free one. fixed: a port that is taken is an error; otherwise any free one is taken instead.
    """

    host: str
    port: int
    fixed: bool
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """What, and to whom."""

    methods: Sequence[Method]
    encode: EncodeFailure
    meters: MeterTelemetry
    refresh: Refresh
    readiness: Readiness
    keys: tuple[str, ...] = field(default=(), repr=False)
    origins: frozenset[str] = frozenset()
    webhooks: Mapping[str, Webhook] = field(default_factory=dict)
    screen: Path = BUILT_IN
    max_message_bytes: int = 16 * 1024 * 1024


def build_http_server(listening: Listening, served: Served) -> HttpServer:
    """A server bound to its address, not yet started. Raises StartupError where the address cannot be had."""
    try:
        sockets = bind(listening.host, listening.port)
    except PortTaken:
        if listening.fixed:
            raise
        sockets = bind(listening.host, 0)
    port: int = sockets[0].getsockname()[1]
    return HttpServer(_edge(listening, served, port), sockets, listening.tls)


def _edge(listening: Listening, served: Served, port: int) -> Edge:
    keys = ApiKeys(served.keys)
    sessions = Sessions(keys, port=port, secure=listening.tls is not None)
    access = Access(keys, sessions, Origins(served.origins, listening.host))
    rpc = ConnectApplication(
        served.methods, served.encode, access.refusal, served.meters, max_message_bytes=served.max_message_bytes
    )
    login = Login(access, sessions, StaticFiles(served.screen))
    pages: dict[str, Page] = {
        "/healthz": alive,
        "/readyz": Ready(served.readiness),
        "/metrics": Metrics(access, served.meters, served.refresh),
        "/openapi.json": openapi_document,
        "/login": login.page,
        "/login.css": login.style,
        "/logout": login.end,
        "/session": login.state,
    }
    hooks = Hooks(served.webhooks, {method.path: method for method in served.methods})
    folders: dict[str, Page] = {FOLDER: hooks, "/orch.": no_such_method}
    return Edge(Routes(rpc, rpc.paths, pages, folders, login.screen), Cors(served.origins))


def tls_context(certificate: Path, key: Path, client_ca: bytes | None) -> ssl.SSLContext:
    """What gRPC shows and asks for, for HTTP. The files have been read before, and found to be right."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["http/1.1"])
    if client_ca is not None:
        context.load_verify_locations(cadata=client_ca.decode("ascii"))
        context.verify_mode = ssl.CERT_REQUIRED
    return context
