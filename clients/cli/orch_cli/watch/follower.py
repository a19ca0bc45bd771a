"""What happens to a run, as it happens: its states and its log, each from a stream of its own, told by one thread."""

import threading
from collections.abc import Iterable, Sequence
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Protocol

from orch_cli.watch.ending import has_ended
from orch_cli.watch.position import LogPosition
from orch_client.errors import OrchClientError
from orch_proto.v1.flow_run_service_pb2 import WatchFlowRunRequest, WatchFlowRunResponse
from orch_proto.v1.log_service_pb2 import WatchLogsRequest, WatchLogsResponse

if TYPE_CHECKING:
    from orch_client.client import Client
    from orch_proto.v1.flow_run_pb2 import FlowRun
    from orch_proto.v1.log_pb2 import LogEntry

_JOIN_SECONDS = 2.0
_LOOK_SECONDS = 1.0


class Watcher(Protocol):
    """Who is told, in the thread that follows."""

    def seen(self, run: "FlowRun") -> None:
        """The run as it is now, at once."""

    def state(self, run: "FlowRun") -> None:
        """The run after each of its changes, in the order in which people read: its end follows its log."""

    def entries(self, entries: "Sequence[LogEntry]") -> None:
        """Some lines of its log."""

    def idle(self, run: "FlowRun | None") -> None:
        """Nothing has come for a second; the run as it was last seen."""


class Quiet:
    """Tells nobody: for those who wait for the end only."""

    def seen(self, run: "FlowRun") -> None:
        """Nothing."""

    def state(self, run: "FlowRun") -> None:
        """Nothing."""

    def entries(self, entries: "Sequence[LogEntry]") -> None:
        """Nothing."""

    def idle(self, run: "FlowRun | None") -> None:
        """Nothing."""


_Answer = WatchFlowRunResponse | WatchLogsResponse


def follow(
    orch: "Client",
    flow_run_id: str,
    watcher: Watcher,
    *,
    position: LogPosition | None = None,
    timeout_seconds: float | None = None,
) -> "FlowRun":
    """Follow a run until it has ended and all its log from a position on is told; None: without its log. Returns the
    run as it ended.

    Raises DeadlineError where it has not ended in time, other errors of orch_client, and whatever the watcher raises;
    Ctrl-C passes through. Nothing is left running.
    """
    states = orch.flow_runs.WatchFlowRun(WatchFlowRunRequest(flow_run_id=flow_run_id), timeout=timeout_seconds)
    lines = None
    if position is not None:
        lines = orch.logs.WatchLogs(WatchLogsRequest(flow_run_id=flow_run_id, resume_token=position.token))
    # None stands for the end of a stream.
    events: SimpleQueue[_Answer | OrchClientError | None] = SimpleQueue()
    streams = [stream for stream in (states, lines) if stream is not None]
    threads = [threading.Thread(target=_pump, args=(stream, events), daemon=True) for stream in streams]
    for thread in threads:
        thread.start()
    try:
        return _tell(events, watcher, position or LogPosition(), open_streams=len(threads))
    finally:
        for stream in streams:
            stream.cancel()
        for thread in threads:
            thread.join(_JOIN_SECONDS)


def _pump(stream: Iterable[_Answer], events: "SimpleQueue[_Answer | OrchClientError | None]") -> None:
    try:
        for answer in stream:
            events.put(answer)
    except OrchClientError as error:
        events.put(error)
    else:
        events.put(None)


def _tell(
    events: "SimpleQueue[_Answer | OrchClientError | None]",
    watcher: Watcher,
    position: LogPosition,
    *,
    open_streams: int,
) -> "FlowRun":
    run: FlowRun | None = None
    while open_streams:
        try:
            event = events.get(timeout=_LOOK_SECONDS)
        except Empty:
            watcher.idle(run)
            continue
        if isinstance(event, OrchClientError):
            raise event
        if event is None:
            open_streams -= 1
        elif isinstance(event, WatchLogsResponse):
            watcher.entries(position.new(event.entries))
        else:
            run = event.flow_run
            watcher.seen(run)
            if not has_ended(run.state):
                watcher.state(run)
    if run is None:
        raise RuntimeError("the control plane ended the watch without a word about the run")
    watcher.state(run)
    return run
