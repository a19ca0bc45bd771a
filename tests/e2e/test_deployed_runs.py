"""Deployed runs, from their ticket to their end: `python -m orch.run` against a real control plane."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from orch_client import Client, connect
from orch_proto.v1 import flow_run_service_pb2 as flow_runs
from tests.e2e.deployed_runs import (
    CANCELLED,
    COMPLETED,
    CRASHED,
    FAILED,
    RUNNING,
    Hand,
    playing_worker,
)
from tests.support.started_server import started_server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A control plane."""
    with started_server(tmp_path_factory.mktemp("home")) as server, connect(server.url) as connected:
        yield connected


@pytest.fixture
def hand(client: Client, tmp_path: Path) -> Iterator[Hand]:
    """A worker, and its working folder."""
    with playing_worker(client, tmp_path, pool=tmp_path.name) as playing:
        yield playing


# How flows come to their ends


def test_a_flow_runs_and_is_recorded(hand: Hand) -> None:
    hand.file(
        "etl.py",
        """
        from datetime import date
        from orch import flow, get_run_logger, task

        @task
        def double(number): return 2 * number

        @flow
        def etl(day: date, number: int = 3):
            get_run_logger().info("it is %s", day.isoformat())
            print("printed")
            return {"day": day, "doubled": double(number)}
        """,
    )

    ran = hand.run("etl.py:etl", {"day": "2026-11-22"})

    assert (ran.run.state.type, ran.run.attempt, ran.run.token, ran.code) == (COMPLETED, 1, 1, 0)
    assert ran.run.result.data == b'{"day":{"$type":"date","value":"2026-11-22"},"doubled":6}'
    assert [(task.name, task.state.type) for task in hand.tasks(ran.run.flow_run_id)] == [("double-0", COMPLETED)]
    assert "it is 2026-11-22" in hand.messages(ran.run.flow_run_id)
    assert (ran.process.out, ran.process.errors) == (["printed"], []), "lines of the log do not come twice"


@pytest.mark.parametrize("kind", ["async def", "generator", "async generator"])
def test_all_kinds_of_functions_run(hand: Hand, kind: str) -> None:
    body = {
        "async def": "async def etl(): return await double(2)",
        "generator": "def etl(): yield double.fn(2); print('read on')",
        "async generator": "async def etl(): yield await double(2); print('read on')",
    }[kind]
    hand.file("etl.py", f"from orch import flow, task\n@task\nasync def double(n): return 2 * n\n@flow\n{body}\n")

    ran = hand.run("etl.py:etl")

    assert (ran.run.state.type, ran.code) == (COMPLETED, 0), ran.process.errors
    assert ran.process.out == ([] if kind == "async def" else ["read on"])


def test_a_failed_flow_tells_its_traceback_once(hand: Hand) -> None:
    hand.file("etl.py", "from orch import flow\n@flow\ndef etl():\n    raise ValueError('no such day')\n")

    ran = hand.run("etl.py:etl")

    assert (ran.run.state.type, ran.code) == (FAILED, 0)
    assert (ran.run.state.failure.type, ran.run.state.failure.message) == ("ValueError", "no such day")
    assert sum("raise ValueError" in message for message in hand.messages(ran.run.flow_run_id)) == 1
    assert ran.process.errors == []


def test_retries_of_its_own_happen_in_the_process(hand: Hand) -> None:
    hand.file(
        "etl.py",
        """
        from orch import flow
        from orch.runtime import flow_run

        @flow(retries=2)
        def etl():
            if flow_run.run_count < 3:
                raise ValueError
            return flow_run.run_count
        """,
    )

    ran = hand.run("etl.py:etl")

    assert (ran.run.state.type, ran.run.result.data, ran.run.attempt) == (COMPLETED, b"3", 1)


