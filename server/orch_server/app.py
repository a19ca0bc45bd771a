"""Where everything is wired, once: store, use cases, servicers, what runs by itself, the server around it."""

import asyncio
import gc
import os
import random
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import grpc

from orch_client.event_loop import quickest_loop
from orch_client.logs import configure_logging, wants_human
from orch_proto.v1.deployment_service_pb2_grpc import add_DeploymentServiceServicer_to_server
from orch_proto.v1.flow_run_service_pb2 import CreateFlowRunResponse
from orch_proto.v1.flow_run_service_pb2_grpc import add_FlowRunServiceServicer_to_server
from orch_proto.v1.flow_service_pb2_grpc import add_FlowServiceServicer_to_server
from orch_proto.v1.lease_service_pb2 import StartFlowRunResponse
from orch_proto.v1.lease_service_pb2_grpc import add_LeaseServiceServicer_to_server
from orch_proto.v1.log_service_pb2_grpc import add_LogServiceServicer_to_server
from orch_proto.v1.schedule_service_pb2_grpc import add_ScheduleServiceServicer_to_server
from orch_proto.v1.server_service_pb2_grpc import add_ServerServiceServicer_to_server
from orch_proto.v1.task_run_service_pb2_grpc import add_TaskRunServiceServicer_to_server
from orch_proto.v1.work_pool_service_pb2_grpc import add_WorkPoolServiceServicer_to_server
from orch_proto.v1.work_queue_service_pb2_grpc import add_WorkQueueServiceServicer_to_server
from orch_proto.v1.worker_service_pb2_grpc import add_WorkerServiceServicer_to_server
from orch_server.application.creation import FlowRunCreation
from orch_server.application.deployments import Deployments
from orch_server.application.dispatcher import Dispatcher
from orch_server.application.flow_runs import FlowRuns
from orch_server.application.flows import Flows
from orch_server.application.identity import Identity
from orch_server.application.leases import Leases
from orch_server.application.logs import Logs
from orch_server.application.process_runs import ProcessRuns
from orch_server.application.schedules import Schedules
from orch_server.application.session_hints import SessionHints
from orch_server.application.task_runs import TaskRuns
from orch_server.application.telemetry import Telemetry
from orch_server.application.work_pools import WorkPools, ensure_default_pool
from orch_server.application.work_queues import WorkQueues
from orch_server.application.workers import Workers
from orch_server.background.certificate_files import CertificateFiles, Pair
from orch_server.background.database_watch import DatabaseWatch
from orch_server.background.late_marker import LateMarker
from orch_server.background.lease_sweeper import LeaseSweeper
from orch_server.background.limit_keeper import LimitKeeper
from orch_server.background.meters import Meters
from orch_server.background.retention import Retention, RetentionPeriods, prepare_partitions
from orch_server.background.scheduler import Scheduler
from orch_server.background.service import Service, run_services
from orch_server.banner import Started, announce
from orch_server.clock import SystemClock, TimeOrderedIds
from orch_server.http_edge import http_server, with_meters
from orch_server.presence import present
from orch_server.rpc.auth import ApiKeyInterceptor
from orch_server.rpc.grpc_servicers import (
    GrpcDeploymentServicer,
    GrpcFlowRunServicer,
    GrpcFlowServicer,
    GrpcLeaseServicer,
    GrpcLogServicer,
    GrpcScheduleServicer,
    GrpcServerServicer,
    GrpcTaskRunServicer,
    GrpcWorkerServicer,
    GrpcWorkPoolServicer,
    GrpcWorkQueueServicer,
)
from orch_server.rpc.server import AddServicer, RpcServer, build_server
from orch_server.rpc.tracing import TracingInterceptor
from orch_server.settings import Settings
from orch_server.shutdown import StopRequest, Together, serve, stop_signals
from orch_server.storage import schema
from orch_server.storage.opening import OpenStore, open_store
from orch_server.storage.revisions import reached
from orch_server.telemetry import open_telemetry
from orch_server.version import orch_version

if TYPE_CHECKING:
    from orch_server.web.server import HttpServer

_COLLECT_AFTER = 3_000
"""New objects after which the garbage collector looks: calls bring them by the thousand, and nearly all go with the
answer."""


def main(settings: Settings) -> int:
    """Run the control plane until it is asked to stop. Raises OrchServerError where it cannot start."""
    configure_logging(settings.logs.format, settings.logs.level, secrets=settings.secrets)
    with asyncio.Runner(loop_factory=quickest_loop()) as runner:
        runner.run(_run(settings))
    return 0


