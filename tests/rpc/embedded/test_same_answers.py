"""Each of these runs twice, on the embedded control plane and through gRPC: a script cannot tell them apart."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from orch_client import FailedPreconditionError, InvalidArgumentError, NotFoundError, OrchClientError
from orch_proto.v1 import lease_pb2
from orch_proto.v1.flow_run_service_pb2 import (
    FLOW_RUN_ORDER_SCHEDULED_TIME,
    CancelFlowRunRequest,
    CountFlowRunsRequest,
    CreateFlowRunRequest,
    FlowRunCount,
    FlowRunFilter,
    GetFlowRunRequest,
    ListFlowRunsRequest,
    ListFlowRunStatesRequest,
    ParentRun,
)
from orch_proto.v1.lease_service_pb2 import ListLeasesRequest, ResumeFlowRunRequest
from orch_proto.v1.log_service_pb2 import GetLogOffsetRequest, ListLogsRequest
from orch_proto.v1.server_service_pb2 import GetServerInfoRequest
from orch_proto.v1.state_pb2 import STATE_TYPE_SCHEDULED
from orch_proto.v1.task_run_service_pb2 import GetTaskRunRequest, ListTaskRunsRequest, ListTaskRunStatesRequest
from orch_server.embedded import EmbeddedPlane
from tests.rpc.embedded.process import ACCEPTED, COMPLETED, FAILED, RUNNING, Process, new_id


async def test_a_run_from_its_start_to_its_end(calls: EmbeddedPlane) -> None:
    process = Process.on(calls)

    lease = await process.start(name="mine", parameters_json='{"x": 1}', tags=["a"])
    assert (lease.token, lease.flow_run.state.type) == (1, RUNNING)
    assert await process.beat(lease) == lease_pb2.LEASE_VERDICT_OK
    assert await process.report(lease, 1, COMPLETED) == ACCEPTED

    run = (await calls.get_flow_run(GetFlowRunRequest(flow_run_id=lease.flow_run_id))).flow_run
    assert (run.name, run.parameters_json, list(run.tags), run.state.type) == ("mine", '{"x": 1}', ["a"], COMPLETED)
    states = await calls.list_flow_run_states(ListFlowRunStatesRequest(flow_run_id=lease.flow_run_id))
    assert [change.state.type for change in states.changes] == [RUNNING, COMPLETED]
    held = await calls.list_leases(ListLeasesRequest(flow_run_id=lease.flow_run_id))
    assert not held.leases


async def test_a_start_that_is_repeated_is_answered_alike(calls: EmbeddedPlane) -> None:
    wish = Process.on(calls).wish()

    first, again = await calls.start_flow_run(wish), await calls.start_flow_run(wish)

    assert first.lease == again.lease


async def test_many_starts_at_once(calls: EmbeddedPlane) -> None:
    process, flow = Process.on(calls), f"flow-{uuid4()}"

    leases = await asyncio.gather(*(process.start(flow_name=flow) for _ in range(100)))

    listed = await calls.list_flow_runs(ListFlowRunsRequest(filter=FlowRunFilter(flow_names=[flow])))
    assert {run.flow_run_id for run in listed.flow_runs} == {lease.flow_run_id for lease in leases}


async def test_runs_are_counted(calls: EmbeddedPlane) -> None:
    process, flow = Process.on(calls), f"flow-{uuid4()}"
    leases = [await process.start(flow_name=flow) for _ in range(3)]
    await process.report(leases[0], 1, COMPLETED)
    begin = Timestamp()
    begin.FromDatetime(datetime.now(UTC) - timedelta(hours=1))
    chosen = FlowRunFilter(flow_names=[flow], create_time_from=begin)

    counted = await calls.count_flow_runs(CountFlowRunsRequest(filter=chosen, bucket_width=Duration(seconds=24 * 3600)))

    states = [FlowRunCount(state_type=RUNNING, count=2), FlowRunCount(state_type=COMPLETED, count=1)]
    assert (list(counted.counts), counted.total_count, counted.truncated) == (states, 3, False)
    assert [list(bucket.counts) for bucket in counted.buckets] == [states]
    assert not counted.HasField("complete_from_time")
    named = FlowRunFilter(flow_run_ids=[lease.flow_run_id for lease in leases[1:]])
    assert (await calls.count_flow_runs(CountFlowRunsRequest(filter=named))).total_count == 2


async def test_upcoming_runs_come_in_the_order_of_their_times(calls: EmbeddedPlane) -> None:
    flow, made = f"flow-{uuid4()}", []
    for hours in (3, 1, 2):
        time = Timestamp()
        time.FromDatetime(datetime.now(UTC) + timedelta(hours=hours))
        made.append((await calls.create_flow_run(CreateFlowRunRequest(flow_name=flow, scheduled_time=time))).flow_run)
    request = ListFlowRunsRequest(
        page_size=2,
        order=FLOW_RUN_ORDER_SCHEDULED_TIME,
        filter=FlowRunFilter(flow_names=[flow], state_types=[STATE_TYPE_SCHEDULED]),
    )

    first = await calls.list_flow_runs(request)
    request.page_token = first.next_page_token
    second = await calls.list_flow_runs(request)

    found = [run.flow_run_id for run in (*first.flow_runs, *second.flow_runs)]
    assert found == [made[place].flow_run_id for place in (1, 2, 0)]


async def test_a_child_needs_its_parents_lease(calls: EmbeddedPlane) -> None:
    process = Process.on(calls)
    parent = await process.start()
    as_parent = ParentRun(flow_run_id=parent.flow_run_id, token=parent.token)

    child = await process.start(parent=as_parent)
    assert child.flow_run.parent_flow_run_id == parent.flow_run_id
    await process.report(parent, 1, COMPLETED)

    with pytest.raises(FailedPreconditionError) as refused:
        await process.start(parent=as_parent)
    assert refused.value.reason == "LEASE_LOST"


async def test_a_failed_run_is_taken_up_again(calls: EmbeddedPlane) -> None:
    process = Process.on(calls)
    lease = await process.start()
    await process.report(lease, 1, FAILED)
    again = ResumeFlowRunRequest(flow_run_id=lease.flow_run_id, expected_token=1, holder_id=process.id)

    resumed = (await calls.resume_flow_run(again)).lease
    assert (resumed.token, resumed.flow_run.attempt, resumed.flow_run.state.type) == (2, 2, RUNNING)

    with pytest.raises(FailedPreconditionError) as refused:
        await calls.resume_flow_run(again)
    assert refused.value.reason == "LEASE_LOST"
    assert await process.report(lease, 2, COMPLETED) == lease_pb2.REPORT_VERDICT_LOST


async def test_a_cancel_comes_with_the_next_heartbeat(calls: EmbeddedPlane) -> None:
    process = Process.on(calls)
    lease = await process.start()

    await calls.cancel_flow_run(CancelFlowRunRequest(flow_run_id=lease.flow_run_id, reason="enough"))

    assert await process.beat(lease) == lease_pb2.LEASE_VERDICT_CANCEL


async def test_task_runs(calls: EmbeddedPlane) -> None:
    process = Process.on(calls)
    lease = await process.start()

    ids = await process.report_tasks(lease, 500)

    listed = await calls.list_task_runs(ListTaskRunsRequest(flow_run_id=lease.flow_run_id, page_size=1000))
    assert [run.task_run_id for run in listed.task_runs] == sorted(ids)
    found = (await calls.get_task_run(GetTaskRunRequest(task_run_id=ids[7]))).task_run
    assert (found.name, found.state.type) == ("load-7", COMPLETED)
    states = await calls.list_task_run_states(ListTaskRunStatesRequest(task_run_id=ids[7]))
    assert [change.state.type for change in states.changes] == [COMPLETED]


async def test_logs(calls: EmbeddedPlane) -> None:
    process = Process.on(calls)
    lease = await process.start()
    long = "x" * 200_000

    assert await process.say(lease, 0, "one", "two") == 2
    assert await process.say(lease, 2, long, long) == 4

    offset = await calls.get_log_offset(GetLogOffsetRequest(flow_run_id=lease.flow_run_id, stream="run"))
    assert offset.offset == 4
    listed = await calls.list_logs(ListLogsRequest(flow_run_id=lease.flow_run_id))
    assert sorted(entry.record.message for entry in listed.entries) == sorted(["one", "two", long, long])


async def test_a_run_for_a_worker_waits_in_the_default_pool(calls: EmbeddedPlane) -> None:
    created = (await calls.create_flow_run(CreateFlowRunRequest(flow_name="etl"))).flow_run

    assert (created.work_pool_name, created.work_queue_name) == ("default", "default")


async def test_what_it_is(calls: EmbeddedPlane) -> None:
    info = await calls.get_server_info(GetServerInfoRequest())

    assert (info.database, info.contract_revision, list(info.protocol_versions)) == ("sqlite", 4, [1])
    assert UUID(info.control_plane_id) == UUID((await calls.get_server_info(GetServerInfoRequest())).control_plane_id)


async def test_errors_read_the_same(plane: EmbeddedPlane, grpc_calls: EmbeddedPlane) -> None:
    unknown = new_id()

    async def refusals(calls: EmbeddedPlane) -> list[OrchClientError]:
        process = Process.on(calls)
        found: list[OrchClientError] = []
        for attempt in (
            calls.get_flow_run(GetFlowRunRequest(flow_run_id=unknown)),
            calls.get_flow_run(GetFlowRunRequest(flow_run_id="seven")),
            process.start(flow_name="", parameters_json="[1]"),
            process.start(parent=ParentRun(flow_run_id=unknown, token=1)),
            calls.list_flow_runs(ListFlowRunsRequest(page_token="nonsense")),
        ):
            with pytest.raises(OrchClientError) as refused:
                await attempt
            found.append(refused.value)
        return found

    embedded, over_grpc = await refusals(plane), await refusals(grpc_calls)

    assert [(type(e), str(e), e.reason, e.metadata) for e in embedded] == [
        (type(e), str(e), e.reason, e.metadata) for e in over_grpc
    ]
    assert isinstance(embedded[0], NotFoundError)
    assert isinstance(embedded[1], InvalidArgumentError)
    assert isinstance(over_grpc[1], InvalidArgumentError)
    assert embedded[1].violations == over_grpc[1].violations != ()
