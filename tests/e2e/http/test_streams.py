"""Many screens that look on: streams that stay open."""

import asyncio
import json
import struct
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil
import pytest

from tests.support.http import Http
from tests.support.started_server import StartedServer

STREAMS = 500
_MOST_BYTES_A_STREAM = 150 * 1024


@dataclass(frozen=True)
class Stream:
    """One WatchFlowRun over Connect, on a line of its own."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, url: str, run_id: str) -> "Stream":
        """Asks for a run, and reads what it is now."""
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        message = json.dumps({"flowRunId": run_id}).encode()
        body = struct.pack(">BI", 0, len(message)) + message
        head = (
            f"POST /orch.v1.FlowRunService/WatchFlowRun HTTP/1.1\r\nhost: {parts.netloc}\r\nconnection: close\r\n"
            f"content-type: application/connect+json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        stream = cls(reader, writer)
        assert b"200 OK" in await stream.until(b"STATE_TYPE_SCHEDULED")
        return stream

    async def until(self, text: bytes) -> bytes:
        """What comes, up to this text."""
        return await self.reader.readuntil(text)

    async def rest(self) -> bytes:
        """What comes until the server ends it."""
        try:
            return await self.reader.read()
        finally:
            self.writer.close()


@pytest.fixture
def run_id(http: Http) -> str:
    """A run that waits: nobody works for its pool."""
    return str(http.made("FlowRunService/CreateFlowRun", flowName="http-streamed")["flowRun"]["flowRunId"])


async def test_hundreds_of_streams_hear_of_a_change_and_cost_little(
    server: StartedServer, http: Http, run_id: str
) -> None:
    process = psutil.Process(server.pid)
    before = process.memory_info().rss
    streams = [await Stream.open(server.http_url, run_id) for _ in range(STREAMS)]
    grown = process.memory_info().rss - before

    assert (await asyncio.to_thread(http.get, "/healthz")).status == 200
    await asyncio.to_thread(lambda: http.made("FlowRunService/CancelFlowRun", flowRunId=run_id))
    told = await asyncio.gather(*(stream.rest() for stream in streams))

    assert all(b"STATE_TYPE_CANCELLED" in each for each in told)
    assert grown / STREAMS < _MOST_BYTES_A_STREAM


async def test_a_stream_that_its_caller_leaves_is_let_go(server: StartedServer, http: Http, run_id: str) -> None:
    def ended() -> str:
        lines = http.get("/metrics").text.splitlines()
        return next((line for line in lines if "WatchFlowRun" in line and 'code="CANCELLED"' in line), "")

    before = await asyncio.to_thread(ended)
    stream = await Stream.open(server.http_url, run_id)
    stream.writer.transport.abort()

    async with asyncio.timeout(60):
        while await asyncio.to_thread(ended) == before:
            pass