def migrate(settings: Settings, *, dry_run: bool) -> list[str]:
    """Bring the database's schema to this version, or say what that would do. Returns lines for people."""
    url = settings.database.url
    if dry_run:
        return asyncio.run(schema.plan(url)) or ["The schema is up to date: nothing to do."]
    changed = asyncio.run(schema.upgrade(url))
    return ["The schema is up to date now." if changed else "The schema was up to date: nothing was done."]


async def _run(settings: Settings) -> None:
    wanted = settings.telemetry
    with (
        stop_signals() as request,
        open_telemetry(
            traces=wanted.traces, metrics=wanted.metrics, version=orch_version(), environ=os.environ
        ) as exported,
    ):
        telemetry = with_meters(settings, exported)
        async with _opened_store(settings, telemetry) as store:
            plane = ControlPlane(store, telemetry, settings)
            rpc = build_server(
                endpoint=settings.endpoint,
                interceptors=_interceptors(settings, telemetry),
                services=plane.servicers(),
                telemetry=telemetry,
            )
            http = http_server(settings, rpc, telemetry, store.store)
            async with plane.background(rpc.health.set_all, *_renewing(settings, rpc, http)):
                await _serve(settings, rpc, request, plane, http=http)


def _renewing(settings: Settings, rpc: RpcServer, http: "HttpServer | None") -> list[Service]:
    """What has new certificates shown, where connections are encrypted."""
    tls, shown = settings.endpoint.tls, rpc.certificate
    certificate, key = settings.http.certificate, settings.http.key
    if tls is None or shown is None or certificate is None or key is None:
        return []

    def renew(pair: Pair) -> None:
        shown.renew(replace(tls, certificate_chain=pair.certificate, private_key=pair.key))
        if http is not None and http.tls is not None:
            http.tls.load_cert_chain(certificate, key)

    now = Pair(tls.certificate_chain, tls.private_key)
    return [CertificateFiles(certificate, key, shown=now, renew=renew).service()]


async def _serve(
    settings: Settings, rpc: RpcServer, request: StopRequest, plane: "ControlPlane", *, http: "HttpServer | None"
) -> None:
    """Serve until asked to stop; then let those who wait go, so that the grace period is for those who work."""
    with ExitStack() as presence:

        def started() -> None:
            presence.enter_context(present(settings.home, url=rpc.local_url, version=orch_version()))
            _announce(settings, rpc, http)

        leaving = asyncio.create_task(_leave(request, plane, presence))
        both = rpc if http is None else Together(rpc, http)
        try:
            await serve(both, request, grace_seconds=settings.shutdown.grace_seconds, started=started)
        finally:
            leaving.cancel()


async def _leave(request: StopRequest, plane: "ControlPlane", presence: ExitStack) -> None:
    await request.asked.wait()
    presence.close()
    await plane.release_waiters()


def _announce(settings: Settings, rpc: RpcServer, http: "HttpServer | None") -> None:
    # What was made at the start stays for good: the garbage collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)
    tls = settings.endpoint.tls
    started = Started(
        version=orch_version(),
        url=rpc.url,
        http_url=settings.endpoint.url(http.port) if http else "",
        http_port_wanted=settings.http.port or 0,
        database=settings.database.redacted_url,
        api_keys=len(settings.access.api_keys),
        tls=tls is not None,
        client_certificates=bool(tls and tls.client_ca),
        loopback=settings.endpoint.loopback,
    )
    announce(started, human=wants_human(settings.logs.format, sys.stderr), stream=sys.stderr)


def _interceptors(settings: Settings, telemetry: Telemetry) -> list[grpc.aio.ServerInterceptor]:
    interceptors: list[grpc.aio.ServerInterceptor] = [TracingInterceptor(telemetry)] if settings.telemetry.on else []
    if settings.access.api_keys:
        interceptors.append(ApiKeyInterceptor(settings.access.api_keys))
    return interceptors


@asynccontextmanager
async def _opened_store(settings: Settings, telemetry: Telemetry) -> AsyncIterator[OpenStore]:
    """The store, its schema up to date, its partitions and default pool in place."""
    database = settings.database
    await schema.upgrade(database.url)
    store = open_store(
        database.url,
        SystemClock(),
        pool_size=database.pool_size,
        statement_timeout_seconds=database.statement_timeout_seconds,
        telemetry=telemetry,
    )
    try:
        await store.start()
        with reached(database.url):
            await prepare_partitions(store.store)
            await store.store.write(lambda tx: ensure_default_pool(tx, TimeOrderedIds()))
        yield store
    finally:
        await store.close()


