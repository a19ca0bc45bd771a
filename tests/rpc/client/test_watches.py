"""Watches: they go on where they broke off, and lose and repeat nothing."""

import asyncio
from typing import Any

import grpc
import grpc.aio
import pytest

from orch_client import DeadlineError, NotFoundError, UnavailableError
from orch_proto.v1 import flow_run_service_pb2 as flow_runs
from orch_proto.v1 import log_service_pb2 as logs
from orch_proto.v1 import worker_service_pb2 as workers
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.log_pb2 import LogEntry
from tests.rpc.client.support import (
    UNAVAILABLE,
    AsyncHarness,
    Connector,
    Refusal,
    Script,
    SyncHarness,
    handlers,
    serving,
    settings_for,
)

WATCH_RUN = flow_runs.WatchFlowRunRequest(flow_run_id="r")
WATCH_LOGS = logs.WatchLogsRequest(flow_run_id="r")


def version(number: int) -> flow_runs.WatchFlowRunResponse:
    return flow_runs.WatchFlowRunResponse(flow_run=FlowRun(version=number))


def lines(first: int, *, count: int, token: str) -> logs.WatchLogsResponse:
    entries = [LogEntry(stream="run", offset=first + n) for n in range(count)]
    return logs.WatchLogsResponse(entries=entries, resume_token=token)


def watching_runs(script: Script) -> grpc.GenericRpcHandler:
    return handlers("FlowRunService", {"WatchFlowRun": script}, flow_runs)


async def test_a_watch_of_a_run_resumes_by_version(connected: Connector) -> None:
    script = Script([[version(1), version(3), UNAVAILABLE], [UNAVAILABLE], [version(3), version(4), version(6)]])
    async with serving(watching_runs(script)) as port:
        client = connected(port)

        heard = await client.collect(lambda c: c.flow_runs.WatchFlowRun(WATCH_RUN))

    assert [response.flow_run.version for response in heard] == [1, 3, 4, 6]
    assert [request.after_version for request in script.requests] == [0, 3, 3]
    assert client.time.slept == [0.05, 0.1]


async def test_a_watch_of_logs_resumes_by_token_without_loss_or_repeat(connected: Connector) -> None:
    script = Script(
        [
            [lines(0, count=3, token="after-2"), UNAVAILABLE],
            [lines(3, count=2, token="after-4"), Refusal(grpc.StatusCode.INTERNAL, "Received RST_STREAM with code 0")],
            [lines(5, count=1, token="after-5")],
        ]
    )
    async with serving(handlers("LogService", {"WatchLogs": script}, logs)) as port:
        client = connected(port)

        heard = await client.collect(lambda c: c.logs.WatchLogs(WATCH_LOGS))

    assert [entry.offset for response in heard for entry in response.entries] == [0, 1, 2, 3, 4, 5]
    assert [request.resume_token for request in script.requests] == ["", "after-2", "after-4"]


async def test_hints_begin_anew(connected: Connector) -> None:
    hint = workers.WatchSessionResponse()
    script = Script([[hint, UNAVAILABLE], [hint]])
    async with serving(handlers("WorkerService", {"WatchSession": script}, workers)) as port:
        client = connected(port)
        request = workers.WatchSessionRequest(session_id="s")

        assert await client.collect(lambda c: c.workers.WatchSession(request)) == [hint, hint]


async def test_a_stream_that_the_server_ends_has_ended(connected: Connector) -> None:
    script = Script([[version(1)]])
    async with serving(watching_runs(script)) as port:
        client = connected(port)

        assert await client.collect(lambda c: c.flow_runs.WatchFlowRun(WATCH_RUN)) == [version(1)]

    assert len(script.requests) == 1


async def test_a_refusal_ends_the_watch(connected: Connector) -> None:
    script = Script([[version(1), Refusal(grpc.StatusCode.NOT_FOUND, "It was deleted.")]])
    async with serving(watching_runs(script)) as port:
        client = connected(port)

        with pytest.raises(NotFoundError, match=r"It was deleted\."):
            await client.collect(lambda c: c.flow_runs.WatchFlowRun(WATCH_RUN))


