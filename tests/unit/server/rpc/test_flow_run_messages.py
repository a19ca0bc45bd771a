"""Runs and leases on the wire, written into the answers that carry them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from google.protobuf.message import Message

from orch_proto.v1.lease_service_pb2 import AcquireLeasesResponse
from orch_server.application.grants import GrantedLease
from orch_server.domain.flow_runs import NO_TRACE, FlowRun, TraceContext
from orch_server.domain.launch import NO_LAUNCH_SPEC, LaunchSpec
from orch_server.domain.leases import Lease, LeasePhase
from orch_server.domain.new_runs import queued
from orch_server.domain.policies import NO_RECOVERY, NO_RETRY, RecoveryPolicy, RetryPolicy
from orch_server.domain.results import Result
from orch_server.domain.states import Failure
from orch_server.rpc.convert.flow_run_messages import flow_run_message
from orch_server.rpc.convert.leases import lease_message, write_lease

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BEFORE_1970 = datetime(1969, 12, 31, 23, 59, 59, 250_000, tzinfo=UTC)
POOL = UUID(int=7)
WHAT_FEW_HAVE = {
    "retry_policy",
    "recovery_policy",
    "nominal_time",
    "trace_context",
    "result",
    "start_time",
    "end_time",
}


def present_in(message: Message) -> set[str]:
    """The names of the fields that are there."""
    return {field.name for field, _ in message.ListFields()}


def new_run(now: datetime) -> FlowRun:
    """A run that has nothing that it need not have."""
    facts = queued(
        uuid4(),
        now=now,
        scheduled_time=now,
        retry_policy=NO_RETRY,
        recovery_policy=NO_RECOVERY,
        work_pool_id=POOL,
    )
    return FlowRun(
        facts=facts,
        name="red-fox",
        flow_id=uuid4(),
        flow_name="etl",
        deployment_id=None,
        deployment_version=0,
        work_queue_id=uuid4(),
        work_pool_name="default",
        work_queue_name="default",
        parameters="{}",
        job_variables="",
        tags=(),
        idempotency_key="",
        parent_flow_run_id=None,
        parent_task_run_id=None,
        schedule_id=None,
        nominal_time=None,
        waits_for_schedule=False,
        trace=NO_TRACE,
        create_time=now,
        update_time=now,
    )


def granted(run: FlowRun, *, pool: UUID | None = POOL, spec: LaunchSpec = NO_LAUNCH_SPEC) -> GrantedLease:
    """A lease of a run."""
    lease = Lease(
        flow_run_id=run.id,
        token=1,
        session_id=None,
        request_id=None,
        work_pool_id=pool,
        work_queue_id=None,
        deployment_id=None,
        phase=LeasePhase.STARTING,
        adopter_id=None,
        ttl=timedelta(seconds=1.5),
        grant_time=EPOCH,
        expire_time=EPOCH,
    )
    return GrantedLease(lease, run, spec)


@pytest.mark.parametrize("moment", [EPOCH, BEFORE_1970])
def test_a_moment_is_there_whenever_it_was(moment: datetime) -> None:
    message = flow_run_message(new_run(moment))

    assert present_in(message) >= {"create_time", "update_time", "scheduled_time"}
    assert message.create_time.ToDatetime(UTC) == moment
    assert message.state.state_time.ToDatetime(UTC) == moment


def test_what_a_run_has_not_is_absent() -> None:
    message = flow_run_message(new_run(EPOCH))

    assert not present_in(message) & WHAT_FEW_HAVE
    assert not message.state.HasField("failure")


def test_what_a_run_has_is_there() -> None:
    run = new_run(EPOCH)
    failure = Failure("ValueError", "no", "", retryable=False)
    facts = replace(
        run.facts,
        state=replace(run.facts.state, failure=failure),
        retry_policy=RetryPolicy(2, (timedelta(seconds=3),), 0.5),
        recovery_policy=RecoveryPolicy(1, durable=True, exclusive=False),
        start_time=EPOCH,
        end_time=EPOCH,
    )
    child = replace(
        run,
        facts=facts,
        tags=("a", "b"),
        deployment_id=UUID(int=1),
        parent_flow_run_id=UUID(int=2),
        parent_task_run_id=UUID(int=3),
        schedule_id=UUID(int=4),
        nominal_time=EPOCH,
        trace=TraceContext("00-1-2-01", "vendor=1"),
        result=Result(b"{}", "", "application/json", 2),
    )

    message = flow_run_message(child)

    assert present_in(message) >= WHAT_FEW_HAVE
    assert (message.state.failure.type, message.state.failure.HasField("retryable")) == ("ValueError", True)
    assert (message.retry_policy.max_retries, message.recovery_policy.durable) == (2, True)
    ids = (message.deployment_id, message.parent_flow_run_id, message.parent_task_run_id, message.schedule_id)
    assert ids == tuple(str(UUID(int=number)) for number in (1, 2, 3, 4))
    assert (list(message.tags), message.trace_context.tracestate, message.result.data) == (
        ["a", "b"],
        "vendor=1",
        b"{}",
    )


def test_a_pools_lease_has_a_launch_spec_even_if_it_says_nothing() -> None:
    run = new_run(EPOCH)

    assert lease_message(granted(run)).HasField("launch_spec")
    assert not lease_message(granted(run, pool=None)).HasField("launch_spec")


def test_a_lease_is_the_same_inside_an_answer() -> None:
    lease = granted(new_run(EPOCH), spec=LaunchSpec("", ("node", "job.js"), "", "{}"))
    answer = AcquireLeasesResponse()

    write_lease(answer.leases.add(), lease)

    assert answer.leases[0] == lease_message(lease)
    assert list(answer.leases[0].launch_spec.command) == ["node", "job.js"]
    assert answer.leases[0].ttl.ToTimedelta() == timedelta(seconds=1.5)
