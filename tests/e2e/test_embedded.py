"""Scripts that have the control plane inside of them, as processes: many at once, at their ends, beside a server."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from orch_client import UnavailableError
from orch_client.local_server import FILE_NAME, find_local_server
from orch_proto.v1.flow_run_service_pb2 import ListFlowRunsRequest
from orch_proto.v1.log_service_pb2 import ListLogsRequest
from orch_proto.v1.state_pb2 import STATE_TYPE_COMPLETED
from orch_proto.v1.task_run_service_pb2 import ListTaskRunsRequest
from orch_server.embedded import open_embedded
from tests.e2e.embedded_script import RUNS
from tests.e2e.server_process import running_server
from tests.rpc.embedded.process import Process

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = 16


def scripts_let_go_at_once(way: str, home: Path, *, count: int = 1) -> Sequence[tuple[int, str]]:
    """Exit codes and what was said on stderr."""
    command = [sys.executable, "-m", "tests.e2e.embedded_script", way, str(home)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ORCH_")}
    started = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    try:
        for each in started:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        for each in started:
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.flush()
        said = [each.communicate()[1] for each in started]
        return [(each.returncode, words) for each, words in zip(started, said, strict=True)]
    finally:
        for each in started:
            each.kill()
            each.communicate()


async def assert_complete(home: Path, runs: int) -> None:
    """So many runs are there, each ended as it should, with its task and its line."""
    plane = await open_embedded(home)
    listed = (await plane.list_flow_runs(ListFlowRunsRequest(page_size=1000))).flow_runs
    assert len(listed) == runs
    for run in listed:
        assert run.state.type == STATE_TYPE_COMPLETED
        tasks = await plane.list_task_runs(ListTaskRunsRequest(flow_run_id=run.flow_run_id))
        assert len(tasks.task_runs) == 1
        lines = await plane.list_logs(ListLogsRequest(flow_run_id=run.flow_run_id))
        assert [entry.record.message for entry in lines.entries] == ["hello"]
    await plane.close()


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_sixteen_scripts_begin_a_new_home_together(tmp_path: Path) -> None:
    home = tmp_path / "home"

    ended = await asyncio.to_thread(scripts_let_go_at_once, "race", home, count=SCRIPTS)

    assert ended == [(0, "")] * SCRIPTS
    await assert_complete(home, SCRIPTS * RUNS)


async def test_last_words_are_written_while_the_interpreter_ends(tmp_path: Path) -> None:
    ended = await asyncio.to_thread(scripts_let_go_at_once, "at_exit", tmp_path)

    assert ended == [(0, "")]
    await assert_complete(tmp_path, RUNS)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
async def test_a_forked_child_is_refused_and_the_parent_goes_on(tmp_path: Path) -> None:
    [(code, _)] = await asyncio.to_thread(scripts_let_go_at_once, "fork", tmp_path)

    assert code == 0
    await assert_complete(tmp_path, RUNS)


async def test_a_server_is_found_by_its_home_while_it_lives(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    assert find_local_server(tmp_path) is None

    async with running_server(tmp_path) as server:
        found = find_local_server(tmp_path)
        assert found is not None
        assert (found.target, found.secure) == (server.address, False)
        assert file.stat().st_mode & 0o777 == 0o600

        await server.stop()
        assert not file.exists()

        await server.start()
        await server.kill()
        assert file.exists()
        assert find_local_server(tmp_path) is None

        await server.start()
        assert find_local_server(tmp_path) == found


async def test_a_server_and_a_script_have_one_home_open(tmp_path: Path) -> None:
    async with running_server(tmp_path):
        ended = await asyncio.to_thread(scripts_let_go_at_once, "race", tmp_path)
        assert ended == [(0, "")]
        await assert_complete(tmp_path, RUNS)


async def test_a_full_disk_is_named(small_disk: Path) -> None:
    plane = await open_embedded(small_disk)
    process = Process.on(plane)

    async def fill() -> None:
        for _ in range(100):
            await process.start(parameters_json='{"a": "' + "x" * 100_000 + '"}')

    with pytest.raises(UnavailableError, match="disk is full") as full:
        await fill()

    assert full.value.reason == "DISK_FULL"
    assert full.value.retry_after_seconds is not None
    await plane.close()
