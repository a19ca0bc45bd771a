"""Runs that a test holds by hand: it reports their states, appends their lines, and says when they end."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count

from google.protobuf.duration_pb2 import Duration

from orch_client import Client
from orch_proto.v1 import deployment_pb2, launch_pb2, lease_pb2, log_pb2, work_pool_pb2
from orch_proto.v1 import deployment_service_pb2 as deployments
from orch_proto.v1 import lease_service_pb2 as leases
from orch_proto.v1 import log_service_pb2 as logs
from orch_proto.v1 import task_run_service_pb2 as task_runs
from orch_proto.v1 import work_pool_service_pb2 as work_pools
from orch_proto.v1 import worker_service_pb2 as workers
from orch_proto.v1.result_pb2 import Result
from orch_proto.v1.state_pb2 import Failure, State, StateChange, StateType
from orch_proto.v1.task_run_pb2 import TaskRun


class HeldRun:
    """A run that the test holds the lease of."""

    def __init__(self, client: Client, lease: lease_pb2.Lease) -> None:
        self._client = client
        self.id = lease.flow_run_id
        self.token = lease.token
        self.run = lease.flow_run
        self._sequences = count(1)
        self._offset = 0

    def becomes(
        self,
        name: str,
        *,
        message: str = "",
        result: str | None = None,
        media_type: str = "application/json",
        failure: Failure | None = None,
    ) -> None:
        """Report a state, by its type's name."""
        state = State(type=StateType.Value(f"STATE_TYPE_{name}"), message=message, failure=failure)
        returned = None
        if result is not None:
            data = result.encode()
            returned = Result(data=data, media_type=media_type, size_bytes=len(data))
        report = leases.RunReport(
            flow_run_id=self.id, token=self.token, sequence=next(self._sequences), state=state, result=returned
        )
        answer = self._client.leases.ReportRuns(leases.ReportRunsRequest(reports=[report]))
        assert answer.reports[0].verdict == lease_pb2.REPORT_VERDICT_ACCEPTED, answer

    def says(
        self, *messages: str, level: str = "INFO", logger: str = "stdout", task_run_id: str = "", offset: int = 0
    ) -> None:
        """Append lines to its log, after those that `offset` counts, of an earlier attempt."""
        self._offset = max(self._offset, offset)
        records = [
            log_pb2.LogRecord(
                level=log_pb2.LogLevel.Value(f"LOG_LEVEL_{level}"),
                logger=logger,
                message=message,
                task_run_id=task_run_id,
            )
            for message in messages
        ]
        for record in records:
            record.time.FromDatetime(datetime.now(UTC))
        request = logs.AppendLogsRequest(
            flow_run_id=self.id, token=self.token, stream="output", offset=self._offset, records=records
        )
        self._offset = self._client.logs.AppendLogs(request).committed_offset

    def ran_task(self, task_run_id: str, name: str, state: str = "COMPLETED") -> None:
        """Report a task run that has ended."""
        now = State(type=StateType.Value(f"STATE_TYPE_{state}"))
        now.state_time.FromDatetime(datetime.now(UTC))
        task = TaskRun(
            task_run_id=task_run_id,
            flow_run_id=self.id,
            name=name,
            task_key=f"etl.{name}",
            dynamic_key=name,
            state=now,
            attempt=1,
            version=1,
        )
        for time in (task.create_time, task.start_time, task.end_time):
            time.CopyFrom(now.state_time)
        report = task_runs.TaskRunReport(task_run=task, changes=[StateChange(version=1, state=now)])
        request = task_runs.ReportTaskRunsRequest(flow_run_id=self.id, token=self.token, reports=[report])
        answer = self._client.task_runs.ReportTaskRuns(request)
        assert answer.verdict == lease_pb2.REPORT_VERDICT_ACCEPTED


class Holder:
    """A pool, a deployment in it, and a session that takes its runs."""

    def __init__(self, client: Client, pool: str, *, schema: str = "", online: bool = True) -> None:
        """`online`: there is a worker's session; else nobody serves the pool."""
        self.client = client
        self.pool = pool
        self.name = f"{pool}-deployment"
        made = work_pool_pb2.WorkPool(name=pool, lease_ttl=Duration(seconds=60))
        client.work_pools.CreateWorkPool(work_pools.CreateWorkPoolRequest(work_pool=made))
        deployment = deployment_pb2.Deployment(
            flow_name=f"flow-of-{pool}",
            name=self.name,
            work_pool_name=pool,
            launch_spec=launch_pb2.LaunchSpec(command=["true"]),
            parameter_schema_json=schema,
        )
        request = deployments.CreateDeploymentRequest(deployment=deployment)
        self.deployment = client.deployments.CreateDeployment(request).deployment
        self.session_id = ""
        if online:
            opening = workers.OpenSessionRequest(worker_name="by-hand", work_pool_name=pool, slots=10)
            self.session_id = client.workers.OpenSession(opening).session_id

    @property
    def key(self) -> str:
        """As people name the deployment."""
        return f"{self.deployment.flow_name}/{self.name}"

    def takes(self) -> HeldRun:
        """The next run of the pool."""
        request = leases.AcquireLeasesRequest(session_id=self.session_id, max_leases=1, wait=Duration(seconds=50))
        (lease,) = self.client.leases.AcquireLeases(request).leases
        return HeldRun(self.client, lease)


def pool_names(prefix: str) -> Iterator[str]:
    """Names that nobody else uses."""
    return (f"{prefix}-{number}" for number in count())