def test_lines_are_kept_with_their_run_and_come_out_once(hand: Hand) -> None:
    hand.file(
        "etl.py",
        """
        import logging
        import sys
        from orch import flow, get_run_logger, task
        from orch.task_runners import ProcessPoolTaskRunner

        logging.basicConfig(stream=sys.stdout, level=logging.INFO)
        logging.getLogger("library").warning("while it is imported")

        @task(log_prints=True)
        def in_process(number):
            get_run_logger().info("in a process")
            print("printed in a process")
            sys.stdout.write("written in a process\\n")
            return number

        @flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
        def etl():
            get_run_logger().info("the run's own")
            logging.getLogger("library").warning("a library's")
            logging.getLogger("library").debug("too quiet")
            sys.stdout.flush()
            return in_process.submit(1).result()
        """,
    )

    ran = hand.run("etl.py:etl")

    assert ran.run.state.type == COMPLETED
    said = hand.messages(ran.run.flow_run_id)
    assert said[0] == "Flow 'etl' begins."
    assert said[-1].startswith("Completed in ")
    assert said[1:-1] == ["the run's own", "a library's", "in a process", "printed in a process"]
    # Each of the two processes has imported it.
    assert sorted(ran.process.out) == ["WARNING:library:while it is imported"] * 2 + ["written in a process"]
    assert ran.process.errors == []


@pytest.mark.parametrize("ending", ["sys.exit(3)", "raise KeyboardInterrupt"])
def test_code_that_ends_the_process_in_order_is_reported(hand: Hand, ending: str) -> None:
    hand.file("etl.py", f"import sys\nfrom orch import flow\n@flow\ndef etl(): {ending}\n")

    ran = hand.run("etl.py:etl")

    assert ran.run.state.type == (CRASHED if "exit" in ending else CANCELLED)
    assert ran.code == 0, "its end was reported: nobody else needs to"


def test_a_process_that_dies_reports_nothing(hand: Hand) -> None:
    hand.file("etl.py", "import os\nfrom orch import flow\n@flow\ndef etl(): os._exit(3)\n")

    ran = hand.run("etl.py:etl")

    assert ran.code == 3
    assert not ran.run.HasField("end_time")


def test_native_code_that_crashes_says_where(hand: Hand) -> None:
    hand.file("etl.py", "import ctypes\nfrom orch import flow\n@flow\ndef etl():\n    ctypes.string_at(0)\n")

    ran = hand.run("etl.py:etl")

    assert ran.code == -signal.SIGSEGV
    assert "Fatal Python error: Segmentation fault" in ran.process.errors
    assert any("etl.py" in line and "line 5 in etl" in line for line in ran.process.errors)


# What they know of themselves


def test_a_flow_knows_its_deployment_as_its_subflows_do(hand: Hand) -> None:
    hand.file(
        "etl.py",
        """
        from orch import flow, task
        from orch.runtime import deployment, flow_run
        from orch.task_runners import ProcessPoolTaskRunner

        def known():
            return [deployment.id, deployment.name, deployment.version, deployment.flow_run_id,
                    deployment.parameters, flow_run.root_flow_run_id, flow_run.parent_deployment_id]

        @task
        def seen_by_task(): return known()

        @flow
        def child(): return known()

        @flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
        def etl(number: int = 1):
            return [known(), child(), seen_by_task.submit().result(), flow_run.scheduled_start_time.timestamp()]
        """,
    )

    ran = hand.run("etl.py:etl", {"number": 2})

    run = ran.run
    assert run.state.type == COMPLETED, hand.messages(run.flow_run_id)
    import json

    own, childs, tasks, scheduled = json.loads(run.result.data)
    common = [run.deployment_id, run.deployment_name, "1", run.flow_run_id, {"number": 2}, run.flow_run_id]
    assert own == [*common, None]
    assert childs == [*common, run.deployment_id]
    assert tasks == own
    assert scheduled == pytest.approx(run.scheduled_time.ToNanoseconds() / 1e9, abs=1e-5)
    listed = hand.client.flow_runs.ListFlowRuns(
        flow_runs.ListFlowRunsRequest(filter=flow_runs.FlowRunFilter(parent_flow_run_id=run.flow_run_id))
    )
    assert [each.flow_name for each in listed.flow_runs] == ["child"]


