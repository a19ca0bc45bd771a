"""Calls through a worker: as if made directly, and made directly where the worker is gone or hangs."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from orch_client import AsyncClient, NotFoundError, PermissionDeniedError
from orch_client.channel import open_async_channel
from orch_client.event_loop import quickest_loop
from orch_client.relay_channel import RelayChannel
from orch_client.settings import ClientSettings, settings_from
from orch_proto.v1.flow_run_service_pb2 import CreateFlowRunRequest, GetFlowRunRequest, WatchFlowRunRequest
from orch_worker.relay import Relay, open_relay
from tests.support.started_server import StartedServer, started_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedServer]:
    with started_server(tmp_path_factory.mktemp("server")) as started:
        yield started


@pytest.fixture
def address() -> Iterator[Path]:
    """Short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="orch-") as folder:
        yield Path(folder, "relay")


@pytest.fixture
def settings(server: StartedServer) -> ClientSettings:
    return settings_from({}, address=server.url)


@asynccontextmanager
async def _relayed(
    settings: ClientSettings, address: Path
) -> AsyncIterator[tuple[AsyncClient, RelayChannel, list[str]]]:
    """A client that calls through `address`, its channel, and what was opened besides."""
    opened: list[str] = []

    def open_direct() -> object:
        opened.append("direct")
        return open_async_channel(settings)

    channel = RelayChannel(str(address), open_direct)  # type: ignore[arg-type]
    async with AsyncClient(channel, settings) as client:
        yield client, channel, opened


async def _a_run(settings: ClientSettings) -> str:
    async with AsyncClient(open_async_channel(settings), settings) as client:
        request = CreateFlowRunRequest(request_id=str(uuid4()), flow_name="relayed")
        return (await client.flow_runs.CreateFlowRun(request)).flow_run.flow_run_id


def test_any_event_loop_reaches_the_worker(settings: ClientSettings, address: Path) -> None:
    async def called() -> list[str]:
        run_id = await _a_run(settings)
        async with open_relay(settings, address), _relayed(settings, address) as (client, _, opened):
            await client.flow_runs.GetFlowRun(GetFlowRunRequest(flow_run_id=run_id))
            return opened

    with asyncio.Runner(loop_factory=quickest_loop()) as runner:
        assert runner.run(called()) == []


async def test_what_is_answered_through_a_worker_is_what_the_control_plane_said(
    settings: ClientSettings, address: Path
) -> None:
    run_id = await _a_run(settings)
    async with open_relay(settings, address), _relayed(settings, address) as (client, _, opened):
        answer = await client.flow_runs.GetFlowRun(GetFlowRunRequest(flow_run_id=run_id))
        assert answer.flow_run.flow_name == "relayed"
        with pytest.raises(NotFoundError) as refused:
            await client.flow_runs.GetFlowRun(GetFlowRunRequest(flow_run_id=str(uuid4())))
        assert refused.value.reason == "FLOW_RUN_NOT_FOUND"
        assert opened == []


async def test_a_worker_passes_on_what_runs_need_and_nothing_else(settings: ClientSettings, address: Path) -> None:
    async with open_relay(settings, address), _relayed(settings, address) as (client, _, opened):
        with pytest.raises(PermissionDeniedError, match="passes no call"):
            await client.flow_runs.CreateFlowRun(CreateFlowRunRequest(request_id=str(uuid4()), flow_name="sneaked"))
        assert opened == []


async def test_a_worker_that_goes_away_is_done_without(settings: ClientSettings, address: Path) -> None:
    run_id = await _a_run(settings)
    async with _relayed(settings, address) as (client, channel, opened):
        async with open_relay(settings, address):
            await client.flow_runs.GetFlowRun(GetFlowRunRequest(flow_run_id=run_id))
            hinted = asyncio.create_task(channel.hint(run_id))
        answer = await client.flow_runs.GetFlowRun(GetFlowRunRequest(flow_run_id=run_id))
        assert answer.flow_run.flow_run_id == run_id
        assert await hinted is False
        assert opened == ["direct"]


async def test_where_there_can_be_no_socket_there_is_no_relay(settings: ClientSettings, address: Path) -> None:
    async with open_relay(settings, address.parent / "no-such-folder" / "relay") as relay:
        assert relay is None


async def test_a_worker_that_never_was_is_done_without(settings: ClientSettings, address: Path) -> None:
    run_id = await _a_run(settings)
    async with _relayed(settings, address) as (client, channel, opened):
        assert await channel.hint(run_id) is False
        await client.flow_runs.GetFlowRun(GetFlowRunRequest(flow_run_id=run_id))
        assert opened == ["direct"]


async def test_a_worker_that_hangs_is_done_without(settings: ClientSettings, address: Path) -> None:
    run_id = await _a_run(settings)
    writers: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_unix_server(lambda reader, writer: writers.append(writer), str(address))
    async with silent, _relayed(settings, address) as (client, _, opened):
        answer = await client.flow_runs.GetFlowRun(GetFlowRunRequest(flow_run_id=run_id))
        assert answer.flow_run.flow_run_id == run_id
        assert opened == ["direct"]
        for writer in writers:
            writer.close()
            await writer.wait_closed()


async def test_gibberish_from_a_worker_is_no_answer(settings: ClientSettings, address: Path) -> None:
    run_id = await _a_run(settings)

    def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\xff" * 64)
        writer.close()

    babbling = await asyncio.start_unix_server(babble, str(address))
    async with babbling, _relayed(settings, address) as (client, _, _):
        answer = await client.flow_runs.GetFlowRun(GetFlowRunRequest(flow_run_id=run_id))
        assert answer.flow_run.flow_run_id == run_id


async def test_gibberish_from_a_process_ends_its_connection_alone(settings: ClientSettings, address: Path) -> None:
    run_id = await _a_run(settings)
    async with open_relay(settings, address), _relayed(settings, address) as (client, _, opened):
        reader, writer = await asyncio.open_unix_connection(str(address))
        writer.write(b"\xff" * 64)
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        await client.flow_runs.GetFlowRun(GetFlowRunRequest(flow_run_id=run_id))
        assert opened == []


async def test_a_hint_reaches_the_run_that_waits_for_it(settings: ClientSettings, address: Path) -> None:
    first, second = await _a_run(settings), await _a_run(settings)
    async with open_relay(settings, address) as relay, _relayed(settings, address) as (client, channel, _):
        assert isinstance(relay, Relay)
        hinted = asyncio.create_task(channel.hint(first))
        other = asyncio.create_task(channel.hint(second))
        # Both have been asked for when this is answered: one connection, one order.
        await client.flow_runs.GetFlowRun(GetFlowRunRequest(flow_run_id=first))
        relay.hint(first)
        assert await hinted is True
        assert not other.done()
        other.cancel()


async def test_a_hint_that_came_before_is_heard(settings: ClientSettings, address: Path) -> None:
    run_id = await _a_run(settings)
    async with open_relay(settings, address) as relay, _relayed(settings, address) as (_, channel, _):
        assert isinstance(relay, Relay)
        relay.hint(run_id)
        assert await channel.hint(run_id) is True


async def test_watches_go_to_the_control_plane_itself(settings: ClientSettings, address: Path) -> None:
    run_id = await _a_run(settings)
    async with open_relay(settings, address), _relayed(settings, address) as (client, _, opened):
        async for answer in client.flow_runs.WatchFlowRun(WatchFlowRunRequest(flow_run_id=run_id)):
            assert answer.flow_run.flow_run_id == run_id
            break
        assert opened == ["direct"]
