"""The contract spoken plainly: calls that fail over between servers, and a worker made of nothing but them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, TypeVar
from uuid import uuid4

import grpc
from google.protobuf.duration_pb2 import Duration

from orch_proto.v1 import lease_pb2, state_pb2
from orch_proto.v1.flow_run_service_pb2_grpc import FlowRunServiceStub
from orch_proto.v1.lease_service_pb2 import (
    AcquireLeasesRequest,
    AcquireLeasesResponse,
    AdoptLeaseRequest,
    AdoptLeaseResponse,
    HeldLease,
    ReportedRun,
    ReportRunsRequest,
    ReportRunsResponse,
    RunReport,
    SyncLeasesRequest,
    SyncLeasesResponse,
)
from orch_proto.v1.lease_service_pb2_grpc import LeaseServiceStub
from orch_proto.v1.work_pool_service_pb2_grpc import WorkPoolServiceStub
from orch_proto.v1.worker_service_pb2 import OpenSessionRequest, OpenSessionResponse
from orch_proto.v1.worker_service_pb2_grpc import WorkerServiceStub

A = TypeVar("A")

_CALL_SECONDS = 20.0
_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 50),
    # How long a connection may take to come about: a server that is gone refuses it at once.
    ("grpc.min_reconnect_backoff_ms", 10_000),
    ("grpc.max_reconnect_backoff_ms", 200),
    ("grpc.use_local_subchannel_pool", 1),
)
_ELSEWHERE = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.UNKNOWN,
}
"""What a caller answers by asking another server: the one it asked is gone, or going."""


async def once(method: object, request: object, answer: type[A], *, seconds: float = 30) -> A:
    """One call of a stub's method on an asyncio channel, whatever comes of it."""
    unary: Any = method
    found = await unary(request, timeout=seconds)
    assert isinstance(found, answer)
    return found


@dataclass(frozen=True)
class Stubs:
    """One server's services."""

    runs: FlowRunServiceStub
    leases: LeaseServiceStub
    workers: WorkerServiceStub
    pools: WorkPoolServiceStub

    @classmethod
    def on(cls, channel: grpc.aio.Channel) -> "Stubs":
        """The services behind a channel."""
        return cls(
            FlowRunServiceStub(channel),
            LeaseServiceStub(channel),
            WorkerServiceStub(channel),
            WorkPoolServiceStub(channel),
        )


class Client:
    """Calls whichever server answers."""

    def __init__(self, addresses: Sequence[str], *, first: int = 0) -> None:
        self._addresses = addresses
        self._at = first
        self._stack = AsyncExitStack()
        self._stubs: list[Stubs] = []
        self.failovers = 0
        self.last_error = ""

    async def __aenter__(self) -> "Client":
        """Connect."""
        for address in self._addresses:
            channel = grpc.aio.insecure_channel(address, options=_OPTIONS)
            self._stubs.append(Stubs.on(await self._stack.enter_async_context(channel)))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        await self._stack.aclose()

    async def call(self, method: Callable[[Stubs], object], request: object, answer: type[A]) -> A:
        """The answer, of the first server that gives one. Only what may be repeated may be called so."""
        while True:
            unary: Any = method(self._stubs[self._at % len(self._stubs)])
            try:
                found = await unary(request, timeout=_CALL_SECONDS, wait_for_ready=self.failovers > 0)
            except grpc.aio.AioRpcError as error:
                if error.code() not in _ELSEWHERE:
                    raise
                self._at += 1
                self.failovers += 1
                self.last_error = f"{error.code()}: {error.details()}"
                continue
            assert isinstance(found, answer)
            return found


@dataclass
class Ledger:
    """What the workers did in the world, and what they were told."""

    wanted: int
    effects: Counter[str] = field(default_factory=Counter)
    completed: set[str] = field(default_factory=set)
    tokens: dict[str, list[int]] = field(default_factory=dict)
    progress: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def complete(self, run_ids: Sequence[str]) -> None:
        """These runs were reported COMPLETED, and the report was taken."""
        async with self.progress:
            self.completed.update(run_ids)
            self.progress.notify_all()

    async def reached(self, count: int) -> None:
        """Wait until so many runs are complete."""
        async with self.progress:
            await self.progress.wait_for(lambda: len(self.completed) >= count)

    @property
    def done(self) -> bool:
        """Whether all runs are complete."""
        return len(self.completed) >= self.wanted


