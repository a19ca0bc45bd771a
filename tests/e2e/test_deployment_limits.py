"""Deployments at their limits on a real server: what a client sees of new runs and of the oldest ones."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from orch_client import Client, FailedPreconditionError, InvalidArgumentError, connect
from orch_proto.v1.deployment_pb2 import ConcurrencyPolicy, Deployment
from orch_proto.v1.deployment_service_pb2 import CreateDeploymentRequest
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.flow_run_service_pb2 import CreateFlowRunRequest, WatchFlowRunRequest
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_proto.v1.lease_pb2 import Lease
from orch_proto.v1.lease_service_pb2 import AcquireLeasesRequest, ReportRunsRequest, RunReport, SyncLeasesRequest
from orch_proto.v1.state_pb2 import State, StateType
from orch_proto.v1.work_pool_pb2 import WorkPool
from orch_proto.v1.work_pool_service_pb2 import CreateWorkPoolRequest
from orch_proto.v1.worker_service_pb2 import OpenSessionRequest
from tests.support.started_server import started_server

SKIP = ConcurrencyPolicy.CONCURRENCY_POLICY_SKIP
OLDEST = ConcurrencyPolicy.CONCURRENCY_POLICY_CANCEL_OLDEST


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Calls to a server of its own."""
    with started_server(tmp_path_factory.mktemp("home")) as server, connect(server.url) as opened:
        yield opened
        assert server.errors() == []


class Scene:
    """A deployment with a limit of one, in a pool of its own with a worker of one slot."""

    def __init__(self, client: Client, policy: ConcurrencyPolicy.ValueType) -> None:
        self.client = client
        pool = uuid4().hex
        client.work_pools.CreateWorkPool(CreateWorkPoolRequest(work_pool=WorkPool(name=pool)))
        wanted = Deployment(
            flow_name="etl",
            name=pool,
            work_pool_name=pool,
            launch_spec=LaunchSpec(command=["true"]),
            concurrency_limit=1,
            concurrency_policy=policy,
            parameter_schema_json='{"properties": {"day": {"type": "integer"}}}',
        )
        made = client.deployments.CreateDeployment(CreateDeploymentRequest(deployment=wanted))
        self.deployment_id = made.deployment.deployment_id
        asked = OpenSessionRequest(worker_name="w", work_pool_name=pool, protocol_version=1)
        self.session_id = client.workers.OpenSession(asked).session_id

    def create(self, parameters: str = "") -> FlowRun:
        """A run of the deployment."""
        request = CreateFlowRunRequest(deployment_id=self.deployment_id, parameters_json=parameters)
        return self.client.flow_runs.CreateFlowRun(request).flow_run

    def running(self) -> Lease:
        """A run that the worker runs."""
        run = self.create()
        request = AcquireLeasesRequest(session_id=self.session_id, request_id=str(uuid4()), max_leases=1)
        [lease] = self.client.leases.AcquireLeases(request).leases
        assert lease.flow_run_id == run.flow_run_id
        self.report(lease, 1, StateType.STATE_TYPE_RUNNING)
        return lease

    def report(self, lease: Lease, sequence: int, state: StateType.ValueType) -> None:
        """A state of a run."""
        report = RunReport(flow_run_id=lease.flow_run_id, token=lease.token, sequence=sequence, state=State(type=state))
        self.client.leases.ReportRuns(ReportRunsRequest(reports=[report]))

    def watched(self, run_id: str, state: StateType.ValueType) -> FlowRun:
        """A run, once it is in this state."""
        for answer in self.client.flow_runs.WatchFlowRun(WatchFlowRunRequest(flow_run_id=run_id)):
            if answer.flow_run.state.type == state:
                return answer.flow_run
        raise AssertionError("it has ended otherwise")


def test_a_run_too_many_is_skipped(client: Client) -> None:
    scene = Scene(client, SKIP)
    lease = scene.running()

    skipped = scene.create().state
    scene.report(lease, 2, StateType.STATE_TYPE_COMPLETED)
    next_one = scene.create().state

    assert (skipped.type, skipped.name) == (StateType.STATE_TYPE_CANCELLED, "Skipped")
    assert next_one.type == StateType.STATE_TYPE_SCHEDULED


def test_the_oldest_run_makes_way_though_its_worker_asks_for_nothing(client: Client) -> None:
    scene = Scene(client, OLDEST)
    lease = scene.running()
    newest = scene.create()

    stopped = scene.watched(lease.flow_run_id, StateType.STATE_TYPE_CANCELLING)
    scene.report(lease, 2, StateType.STATE_TYPE_CANCELLED)
    client.leases.SyncLeases(SyncLeasesRequest(session_id=scene.session_id))
    request = AcquireLeasesRequest(session_id=scene.session_id, request_id=str(uuid4()), max_leases=1)
    [next_lease] = client.leases.AcquireLeases(request).leases

    assert "concurrency limit of 1" in stopped.state.message
    assert next_lease.flow_run_id == newest.flow_run_id


def test_what_is_wrong_is_told_by_name(client: Client) -> None:
    scene = Scene(client, SKIP)

    with pytest.raises(InvalidArgumentError) as misfit:
        scene.create('{"day": "monday"}')
    asked = OpenSessionRequest(worker_name="w", work_pool_name="default", protocol_version=2)
    with pytest.raises(FailedPreconditionError) as protocol:
        client.workers.OpenSession(asked)

    assert [(each.field, each.description) for each in misfit.value.violations] == [
        ("parameters_json.day", 'must be a whole number, not the text "monday".')
    ]
    assert (misfit.value.reason, protocol.value.reason) == ("PARAMETERS_INVALID", "PROTOCOL_VERSION")
