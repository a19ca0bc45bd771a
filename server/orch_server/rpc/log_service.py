"""The service of logs: convert, call, convert."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

from orch_proto.v1.lease_pb2 import ReportVerdict
from orch_proto.v1.log_service_pb2 import (
    AppendLogsRequest,
    AppendLogsResponse,
    GetLogOffsetRequest,
    GetLogOffsetResponse,
    ListLogsRequest,
    ListLogsResponse,
    WatchLogsRequest,
    WatchLogsResponse,
)
from orch_server.application.logs import Logs
from orch_server.application.pages import page_size
from orch_server.rpc.context import Context
from orch_server.rpc.convert.basics import parse_id
from orch_server.rpc.convert.logs import RecordCodec, entry_message, to_append, to_log_filter, to_stream

_DEFAULT_PAGE_SIZE = 1000
_MAX_PAGE_SIZE = 10_000
_MOST_IN_LOOP_BYTES = 256 * 1024
"""More than that is checked and compressed in a thread: heartbeats go on meanwhile."""


class LogServicer:
    """Takes, reads and follows the logs of flow runs."""

    def __init__(self, logs: Logs, *, use_threads: bool = True) -> None:
        """use_threads: False where nobody else waits for the event loop, and where threads may be gone already."""
        self._logs = logs
        self._use_threads = use_threads
        self._codec = RecordCodec()

    async def AppendLogs(self, request: AppendLogsRequest, context: Context) -> AppendLogsResponse:
        """Store lines."""
        many = self._use_threads and request.ByteSize() > _MOST_IN_LOOP_BYTES
        append = await asyncio.to_thread(to_append, request) if many else to_append(request)
        appended = await self._logs.append(append)
        verdict = ReportVerdict.ValueType(appended.verdict)
        return AppendLogsResponse(committed_offset=appended.committed_offset, verdict=verdict)

    async def GetLogOffset(self, request: GetLogOffsetRequest, context: Context) -> GetLogOffsetResponse:
        """Say where a stream ends."""
        stream = to_stream(request.stream, "stream", required=True)
        return GetLogOffsetResponse(
            offset=await self._logs.offset(parse_id(request.flow_run_id, "flow_run_id"), stream)
        )

    async def ListLogs(self, request: ListLogsRequest, context: Context) -> ListLogsResponse:
        """Read lines."""
        size = page_size(request.page_size, default=_DEFAULT_PAGE_SIZE, largest=_MAX_PAGE_SIZE)
        run_id = parse_id(request.flow_run_id, "flow_run_id")
        look = self._logs.page_back if request.newest_first else self._logs.page
        found = await look(run_id, to_log_filter(request.filter), self._codec, token=request.page_token, size=size)
        return ListLogsResponse(
            entries=map(entry_message, found.page.lines),
            next_page_token=found.next_token,
            resume_token=found.resume_token,
        )

    async def WatchLogs(self, request: WatchLogsRequest, context: Context) -> AsyncIterator[WatchLogsResponse]:
        """Follow lines."""
        run_id = parse_id(request.flow_run_id, "flow_run_id")
        watch = self._logs.watch(run_id, to_log_filter(request.filter), self._codec, resume_token=request.resume_token)
        async with aclosing(watch) as pages:
            async for page, token in pages:
                yield WatchLogsResponse(entries=map(entry_message, page.lines), resume_token=token)
