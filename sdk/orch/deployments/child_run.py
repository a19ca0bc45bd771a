"""One run of a deployment: created, and watched to its end. Loads grpc; in a thread of its own."""

import json
import threading
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING
from uuid import UUID

from orch.deployments.connecting import open_client
from orch.deployments.deployed_run import DeployedRun, Wanted
from orch.deployments.messages import moment_of, timestamp
from orch.engine.caching_step import Kept
from orch.errors import ConfigurationError
from orch.recording.recorder import current_recorder
from orch.results.stored import StoredResult
from orch.states import TERMINAL, State, StateType
from orch_client.errors import DeadlineError, NotFoundError, OrchClientError, UnavailableError
from orch_proto.v1.deployment_service_pb2 import GetDeploymentRequest
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.flow_run_service_pb2 import (
    CancelFlowRunRequest,
    CreateFlowRunRequest,
    GetFlowRunRequest,
    ParentRun,
    WatchFlowRunRequest,
)
from orch_proto.v1.state_pb2 import StateType as WireStateType

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

    from orch_client import Client
    from orch_client.client import Watch
    from orch_proto.v1.flow_run_service_pb2 import WatchFlowRunResponse

_CANCEL_SECONDS = 5.0
_ABSENCE_SECONDS = 5.0
"""How long to wait before a control plane that is away for long is asked again."""
_UNSUCCESSFUL = TERMINAL - {StateType.COMPLETED}


class ChildRun:
    """A run of a deployment. `run` is called once, in one thread; `stop` in any other."""

    def __init__(self, wanted: Wanted) -> None:
        """Nothing is asked for yet."""
        self._wanted = wanted
        self._stopped = threading.Event()
        self._is_to_cancel = False
        self._lock = threading.Lock()
        self._watch: Watch[WatchFlowRunResponse] | None = None
        self._flow_run_id = ""

    def run(self) -> DeployedRun:
        """Create it, wait for its end or as long as was said, and return it as it is then."""
        with open_client() as client:
            found = self._created(client, _deployment_id(client, self._wanted.deployment))
            with self._lock:
                self._flow_run_id = found.flow_run_id
                cancel = self._is_to_cancel
            if cancel:
                _cancel(client, found.flow_run_id)
            self._tell_parent()
            self._wait(client)
            return _read(client, found.flow_run_id)

    def stop(self, *, cancel: bool) -> None:
        """Nobody waits any more. `cancel`: nor is the run wanted; so it is where its parent is being cancelled, too."""
        with self._lock:
            self._is_to_cancel, flow_run_id = cancel, self._flow_run_id
        self._stop_waiting()
        if flow_run_id and (cancel or self._wanted.parent is not None):
            with open_client() as client:
                if cancel or self._parent_is_cancelling(client):
                    _cancel(client, flow_run_id)

    def _parent_is_cancelling(self, client: "Client") -> bool:
        """A cancelled run's process may first hear of that by SIGTERM, as of other things."""
        assert self._wanted.parent is not None
        request = GetFlowRunRequest(flow_run_id=self._wanted.parent.flow.record.id)
        try:
            run = client.flow_runs.GetFlowRun(request, timeout=_CANCEL_SECONDS).flow_run
        except OrchClientError:
            return False
        return _state_type(run) in {StateType.CANCELLING, StateType.CANCELLED}

    def _created(self, client: "Client", deployment_id: str) -> FlowRun:
        """The run: a new one, or the one that its key names."""
        request = self._request(deployment_id)
        parent = self._wanted.parent
        if parent is None or not parent.key:
            return client.flow_runs.CreateFlowRun(request).flow_run
        for number in count():
            # What an earlier attempt of the parent had started is taken again, unless it has failed.
            request.idempotency_key = f"{parent.key}/{number}"
            answer = client.flow_runs.CreateFlowRun(request)
            if answer.created or _state_type(answer.flow_run) not in _UNSUCCESSFUL:
                return answer.flow_run
        raise AssertionError("unreachable")

    def _request(self, deployment_id: str) -> CreateFlowRunRequest:
        wanted = self._wanted
        request = CreateFlowRunRequest(
            deployment_id=deployment_id,
            name=wanted.flow_run_name,
            parameters_json=wanted.parameters_json,
            tags=wanted.tags,
            idempotency_key=wanted.idempotency_key,
            work_queue_name=wanted.work_queue_name,
            job_variables_json=wanted.job_variables_json,
        )
        if wanted.scheduled_time is not None:
            request.scheduled_time.CopyFrom(timestamp(wanted.scheduled_time))
        if wanted.parent is not None:
            record = wanted.parent.flow.record
            # The control plane must know the parent first; where nothing is recorded, it has no token.
            current_recorder().committed(record).result()
            if record.token:
                task_run_id = wanted.parent.task.record.id
                parent = ParentRun(flow_run_id=record.id, token=record.token, task_run_id=task_run_id)
                request.parent.CopyFrom(parent)
        return request

    def _tell_parent(self) -> None:
        """The task run that stands for the run names it from now on."""
        if self._wanted.parent is None:
            return
        record = self._wanted.parent.task.record
        record.child_flow_run_id = self._flow_run_id
        if record.state is not None:
            record.version += 1
            current_recorder().task(record, record.state)

    def _wait(self, client: "Client") -> None:
        """Until the run has ended, the time is up, or nobody waits any more."""
        seconds = self._wanted.timeout_seconds
        if seconds == 0:
            return
        timer = threading.Timer(seconds, self._stop_waiting) if seconds is not None else None
        if timer is not None:
            timer.daemon = True
            timer.start()
        try:
            while not self._stopped.is_set() and not self._watched(client):
                # The watch itself has waited for minutes.
                self._stopped.wait(_ABSENCE_SECONDS)
        finally:
            if timer is not None:
                timer.cancel()

    def _stop_waiting(self) -> None:
        """In any thread."""
        self._stopped.set()
        with self._lock:
            watch = self._watch
        if watch is not None:
            watch.cancel()

    def _watched(self, client: "Client") -> bool:
        """Watch the run to its end; False where the control plane is away for too long."""
        watch = client.flow_runs.WatchFlowRun(WatchFlowRunRequest(flow_run_id=self._flow_run_id))
        with self._lock:
            self._watch = watch  # type: ignore[assignment]  # the stub's type; it is the client's own
            if self._stopped.is_set():
                return True
        try:
            for _ in watch:
                pass
        except (UnavailableError, DeadlineError):
            return False
        return True


