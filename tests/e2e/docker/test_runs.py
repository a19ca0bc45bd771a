"""Flows and commands in containers, as users deploy them."""

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

import pytest

from orch_client.async_client import AsyncClient
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_proto.v1.policy_pb2 import RecoveryPolicy
from orch_proto.v1.state_pb2 import STATE_TYPE_COMPLETED, STATE_TYPE_FAILED, STATE_TYPE_RUNNING, StateType
from orch_proto.v1.task_run_service_pb2 import ListTaskRunsRequest
from tests.e2e.docker.pool import DockerPool, flow_in, shell
from warehouse import warehouse
from weather_service import WeatherService

DEMO = Path(__file__).resolve().parents[3] / "examples" / "demo"
AT_ONCE = 20


@contextmanager
def weather_service() -> Iterator[WeatherService]:
    service = WeatherService()
    threading.Thread(target=service.serve_forever, daemon=True).start()
    try:
        yield service
    finally:
        service.shutdown()
        service.server_close()


async def task_states(client: AsyncClient, run_id: str) -> dict[str, StateType.ValueType]:
    """A run's task runs by name."""
    answer = await client.task_runs.ListTaskRuns(ListTaskRunsRequest(flow_run_id=run_id, page_size=1000))
    return {task.name: task.state.type for task in answer.task_runs}


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A folder for code that every user may read."""
    folder = tmp_path / "code"
    folder.mkdir()
    for each in (folder, *folder.parents):
        if each.is_relative_to(tmp_path.parents[1]):
            each.chmod(0o755)
    return folder


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A pipe that containers read from; mounted as /gate."""
    folder = tmp_path / "gate"
    folder.mkdir()
    folder.chmod(0o755)
    os.mkfifo(folder / "pipe", 0o666)
    (folder / "pipe").chmod(0o666)
    return folder


async def test_the_demos_etl_runs_unchanged(served_pool: DockerPool) -> None:
    with weather_service() as service, warehouse() as database:
        folder = database.partition("host=")[2]
        variables: dict[str, object] = {
            "env": {"WEATHER_SERVICE": service.url, "WAREHOUSE": database},
            "volumes": [f"{folder}:{folder}"],
            "user": "0",  # Only its owner may come to the warehouse's socket.
        }
        run_id = await served_pool.run(
            flow_in(DEMO, "flows.py:weather_etl"), parameters={"years": [2012]}, job_variables=variables
        )

        run = await served_pool.ended(run_id, STATE_TYPE_COMPLETED)

    assert json.loads(run.result.data) == {"days": 366, "months": 12}
    assert await task_states(served_pool.client, run_id) == dict.fromkeys(
        ("create_tables-0", "ingest-year-0", "monthly-report-0"), STATE_TYPE_COMPLETED
    )


async def test_lines_and_task_states_come_while_it_runs(served_pool: DockerPool, code: Path, gate: Path) -> None:
    (code / "etl.py").write_text(
        dedent("""
            from orch import flow, task

            @task(task_run_name="extract")
            def extract() -> str:
                print("extracting")
                return "rows"

            @task(task_run_name="wait")
            def wait() -> str:
                return open("/gate/pipe").readline().strip()

            @flow
            def etl() -> str:
                return extract() + " " + wait()
        """)
    )
    run_id = await served_pool.run(flow_in(code, "etl.py:etl"), job_variables={"volumes": [f"{gate}:/gate"]})

    await served_pool.printed(run_id, "extracting")
    while (await task_states(served_pool.client, run_id)).get("extract") != STATE_TYPE_COMPLETED:
        pass  # Asking takes its time.
    await asyncio.to_thread((gate / "pipe").write_text, "later\n")

    run = await served_pool.ended(run_id, STATE_TYPE_COMPLETED)
    assert json.loads(run.result.data) == "rows later"
    states = await task_states(served_pool.client, run_id)
    assert states == {"extract": STATE_TYPE_COMPLETED, "wait": STATE_TYPE_COMPLETED}
    await served_pool.said(run_id, "output", ["extracting"])


