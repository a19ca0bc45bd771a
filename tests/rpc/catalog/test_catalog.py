"""The services of the catalog over a real channel: each call once, and the errors as statuses."""

from typing import TYPE_CHECKING
from uuid import uuid4

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from orch_proto.v1 import deployment_service_pb2 as deployments
from orch_proto.v1 import flow_service_pb2 as flows
from orch_proto.v1 import schedule_service_pb2 as schedules
from orch_proto.v1 import work_pool_service_pb2 as pools
from orch_proto.v1 import work_queue_service_pb2 as queues
from orch_proto.v1.deployment_pb2 import Deployment
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_proto.v1.schedule_pb2 import CronSpec, IntervalSpec, Schedule
from orch_proto.v1.work_pool_pb2 import WorkPool
from orch_proto.v1.work_queue_pb2 import WorkQueue
from tests.rpc.catalog.conftest import Stubs

if TYPE_CHECKING:
    from collections.abc import Awaitable

SPEC = LaunchSpec(entrypoint="etl.py:main")


async def deployed(stubs: Stubs) -> Deployment:
    """A deployment in the default pool."""
    wanted = Deployment(flow_name="etl", name="nightly", launch_spec=SPEC, parameters_json='{"day": 1.0}')
    request = deployments.CreateDeploymentRequest(deployment=wanted)
    return (await stubs.deployments.CreateDeployment(request)).deployment


async def test_a_pool_lives_and_goes(stubs: Stubs) -> None:
    wanted = WorkPool(name="gpu", concurrency_limit=0, lease_ttl=Duration(seconds=30))
    created = (await stubs.pools.CreateWorkPool(pools.CreateWorkPoolRequest(work_pool=wanted))).work_pool
    assert (created.type, created.concurrency_limit, created.lease_ttl.seconds, created.etag) == (
        "process",
        0,
        30,
        "v1",
    )

    change = pools.UpdateWorkPoolRequest(
        work_pool=WorkPool(name="gpu", paused=True, etag="v1"), update_mask=FieldMask(paths=["paused"])
    )
    changed = (await stubs.pools.UpdateWorkPool(change)).work_pool
    assert (changed.paused, changed.etag) == (True, "v2")
    assert (await stubs.pools.GetWorkPool(pools.GetWorkPoolRequest(name="gpu"))).work_pool == changed
    listed = await stubs.pools.ListWorkPools(pools.ListWorkPoolsRequest())
    assert [pool.name for pool in listed.work_pools] == ["default", "gpu"]

    await stubs.pools.DeleteWorkPool(pools.DeleteWorkPoolRequest(name="gpu", etag="v2"))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stubs.pools.GetWorkPool(pools.GetWorkPoolRequest(name="gpu"))
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


async def test_a_queue_lives_and_goes(stubs: Stubs) -> None:
    wanted = WorkQueue(work_pool_name="default", name="urgent", priority=1)
    created = (await stubs.queues.CreateWorkQueue(queues.CreateWorkQueueRequest(work_queue=wanted))).work_queue
    assert (created.priority, created.HasField("concurrency_limit")) == (1, False)

    change = queues.UpdateWorkQueueRequest(
        work_queue=WorkQueue(work_pool_name="default", name="urgent", concurrency_limit=2),
        update_mask=FieldMask(paths=["concurrency_limit"]),
    )
    changed = (await stubs.queues.UpdateWorkQueue(change)).work_queue
    assert (changed.concurrency_limit, changed.priority) == (2, 1)
    found = await stubs.queues.GetWorkQueue(queues.GetWorkQueueRequest(work_pool_name="default", name="urgent"))
    assert found.work_queue == changed

    await stubs.queues.DeleteWorkQueue(queues.DeleteWorkQueueRequest(work_pool_name="default", name="urgent"))
    listed = await stubs.queues.ListWorkQueues(queues.ListWorkQueuesRequest(work_pool_name="default"))
    assert [queue.name for queue in listed.work_queues] == ["default"]


