"""A run's process reports its task runs: in batches, behind the user's code."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from time import perf_counter, time_ns

from google.protobuf.timestamp_pb2 import Timestamp

from orch_proto.v1.lease_pb2 import Lease, ReportVerdict
from orch_proto.v1.state_pb2 import State, StateChange, StateType
from orch_proto.v1.task_run_pb2 import TaskRun
from orch_proto.v1.task_run_service_pb2 import ReportTaskRunsRequest, TaskRunReport
from tests.bench.api import Api
from tests.bench.figures import Report, middle
from tests.bench.ids import time_ordered_id
from tests.bench.laboratory import Laboratory

BATCH = 500
FLOW_RUNS = 4
BATCHES_A_ROUND = 4
ROUNDS = 5
_PASSED = (StateType.STATE_TYPE_PENDING, StateType.STATE_TYPE_RUNNING, StateType.STATE_TYPE_COMPLETED)


async def bench(laboratory: Laboratory) -> AsyncIterator[Report]:
    """Short tasks: each is reported once, when it has ended, with all the states that it has had."""
    async with laboratory.api() as (server, api), api.holding(FLOW_RUNS) as leases:
        await _round(api, leases)
        before = server.cpu_seconds()
        rates = [await _round(api, leases) for _ in range(ROUNDS)]
        count = FLOW_RUNS * BATCHES_A_ROUND * BATCH
        yield Report(
            "tasks",
            {
                "database": laboratory.kind,
                "batch": BATCH,
                "flow_runs": FLOW_RUNS,
                "states_per_task_run": len(_PASSED),
                "task_runs_per_s": middle(rates),
                "server_cpu_ms": round(1000 * (server.cpu_seconds() - before) / count / ROUNDS, 3),
            },
        )


async def _round(api: Api, leases: Sequence[Lease]) -> float:
    """Task runs a second; what is sent is made before the clock starts."""
    work = [[_request(lease) for _ in range(BATCHES_A_ROUND)] for lease in leases]

    async def send(requests: Sequence[ReportTaskRunsRequest]) -> None:
        for request in requests:
            answer = await api.task_runs.ReportTaskRuns(request)
            if answer.verdict != ReportVerdict.REPORT_VERDICT_ACCEPTED:
                raise RuntimeError(f"task runs were not accepted: {answer}")

    begin = perf_counter()
    async with asyncio.TaskGroup() as group:
        for requests in work:
            group.create_task(send(requests))
    return BATCH * sum(len(requests) for requests in work) / (perf_counter() - begin)


def _request(lease: Lease) -> ReportTaskRunsRequest:
    return ReportTaskRunsRequest(
        flow_run_id=lease.flow_run_id,
        token=lease.token,
        reports=[task_run_report(lease.flow_run_id, number) for number in range(BATCH)],
    )


def task_run_report(flow_run_id: str, number: int) -> TaskRunReport:
    """A task that has ended, with all the states that it has had."""
    now = Timestamp()
    now.FromNanoseconds(time_ns())
    states = [State(type=state, state_time=now) for state in _PASSED]
    run = TaskRun(
        task_run_id=str(time_ordered_id()),
        flow_run_id=flow_run_id,
        name=f"load-{number}",
        task_key="bench.load",
        dynamic_key=str(number),
        state=states[-1],
        attempt=1,
        create_time=now,
        start_time=now,
        end_time=now,
        version=len(states),
    )
    changes = [StateChange(version=version, state=state) for version, state in enumerate(states, 1)]
    return TaskRunReport(task_run=run, changes=changes)
