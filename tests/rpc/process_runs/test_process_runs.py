"""StartFlowRun and ResumeFlowRun against a server as users start it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import uuid4

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from orch_proto.v1 import flow_run_service_pb2 as flow_runs
from orch_proto.v1 import lease_pb2, policy_pb2, state_pb2
from orch_proto.v1 import lease_service_pb2 as leases
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.flow_run_service_pb2_grpc import FlowRunServiceStub
from orch_proto.v1.lease_service_pb2_grpc import LeaseServiceStub
from orch_server.clock import TimeOrderedIds
from tests.support.started_server import started_server

HOLDER_ID, HOLDER_NAME = str(uuid4()), "host/boot/7/100"
IDS = TimeOrderedIds()


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[grpc.Channel]:
    with (
        started_server(tmp_path_factory.mktemp("home")) as server,
        grpc.insecure_channel(server.address) as opened,
    ):
        yield opened


@pytest.fixture
def holders(channel: grpc.Channel) -> LeaseServiceStub:
    return LeaseServiceStub(channel)


@pytest.fixture
def runs(channel: grpc.Channel) -> FlowRunServiceStub:
    return FlowRunServiceStub(channel)


def wish(**fields: object) -> leases.StartFlowRunRequest:
    """A run of a flow of its own, but for the fields given."""
    known: dict[str, object] = {
        "flow_run_id": str(IDS.new(datetime.now(UTC))),
        "flow_name": f"flow-{uuid4().hex[:8]}",
        "holder_id": HOLDER_ID,
        "holder_name": HOLDER_NAME,
        "lease_ttl": Duration(seconds=600),
    }
    return leases.StartFlowRunRequest(**known | fields)  # type: ignore[arg-type]


def resumption(run: FlowRun, **fields: object) -> leases.ResumeFlowRunRequest:
    known: dict[str, object] = {
        "flow_run_id": run.flow_run_id,
        "expected_token": run.token,
        "holder_id": str(uuid4()),
        "holder_name": "host/boot/8/200",
    }
    return leases.ResumeFlowRunRequest(**known | fields)  # type: ignore[arg-type]


def end(
    holders: LeaseServiceStub, run: FlowRun, type_: state_pb2.StateType.ValueType, *, sequence: int = 1
) -> leases.ReportedRun:
    report = leases.RunReport(
        flow_run_id=run.flow_run_id, token=run.token, sequence=sequence, state=state_pb2.State(type=type_)
    )
    [reported] = holders.ReportRuns(leases.ReportRunsRequest(reports=[report])).reports
    return reported


def verdict(holders: LeaseServiceStub, run: FlowRun) -> leases.SyncedLease:
    held = leases.HeldLease(flow_run_id=run.flow_run_id, token=run.token, phase=lease_pb2.LEASE_PHASE_RUNNING)
    [synced] = holders.SyncLeases(leases.SyncLeasesRequest(held=[held])).leases
    return synced


def refusal(error: grpc.RpcError) -> str:
    """The reason that a refusal has for programs."""
    trailing = cast("grpc.Call", error).trailing_metadata()
    [packed] = [value for name, value in trailing if name == "grpc-status-details-bin"]
    info = ErrorInfo()
    assert any(detail.Unpack(info) for detail in Status.FromString(cast("bytes", packed)).details)
    return info.reason


def test_a_started_run_is_the_callers_and_can_be_read(holders: LeaseServiceStub, runs: FlowRunServiceStub) -> None:
    request = wish(
        name="mine",
        parameters_json='{"b":1,  "a":2}',
        tags=["b", "a"],
        flow_version="1.2",
        recovery_policy=policy_pb2.RecoveryPolicy(durable=True),
        trace_context=policy_pb2.TraceContext(traceparent="00-a-b-01"),
        age=Duration(seconds=3600),
    )

    started = holders.StartFlowRun(request)

    lease = started.lease
    assert (lease.flow_run_id, lease.token, lease.ttl.seconds) == (request.flow_run_id, 1, 600)
    assert not lease.HasField("launch_spec")
    assert timedelta() < started.next_sync.ToTimedelta() < timedelta(seconds=600)
    run = lease.flow_run
    assert runs.GetFlowRun(flow_runs.GetFlowRunRequest(flow_run_id=run.flow_run_id)).flow_run == run
    assert (run.name, run.parameters_json, list(run.tags)) == ("mine", '{"b":1,  "a":2}', ["a", "b"])
    assert (run.state.type, run.attempt, run.token, run.version) == (state_pb2.STATE_TYPE_RUNNING, 1, 1, 1)
    assert (run.work_pool_name, run.deployment_id, run.flow_version) == ("", "", "1.2")
    assert (run.holder_name, run.recovery_policy.durable) == (HOLDER_NAME, True)
    assert run.trace_context.traceparent == "00-a-b-01"
    ago = run.update_time.ToDatetime() - run.start_time.ToDatetime()
    assert ago == timedelta(hours=1)
    by_flow = flow_runs.FlowRunFilter(flow_names=[request.flow_name])
    assert list(runs.ListFlowRuns(flow_runs.ListFlowRunsRequest(filter=by_flow)).flow_runs) == [run]


def test_an_absent_ttl_is_fifteen_seconds(holders: LeaseServiceStub) -> None:
    request = wish()
    request.ClearField("lease_ttl")

    assert holders.StartFlowRun(request).lease.ttl.seconds == 15


def test_the_trace_is_the_calls_own_where_the_request_names_none(holders: LeaseServiceStub) -> None:
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    started = holders.StartFlowRun(wish(), metadata=(("traceparent", traceparent),))

    assert started.lease.flow_run.trace_context.traceparent == traceparent


def test_a_repeat_is_answered_byte_for_byte_however_old_it_has_become(holders: LeaseServiceStub) -> None:
    request = wish(request_id=str(uuid4()))
    first = holders.StartFlowRun(request)
    request.age.FromSeconds(30)

    assert holders.StartFlowRun(request) == first
    request.flow_name = "other"
    with pytest.raises(grpc.RpcError) as refused:
        holders.StartFlowRun(request)
    assert refusal(refused.value) == "REQUEST_ID_REUSED"


def test_a_holder_that_asks_with_another_request_id_has_its_run(holders: LeaseServiceStub) -> None:
    request = wish(request_id=str(uuid4()))
    first = holders.StartFlowRun(request)
    request.request_id = str(uuid4())

    assert holders.StartFlowRun(request).lease == first.lease


def test_onlookers_see_who_holds_it(holders: LeaseServiceStub) -> None:
    run = holders.StartFlowRun(wish()).lease.flow_run

    [info] = holders.ListLeases(leases.ListLeasesRequest(flow_run_id=run.flow_run_id)).leases

    assert (info.flow_run_id, info.token, info.holder_name) == (run.flow_run_id, 1, HOLDER_NAME)
    assert (info.session_id, info.worker_name, info.work_pool_name, info.adopted) == ("", "", "", True)
    assert not holders.ListLeases(leases.ListLeasesRequest(flow_run_id=str(uuid4()))).leases


def test_a_child_names_its_parent(holders: LeaseServiceStub, runs: FlowRunServiceStub) -> None:
    parent = holders.StartFlowRun(wish()).lease.flow_run
    named = flow_runs.ParentRun(flow_run_id=parent.flow_run_id, token=1, task_run_id=str(uuid4()))

    child = holders.StartFlowRun(wish(parent=named)).lease.flow_run

    assert (child.parent_flow_run_id, child.parent_task_run_id) == (parent.flow_run_id, named.task_run_id)
    children = flow_runs.FlowRunFilter(parent_flow_run_id=parent.flow_run_id)
    assert list(runs.ListFlowRuns(flow_runs.ListFlowRunsRequest(filter=children)).flow_runs) == [child]


def test_a_cancel_is_heard_and_obeyed(holders: LeaseServiceStub, runs: FlowRunServiceStub) -> None:
    run = holders.StartFlowRun(wish()).lease.flow_run
    assert verdict(holders, run).verdict == lease_pb2.LEASE_VERDICT_OK

    runs.CancelFlowRun(flow_runs.CancelFlowRunRequest(flow_run_id=run.flow_run_id, reason="Too dear."))

    heard = verdict(holders, run)
    assert (heard.verdict, heard.message) == (lease_pb2.LEASE_VERDICT_CANCEL, "Too dear.")
    assert end(holders, run, state_pb2.STATE_TYPE_CANCELLED).verdict == lease_pb2.REPORT_VERDICT_ACCEPTED
    watched = list(runs.WatchFlowRun(flow_runs.WatchFlowRunRequest(flow_run_id=run.flow_run_id), timeout=30))
    assert [each.flow_run.state.type for each in watched] == [state_pb2.STATE_TYPE_CANCELLED]


def test_a_failed_run_is_taken_up_again(holders: LeaseServiceStub, runs: FlowRunServiceStub) -> None:
    run = holders.StartFlowRun(wish(flow_version="1")).lease.flow_run
    end(holders, run, state_pb2.STATE_TYPE_FAILED)
    request = resumption(run, request_id=str(uuid4()), flow_version="2", lease_ttl=Duration(seconds=30))

    resumed = holders.ResumeFlowRun(request)

    assert holders.ResumeFlowRun(request) == resumed
    again = resumed.lease.flow_run
    assert (resumed.lease.token, resumed.lease.ttl.seconds, resumed.next_sync.seconds > 0) == (2, 30, True)
    assert (again.token, again.attempt, again.flow_version, again.holder_name) == (2, 2, "2", "host/boot/8/200")
    assert verdict(holders, run).verdict == lease_pb2.LEASE_VERDICT_LOST
    assert end(holders, again, state_pb2.STATE_TYPE_COMPLETED).verdict == lease_pb2.REPORT_VERDICT_ACCEPTED
    history = runs.ListFlowRunStates(flow_runs.ListFlowRunStatesRequest(flow_run_id=run.flow_run_id)).changes
    assert [(each.state.name, each.token) for each in history] == [
        ("Running", 1),
        ("Failed", 1),
        ("Running", 2),
        ("Completed", 2),
    ]


def test_a_dead_holder_is_succeeded_at_its_successors_word(holders: LeaseServiceStub) -> None:
    run = holders.StartFlowRun(wish()).lease.flow_run

    with pytest.raises(grpc.RpcError) as refused:
        holders.ResumeFlowRun(resumption(run))
    assert refusal(refused.value) == "RUN_HELD"

    assert holders.ResumeFlowRun(resumption(run, take_over=True)).lease.token == 2
    with pytest.raises(grpc.RpcError) as late:
        holders.ResumeFlowRun(resumption(run, take_over=True))
    assert refusal(late.value) == "LEASE_LOST"


def test_a_retry_says_what_to_do_instead(holders: LeaseServiceStub, runs: FlowRunServiceStub) -> None:
    run = holders.StartFlowRun(wish()).lease.flow_run
    end(holders, run, state_pb2.STATE_TYPE_FAILED)

    with pytest.raises(grpc.RpcError, match="ResumeFlowRun") as refused:
        runs.RetryFlowRun(flow_runs.RetryFlowRunRequest(flow_run_id=run.flow_run_id))

    assert refusal(refused.value) == "RUN_HAS_NO_POOL"
