"""The servicers over one store, as the server has them, wired for a process that serves only itself."""

import random
from functools import cached_property
from typing import TYPE_CHECKING

from orch_proto.v1.flow_run_service_pb2 import CreateFlowRunResponse
from orch_proto.v1.lease_service_pb2 import StartFlowRunResponse
from orch_server.application.dispatcher import Dispatcher
from orch_server.application.leases import Leases
from orch_server.application.ports import Store, Wakeups
from orch_server.application.process_runs import ProcessRuns
from orch_server.application.session_hints import SessionHints
from orch_server.application.telemetry import NoTelemetry
from orch_server.application.workers import Workers
from orch_server.clock import TimeOrderedIds
from orch_server.rpc.endpoint import Endpoint
from orch_server.rpc.lease_service import LeaseServicer

# The others are loaded when they are first used: not every script reads runs or writes logs.
if TYPE_CHECKING:
    from orch_server.rpc.flow_run_service import FlowRunServicer
    from orch_server.rpc.log_service import LogServicer
    from orch_server.rpc.server_service import ServerServicer
    from orch_server.rpc.task_run_service import TaskRunServicer


class Services:
    """One servicer for each service that runs in a user's process."""

    def __init__(self, store: Store, wakeups: Wakeups) -> None:
        self._store, self._wakeups = store, wakeups
        self._ids, self._telemetry = TimeOrderedIds(), NoTelemetry()
        hints = SessionHints(wakeups)
        dispatcher = Dispatcher(store, wakeups, hints, self._telemetry)
        self.leases = LeaseServicer(
            Leases(store, dispatcher, hints, random.random, self._telemetry),
            Workers(store, self._ids, wakeups, hints),
            ProcessRuns[StartFlowRunResponse](store, self._ids, self._telemetry),
            self._telemetry,
        )

    @cached_property
    def flow_runs(self) -> "FlowRunServicer":
        """Flow runs."""
        from orch_server.application.creation import FlowRunCreation
        from orch_server.application.flow_runs import FlowRuns
        from orch_server.rpc.flow_run_service import FlowRunServicer

        creation = FlowRunCreation[CreateFlowRunResponse](self._store, self._ids, self._telemetry)
        return FlowRunServicer(creation, FlowRuns(self._store, self._wakeups), self._telemetry)

    @cached_property
    def task_runs(self) -> "TaskRunServicer":
        """Task runs."""
        from orch_server.application.task_runs import TaskRuns
        from orch_server.rpc.task_run_service import TaskRunServicer

        return TaskRunServicer(TaskRuns(self._store), use_threads=False)

    @cached_property
    def logs(self) -> "LogServicer":
        """Logs."""
        from orch_server.application.logs import Logs
        from orch_server.rpc.log_service import LogServicer

        return LogServicer(Logs(self._store, self._wakeups), use_threads=False)

    @cached_property
    def server(self) -> "ServerServicer":
        """What this control plane is."""
        from orch_server.application.identity import Identity
        from orch_server.rpc.server_service import ServerServicer
        from orch_server.version import orch_version

        limit = Endpoint().max_message_bytes
        identity = Identity(self._store)
        return ServerServicer(identity, version=orch_version(), database=self._store.kind, max_message_bytes=limit)
