"""Those who look on: terminals that follow runs over gRPC, screens that do over HTTP, and lists that are asked for."""

import asyncio
import json
import struct
from collections.abc import AsyncIterator
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from orch_proto.v1.flow_run_service_pb2 import (
    FlowRunFilter,
    GetFlowRunRequest,
    ListFlowRunsRequest,
    WatchFlowRunRequest,
)
from orch_proto.v1.log_service_pb2 import WatchLogsRequest
from orch_proto.v1.state_pb2 import StateType
from tests.bench.api import Api
from tests.bench.soak.scene import Scene

_LOOK_SECONDS = 0.5
_END_OF_STREAM = 2


class Watchers:
    """Each method goes on until it is cancelled, and raises where a call fails."""

    def __init__(self, api: Api, http_url: str, scene: Scene) -> None:
        self._api = api
        self._http_url = http_url
        self._scene = scene

    async def follow_logs(self) -> None:
        """`orch flow-run logs --follow`, of one run after another."""
        while True:
            stream = self._api.logs.WatchLogs(WatchLogsRequest(flow_run_id=await self._somebody()))
            begun = perf_counter()
            async for page in stream:
                self._tell("tail", begun, [entry.record.message for entry in page.entries])

    async def follow_runs(self) -> None:
        """`orch run --watch`, of one run after another."""
        while True:
            request = WatchFlowRunRequest(flow_run_id=await self._somebody())
            async for _ in self._api.flow_runs.WatchFlowRun(request):
                pass

    async def follow_logs_by_http(self) -> None:
        """The screen's page of a run, of one run after another."""
        while True:
            begun = perf_counter()
            async for page in self._stream("LogService/WatchLogs", await self._somebody()):
                messages = [entry["record"]["message"] for entry in page.get("entries", [])]
                self._tell("http_tail", begun, messages)

    async def follow_runs_by_http(self) -> None:
        """The screen's page of a run, its states."""
        while True:
            async for _ in self._stream("FlowRunService/WatchFlowRun", await self._somebody()):
                pass

    async def look(self) -> None:
        """The newest runs, those that have failed, and one of them in full, again and again."""
        failed = FlowRunFilter(state_types=[StateType.STATE_TYPE_FAILED])
        while True:
            with self._scene.timings.of("list"):
                await self._api.flow_runs.ListFlowRuns(ListFlowRunsRequest(page_size=50))
            with self._scene.timings.of("list_failed"):
                await self._api.flow_runs.ListFlowRuns(ListFlowRunsRequest(page_size=50, filter=failed))
            flow_run_id = await self._somebody()
            with self._scene.timings.of("get"):
                await self._api.flow_runs.GetFlowRun(GetFlowRunRequest(flow_run_id=flow_run_id))
            await asyncio.sleep(_LOOK_SECONDS)

    async def _somebody(self) -> str:
        """A run that has begun lately."""
        while not self._scene.running:  # noqa: ASYNC110 (once, before the first run)
            await asyncio.sleep(0.1)
        return self._scene.chance.choice(self._scene.running)

    def _tell(self, what: str, begun: float, messages: list[str]) -> None:
        """How long lines were under way that were said since the watch began."""
        said = [float(message.partition(" ")[0]) for message in messages]
        now = perf_counter()
        for moment in said:
            if moment > begun:
                self._scene.timings.add(what, now - moment)

    async def _stream(self, method: str, flow_run_id: str) -> AsyncIterator[dict[str, Any]]:
        """The messages of a stream over Connect, on a connection of its own, until the server ends it."""
        parts = urlsplit(self._http_url)
        message = json.dumps({"flowRunId": flow_run_id}).encode()
        body = struct.pack(">BI", 0, len(message)) + message
        head = (
            f"POST /orch.v1.{method} HTTP/1.1\r\nhost: {parts.netloc}\r\nconnection: close\r\n"
            f"content-type: application/connect+json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in answer.partition(b"\r\n")[0]:
                raise RuntimeError(f"{method} was refused over HTTP: {answer!r}")
            async for flags, data in _envelopes(reader):
                if flags & _END_OF_STREAM:
                    if "error" in data:
                        raise RuntimeError(f"{method} ended over HTTP: {data['error']}")
                    return
                yield data
        finally:
            writer.close()


async def _envelopes(reader: asyncio.StreamReader) -> AsyncIterator[tuple[int, dict[str, Any]]]:
    """Connect's messages out of HTTP's chunks, however these divide them."""
    waiting = b""
    while size := int(await reader.readline(), 16):
        waiting += (await reader.readexactly(size + 2))[:-2]
        while len(waiting) >= 5:
            flags, length = struct.unpack(">BI", waiting[:5])
            if len(waiting) < 5 + length:
                break
            yield flags, json.loads(waiting[5 : 5 + length])
            waiting = waiting[5 + length :]
