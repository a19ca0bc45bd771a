"""`connect` and `connect_async`, as users call them."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import grpc_testing
import pytest

from orch_client import (
    CallCancelledError,
    Client,
    ClientSettings,
    ConfigurationError,
    NotFoundError,
    connect,
    connect_async,
)
from orch_client.address import Address
from orch_proto.v1 import flow_run_service_pb2 as flow_runs
from orch_proto.v1 import server_service_pb2 as server
from tests.rpc.client.support import Connector, FakeTime, Refusal, Script, handlers, retry_info, serving

INFO = server.GetServerInfoResponse(version="1")
ASK = server.GetServerInfoRequest()
SETTINGS = ClientSettings(address=Address("localhost", 4201))


async def test_both_read_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script([INFO, INFO])
    async with serving(handlers("ServerService", {"GetServerInfo": script}, server)) as port:
        monkeypatch.setenv("ORCH_API_URL", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("ORCH_API_KEY", "k")

        async with connect_async() as client:
            assert await client.server.GetServerInfo(ASK) == INFO
        with connect() as other:
            assert await asyncio.to_thread(other.server.GetServerInfo, ASK) == INFO

    assert [metadata["authorization"] for metadata in script.metadata] == ["Bearer k"] * 2


def test_without_an_address_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORCH_API_URL", raising=False)

    with pytest.raises(ConfigurationError, match="set ORCH_API_URL"):
        connect()


def test_an_async_client_belongs_to_a_running_loop() -> None:
    with pytest.raises(RuntimeError, match="no running event loop"):
        connect_async("localhost:1")


def test_closing_twice_is_no_matter() -> None:
    client = connect("localhost:1")

    client.close()
    client.close()


async def test_threads_share_a_client() -> None:
    callers = 8
    script = Script([INFO] * callers)
    together = threading.Barrier(callers)

    def call(client: Client) -> server.GetServerInfoResponse:
        together.wait()
        return client.server.GetServerInfo(ASK)

    async with serving(handlers("ServerService", {"GetServerInfo": script}, server)) as port:
        with connect(f"localhost:{port}") as client, ThreadPoolExecutor(callers) as pool:
            loop = asyncio.get_running_loop()
            answers = await asyncio.gather(*(loop.run_in_executor(pool, call, client) for _ in range(callers)))

    assert answers == [INFO] * callers


async def test_close_ends_a_call_under_way() -> None:
    asked = asyncio.Event()

    async def never(request: object, context: object) -> None:
        asked.set()
        await asyncio.Event().wait()

    method: grpc.RpcMethodHandler[object, None] = grpc.unary_unary_rpc_method_handler(never)
    hanging = grpc.method_handlers_generic_handler("orch.v1.ServerService", {"GetServerInfo": method})
    async with serving(hanging) as port:
        client = connect(f"localhost:{port}")
        call = asyncio.create_task(asyncio.to_thread(client.server.GetServerInfo, ASK))
        await asked.wait()

        await asyncio.to_thread(client.close)

        with pytest.raises(CallCancelledError, match="was cut short"):
            await call


async def test_close_ends_the_wait_between_attempts() -> None:
    later = Refusal(grpc.StatusCode.UNAVAILABLE, details=(retry_info(20),))
    script = Script([later])
    async with serving(handlers("ServerService", {"GetServerInfo": script}, server)) as port:
        client = connect(f"localhost:{port}")
        call = asyncio.create_task(asyncio.to_thread(client.server.GetServerInfo, ASK))
        await script.asked.wait()

        async with asyncio.timeout(30):
            await asyncio.to_thread(client.close)

            with pytest.raises(CallCancelledError):
                await call


async def test_a_closed_client_says_so(connected: Connector) -> None:
    client = connected(1)
    await client.close()

    with pytest.raises(CallCancelledError, match="The client is closed"):
        await client.call(lambda c: c.server.GetServerInfo(ASK))
    with pytest.raises(CallCancelledError, match="The client is closed"):
        await client.collect(lambda c: c.flow_runs.WatchFlowRun(flow_runs.WatchFlowRunRequest()))


class Desk:
    """A client on gRPC's testing channel, which the test answers by hand."""

    def __init__(self) -> None:
        services = flow_runs.DESCRIPTOR.services_by_name.values()
        self.time = FakeTime()
        self.channel = grpc_testing.channel(services, grpc_testing.strict_real_time())
        self.client = Client(self.channel, SETTINGS, sources=self.time.sources(), sleep=self.time.sleep)
        self.method = flow_runs.DESCRIPTOR.services_by_name["FlowRunService"].methods_by_name["CancelFlowRun"]

    def answer(self, code: grpc.StatusCode, response: flow_runs.CancelFlowRunResponse | None = None) -> object:
        """Answers the next call, and says what it asked."""
        _, request, call = self.channel.take_unary_unary(self.method)
        call.terminate(response, (), code, "details")
        return request


def test_a_call_is_repeated_word_for_word() -> None:
    desk = Desk()
    cancel = flow_runs.CancelFlowRunRequest(flow_run_id="r", reason="enough")
    cancelled = flow_runs.CancelFlowRunResponse()

    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(desk.client.flow_runs.CancelFlowRun, cancel)
        first = desk.answer(grpc.StatusCode.UNAVAILABLE)
        second = desk.answer(grpc.StatusCode.OK, cancelled)

        assert call.result() == cancelled

    assert first == second == flow_runs.CancelFlowRunRequest(flow_run_id="r", reason="enough", request_id="id-1")


def test_a_call_that_fails_raises_the_typed_error() -> None:
    desk = Desk()

    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(desk.client.flow_runs.CancelFlowRun, flow_runs.CancelFlowRunRequest())
        desk.answer(grpc.StatusCode.NOT_FOUND)

        with pytest.raises(NotFoundError, match="details"):
            call.result()