class ControlPlane:
    """The use cases over one store, the servicers over them, and what runs by itself."""

    def __init__(self, opened: OpenStore, telemetry: Telemetry, settings: Settings) -> None:
        store, wakeups, clock, ids = opened.store, opened.wakeups, SystemClock(), TimeOrderedIds()
        self._opened = opened
        self._settings = settings
        self._telemetry = telemetry
        self._ids = ids
        hints = SessionHints(wakeups)
        self._dispatcher = Dispatcher(store, wakeups, hints, telemetry)
        self._leases = Leases(store, self._dispatcher, hints, random.random, telemetry)
        self._workers = Workers(store, ids, wakeups, hints)
        self._stopping = asyncio.Event()
        self._clock = clock

    def servicers(self) -> list[AddServicer]:
        """What puts each service of the contract into a server."""
        store, wakeups, ids = self._opened.store, self._opened.wakeups, self._ids
        creation = FlowRunCreation[CreateFlowRunResponse](store, ids, self._telemetry)
        runs = GrpcFlowRunServicer(creation, FlowRuns(store, wakeups), self._telemetry)
        process_runs = ProcessRuns[StartFlowRunResponse](store, ids, self._telemetry)
        leases = GrpcLeaseServicer(self._leases, self._workers, process_runs, self._telemetry)
        server = GrpcServerServicer(
            Identity(store),
            version=orch_version(),
            database=store.kind,
            max_message_bytes=self._settings.endpoint.max_message_bytes,
        )
        return [
            partial(add_ServerServiceServicer_to_server, server),
            partial(add_FlowServiceServicer_to_server, GrpcFlowServicer(Flows(store))),
            partial(add_FlowRunServiceServicer_to_server, runs),
            partial(add_TaskRunServiceServicer_to_server, GrpcTaskRunServicer(TaskRuns(store))),
            partial(add_DeploymentServiceServicer_to_server, GrpcDeploymentServicer(Deployments(store, ids))),
            partial(add_ScheduleServiceServicer_to_server, GrpcScheduleServicer(Schedules(store, ids))),
            partial(add_WorkPoolServiceServicer_to_server, GrpcWorkPoolServicer(WorkPools(store, ids))),
            partial(add_WorkQueueServiceServicer_to_server, GrpcWorkQueueServicer(WorkQueues(store, ids))),
            partial(add_WorkerServiceServicer_to_server, GrpcWorkerServicer(self._workers, self._leases, self._clock)),
            partial(add_LeaseServiceServicer_to_server, leases),
            partial(add_LogServiceServicer_to_server, GrpcLogServicer(Logs(store, wakeups))),
        ]

    @asynccontextmanager
    async def background(self, tell_health: Callable[[bool], None], *more: Service) -> AsyncIterator[None]:
        """What runs by itself, for as long as the context lasts. One that fails takes everything down, loudly.

        tell_health: hears whether the database answers. more: what belongs to others.
        """
        watch = DatabaseWatch(self._opened.store, tell_health).service()
        async with asyncio.TaskGroup() as group:
            group.create_task(run_services([*self._services(), watch, *more], self._stopping))
            try:
                yield
            finally:
                self._stopping.set()

    def _services(self) -> list[Service]:
        store, wakeups = self._opened.store, self._opened.wakeups
        background, retention = self._settings.background, self._settings.retention
        sweep_interval = timedelta(seconds=background.sweep_interval_seconds)
        periods = RetentionPeriods.of_days(runs=retention.runs_days, logs=retention.logs_days)
        services = [
            LeaseSweeper(store, self._telemetry, sweep_interval=sweep_interval).service(),
            Scheduler(store, self._ids, self._telemetry).service(wakeups),
            LateMarker(store, threshold=timedelta(seconds=background.late_after_seconds)).service(),
            LimitKeeper(store).service(wakeups),
            Retention(store, periods, self._telemetry).service(),
        ]
        if self._settings.telemetry.metrics:
            services.append(Meters(store, self._telemetry).service())
        return services

    async def release_waiters(self) -> None:
        """The server stops: end long polls and streams, so that their callers ask again, elsewhere."""
        # Nobody expires while heartbeats are refused.
        self._stopping.set()
        self._opened.wakeups.close()
        await self._dispatcher.close()
