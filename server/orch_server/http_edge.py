"""The HTTP edge as this server's settings want it. What it is made of is loaded only where it is not off."""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orch_server.application.errors import OrchError
from orch_server.application.ports import Store
from orch_server.application.telemetry import Telemetry
from orch_server.background.meters import Meters
from orch_server.collector import loading
from orch_server.rpc.errors import status_message
from orch_server.rpc.server import RpcServer
from orch_server.settings import Settings

if TYPE_CHECKING:
    from orch_server.web.meters import MeterTelemetry
    from orch_server.web.server import HttpServer

logger = logging.getLogger(__name__)


def with_meters(settings: Settings, telemetry: Telemetry) -> Telemetry:
    """Telemetry that /metrics can show, where there is such a page."""
    if settings.http.port is None:
        return telemetry
    from orch_server.web.meters import MeterTelemetry

    return MeterTelemetry(telemetry)


def http_server(settings: Settings, rpc: RpcServer, telemetry: Telemetry, store: Store) -> "HttpServer | None":
    """A server bound to its address, not yet started; None where HTTP is off. Raises StartupError.

    telemetry: as `with_meters` made it.
    """
    http, endpoint = settings.http, settings.endpoint
    if http.port is None:
        return None
    with loading():
        from orch_server.web.guarding import allow_many_files
        from orch_server.web.meters import MeterTelemetry
        from orch_server.web.serving import Listening, Served, build_http_server, tls_context

    assert isinstance(telemetry, MeterTelemetry)
    allow_many_files()
    tls = None
    if endpoint.tls and http.certificate and http.key:
        tls = tls_context(http.certificate, http.key, endpoint.tls.client_ca)
    state = _State(rpc, store, _meters(settings, store, telemetry))
    return build_http_server(
        Listening(endpoint.host, http.port, http.fixed, tls),
        Served(
            methods=rpc.methods,
            encode=status_message,
            meters=telemetry,
            refresh=state.refresh,
            readiness=state.readiness,
            keys=settings.access.api_keys,
            origins=http.origins,
            webhooks=http.webhooks,
            max_message_bytes=endpoint.max_message_bytes,
        ),
    )


def _meters(settings: Settings, store: Store, telemetry: "MeterTelemetry") -> Meters | None:
    """Whoever exports metrics reads the gauges by himself."""
    return None if settings.telemetry.metrics else Meters(store, telemetry)


@dataclass(frozen=True, slots=True)
class _State:
    """What probes ask about."""

    rpc: RpcServer
    store: Store
    meters: Meters | None

    async def readiness(self) -> str:
        """Why the server cannot work now; empty where it can."""
        if self.rpc.draining.is_set():
            return "the server is stopping"
        try:
            await self.store.read(lambda tx: tx.now)
        except OrchError as error:
            logger.info("not ready", extra={"cause": error.message})
            return "the database is away"
        return ""

    async def refresh(self) -> None:
        """Reads the gauges. Where that fails they show nothing, and everything else is shown."""
        if self.meters is None:
            return
        try:
            await self.meters.run_once()
        except OrchError as error:
            logger.warning("gauges not read", extra={"cause": error.message})
