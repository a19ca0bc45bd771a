"""Wires a worker from its settings, and runs it: the one place where everything meets."""

import asyncio
import gc
import logging
import os
from contextlib import AsyncExitStack
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from orch_client.async_client import AsyncClient
from orch_client.channel import open_async_channel
from orch_client.errors import ConfigurationError, OrchClientError
from orch_client.logs import configure_logging
from orch_client.retry import RetryRule
from orch_client.settings import ClientSettings
from orch_proto.v1.server_service_pb2 import GetServerInfoRequest
from orch_worker.errors import SettingsError, StartupError, refused_at_start
from orch_worker.health import Health, health_endpoint
from orch_worker.home import WorkerHome, worker_home
from orch_worker.launchers.base import Launcher, LauncherError, LauncherSettings
from orch_worker.launchers.loading import launcher_factory
from orch_worker.lifecycle import Lifecycle
from orch_worker.meters import Telemetry
from orch_worker.patience import PASSING_AT_START, Contact
from orch_worker.pools import ensure_pool, find_pool
from orch_worker.racing import unless
from orch_worker.relay import open_relay
from orch_worker.sessions import WorkerIdentity
from orch_worker.settings import WorkerSettings
from orch_worker.signals import end_signals
from orch_worker.telemetry import open_telemetry
from orch_worker.worker import Worker, WorkerParts

logger = logging.getLogger(__name__)

_RELAY_FILE = "relay"


def main(settings: WorkerSettings) -> int:
    """Run a worker until it has drained; its exit code. Raises WorkerError where it cannot start or go on."""
    configure_logging(settings.logs.format, settings.logs.level, secrets=[settings.client.api_key])
    with worker_home(settings.home, pool=settings.pool, name=settings.name) as home:
        asyncio.run(_run(settings, home))
    return 0


async def _run(settings: WorkerSettings, home: WorkerHome) -> None:
    lifecycle = Lifecycle()
    with (
        end_signals(lifecycle),
        open_telemetry(version=_version(), worker=home.name, environ=os.environ) as telemetry,
    ):
        await serve(settings, home, lifecycle, telemetry)
    logger.info("worker ended")


async def serve(settings: WorkerSettings, home: WorkerHome, lifecycle: Lifecycle, telemetry: Telemetry) -> None:
    """Run a worker in the running loop until it has drained."""
    health = Health(worker=home.name, pool=settings.pool)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(health_endpoint(health, host=settings.health.host, port=settings.health.port))
        client = await stack.enter_async_context(_client(settings.client))
        relay = await stack.enter_async_context(open_relay(settings.client, home.folder / _RELAY_FILE))
        opening = _opened_launcher(settings, home, client, relay_path=home.folder / _RELAY_FILE if relay else None)
        launcher = await unless(lifecycle.draining.wait(), opening)
        if launcher is None:
            return
        stack.push_async_callback(launcher.close)
        log_client = await stack.enter_async_context(_client(settings.client))
        gc.collect()
        gc.freeze()  # What was made at the start stays for good.
        worker = Worker(
            WorkerParts(
                client=client,
                log_client=log_client,
                relay=relay,
                launcher=launcher,
                home=home,
                identity=_identity(settings, home),
                lifecycle=lifecycle,
                telemetry=telemetry,
                health=health,
            )
        )
        await worker.work()


def _client(settings: ClientSettings) -> AsyncClient:
    """One that sends each call once: it is repeated in `patience`, with the age that it has by then."""
    settings = replace(settings, retry=RetryRule(max_attempts=1))
    try:
        return AsyncClient(open_async_channel(settings), settings)
    except ConfigurationError as error:
        raise SettingsError(error.message) from error


async def _opened_launcher(
    settings: WorkerSettings, home: WorkerHome, client: AsyncClient, *, relay_path: Path | None
) -> Launcher:
    """The launcher for the pool, ready. Raises StartupError."""
    contact = Contact()
    pool = await find_pool(client, contact, settings.pool, pool_type=settings.pool_type, create=settings.create_pool)
    factory = launcher_factory(pool.name, pool.type)
    launcher = factory(
        LauncherSettings(
            folder=home.launcher,
            pool_name=pool.name,
            worker_name=home.name,
            code_cache=settings.home / "cache" / "code",
            relay=relay_path,
            control_plane_id=await _control_plane_id(client, contact),
        )
    )
    try:
        await launcher.open()
    except LauncherError as error:
        raise StartupError(f"The {pool.type} launcher cannot work here: {error}") from error
    await ensure_pool(client, contact, pool)
    return launcher


async def _control_plane_id(client: AsyncClient, contact: Contact) -> str:
    """Empty from control planes that are older than revision 3 of the contract. Raises StartupError."""
    try:
        info = await contact.patiently(
            "GetServerInfo", lambda: client.server.GetServerInfo(GetServerInfoRequest()), passing=PASSING_AT_START
        )
    except OrchClientError as error:
        raise refused_at_start(error) from error
    return info.control_plane_id


def _identity(settings: WorkerSettings, home: WorkerHome) -> WorkerIdentity:
    return WorkerIdentity(
        name=home.name,
        pool=settings.pool,
        queues=settings.queues,
        slots=settings.limit,
        labels=settings.labels,
        version=_version(),
    )


def _version() -> str:
    try:
        return version("orch")
    except PackageNotFoundError:
        return "0+source"