class SimulatedWorker:
    """A correct worker of few words: a session, wishes, reports in batches, heartbeats."""

    def __init__(self, name: str, client: Client, ledger: Ledger, *, pool: str, batch: int = 25) -> None:
        self._name = name
        self._client = client
        self._ledger = ledger
        self._pool = pool
        self._batch = batch
        self._held: dict[str, int] = {}
        self._session = ""
        self._sync_seconds = 1.0

    async def run(self) -> None:
        """Work until all runs are complete."""
        request = OpenSessionRequest(
            request_id=str(uuid4()), worker_name=self._name, work_pool_name=self._pool, slots=self._batch
        )
        opened = await self._client.call(lambda stubs: stubs.workers.OpenSession, request, OpenSessionResponse)
        self._session = opened.session_id
        self._sync_seconds = opened.next_sync.ToTimedelta().total_seconds()
        heart = asyncio.create_task(self._beat())
        try:
            while not self._ledger.done:
                await self._work_once()
        finally:
            heart.cancel()
            await asyncio.gather(heart, return_exceptions=True)

    async def _work_once(self) -> None:
        wish = AcquireLeasesRequest(
            session_id=self._session,
            request_id=str(uuid4()),
            max_leases=self._batch,
            wait=Duration(nanos=500_000_000),
        )
        answer = await self._client.call(lambda stubs: stubs.leases.AcquireLeases, wish, AcquireLeasesResponse)
        if answer.sync_now:
            await self._sync()
        for lease in answer.leases:
            self._ledger.tokens.setdefault(lease.flow_run_id, []).append(lease.token)
            self._held[lease.flow_run_id] = lease.token
        if answer.leases:
            await self._adopt(answer.leases[0])
            await self._execute({lease.flow_run_id: lease.token for lease in answer.leases})

    async def _adopt(self, lease: lease_pb2.Lease) -> None:
        request = AdoptLeaseRequest(flow_run_id=lease.flow_run_id, token=lease.token, adopter_id=str(uuid4()))
        try:
            await self._client.call(lambda stubs: stubs.leases.AdoptLease, request, AdoptLeaseResponse)
        except grpc.aio.AioRpcError as error:
            # Lost before it began: the report of its start will hear the same.
            if error.code() != grpc.StatusCode.FAILED_PRECONDITION:
                raise

    async def _execute(self, leases: dict[str, int]) -> None:
        """A run's code runs only where the report of its start was taken; a repeat of it counts, too."""
        started = await self._report(leases, 1, state_pb2.STATE_TYPE_RUNNING)
        for run_id in started:
            self._ledger.effects[run_id] += 1
        ended = await self._report({run: leases[run] for run in started}, 2, state_pb2.STATE_TYPE_COMPLETED)
        assert sorted(ended) == sorted(started), "who was let start was not let finish"
        for run_id in leases:
            self._held.pop(run_id, None)
        await self._ledger.complete(ended)

    async def _report(self, leases: dict[str, int], sequence: int, type_: state_pb2.StateType.ValueType) -> list[str]:
        """The runs whose report was taken, now or, its answer lost, before."""
        if not leases:
            return []
        reports = [
            RunReport(flow_run_id=run, token=token, sequence=sequence, state=state_pb2.State(type=type_))
            for run, token in leases.items()
        ]
        request = ReportRunsRequest(session_id=self._session, reports=reports)
        answer = await self._client.call(lambda stubs: stubs.leases.ReportRuns, request, ReportRunsResponse)
        return [each.flow_run_id for each in answer.reports if _taken(each)]

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._sync_seconds)  # the pace that the server asked for
            await self._sync()

    async def _sync(self) -> None:
        held = [
            HeldLease(flow_run_id=run, token=token, phase=lease_pb2.LEASE_PHASE_RUNNING)
            for run, token in self._held.items()
        ]
        request = SyncLeasesRequest(session_id=self._session, held=held)
        answer = await self._client.call(lambda stubs: stubs.leases.SyncLeases, request, SyncLeasesResponse)
        self._sync_seconds = answer.next_sync.ToTimedelta().total_seconds()


def _taken(reported: ReportedRun) -> bool:
    return reported.verdict in {lease_pb2.REPORT_VERDICT_ACCEPTED, lease_pb2.REPORT_VERDICT_DUPLICATE}