async def test_a_deployment_lives_and_goes_and_its_flow_stays(stubs: Stubs) -> None:
    created = await deployed(stubs)
    assert (created.work_pool_name, created.work_queue_name, created.version) == ("default", "default", 1)
    assert created.parameters_json == '{"day": 1.0}'

    change = deployments.UpdateDeploymentRequest(
        deployment=Deployment(deployment_id=created.deployment_id, launch_spec=LaunchSpec(command=["node", "etl.js"])),
        update_mask=FieldMask(paths=["launch_spec"]),
    )
    changed = (await stubs.deployments.UpdateDeployment(change)).deployment
    assert changed.version == 2
    by_name = deployments.GetDeploymentRequest(flow_name="etl", name="nightly")
    assert (await stubs.deployments.GetDeployment(by_name)).deployment == changed
    versions = await stubs.deployments.ListDeploymentVersions(
        deployments.ListDeploymentVersionsRequest(deployment_id=created.deployment_id)
    )
    assert [(each.version, each.launch_spec.entrypoint) for each in versions.versions] == [(2, ""), (1, "etl.py:main")]
    listed = await stubs.deployments.ListDeployments(deployments.ListDeploymentsRequest(flow_name="etl"))
    assert list(listed.deployments) == [changed]

    await stubs.deployments.DeleteDeployment(
        deployments.DeleteDeploymentRequest(deployment_id=created.deployment_id, etag=changed.etag)
    )
    flow = (await stubs.flows.GetFlow(flows.GetFlowRequest(name="etl"))).flow
    assert (await stubs.flows.GetFlow(flows.GetFlowRequest(flow_id=flow.flow_id))).flow == flow
    assert list((await stubs.flows.ListFlows(flows.ListFlowsRequest(name_prefix="e"))).flows) == [flow]


async def test_a_schedule_lives_and_goes(stubs: Stubs) -> None:
    deployment = await deployed(stubs)
    wanted = Schedule(deployment_id=deployment.deployment_id, cron=CronSpec(expression="0 2 * * *"))
    created = (await stubs.schedules.CreateSchedule(schedules.CreateScheduleRequest(schedule=wanted))).schedule
    assert (created.cron.time_zone, created.HasField("next_time")) == ("UTC", True)
    assert created.name

    change = schedules.UpdateScheduleRequest(
        schedule=Schedule(
            schedule_id=created.schedule_id, paused=True, interval=IntervalSpec(interval=Duration(seconds=60))
        ),
        update_mask=FieldMask(paths=["interval", "paused"]),
    )
    changed = (await stubs.schedules.UpdateSchedule(change)).schedule
    assert (changed.WhichOneof("spec"), changed.paused, changed.name) == ("interval", True, created.name)
    found = await stubs.schedules.GetSchedule(schedules.GetScheduleRequest(schedule_id=created.schedule_id))
    assert found.schedule == changed
    listed = await stubs.schedules.ListSchedules(schedules.ListSchedulesRequest(deployment_id=deployment.deployment_id))
    assert list(listed.schedules) == [changed]

    await stubs.schedules.DeleteSchedule(schedules.DeleteScheduleRequest(schedule_id=created.schedule_id))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stubs.schedules.GetSchedule(schedules.GetScheduleRequest(schedule_id=created.schedule_id))
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


async def test_a_backfill_answers_with_runs_and_where_to_go_on(stubs: Stubs) -> None:
    deployment = await deployed(stubs)
    wanted = Schedule(deployment_id=deployment.deployment_id, cron=CronSpec(expression="* * * * *"))
    created = (await stubs.schedules.CreateSchedule(schedules.CreateScheduleRequest(schedule=wanted))).schedule
    request = schedules.BackfillScheduleRequest(
        request_id=str(uuid4()),
        schedule_id=created.schedule_id,
        from_time=Timestamp(seconds=60),
        until_time=Timestamp(seconds=240),
        max_runs=2,
    )

    first = await stubs.schedules.BackfillSchedule(request)
    again = await stubs.schedules.BackfillSchedule(request)
    rest = schedules.BackfillScheduleRequest(
        schedule_id=created.schedule_id, from_time=first.next_from_time, until_time=Timestamp(seconds=240)
    )
    second = await stubs.schedules.BackfillSchedule(rest)

    assert again == first
    assert [time.seconds for time in first.nominal_times] == [60, 120]
    assert (len(first.flow_run_ids), first.existing_runs, first.next_from_time.seconds) == (2, 0, 180)
    assert [time.seconds for time in second.nominal_times] == [180, 240]
    assert not second.HasField("next_from_time")


