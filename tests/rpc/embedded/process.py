"""What a script's process does with a control plane, in short words."""

from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import uuid4

from google.protobuf.timestamp_pb2 import Timestamp

from orch_proto.v1 import lease_pb2, lease_service_pb2, log_pb2, log_service_pb2, state_pb2, task_run_pb2
from orch_proto.v1.task_run_service_pb2 import ReportTaskRunsRequest, TaskRunReport
from orch_server.application.ports import Clock
from orch_server.clock import SystemClock, TimeOrderedIds
from orch_server.embedded import EmbeddedPlane

ACCEPTED = lease_pb2.REPORT_VERDICT_ACCEPTED
RUNNING, COMPLETED, FAILED = (
    state_pb2.STATE_TYPE_RUNNING,
    state_pb2.STATE_TYPE_COMPLETED,
    state_pb2.STATE_TYPE_FAILED,
)
_IDS = TimeOrderedIds()

Field: TypeAlias = Any
"""A field of a request, as a test names it."""


def new_id(clock: Clock | None = None) -> str:
    """A fresh id, as a process makes it."""
    # Ids of one source rise, whatever a clock says.
    return str(_IDS.new(SystemClock().now()) if clock is None else TimeOrderedIds().new(clock.now()))


def now() -> Timestamp:
    """By this machine's clock."""
    moment = Timestamp()
    moment.FromDatetime(SystemClock().now())
    return moment


@dataclass(frozen=True)
class Process:
    """One process, with its control plane."""

    calls: EmbeddedPlane
    id: str
    clock: Clock | None = None

    @classmethod
    def on(cls, calls: EmbeddedPlane, clock: Clock | None = None) -> "Process":
        """A new one, by the machine's clock or another."""
        return cls(calls, str(uuid4()), clock)

    def wish(self, **fields: Field) -> lease_service_pb2.StartFlowRunRequest:
        """A wish for a run of the flow "etl", but for the fields given."""
        usual: dict[str, Field] = {
            "request_id": str(uuid4()),
            "flow_run_id": new_id(self.clock),
            "flow_name": "etl",
            "holder_id": self.id,
            "holder_name": "host/boot/1/2",
        }
        return lease_service_pb2.StartFlowRunRequest(**(usual | fields))

    async def start(self, **fields: Field) -> lease_pb2.Lease:
        """Start a run; its lease."""
        return (await self.calls.start_flow_run(self.wish(**fields))).lease

    async def report(self, lease: lease_pb2.Lease, sequence: int, state: int) -> lease_pb2.ReportVerdict.ValueType:
        """Report a state of a run; the verdict."""
        report = lease_service_pb2.RunReport(
            flow_run_id=lease.flow_run_id,
            token=lease.token,
            sequence=sequence,
            state=state_pb2.State(type=state_pb2.StateType.ValueType(state)),
        )
        answer = await self.calls.report_runs(lease_service_pb2.ReportRunsRequest(reports=[report]))
        return answer.reports[0].verdict

    async def beat(self, lease: lease_pb2.Lease) -> lease_pb2.LeaseVerdict.ValueType:
        """Send a heartbeat for a run; the verdict."""
        held = lease_service_pb2.HeldLease(
            flow_run_id=lease.flow_run_id, token=lease.token, phase=lease_pb2.LEASE_PHASE_RUNNING
        )
        answer = await self.calls.sync_leases(lease_service_pb2.SyncLeasesRequest(held=[held]))
        return answer.leases[0].verdict

    async def report_tasks(self, lease: lease_pb2.Lease, count: int) -> list[str]:
        """Report so many completed task runs in one call; their ids."""
        moment = now()
        state = state_pb2.State(type=COMPLETED, state_time=moment)
        ids = [new_id() for _ in range(count)]
        reports = [
            TaskRunReport(
                task_run=task_run_pb2.TaskRun(
                    task_run_id=id_,
                    flow_run_id=lease.flow_run_id,
                    name=f"load-{place}",
                    task_key="etl.load",
                    dynamic_key=str(place),
                    state=state,
                    attempt=1,
                    create_time=moment,
                    start_time=moment,
                    end_time=moment,
                    version=1,
                ),
                changes=[state_pb2.StateChange(version=1, state=state)],
            )
            for place, id_ in enumerate(ids)
        ]
        request = ReportTaskRunsRequest(flow_run_id=lease.flow_run_id, token=lease.token, reports=reports)
        answer = await self.calls.report_task_runs(request)
        assert answer.verdict == ACCEPTED
        return ids

    async def say(self, lease: lease_pb2.Lease, offset: int, *lines: str) -> int:
        """Append lines to the run's log; where the next one belongs."""
        records = [
            log_pb2.LogRecord(time=now(), level=log_pb2.LOG_LEVEL_INFO, logger="etl", message=line) for line in lines
        ]
        answer = await self.calls.append_logs(
            log_service_pb2.AppendLogsRequest(
                flow_run_id=lease.flow_run_id, token=lease.token, stream="run", offset=offset, records=records
            )
        )
        assert answer.verdict == ACCEPTED
        return answer.committed_offset
