"""What must hold when everything has ended, read from the control plane and from the ledger."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from orch_client import AsyncClient
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.flow_run_service_pb2 import GetFlowRunRequest, ListFlowRunStatesRequest
from orch_proto.v1.lease_pb2 import LeaseInfo
from orch_proto.v1.lease_service_pb2 import ListLeasesRequest
from orch_proto.v1.log_pb2 import LogEntry
from orch_proto.v1.log_service_pb2 import ListLogsRequest
from orch_proto.v1.state_pb2 import StateChange, StateType
from orch_proto.v1.task_run_pb2 import TaskRun
from orch_proto.v1.task_run_service_pb2 import ListTaskRunsRequest
from tests.e2e.faults.house import ENDED


async def nothing_is_held(client: AsyncClient) -> None:
    """No lease is left, so no slot either: slots are a function of leases."""
    held = [lease async for lease in client.items(client.leases.ListLeases, ListLeasesRequest(), of=LeaseInfo)]
    assert held == []


async def history_is_whole(client: AsyncClient, flow_run_id: str) -> None:
    """Tokens never fall: nothing that an old holder wrote came after a newer grant. One end, the last."""
    run = (await client.flow_runs.GetFlowRun(GetFlowRunRequest(flow_run_id=flow_run_id))).flow_run
    request = ListFlowRunStatesRequest(flow_run_id=run.flow_run_id)
    changes = [each async for each in client.items(client.flow_runs.ListFlowRunStates, request, of=StateChange)]
    tokens = [each.token for each in changes]
    assert tokens == sorted(tokens), f"{run.flow_run_id}: {tokens}"
    assert changes[-1].state.type == run.state.type
    ends = [each for each in changes if each.state.type in ENDED]
    # CRASHED by lost contact may be taken back by the holder itself; every other end is the last.
    assert all(each.state.type == StateType.STATE_TYPE_CRASHED for each in ends[:-1]), changes


async def tasks_have_ended(client: AsyncClient, run: FlowRun, *, count: int) -> None:
    """Each step is there, completed."""
    request = ListTaskRunsRequest(flow_run_id=run.flow_run_id)
    tasks = [each async for each in client.items(client.task_runs.ListTaskRuns, request, of=TaskRun)]
    completed = [each for each in tasks if each.state.type == StateType.STATE_TYPE_COMPLETED]
    assert len(completed) >= count, f"{run.flow_run_id}: {[each.state.name for each in tasks]}"


async def log_lines(client: AsyncClient, flow_run_id: str) -> list[str]:
    """The run's lines."""
    request = ListLogsRequest(flow_run_id=flow_run_id)
    return [each.record.message async for each in client.items(client.logs.ListLogs, request, of=LogEntry)]


def ledger_is_right(ledger: Path, run_ids: Sequence[str], *, steps: int) -> None:
    """Every step of every run was done; none that was committed was done again under a later token."""
    done: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for line in ledger.read_text().splitlines():
        run_id, under, number = line.split()
        done[run_id][int(under)].append(int(number))
    for run_id in run_ids:
        attempts = done[run_id]
        assert set().union(*attempts.values()) == set(range(steps)), f"{run_id}: {dict(attempts)}"
        committed: set[int] = set()
        for token in sorted(attempts):
            numbers = attempts[token]
            assert len(numbers) == len(set(numbers)), f"{run_id}: one attempt did a step twice: {dict(attempts)}"
            assert not committed & set(numbers), f"{run_id}: a committed step was done again: {dict(attempts)}"
            # The last one may have been cut off before its result was committed.
            committed |= set(numbers[:-1])