def read_run(flow_run_id: str) -> DeployedRun:
    """A run as it is now."""
    with open_client() as client:
        return _read(client, flow_run_id)


def _read(client: "Client", flow_run_id: str) -> DeployedRun:
    run = client.flow_runs.GetFlowRun(GetFlowRunRequest(flow_run_id=flow_run_id)).flow_run
    return DeployedRun(
        id=run.flow_run_id,
        name=run.name,
        flow_name=run.flow_name,
        deployment_id=run.deployment_id,
        deployment_version=run.deployment_version,
        state=_state(run),
        parameters=json.loads(run.parameters_json or "{}"),
        tags=tuple(run.tags),
        created=moment_of(run.create_time),
        start_time=_moment(run.start_time) if run.HasField("start_time") else None,
        end_time=_moment(run.end_time) if run.HasField("end_time") else None,
    )


def _moment(stamp: "Timestamp") -> datetime:
    return moment_of(stamp)


def _state_type(run: FlowRun) -> StateType:
    return StateType(WireStateType.Name(run.state.type).removeprefix("STATE_TYPE_"))


def _state(run: FlowRun) -> State[object]:
    data = None
    if run.HasField("result") and run.result.WhichOneof("content") is not None:
        result = run.result
        inline = result.WhichOneof("content") == "data"
        data = Kept(StoredResult(result.data if inline else None, result.uri, result.media_type, result.size_bytes))
    message = run.state.message or run.state.failure.message
    time_ns = run.state.state_time.ToNanoseconds()
    state: State[object] = State(_state_type(run), run.state.name or None, message or None, data, time_ns)
    state.run_id = run.flow_run_id
    return state


def _cancel(client: "Client", flow_run_id: str) -> None:
    """As far as that is possible: the run that waited is stopping, and says nothing more."""
    try:
        request = CancelFlowRunRequest(flow_run_id=flow_run_id, reason="The flow run that waited for it was cancelled.")
        client.flow_runs.CancelFlowRun(request, timeout=_CANCEL_SECONDS)
    except OrchClientError:
        return


def _deployment_id(client: "Client", name: str) -> str:
    """The id of "flow/name", or an id itself."""
    if _is_id(name):
        return name
    if "/" not in name:
        raise ConfigurationError(
            f'The deployment is {name!r}: write "flow/name", or its id. `orch deployment ls` lists them.'
        )
    *others, last = _splits(name)
    for flow_name, own in others:
        try:
            return _by_name(client, flow_name, own)
        except NotFoundError:
            continue
    return _by_name(client, *last)


def _by_name(client: "Client", flow_name: str, name: str) -> str:
    request = GetDeploymentRequest(flow_name=flow_name, name=name)
    return client.deployments.GetDeployment(request).deployment.deployment_id


def _splits(name: str) -> Iterator[tuple[str, str]]:
    """All that "a/b/c" may mean, most likely last: its error is the one that is told."""
    parts = name.split("/")
    for place in range(len(parts) - 1, 0, -1):
        yield "/".join(parts[:place]), "/".join(parts[place:])


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