async def test_a_watch_gives_up_in_the_end(connected: Connector) -> None:
    async with serving() as port:
        pass
    client = connected(port)

    with pytest.raises(UnavailableError, match="Cannot reach the control plane"):
        await client.collect(lambda c: c.flow_runs.WatchFlowRun(WATCH_RUN))

    assert 20 < sum(client.time.slept) < 30


class Holding:
    """A stream that says one thing and then nothing, until it is told to go on."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.left = asyncio.Event()

    async def stream(self, request: object, context: object) -> object:
        try:
            yield version(1)
            await self.go_on.wait()
        finally:
            self.left.set()

    def handler(self) -> grpc.GenericRpcHandler:
        method = grpc.unary_stream_rpc_method_handler(
            self.stream,
            request_deserializer=flow_runs.WatchFlowRunRequest.FromString,
            response_serializer=flow_runs.WatchFlowRunResponse.SerializeToString,
        )
        return grpc.method_handlers_generic_handler("orch.v1.FlowRunService", {"WatchFlowRun": method})


async def test_a_watch_outlives_a_restart_of_the_control_plane() -> None:
    later = Script([[version(2)]])
    async with serving(Holding().handler()) as port:
        harness = AsyncHarness(settings_for(port))
        watch = harness.client.flow_runs.WatchFlowRun(WATCH_RUN)
        assert await anext(aiter(watch)) == version(1)

    async with serving(watching_runs(later), port=port):
        # The first sleep is for as long as gRPC needs to connect again.
        harness.time.on_sleep = harness.channel.channel_ready
        assert [response async for response in watch] == [version(2)]
        await harness.close()

    assert [request.after_version for request in later.requests] == [1]


async def test_an_async_watch_can_be_cancelled() -> None:
    holding = Holding()
    async with serving(holding.handler()) as port:
        harness = AsyncHarness(settings_for(port))
        watch = harness.client.flow_runs.WatchFlowRun(WATCH_RUN)
        heard: asyncio.Queue[object] = asyncio.Queue()

        async def listen() -> None:
            async for response in watch:
                heard.put_nowait(response)

        listener = asyncio.create_task(listen())
        await heard.get()
        watch.cancel()
        await listener
        await holding.left.wait()
        await harness.close()


async def test_the_task_that_watches_can_be_cancelled() -> None:
    holding = Holding()
    async with serving(holding.handler()) as port:
        harness = AsyncHarness(settings_for(port))
        watch = aiter(harness.client.flow_runs.WatchFlowRun(WATCH_RUN))
        await anext(watch)
        listener = asyncio.ensure_future(anext(watch))
        await asyncio.sleep(0)

        listener.cancel()

        with pytest.raises(asyncio.CancelledError):
            await listener
        await holding.left.wait()
        await harness.close()


async def test_a_sync_watch_can_be_cancelled_from_another_thread() -> None:
    holding = Holding()
    async with serving(holding.handler()) as port:
        harness = SyncHarness(settings_for(port))
        watch = harness.client.flow_runs.WatchFlowRun(WATCH_RUN)
        assert await asyncio.to_thread(next, watch) == version(1)
        rest = asyncio.create_task(asyncio.to_thread(list, watch))
        await asyncio.to_thread(watch.cancel)

        assert await rest == []
        assert harness.time.slept == []
        await holding.left.wait()
        await harness.close()


async def test_a_watch_that_has_ended_says_nothing_more(connected: Connector) -> None:
    script = Script([[version(1)], [version(1)]])
    async with serving(watching_runs(script)) as port:
        client = connected(port)
        watches: list[Any] = []

        def watch(c: Any) -> Any:  # noqa: ANN401 (a client of either kind)
            watches.append(c.flow_runs.WatchFlowRun(WATCH_RUN))
            return watches[-1]

        def cancelled(c: Any) -> Any:  # noqa: ANN401
            watch(c).cancel()
            return watches[-1]

        assert await client.collect(watch) == [version(1)]
        assert await client.collect(lambda _: watches[0]) == []
        assert await client.collect(cancelled) == []

    assert len(script.requests) == 1


async def test_a_watch_may_have_a_deadline(connected: Connector) -> None:
    async with serving(Holding().handler()) as port:
        client = connected(port)

        with pytest.raises(DeadlineError):
            await client.collect(lambda c: c.flow_runs.WatchFlowRun(WATCH_RUN, timeout=0.2))