async def test_versions_keep_what_a_rollback_needs(stubs: Stubs) -> None:
    created = await deployed(stubs)
    change = deployments.UpdateDeploymentRequest(
        deployment=Deployment(
            deployment_id=created.deployment_id, parameters_json="{}", parameter_schema_json='{"type": "object"}'
        ),
        update_mask=FieldMask(paths=["parameters_json", "parameter_schema_json"]),
    )
    await stubs.deployments.UpdateDeployment(change)

    versions = (
        await stubs.deployments.ListDeploymentVersions(
            deployments.ListDeploymentVersionsRequest(deployment_id=created.deployment_id)
        )
    ).versions

    assert [(each.version, each.parameters_json, each.parameter_schema_json) for each in versions] == [
        (2, "{}", '{"type": "object"}'),
        (1, '{"day": 1.0}', ""),
    ]


async def test_a_preview_answers_with_times(stubs: Stubs) -> None:
    request = schedules.PreviewScheduleRequest(
        schedule=Schedule(cron=CronSpec(expression="* * * * *")), after_time=Timestamp(seconds=30), count=2
    )

    times = (await stubs.schedules.PreviewSchedule(request)).nominal_times

    assert [time.seconds for time in times] == [60, 120]


async def test_a_repeated_create_is_answered_once(stubs: Stubs) -> None:
    request = pools.CreateWorkPoolRequest(request_id=str(uuid4()), work_pool=WorkPool(name="gpu"))

    first = await stubs.pools.CreateWorkPool(request)

    assert await stubs.pools.CreateWorkPool(request) == first


async def test_pages_follow_each_other(stubs: Stubs) -> None:
    for name in ("a", "b"):
        await stubs.pools.CreateWorkPool(pools.CreateWorkPoolRequest(work_pool=WorkPool(name=name)))

    first = await stubs.pools.ListWorkPools(pools.ListWorkPoolsRequest(page_size=2))
    rest = await stubs.pools.ListWorkPools(pools.ListWorkPoolsRequest(page_size=1, page_token=first.next_page_token))

    assert [pool.name for pool in (*first.work_pools, *rest.work_pools)] == ["a", "b", "default"]
    assert rest.next_page_token == ""


async def test_errors_have_their_statuses(stubs: Stubs) -> None:
    duplicate = pools.CreateWorkPoolRequest(work_pool=WorkPool(name="default"))
    stale = pools.UpdateWorkPoolRequest(
        work_pool=WorkPool(name="default", etag="v9"), update_mask=FieldMask(paths=["paused"])
    )
    unmasked = pools.UpdateWorkPoolRequest(work_pool=WorkPool(name="default"))
    kept = queues.DeleteWorkQueueRequest(work_pool_name="default", name="default")
    nothing = deployments.GetDeploymentRequest()
    calls: list[tuple[Awaitable[object], grpc.StatusCode]] = [
        (stubs.pools.CreateWorkPool(duplicate), grpc.StatusCode.ALREADY_EXISTS),
        (stubs.pools.UpdateWorkPool(stale), grpc.StatusCode.ABORTED),
        (stubs.pools.UpdateWorkPool(unmasked), grpc.StatusCode.INVALID_ARGUMENT),
        (stubs.queues.DeleteWorkQueue(kept), grpc.StatusCode.FAILED_PRECONDITION),
        (stubs.deployments.GetDeployment(nothing), grpc.StatusCode.INVALID_ARGUMENT),
        (stubs.flows.GetFlow(flows.GetFlowRequest()), grpc.StatusCode.INVALID_ARGUMENT),
    ]

    for call, code in calls:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        assert caught.value.code() == code
