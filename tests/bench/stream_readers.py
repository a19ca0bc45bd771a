"""Opens streams and reads them, as screens and terminals do. A process of its own, begun by the bench of streams.

Says "open" when each stream has been told something; then, for each line that it is sent, how many messages have come
since. Ends when its input does.
"""

import asyncio
import json
import struct
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit

import grpc

from orch_proto.v1.flow_run_service_pb2 import WatchFlowRunRequest
from orch_proto.v1.log_service_pb2 import WatchLogsRequest
from tests.bench.api import Api

STREAMS_A_CHANNEL = 20


@dataclass
class _Count:
    wanted: int
    first: int = 0
    later: int = 0
    all_begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, messages: AsyncIterator[object]) -> None:
        """One stream. Raises RuntimeError where it ends."""
        begun = False
        async for _ in messages:
            self.first, self.later = self.first + (not begun), self.later + begun
            begun = True
            if self.first == self.wanted:
                self.all_begun.set()
        raise RuntimeError("a stream has ended while its run has not")


async def _over_http(url: str, method: str, run_id: str) -> AsyncIterator[bytes]:
    """Messages of a stream over Connect, on a connection of its own."""
    parts = urlsplit(url)
    service = "FlowRunService" if method == "WatchFlowRun" else "LogService"
    message = json.dumps({"flowRunId": run_id}).encode()
    body = struct.pack(">BI", 0, len(message)) + message
    head = (
        f"POST /orch.v1.{service}/{method} HTTP/1.1\r\nhost: {parts.netloc}\r\n"
        f"content-type: application/connect+json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(head.encode() + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in answer.partition(b"\r\n")[0]:
        raise RuntimeError(f"the stream was refused: {answer!r}")
    while size := int(await reader.readline(), 16):
        chunk = await reader.readexactly(size + 2)
        if chunk[0] & 2:
            raise RuntimeError(f"the stream was ended: {chunk!r}")
        yield chunk


def _opened(method: str, run_id: str, apis: Iterator[Api], http_url: str) -> AsyncIterator[Any]:
    where, _, name = method.rpartition(" ")
    if where:
        return _over_http(http_url, name, run_id)
    api = next(apis)
    if name == "WatchFlowRun":
        return aiter(api.flow_runs.WatchFlowRun(WatchFlowRunRequest(flow_run_id=run_id)))
    return aiter(api.logs.WatchLogs(WatchLogsRequest(flow_run_id=run_id)))


async def _commands(done: Callable[[], int]) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for _ in reader:
        sys.stdout.write(f"{done()}\n")
        sys.stdout.flush()


async def _run(address: str, http_url: str, run_ids: Sequence[str], streams: dict[str, int]) -> None:
    count, runs = _Count(sum(streams.values())), cycle(run_ids)
    options = [("grpc.use_local_subchannel_pool", 1)]
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        channels = [
            await stack.enter_async_context(grpc.aio.insecure_channel(address, options=options))
            for _ in range(-(-count.wanted // STREAMS_A_CHANNEL))
        ]
        apis = cycle([Api(channel) for channel in channels])
        readers = [
            group.create_task(count.read(_opened(method, next(runs), apis, http_url)))
            for method, number in streams.items()
            for _ in range(number)
        ]
        await count.all_begun.wait()
        print("open", flush=True)
        await _commands(lambda: count.later)
        for reader in readers:
            reader.cancel()


if __name__ == "__main__":
    asyncio.run(_run(**json.loads(sys.argv[1])))