@pytest.mark.parametrize("file", ["my etl.py", "v1.2.py", "jobs/etl.py"])
def test_tasks_in_processes_find_the_code_wherever_it_is(hand: Hand, file: str) -> None:
    hand.file("jobs/__init__.py", "")
    hand.file(
        file,
        """
        from dataclasses import dataclass
        from orch import flow, task
        from orch.task_runners import ProcessPoolTaskRunner

        @dataclass
        class Row:
            number: int

        @task
        def doubled(row: Row) -> Row: return Row(2 * row.number)

        @flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
        def etl(): return [each.number for each in doubled.map([Row(1), Row(2)]).result()]
        """,
    )

    ran = hand.run(f"{file}:etl")

    assert ran.run.state.type == COMPLETED, hand.messages(ran.run.flow_run_id)
    assert ran.run.result.data == b"[2,4]"


def test_a_run_gets_the_name_that_its_flow_makes(hand: Hand) -> None:
    hand.file(
        "etl.py", "from orch import flow\n@flow(flow_run_name='etl-of-{day}')\ndef etl(day: str): print('done')\n"
    )

    ran = hand.run("etl.py:etl", {"day": "monday"})

    assert (ran.run.name, ran.run.state.type) == ("etl-of-monday", COMPLETED)


def test_further_parameters_go_where_the_flow_takes_them(hand: Hand) -> None:
    hand.file("etl.py", "from orch import flow\n@flow\ndef etl(a, *more, b=2, **rest): return [a, more, b, rest]\n")

    ran = hand.run("etl.py:etl", {"a": 1, "c": 3, "rest": {"d": 4}, "more": [5, 6]})

    assert ran.run.result.data == b'[1,{"$type":"tuple","value":[5,6]},2,{"d":4,"c":3}]'


# What keeps them from beginning


@pytest.mark.parametrize(
    ("entrypoint", "text"),
    [
        ("nowhere.py:etl", "does not exist. In"),
        ("etl.py:nothing", "there is no 'nothing'. Its flows are etl"),
        ("etl.py:plain", "write @flow above it"),
        ("etl.py:some_task", "call it inside of a flow"),
        ("broken.py:etl", "SyntaxError"),
        ("raising.py:etl", "ZeroDivisionError: division by zero"),
        ("nowhere.jobs:etl", "there is no module 'nowhere.jobs'"),
    ],
)
def test_an_entrypoint_that_leads_nowhere_fails_the_run_in_words(hand: Hand, entrypoint: str, text: str) -> None:
    hand.file(
        "etl.py",
        "from orch import flow, task\n@flow\ndef etl(): ...\n@task\ndef some_task(): ...\ndef plain(): ...\n",
    )
    hand.file("broken.py", "def etl(:\n")
    hand.file("raising.py", "def divide(): return 1 / 0\n\ndivide()\n")

    ran = hand.run(entrypoint)

    assert (ran.run.state.type, ran.run.state.failure.type, ran.code) == (FAILED, "EntrypointError", 0)
    assert text in ran.run.state.message
    log = hand.messages(ran.run.flow_run_id)[-1]
    assert "importlib" not in log
    assert "orch/run" not in log
    if entrypoint.startswith("raising"):
        assert "in divide" in log


