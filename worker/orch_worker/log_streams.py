"""One log stream of a run at the control plane: appended to at contiguous offsets, until it is told otherwise."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from google.protobuf.timestamp_pb2 import Timestamp

from orch_client.async_client import AsyncClient
from orch_client.errors import OrchClientError
from orch_client.leases import LeaseKey
from orch_proto.v1.lease_pb2 import REPORT_VERDICT_INVALID, REPORT_VERDICT_LOST
from orch_proto.v1.log_pb2 import LogLevel, LogRecord
from orch_proto.v1.log_service_pb2 import AppendLogsRequest, AppendLogsResponse, GetLogOffsetRequest
from orch_worker.patience import Contact

logger = logging.getLogger(__name__)

MOST_RECORDS = 5000
MOST_BYTES = 1024 * 1024
"""Of one call; a call costs the control plane's database a row, however many lines it has."""
_CALLS_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class LogCalls:
    """The way to the log service; few calls at a time, whatever the number of runs."""

    client: AsyncClient
    contact: Contact
    room: asyncio.Semaphore

    @classmethod
    def over(cls, client: AsyncClient, contact: Contact) -> "LogCalls":
        """Calls by this client, which should have a connection of its own: heartbeats do not wait for lines."""
        return cls(client, contact, asyncio.Semaphore(_CALLS_AT_ONCE))

    async def offset(self, flow_run_id: str, stream: str) -> int:
        """Where a stream ends. Raises OrchClientError: NotFoundError for a run that is gone."""
        request = GetLogOffsetRequest(flow_run_id=flow_run_id, stream=stream)
        async with self.room:
            answer = await self.contact.patiently("GetLogOffset", lambda: self.client.logs.GetLogOffset(request))
        return answer.offset

    async def append(self, request: AppendLogsRequest) -> AppendLogsResponse:
        """Append lines. Raises OrchClientError."""
        async with self.room:
            return await self.contact.patiently("AppendLogs", lambda: self.client.logs.AppendLogs(request))


class LogStream:
    """Appends to one stream of a run, under one token."""

    def __init__(self, calls: LogCalls, key: LeaseKey, name: str, *, offset: int) -> None:
        """`offset`: where the stream ends now."""
        self._calls = calls
        self._key = key
        self._name = name
        self.offset = offset
        self.closed = False
        """Whether nothing more is taken: the run is somebody else's, or gone. Lines are dropped from then on."""

    async def append(self, records: Sequence[LogRecord]) -> None:
        """Store lines, however long it takes until that is answered."""
        while records and not self.closed:
            part, records = _part(records)
            await self._append(part)

    async def _append(self, records: Sequence[LogRecord]) -> None:
        request = AppendLogsRequest(
            flow_run_id=self._key.flow_run_id,
            token=self._key.token,
            stream=self._name,
            offset=self.offset,
            records=records,
        )
        try:
            answer = await self._calls.append(request)
        except OrchClientError as error:
            logger.warning("log lines refused", extra={"run": self._key.flow_run_id, "cause": error.message})
            self.closed = True
            return
        if answer.verdict == REPORT_VERDICT_LOST:
            self.closed = True
        elif answer.verdict == REPORT_VERDICT_INVALID:
            # The stream ends before where it ended (its lines were removed): go on there.
            self.offset = answer.committed_offset
            await self._append(records)
        else:
            self.offset = request.offset + len(records)


def _part(records: Sequence[LogRecord]) -> tuple[Sequence[LogRecord], Sequence[LogRecord]]:
    """What fits into a call, at least one line, and the rest."""
    size = 0
    for count, record in enumerate(records[:MOST_RECORDS]):
        size += record.ByteSize()
        if count and size > MOST_BYTES:
            return records[:count], records[count:]
    return records[:MOST_RECORDS], records[MOST_RECORDS:]


def record(time_ns: int, text: str, *, logger_name: str, level: LogLevel.ValueType) -> LogRecord:
    """A line."""
    seconds, nanos = divmod(time_ns, 1_000_000_000)
    return LogRecord(time=Timestamp(seconds=seconds, nanos=nanos), level=level, logger=logger_name, message=text)
