"""Further attempts of deployed runs: in other processes, under other tokens."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orch_client import Client, connect
from orch_proto.v1 import flow_run_service_pb2 as flow_runs
from orch_proto.v1.policy_pb2 import RecoveryPolicy, RetryPolicy
from tests.e2e.deployed_runs import COMPLETED, FAILED, PENDING, RUNNING, SCHEDULED, Hand, playing_worker
from tests.support.started_server import started_server


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


@pytest.fixture
def hasty(client: Client, tmp_path: Path) -> Iterator[Hand]:
    """The same. Leases last 15 s: a third of that until the next heartbeat."""
    with playing_worker(client, tmp_path, pool=tmp_path.name, ttl_seconds=15) as playing:
        yield playing


DURABLE = """
    import os
    from orch import flow, task
    from orch.recording import current_recorder
    from orch.runtime import flow_run

    @task
    def step(number):
        print("step", number, flush=True)
        return number

    @flow
    def child(number): return step(number)

    @flow(durable=True)
    def etl():
        done = [step(1), child(2), step(3)]
        if flow_run.run_count == 1:
            current_recorder().flush()
            os._exit(9)
        return [*done, flow_run.run_count]
"""


def test_a_durable_run_goes_on_in_another_process(hand: Hand) -> None:
    hand.file("etl.py", DURABLE)
    run_id = hand.create(hand.deploy("etl.py:etl", recovery=RecoveryPolicy(durable=True)))
    first = hand.start(lease := hand.lease())
    assert first.ended() == 9
    hand.report_crash(lease)

    second = hand.start(hand.lease())

    assert second.ended() == 0, second.errors
    run = hand.get(run_id)
    assert (run.state.type, run.token, run.result.data) == (COMPLETED, 2, b"[1,2,3,2]")
    assert (first.out, second.out) == (["step 1", "step 2", "step 3"], [])
    assert len(hand.tasks(run_id)) == 3
    assert "Flow 'etl' goes on where it was." in hand.messages(run_id)


def test_a_durable_run_whose_code_has_changed_does_not_mix_the_two(hand: Hand) -> None:
    hand.file("etl.py", DURABLE)
    run_id = hand.create(hand.deploy("etl.py:etl", recovery=RecoveryPolicy(durable=True)))
    lease = hand.lease()
    assert hand.start(lease).ended() == 9
    hand.report_crash(lease)

    hand.file("etl.py", DURABLE.replace("step(1)", "step(10)"))
    second = hand.start(hand.lease())

    assert second.ended() == 0, second.errors
    run = hand.get(run_id)
    assert (run.state.type, run.state.failure.type, second.out) == (FAILED, "CheckpointMismatchError", [])
    assert len(run.flow_version) > 0


def test_a_rerun_from_a_task_repeats_it_and_what_came_later(hand: Hand) -> None:
    hand.file("etl.py", DURABLE.replace("os._exit(9)", "pass"))
    run_id = hand.create(hand.deploy("etl.py:etl", recovery=RecoveryPolicy(durable=True)))
    assert hand.start(hand.lease()).ended() == 0
    second = hand.tasks(run_id)[1]

    hand.client.flow_runs.RetryFlowRun(
        flow_runs.RetryFlowRunRequest(flow_run_id=run_id, from_task_run_id=second.task_run_id)
    )
    again = hand.start(hand.lease())

    assert again.ended() == 0, again.errors
    assert again.out == ["step 2", "step 3"]
    tasks = hand.tasks(run_id)
    assert [task.superseded for task in tasks] == [False, True, True, False, False]
    assert hand.get(run_id).result.data == b"[1,2,3,2]"


def test_a_retry_of_the_control_planes_is_another_attempt(hand: Hand) -> None:
    hand.file(
        "etl.py",
        """
        from orch import flow
        from orch.runtime import flow_run

        @flow
        def etl():
            if flow_run.run_count == 1:
                raise ValueError("not yet")
            return flow_run.run_count
        """,
    )
    run_id = hand.create(hand.deploy("etl.py:etl", retry=RetryPolicy(max_retries=1)))

    assert hand.start(hand.lease()).ended() == 0
    assert hand.get(run_id).state.type == SCHEDULED
    assert hand.start(hand.lease()).ended() == 0

    run = hand.get(run_id)
    assert (run.state.type, run.attempt, run.result.data) == (COMPLETED, 2, b"2")


def test_a_run_that_is_not_durable_begins_anew(hand: Hand) -> None:
    hand.file("etl.py", DURABLE.replace("(durable=True)", "(crash_restarts=1)"))
    run_id = hand.create(hand.deploy("etl.py:etl", recovery=RecoveryPolicy(crash_restarts=1)))
    first = hand.start(lease := hand.lease())
    assert first.ended() == 9
    hand.report_crash(lease)

    second = hand.start(hand.lease())

    assert second.ended() == 0, second.errors
    assert second.out == ["step 1", "step 2", "step 3"]
    assert hand.get(run_id).result.data == b"[1,2,3,2]"


def test_a_run_that_somebody_else_has_stops_and_reports_nothing(hasty: Hand) -> None:
    hasty.file(
        "etl.py",
        """
        import time
        from orch import flow

        @flow
        def etl():
            print("waiting", flush=True)
            time.sleep(600)
        """,
    )
    run_id = hasty.create(hasty.deploy("etl.py:etl", recovery=RecoveryPolicy(crash_restarts=1)))
    process = hasty.start(lease := hasty.lease())
    hasty.watched(run_id, RUNNING)

    hasty.report_crash(lease)
    taken = hasty.lease()

    assert process.ended() == 1
    assert (taken.token, hasty.get(run_id).state.type) == (2, PENDING)
