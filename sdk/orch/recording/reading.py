"""What durable flows read back from the control plane: their unfinished runs, and what those runs' tasks returned.
Also what must be told before a run goes on.

Each call waits until what ended processes left on disk has been shipped, and raises RecordingError where the control
plane cannot be reached within the settings' `start_timeout_seconds`. Where nothing is recorded, nothing is read.
"""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from orch.engine.checkpoints import Checkpoint
from orch.errors import RecordingError
from orch.recording.processes import ProcessName
from orch.recording.recorder import CourierRecorder, current_recorder
from orch.results.stored import StoredResult
from orch.settings import current_settings
from orch.states import StateType

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orch.recording.records import FlowRunRecord
    from orch.recording.transport import Transport
    from orch_proto.v1.flow_run_pb2 import FlowRun
    from orch_proto.v1.result_pb2 import Result
    from orch_proto.v1.task_run_pb2 import TaskRun

T = TypeVar("T")

_PAGE = 1000
_AT_ONCE = 32
_UNFINISHED = (
    StateType.SCHEDULED,
    StateType.PENDING,
    StateType.RUNNING,
    StateType.PAUSED,
    StateType.CRASHED,
)


@dataclass(frozen=True, slots=True)
class FoundRun:
    """A flow run, as the control plane has it."""

    id: str
    name: str
    flow_name: str
    flow_version: str
    state_type: StateType
    token: int
    """The newest one."""
    parameters_json: str
    parent_flow_run_id: str
    work_pool_name: str
    """Empty for a run that its own process started."""
    attempt: int
    """The newest one's number."""
    holder_name: str
    """The process that holds it, or held it last; see `processes`."""
    deployment_id: str = ""
    """Empty for a run that was not made from a deployment."""


def unfinished_runs(flow_name: str) -> list[FoundRun]:
    """The flow's newest runs that are neither completed, failed nor cancelled, newest first; 1000 at most."""
    return _read(partial(_list_runs, flow_name), [])


def flow_run(flow_run_id: str) -> FoundRun | None:
    """One run; None where there is none of this id."""
    return _read(partial(_get_run, flow_run_id), None)


def task_runs(flow_run_id: str) -> list[Checkpoint]:
    """A run's task runs, each with its result where it has completed and the result was kept.

    Without those that somebody asked to have run again (`orch flow-run retry --from-task`).
    """
    return _read(partial(_list_task_runs, flow_run_id), [])


def tell_version(run: "FlowRunRecord") -> None:
    """Have the control plane know with which version of its code an adopted run goes on."""
    _read(partial(_adopt_again, run), None)


def holder_is_dead(run: FoundRun) -> bool:
    """Whether the process that holds the run is known to have ended. False also where that cannot be known from here:
    then only its lease says so, when it runs out.
    """
    holder = ProcessName.parse(run.holder_name)
    return holder is not None and holder.is_dead()


def _read(work: "Callable[[Transport], Awaitable[T]]", nothing: T) -> T:
    recorder = current_recorder()
    if not isinstance(recorder, CourierRecorder):
        return nothing
    from orch_client.errors import OrchClientError

    try:
        return recorder.read(work, timeout_seconds=current_settings().start_timeout_seconds)
    except OrchClientError as error:
        raise RecordingError(f"The control plane cannot be asked: {error}") from error


async def _list_runs(flow_name: str, transport: "Transport") -> list[FoundRun]:
    from orch_proto.v1.flow_run_service_pb2 import FlowRunFilter, ListFlowRunsRequest
    from orch_proto.v1.state_pb2 import StateType as WireStateType

    states = [WireStateType.Value(f"STATE_TYPE_{each.value}") for each in _UNFINISHED]
    request = ListFlowRunsRequest(page_size=_PAGE, filter=FlowRunFilter(flow_names=[flow_name], state_types=states))
    return [_found(run) for run in (await transport.list_flow_runs(request)).flow_runs]


async def _get_run(flow_run_id: str, transport: "Transport") -> FoundRun | None:
    from orch_client.errors import NotFoundError
    from orch_proto.v1.flow_run_service_pb2 import GetFlowRunRequest

    try:
        answer = await transport.get_flow_run(GetFlowRunRequest(flow_run_id=flow_run_id))
    except NotFoundError:
        return None
    return _found(answer.flow_run)


async def _adopt_again(run: "FlowRunRecord", transport: "Transport") -> None:
    from orch_proto.v1.lease_service_pb2 import AdoptLeaseRequest

    await transport.adopt_lease(
        AdoptLeaseRequest(
            flow_run_id=run.id, token=run.adopted_token, adopter_id=run.adopter_id, flow_version=run.flow_version
        )
    )


async def _list_task_runs(flow_run_id: str, transport: "Transport") -> list[Checkpoint]:
    from orch_proto.v1.task_run_service_pb2 import ListTaskRunsRequest

    request = ListTaskRunsRequest(flow_run_id=flow_run_id, page_size=_PAGE, include_results=True)
    found: list[TaskRun] = []
    while True:
        page = await transport.list_task_runs(request)
        found.extend(run for run in page.task_runs if not run.superseded)
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    room = asyncio.Semaphore(_AT_ONCE)
    return list(await asyncio.gather(*(_checkpoint(run, transport, room) for run in found)))


async def _checkpoint(run: "TaskRun", transport: "Transport", room: asyncio.Semaphore) -> Checkpoint:
    from orch_proto.v1.state_pb2 import StateType as WireStateType
    from orch_proto.v1.task_run_service_pb2 import GetTaskRunRequest

    result = run.result if run.HasField("result") else None
    completed = run.state.type == WireStateType.STATE_TYPE_COMPLETED
    if completed and result is not None and result.WhichOneof("content") is None:
        # An older control plane lists them without the bytes of results.
        async with room:
            answer = await transport.get_task_run(GetTaskRunRequest(task_run_id=run.task_run_id))
        result = answer.task_run.result
    return Checkpoint(
        task_run_id=run.task_run_id,
        name=run.name,
        task_key=run.task_key,
        dynamic_key=run.dynamic_key,
        attempt=run.attempt,
        version=run.version,
        result=_stored(result) if completed and result is not None else None,
        child_flow_run_id=run.child_flow_run_id,
    )


def _stored(result: "Result") -> StoredResult:
    inline = result.WhichOneof("content") != "uri"
    return StoredResult(
        data=result.data if inline else None,
        uri=result.uri,
        media_type=result.media_type,
        size_bytes=result.size_bytes,
    )


def _found(run: "FlowRun") -> FoundRun:
    from orch_proto.v1.state_pb2 import StateType as WireStateType

    name = WireStateType.Name(run.state.type).removeprefix("STATE_TYPE_")
    return FoundRun(
        id=run.flow_run_id,
        name=run.name,
        flow_name=run.flow_name,
        flow_version=run.flow_version,
        state_type=StateType(name),
        token=run.token,
        parameters_json=run.parameters_json,
        parent_flow_run_id=run.parent_flow_run_id,
        work_pool_name=run.work_pool_name,
        attempt=run.attempt,
        holder_name=run.holder_name,
        deployment_id=run.deployment_id,
    )