async def test_a_durable_flow_goes_on_in_another_container(served_pool: DockerPool, code: Path, gate: Path) -> None:
    (code / "etl.py").write_text(
        dedent("""
            from orch import flow, task

            @task
            def extract() -> str:
                print("extracting")
                return "rows"

            @flow(durable=True)
            def etl() -> str:
                rows = extract()
                return rows + " " + open("/gate/pipe").readline().strip()
        """)
    )
    run_id = await served_pool.run(
        flow_in(code, "etl.py:etl"),
        job_variables={"volumes": [f"{gate}:/gate"]},
        recovery=RecoveryPolicy(durable=True),
    )
    await served_pool.printed(run_id, "extracting")
    while (await task_states(served_pool.client, run_id)).get("extract-0") != STATE_TYPE_COMPLETED:
        pass  # Asking takes its time.

    await served_pool.docker("kill", await served_pool.container_of(run_id))
    await served_pool.seen(run_id, STATE_TYPE_RUNNING, such_that=lambda run: run.attempt == 2)
    await asyncio.to_thread((gate / "pipe").write_text, "later\n")

    run = await served_pool.ended(run_id, STATE_TYPE_COMPLETED)
    assert (run.attempt, json.loads(run.result.data)) == (2, "rows later")
    await served_pool.said(run_id, "output", ["extracting"])


async def test_many_run_at_once(served_pool: DockerPool, gate: Path) -> None:
    spec = shell("until [ -e /gate/open ]; do sleep 0.5; done")
    variables: dict[str, object] = {"volumes": [f"{gate}:/gate"]}
    runs = [await served_pool.run(spec, job_variables=variables) for _ in range(AT_ONCE)]

    await served_pool.until(lambda: set(runs) <= running(served_pool))
    (gate / "open").touch()

    for run_id in runs:
        run = await served_pool.ended(run_id, STATE_TYPE_COMPLETED)
        assert run.attempt == 1


def running(pool: DockerPool) -> set[str]:
    """Runs whose containers run."""
    shown = pool.engine.call("ps", "--filter", f"label=orch.pool={pool.pool}", "--format", '{{.Label "orch.run"}}')
    return set(shown.split())


async def test_what_a_command_is_given_and_gives(served_pool: DockerPool) -> None:
    run_id = await served_pool.run(
        shell('echo "$GREETING, $ORCH_ATTEMPT"; echo "$ORCH_PARAMETERS" > "$ORCH_RESULT_FILE"; pwd; id -u'),
        parameters={"rows": 7},
        job_variables={"env": {"GREETING": "hello"}, "working_dir": "/var", "user": "65534"},
    )

    run = await served_pool.ended(run_id, STATE_TYPE_COMPLETED)

    assert json.loads(run.result.data) == {"rows": 7}
    await served_pool.said(run_id, "output", ["hello, 1", "/var", "65534"])


async def test_parameters_of_any_size_come_by_file(served_pool: DockerPool) -> None:
    run_id = await served_pool.run(shell('wc -c < "$ORCH_PARAMETERS_FILE"'), parameters={"text": "x" * 300_000})

    await served_pool.ended(run_id, STATE_TYPE_COMPLETED)

    await served_pool.said(run_id, "output", ["300012"])


async def test_other_pull_steps_are_done_inside(served_pool: DockerPool) -> None:
    steps = json.dumps([{"step": "local", "path": "/no/such/folder"}])
    run_id = await served_pool.run(LaunchSpec(entrypoint="etl.py:etl", pull_steps_json=steps))

    run = await served_pool.ended(run_id, STATE_TYPE_FAILED)

    assert run.state.message.startswith("The deployment's code is to be in /no/such/folder, which is not there")
    assert run.state.failure.type == "LaunchError"


async def test_the_container_is_made_as_the_variables_say(served_pool: DockerPool) -> None:
    run_id = await served_pool.run(
        shell("echo ready; sleep 100"),
        job_variables={
            "mem_limit": "256m",
            "cpus": 0.5,
            "labels": {"team": "data"},
            "container_patch": {"HostConfig": {"ShmSize": 1048576}},
        },
    )
    await served_pool.seen(run_id, STATE_TYPE_RUNNING)

    told = json.loads(await served_pool.docker("inspect", await served_pool.container_of(run_id)))[0]

    host = told["HostConfig"]
    assert (host["Memory"], host["NanoCpus"], host["ShmSize"]) == (256 * 1024**2, 500_000_000, 1048576)
    assert (host["Privileged"], host["AutoRemove"], host["Init"]) == (False, False, True)
    assert told["Name"] == f"/orch-{run_id}-1"
    labels = told["Config"]["Labels"]
    assert (labels["team"], labels["orch.run"], labels["orch.token"]) == ("data", run_id, "1")
    # Of what the worker's environment has, a container sees nothing.
    assert not [each for each in told["Config"]["Env"] if each.startswith("ORCH_HOME=")]