@pytest.mark.parametrize(
    ("parameters", "text"),
    [({}, "'day'"), ({"day": 1, "dya": 2}, "there is no parameter 'dya'"), ({"day": "x"}, "day: ")],
)
def test_parameters_that_do_not_fit_fail_the_run_in_words(hand: Hand, parameters: dict[str, object], text: str) -> None:
    hand.file("etl.py", "from orch import flow\n@flow\ndef etl(day: int): ...\n")

    ran = hand.run("etl.py:etl", parameters)

    assert (ran.run.state.type, ran.code) == (FAILED, 0)
    assert text in ran.run.state.message
    # Nothing of the user's has run: there is no place to show.
    assert "Traceback" not in hand.messages(ran.run.flow_run_id)[-1]


def test_only_one_process_gets_the_run(hand: Hand) -> None:
    hand.file("etl.py", "import sys\nfrom orch import flow\n@flow\ndef etl(): input()\n")
    run_id = hand.create(hand.deploy("etl.py:etl"))
    lease = hand.lease()
    first = hand.start(lease, reads=True)
    hand.watched(run_id, RUNNING)

    second = hand.start(lease)

    assert second.ended() == 1
    assert "Another process has adopted this lease" in " ".join(second.errors)
    first.say("go on")
    assert first.ended() == 0
    assert hand.get(run_id).state.type == COMPLETED


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"ORCH_LEASE_TOKEN": "next"}, "ORCH_LEASE_TOKEN is 'next'; a fencing token is a whole number from 1 on."),
        ({"ORCH_LOG_PRINTS": "perhaps"}, "ORCH_LOG_PRINTS is 'perhaps': write true or false."),
    ],
)
def test_a_ticket_or_a_setting_that_is_none_is_said(hand: Hand, variables: dict[str, str], said: str) -> None:
    hand.file("etl.py", "from orch import flow\n@flow\ndef etl(): ...\n")
    hand.create(hand.deploy("etl.py:etl"))

    process = hand.start(hand.lease(), variables=variables)

    assert process.ended() == 1
    assert process.errors == [said]


# How they are stopped


@pytest.mark.parametrize("code", ["time.sleep(600)", "sleeping.result()", "await asyncio.sleep(600)"])
def test_a_cancel_reaches_the_code(hand: Hand, code: str) -> None:
    kind = "async def" if "await" in code else "def"
    hand.file(
        "etl.py",
        f"""
        import asyncio
        import time
        from orch import flow, sleep, task

        @task
        def long(): sleep(600)

        @flow
        {kind} etl():
            sleeping = long.submit()
            print("waiting", flush=True)
            try:
                {code}
            finally:
                print("cleaned up", flush=True)
        """,
    )
    run_id = hand.create(hand.deploy("etl.py:etl"))
    process = hand.start(hand.lease())
    process.said("waiting")

    hand.client.flow_runs.CancelFlowRun(flow_runs.CancelFlowRunRequest(flow_run_id=run_id))

    assert process.ended() == 0
    assert process.out == ["waiting", "cleaned up"]
    assert hand.get(run_id).state.type == CANCELLED


def test_a_run_that_was_cancelled_before_it_began_does_not_begin(hand: Hand) -> None:
    hand.file("etl.py", "from orch import flow\n@flow\ndef etl(): print('here')\n")
    run_id = hand.create(hand.deploy("etl.py:etl"))
    lease = hand.lease()
    hand.client.flow_runs.CancelFlowRun(flow_runs.CancelFlowRunRequest(flow_run_id=run_id))

    process = hand.start(lease)

    assert process.ended() == 0
    assert process.out == []
    assert hand.get(run_id).state.type == CANCELLED


def test_sigterm_ends_the_run_in_order(hand: Hand) -> None:
    hand.file(
        "etl.py", "import time\nfrom orch import flow\n@flow\ndef etl():\n print('x', flush=True)\n time.sleep(99)\n"
    )
    run_id = hand.create(hand.deploy("etl.py:etl"))
    process = hand.start(hand.lease())
    process.said("x")

    process.process.send_signal(signal.SIGTERM)

    assert process.ended() == 0
    run = hand.get(run_id)
    assert (run.state.type, run.state.message) == (CRASHED, "The process was sent SIGTERM.")
