"""Deployed runs in processes that were forked, and while the control plane is away."""

import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orch_client import connect
from orch_proto.v1.policy_pb2 import RecoveryPolicy
from tests.e2e.deployed_runs import COMPLETED, RUNNING, Hand, playing_worker
from tests.e2e.server_process import ServerProcess, running_server

pytestmark = pytest.mark.slow

HOST = Path(__file__).parent / "scripts" / "warm_host.py"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ServerProcess]:
    """A control plane that may go away."""
    async with running_server(tmp_path / "server") as running:
        yield running


@pytest.fixture
def hand(server: ServerProcess, tmp_path: Path) -> Iterator[Hand]:
    """A worker, and its working folder."""
    with connect(f"http://{server.address}") as client, playing_worker(client, tmp_path) as playing:
        yield playing


@pytest.fixture
def hasty(server: ServerProcess, tmp_path: Path) -> Iterator[Hand]:
    """The same. Leases last 5 s."""
    with (
        connect(f"http://{server.address}") as client,
        playing_worker(client, tmp_path, pool="hasty", ttl_seconds=5) as playing,
    ):
        yield playing


class Host:
    """`scripts/warm_host.py`."""

    def __init__(self, folder: Path) -> None:
        # An environment that would lead its children astray, if it were read before they have their own.
        self.process = subprocess.Popen(
            [sys.executable, str(HOST)],
            env={"ORCH_API_URL": "http://127.0.0.1:1", "ORCH_HOME": str(folder / "elsewhere")},
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, ticket: dict[str, str]) -> None:
        """A run to be run."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{json.dumps(ticket)}\n")
        self.process.stdin.flush()

    def said(self) -> str:
        """The next line that it or a child has written."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@contextmanager
def host_in(folder: Path) -> Iterator[Host]:
    """A host that is over afterwards."""
    host = Host(folder)
    try:
        yield host
    finally:
        host.process.kill()
        host.process.communicate()


def test_a_warm_process_forks_runs(hand: Hand) -> None:
    hand.file(
        "etl.py",
        """
        from orch import flow, task
        from orch.task_runners import ProcessPoolTaskRunner

        @task
        def square(number): return number * number

        @flow(task_runner=ProcessPoolTaskRunner(max_workers=1), durable=True)
        def etl(number: int):
            print("begun", number, flush=True)
            return square.submit(number).result()
        """,
    )
    deployment = hand.deploy("etl.py:etl")
    with host_in(hand.folder) as host:
        assert host.said() == "threads 1"
        for number in (2, 3):
            run_id = hand.create(deployment, {"number": number})
            host.tell(hand.ticket(hand.lease()))

            assert [host.said(), host.said()] == [f"begun {number}", "ended 0"]
            run = hand.get(run_id)
            assert (run.state.type, run.result.data) == (COMPLETED, str(number**2).encode())


WAITING = """
    from orch import flow, task

    @task
    def some(): ...

    @flow
    def etl():
        print("begun", flush=True)
        input()
        some()
        print("over", flush=True)
        return 7
"""


async def test_a_run_that_ends_while_the_control_plane_is_away_waits_for_it(hand: Hand, server: ServerProcess) -> None:
    hand.file("etl.py", WAITING)
    run_id = hand.create(hand.deploy("etl.py:etl"))
    process = hand.start(hand.lease(), reads=True)
    hand.watched(run_id, RUNNING)

    await server.kill()
    process.say("go on")
    process.said("over")
    process.complained("Runs go on; their records wait until it answers.")
    await server.start()

    assert process.ended() == 0, process.errors
    run = hand.get(run_id)
    assert (run.state.type, run.result.data, len(hand.tasks(run_id))) == (COMPLETED, b"7", 1)


async def test_a_run_that_may_not_wait_leaves_its_end_on_disk(hand: Hand, server: ServerProcess) -> None:
    hand.file("etl.py", WAITING)
    deployment = hand.deploy("etl.py:etl")
    run_id = hand.create(deployment)
    process = hand.start(hand.lease(), reads=True)
    hand.watched(run_id, RUNNING)

    await server.kill()
    process.say("go on")
    process.said("over")
    process.complained("Runs go on; their records wait until it answers.")
    process.process.send_signal(signal.SIGTERM)

    assert process.ended() == 1, "somebody else has to say how it ended, if nobody finds what it left"
    await server.start()
    hand.create(deployment)
    following = hand.start(hand.lease(), reads=True)
    following.say("go on")
    assert following.ended() == 0
    assert hand.get(run_id).state.type == COMPLETED


async def test_a_run_begins_once_the_control_plane_is_back(hand: Hand, server: ServerProcess) -> None:
    hand.file("etl.py", "from orch import flow\n@flow\ndef etl(): return 5\n")
    run_id = hand.create(hand.deploy("etl.py:etl"))
    lease = hand.lease()

    await server.kill()
    process = hand.start(lease)
    process.complained("Runs go on; their records wait until it answers.")
    await server.start()

    assert process.ended() == 0, process.errors
    assert hand.get(run_id).result.data == b"5"


async def test_an_exclusive_run_stops_before_somebody_else_can_have_it(hasty: Hand, server: ServerProcess) -> None:
    hasty.file(
        "etl.py",
        """
        from orch import flow, sleep

        @flow
        def etl():
            try:
                sleep(600)
            finally:
                print("stopped", flush=True)
        """,
    )
    run_id = hasty.create(hasty.deploy("etl.py:etl", recovery=RecoveryPolicy(exclusive=True)))
    process = hasty.start(hasty.lease())
    hasty.watched(run_id, RUNNING)

    await server.kill()
    process.said("stopped")
    await server.start()

    assert process.ended() == 1
    assert "its lease could not be renewed in time" in " ".join(process.errors)


async def test_a_home_that_cannot_be_written_is_no_hindrance(hand: Hand) -> None:
    hand.file("etl.py", "from orch import flow\n@flow\ndef etl(): return 5\n")
    run_id = hand.create(hand.deploy("etl.py:etl"))

    process = hand.start(hand.lease(), variables={"ORCH_HOME": "/dev/null/home"})

    assert process.ended() == 0, process.errors
    assert hand.get(run_id).result.data == b"5"
