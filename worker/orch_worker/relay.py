"""Passes the calls of this machine's runs on to the control plane, over one connection (`orch_client.relay`).

A run that calls through its worker starts sooner and costs the control plane no connection. It depends on nobody: where
the worker ends or hangs, the run's process opens a connection of its own.
"""

import asyncio
import logging
import os
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import cast

import grpc

from orch_client.channel import open_async_channel
from orch_client.relay import LONGEST_PATH_BYTES, Frame, FrameKind, FrameReader, RelayedCall, encoded_failure
from orch_client.settings import ClientSettings
from orch_worker.calls_together import CallsTogether, RefusedInBatch

logger = logging.getLogger(__name__)

# What a run's process has to say and to ask; nothing else is passed on under this worker's key.
_PATHS = frozenset(
    f"/orch.v1.{path}"
    for path in (
        "FlowRunService/GetFlowRun",
        "FlowRunService/ListFlowRuns",
        "FlowRunService/UpdateFlowRun",
        "LeaseService/AdoptLease",
        "LeaseService/ListLeases",
        "LeaseService/ReportRuns",
        "LeaseService/ResumeFlowRun",
        "LeaseService/StartFlowRun",
        "LeaseService/SyncLeases",
        "LogService/AppendLogs",
        "LogService/GetLogOffset",
        "TaskRunService/GetTaskRun",
        "TaskRunService/ListTaskRuns",
        "TaskRunService/ReportTaskRuns",
    )
)
# A heartbeat waits for nobody.
_HURRIED = frozenset({"/orch.v1.LeaseService/SyncLeases"})
_MOST_UNHEARD = 1000
"""Hints that are kept for runs that have only just begun; most that nobody listens to are for commands."""
_DETAILS_KEY = "grpc-status-details-bin"
_Send = Callable[..., "grpc.aio.UnaryUnaryCall[bytes, bytes]"]


class Relay:
    """All connections of runs to this worker."""

    def __init__(self, channel: grpc.aio.Channel, api_key: str) -> None:
        self._sends: dict[str, _Send] = {path: channel.unary_unary(path) for path in _PATHS}
        self._metadata = (("authorization", f"Bearer {api_key}"),) if api_key else ()
        self._together = CallsTogether(channel, self._alone, self._metadata)
        self._watching: dict[str, set[_Connection]] = {}
        self._connections: set[_Connection] = set()
        self._unheard: deque[str] = deque(maxlen=_MOST_UNHEARD)

    def hint(self, flow_run_id: str) -> None:
        """Tell the run's process that a heartbeat is due now, or as soon as it wants to know."""
        watching = self._watching.get(flow_run_id, ())
        for connection in watching:
            connection.send(_hint(flow_run_id))
        if not watching:
            self._unheard.append(flow_run_id)

    def connection(self) -> "_Connection":
        """For a process that connects."""
        return _Connection(self)

    def joined(self, connection: "_Connection") -> None:
        """A process has connected."""
        self._connections.add(connection)

    def left(self, connection: "_Connection") -> None:
        """A process has hung up."""
        self._connections.discard(connection)
        for flow_run_id in connection.watched:
            watching = self._watching.get(flow_run_id, set())
            watching.discard(connection)
            if not watching:
                self._watching.pop(flow_run_id, None)

    def watch(self, connection: "_Connection", flow_run_id: str) -> None:
        """A process wants to be told of hints for this run."""
        connection.watched.add(flow_run_id)
        self._watching.setdefault(flow_run_id, set()).add(connection)
        if flow_run_id in self._unheard:
            connection.send(_hint(flow_run_id))

    async def answer(self, number: int, call: RelayedCall) -> Frame:
        """Make the call; what came of it."""
        if call.path not in _PATHS:
            refusal = f"A worker passes no call of {call.path} on."
            return Frame(FrameKind.FAILURE, number, encoded_failure("PERMISSION_DENIED", refusal, b""))
        try:
            response = await (self._alone(call) if call.path in _HURRIED else self._together.call(call))
        except grpc.aio.AioRpcError as error:
            return Frame(FrameKind.FAILURE, number, _failure(error))
        except RefusedInBatch as error:
            return Frame(FrameKind.FAILURE, number, encoded_failure(error.code, error.message, error.status))
        return Frame(FrameKind.ANSWER, number, response)

    async def _alone(self, call: RelayedCall) -> bytes:
        return await self._sends[call.path](call.request, timeout=call.timeout_seconds, metadata=self._metadata)

    def close(self) -> None:
        """Hang up on everybody."""
        for connection in tuple(self._connections):
            connection.hang_up()


def _hint(flow_run_id: str) -> Frame:
    return Frame(FrameKind.HINT, 0, flow_run_id.encode())


def _failure(error: grpc.aio.AioRpcError) -> bytes:
    status = b""
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS_KEY and isinstance(value, bytes):
            status = value
    return encoded_failure(error.code().name, error.details() or "", status)


class _Connection(asyncio.Protocol):
    """One process."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._calls: set[asyncio.Task[None]] = set()
        self.watched: set[str] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not asked for its class: uvloop's are no subclasses of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._relay.joined(self)

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._reader.feed(data):
                self._take(frame)
        except ValueError as error:
            logger.warning("a run's process spoke unintelligibly", extra={"cause": str(error)})
            self.hang_up()

    def connection_lost(self, exc: Exception | None) -> None:
        # Its calls go on: a process may end as soon as it has said its last word.
        self._transport = None
        self._relay.left(self)

    def send(self, frame: Frame) -> None:
        """Send it, if anybody still listens."""
        if self._transport is not None:
            self._transport.write(frame.encoded())

    def hang_up(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()

    def _take(self, frame: Frame) -> None:
        if frame.kind == FrameKind.CALL:
            task = asyncio.create_task(self._pass_on(frame.number, RelayedCall.decoded(frame.body)))
            self._calls.add(task)
            task.add_done_callback(self._calls.discard)
        elif frame.kind == FrameKind.PING:
            self.send(Frame(FrameKind.PONG, frame.number, b""))
        elif frame.kind == FrameKind.WATCH:
            self._relay.watch(self, frame.body.decode())

    async def _pass_on(self, number: int, call: RelayedCall) -> None:
        self.send(await self._relay.answer(number, call))


@asynccontextmanager
async def open_relay(settings: ClientSettings, path: Path) -> AsyncIterator[Relay | None]:
    """A relay that listens at `path` while the block lasts; None where there can be none: runs do without."""
    if not hasattr(asyncio.get_running_loop(), "create_unix_server") or len(os.fsencode(path)) > LONGEST_PATH_BYTES:
        yield None
        return
    async with open_async_channel(settings) as channel:
        relay = Relay(channel, settings.api_key)
        # Of an earlier worker that had no time to remove it.
        _remove(path)
        try:
            server = await asyncio.get_running_loop().create_unix_server(relay.connection, str(path))
            os.chmod(path, 0o600)
        except OSError as error:
            logger.warning("no relay: runs call the control plane themselves", extra={"cause": str(error)})
            yield None
            return
        try:
            yield relay
        finally:
            server.close()
            relay.close()
            _remove(path)


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
