"""Calls of the contract as benches make them: plain gRPC stubs, nothing between them and the wire."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import grpc
from google.protobuf.duration_pb2 import Duration

from orch_proto.v1.flow_run_service_pb2 import BatchCreateFlowRunsRequest, CreateFlowRunRequest
from orch_proto.v1.flow_run_service_pb2_grpc import FlowRunServiceStub
from orch_proto.v1.lease_pb2 import Lease, LeasePhase, ReportVerdict
from orch_proto.v1.lease_service_pb2 import (
    AcquireLeasesRequest,
    HeldLease,
    ReportRunsRequest,
    SyncLeasesRequest,
)
from orch_proto.v1.lease_service_pb2_grpc import LeaseServiceStub
from orch_proto.v1.log_service_pb2_grpc import LogServiceStub
from orch_proto.v1.state_pb2 import StateType
from orch_proto.v1.task_run_service_pb2_grpc import TaskRunServiceStub
from orch_proto.v1.worker_service_pb2 import OpenSessionRequest
from orch_proto.v1.worker_service_pb2_grpc import WorkerServiceStub

if TYPE_CHECKING:
    from orch_proto.v1.flow_run_service_pb2_grpc import FlowRunServiceAsyncStub
    from orch_proto.v1.lease_service_pb2_grpc import LeaseServiceAsyncStub
    from orch_proto.v1.log_service_pb2_grpc import LogServiceAsyncStub
    from orch_proto.v1.task_run_service_pb2_grpc import TaskRunServiceAsyncStub
    from orch_proto.v1.worker_service_pb2_grpc import WorkerServiceAsyncStub

POOL = "default"
MOST_IN_BATCH = 1000
"""The most runs that one call creates, acquires or reports."""
_HEARTBEAT_SECONDS = 3.0


class Api:
    """The services that benches use, over one channel."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.flow_runs: FlowRunServiceAsyncStub = FlowRunServiceStub(channel)
        self.leases: LeaseServiceAsyncStub = LeaseServiceStub(channel)
        self.workers: WorkerServiceAsyncStub = WorkerServiceStub(channel)
        self.logs: LogServiceAsyncStub = LogServiceStub(channel)
        self.task_runs: TaskRunServiceAsyncStub = TaskRunServiceStub(channel)

    async def open_session(self, name: str, *, slots: int = 1) -> str:
        """A worker's session in the default pool."""
        request = OpenSessionRequest(
            request_id=str(uuid4()), worker_name=name, work_pool_name=POOL, slots=slots, version="bench"
        )
        return (await self.workers.OpenSession(request)).session_id

    async def create(self, flow_name: str) -> str:
        """One run, in a call that is safe to repeat."""
        request = CreateFlowRunRequest(request_id=str(uuid4()), flow_name=flow_name, parameters_json='{"n": 1}')
        return (await self.flow_runs.CreateFlowRun(request)).flow_run.flow_run_id

    async def create_batch(self, flow_name: str, count: int) -> list[str]:
        """Runs, all in one call that is safe to repeat."""
        request = BatchCreateFlowRunsRequest(request_id=str(uuid4()))
        for _ in range(count):
            request.requests.add(flow_name=flow_name, parameters_json='{"n": 1}')
        answer = await self.flow_runs.BatchCreateFlowRuns(request)
        return [response.flow_run.flow_run_id for response in answer.responses]

    async def acquire(self, session_id: str, *, most: int = 1) -> Sequence[Lease]:
        """At least one lease; RuntimeError where none came within 30 s."""
        request = AcquireLeasesRequest(
            session_id=session_id, request_id=str(uuid4()), max_leases=most, wait=Duration(seconds=30)
        )
        answer = await self.leases.AcquireLeases(request)
        if not answer.leases:
            raise RuntimeError(f"no run was granted to session {session_id}")
        return answer.leases

    async def acquire_exactly(self, session_id: str, count: int) -> list[Lease]:
        """So many leases, in as many calls as it takes."""
        leases: list[Lease] = []
        while len(leases) < count:
            leases += await self.acquire(session_id, most=min(count - len(leases), MOST_IN_BATCH))
        return leases

    async def report(
        self, session_id: str, leases: Iterable[Lease], state: "StateType.ValueType", *, sequence: int
    ) -> None:
        """Report the same state of runs; RuntimeError where one report is not accepted."""
        request = ReportRunsRequest(session_id=session_id)
        for lease in leases:
            report = request.reports.add(flow_run_id=lease.flow_run_id, token=lease.token, sequence=sequence)
            report.state.type = state
        answer = await self.leases.ReportRuns(request)
        for each in answer.reports:
            if each.verdict != ReportVerdict.REPORT_VERDICT_ACCEPTED:
                raise RuntimeError(f"a report was not accepted: {each}")

    async def running(self, session_id: str, count: int) -> list[Lease]:
        """So many new runs, acquired by this session and reported as running."""
        sizes = [MOST_IN_BATCH] * (count // MOST_IN_BATCH) + [count % MOST_IN_BATCH]
        for size in filter(None, sizes):
            await self.create_batch("bench", size)
        leases = await self.acquire_exactly(session_id, count)
        for begin in range(0, count, MOST_IN_BATCH):
            part = leases[begin : begin + MOST_IN_BATCH]
            await self.report(session_id, part, StateType.STATE_TYPE_RUNNING, sequence=1)
        return leases

    @asynccontextmanager
    async def holding(self, count: int) -> AsyncIterator[list[Lease]]:
        """So many running runs, kept by heartbeats of their worker as long as the block lasts."""
        session = await self.open_session("bench", slots=count)
        leases = await self.running(session, count)
        beating = asyncio.create_task(self._beat(heartbeat(session, leases)))
        try:
            yield leases
        finally:
            beating.cancel()

    async def _beat(self, request: SyncLeasesRequest) -> None:
        while True:
            await self.leases.SyncLeases(request)
            await asyncio.sleep(_HEARTBEAT_SECONDS)


def heartbeat(session_id: str, leases: Iterable[Lease]) -> SyncLeasesRequest:
    """What a worker says that holds these leases and whose runs' processes are alive."""
    phase = LeasePhase.LEASE_PHASE_RUNNING
    held = [HeldLease(flow_run_id=lease.flow_run_id, token=lease.token, phase=phase) for lease in leases]
    return SyncLeasesRequest(session_id=session_id, held=held)
