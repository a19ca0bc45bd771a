"""How scripts end that do not end by themselves: Ctrl-C, SIGTERM, SIGKILL, a cancel from elsewhere."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from orch_client import AsyncClient, connect_async
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.flow_run_service_pb2 import CancelFlowRunRequest, ListFlowRunsRequest, WatchFlowRunRequest
from orch_proto.v1.state_pb2 import StateType
from tests.e2e.script_process import Script
from tests.support.started_server import StartedServer, started_server

pytestmark = pytest.mark.slow

TERMINAL = {
    StateType.STATE_TYPE_COMPLETED,
    StateType.STATE_TYPE_FAILED,
    StateType.STATE_TYPE_CANCELLED,
    StateType.STATE_TYPE_CRASHED,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedServer]:
    """One for all tests here: each has one run, and looks at the newest."""
    with started_server(tmp_path_factory.mktemp("server")) as started:
        yield started


@pytest.fixture
async def client(server: StartedServer) -> AsyncIterator[AsyncClient]:
    async with connect_async(server.url) as client:
        yield client


def _script(how: str, server: StartedServer, folder: Path) -> Script:
    patient = {"ORCH_API_URL": server.url, "ORCH_FLUSH_TIMEOUT_SECONDS": "60"}
    return Script("long", folder / "ledger", how, home=folder / "home", **patient)


async def _the_run(client: AsyncClient) -> FlowRun:
    newest, *_ = (await client.flow_runs.ListFlowRuns(ListFlowRunsRequest(page_size=1))).flow_runs
    return newest


async def _end_of(client: AsyncClient) -> FlowRun:
    run = await _the_run(client)
    watch = client.flow_runs.WatchFlowRun(WatchFlowRunRequest(flow_run_id=run.flow_run_id))
    async with asyncio.timeout(60):
        async for news in watch:
            if news.flow_run.state.type in TERMINAL:
                return news.flow_run
    raise AssertionError("the watch ended before the run")


@pytest.mark.parametrize("how", ["sleep", "task", "quick", "submitted", "async"])
async def test_ctrl_c_cancels(how: str, server: StartedServer, client: AsyncClient, tmp_path: Path) -> None:
    script = _script(how, server, tmp_path)
    script.wait_for_lines(1)
    script.interrupt()
    assert await asyncio.to_thread(script.end) != 0
    assert script.lines()[-1] == "hook Cancelled", script.output
    assert (await _the_run(client)).state.type == StateType.STATE_TYPE_CANCELLED


async def test_ctrl_c_again_crashes(server: StartedServer, client: AsyncClient, tmp_path: Path) -> None:
    script = _script("stubborn", server, tmp_path)
    script.wait_for_lines(1)
    script.interrupt()
    script.wait_for_lines(3)
    script.interrupt()
    assert await asyncio.to_thread(script.end) != 0
    assert (await _the_run(client)).state.type == StateType.STATE_TYPE_CRASHED, script.output


@pytest.mark.parametrize("how", ["sleep", "async"])
async def test_sigterm_is_a_crash_that_is_told(
    how: str, server: StartedServer, client: AsyncClient, tmp_path: Path
) -> None:
    script = _script(how, server, tmp_path)
    script.wait_for_lines(1)
    script.terminate()
    assert await asyncio.to_thread(script.end) == 143, script.output
    assert script.lines()[-1] == "hook Crashed"
    run = await _the_run(client)
    assert run.state.type == StateType.STATE_TYPE_CRASHED
    assert "SIGTERM" in run.state.message


@pytest.mark.parametrize("how", ["sleep", "task", "quick", "submitted", "async"])
async def test_a_cancel_from_elsewhere_interrupts(
    how: str, server: StartedServer, client: AsyncClient, tmp_path: Path
) -> None:
    script = _script(how, server, tmp_path)
    await asyncio.to_thread(script.wait_for_lines, 1)
    run = await _the_run(client)
    await client.flow_runs.CancelFlowRun(CancelFlowRunRequest(flow_run_id=run.flow_run_id, reason="not needed"))
    assert await asyncio.to_thread(script.end) != 0
    assert script.lines()[-1] == "hook Cancelled", script.output
    assert (await _the_run(client)).state.type == StateType.STATE_TYPE_CANCELLED


async def test_a_killed_script_is_seen_to_have_crashed(
    server: StartedServer, client: AsyncClient, tmp_path: Path
) -> None:
    script = _script("sleep", server, tmp_path)
    await asyncio.to_thread(script.wait_for_lines, 1)
    await asyncio.to_thread(script.kill)
    assert (await _end_of(client)).state.type == StateType.STATE_TYPE_CRASHED
