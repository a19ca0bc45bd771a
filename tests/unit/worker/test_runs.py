"""What becomes of runs that a worker launches: their states, their lines, their ends."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orch_proto.v1.flow_run_service_pb2 import CreateFlowRunRequest
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_proto.v1.lease_pb2 import LEASE_PHASE_RUNNING
from orch_proto.v1.lease_service_pb2 import ListLeasesRequest
from orch_proto.v1.state_pb2 import (
    STATE_TYPE_CANCELLED,
    STATE_TYPE_COMPLETED,
    STATE_TYPE_CRASHED,
    STATE_TYPE_FAILED,
    STATE_TYPE_RUNNING,
)
from orch_worker.launchers.base import Ending, LaunchError, Outcome
from tests.support.started_server import StartedServer
from tests.unit.worker.stage import COMPLETED, KILLED, Audience, RunningWorker, Stage, worker_at

ENTRYPOINT = LaunchSpec(entrypoint="etl.py:etl")


@pytest.fixture
async def worker(
    server: StartedServer, audience: Audience, stage: Stage, tmp_path: Path
) -> AsyncIterator[RunningWorker]:
    """A worker of a pool of its own."""
    await audience.make_pool()
    async with worker_at(server.url, stage, tmp_path, pool=audience.pool) as running:
        yield running


pytestmark = pytest.mark.usefixtures("worker")


async def test_a_command_runs_and_what_it_left_as_its_result_is_the_runs(audience: Audience, stage: Stage) -> None:
    run_id = await audience.run()
    attempt = await stage.launched()
    running = await audience.seen(run_id, STATE_TYPE_RUNNING)

    await attempt.end(Ending(Outcome.COMPLETED, "exit code 0", 0, result=b'{"rows": 3}'))

    run = await audience.seen(run_id, STATE_TYPE_COMPLETED)
    assert running.state.message == "Runs as act 1."
    assert (run.result.data, run.result.media_type) == (b'{"rows": 3}', "application/json")
    await attempt.forgotten.wait()


async def test_a_command_begins_only_when_the_control_plane_knows(audience: Audience, stage: Stage) -> None:
    """Should contact be lost now, it has begun, and must not begin again elsewhere."""
    stage.curtain = asyncio.Event()
    run_id = await audience.run()
    await stage.asked.get()

    answer = await audience.client.leases.ListLeases(ListLeasesRequest(work_pool_name=audience.pool))

    assert [(each.flow_run_id, each.phase) for each in answer.leases] == [(run_id, LEASE_PHASE_RUNNING)]
    stage.curtain.set()
    await (await stage.launched()).end()
    await audience.seen(run_id, STATE_TYPE_COMPLETED)


async def test_what_an_attempt_writes_is_stored_before_its_end(audience: Audience, stage: Stage) -> None:
    run_id = await audience.run()
    attempt = await stage.launched()

    await attempt.write("one", "two")
    await attempt.write("three")
    await attempt.end()

    await audience.seen(run_id, STATE_TYPE_COMPLETED)
    assert await audience.lines(run_id, "output") == ["one", "two", "three"]


async def test_an_exit_code_fails_the_run(audience: Audience, stage: Stage) -> None:
    run_id = await audience.run()
    attempt = await stage.launched()

    await attempt.end(Ending(Outcome.FAILED, "exit code 3", 3))

    run = await audience.seen(run_id, STATE_TYPE_FAILED)
    assert (run.state.failure.type, run.state.failure.message) == ("ExitCode3", "exit code 3")
    await audience.said(run_id, "worker", ["Launched by worker 'stagehand' as act 1.", "Ended: exit code 3"])


async def test_where_a_run_is_can_be_read_while_it_runs(audience: Audience, stage: Stage) -> None:
    run_id = await audience.run()
    attempt = await stage.launched()

    while not (lines := await audience.lines(run_id, "worker")):
        pass  # Asking takes its time.

    assert lines == ["Launched by worker 'stagehand' as act 1."]
    await attempt.end()


async def test_what_was_told_of_its_launch_is_in_the_log_before_its_end(
    audience: Audience, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orch_worker.shipping._REMARKS_GATHERING_SECONDS", 3600.0)
    stage.whisper = ("The code is commit 1234.",)
    run_id = await audience.run()
    attempt = await stage.launched()

    await audience.said(run_id, "worker", [*stage.whisper, "Launched by worker 'stagehand' as act 1."])
    await attempt.end()


async def test_a_killed_command_crashes_the_run(audience: Audience, stage: Stage) -> None:
    run_id = await audience.run()

    await (await stage.launched()).end(KILLED)

    assert (await audience.seen(run_id, STATE_TYPE_CRASHED)).state.message == "killed (SIGKILL)"


@pytest.mark.parametrize(
    ("result", "kind"), [(b"not json", "InvalidResult"), (b'"' + b"x" * 600_000 + b'"', "ResultTooLarge")]
)
async def test_a_result_that_cannot_be_kept_fails_the_run_in_words(
    audience: Audience, stage: Stage, result: bytes, kind: str
) -> None:
    run_id = await audience.run(retries=3)

    await (await stage.launched()).end(Ending(Outcome.COMPLETED, "exit code 0", 0, result=result))

    failure = (await audience.seen(run_id, STATE_TYPE_FAILED)).state.failure
    assert (failure.type, failure.retryable) == (kind, False)


async def test_what_cannot_be_launched_fails_in_words(audience: Audience, stage: Stage) -> None:
    stage.refusal = LaunchError("The folder /data/etl is not there. Create it.")

    run = await audience.seen(await audience.run(), STATE_TYPE_FAILED)

    assert (run.state.failure.type, run.state.failure.message) == ("LaunchError", str(stage.refusal))


async def test_what_cannot_be_launched_now_is_tried_again_where_the_run_has_retries(
    audience: Audience, stage: Stage
) -> None:
    stage.refusal = LaunchError("The repository cannot be reached.")
    run_id = await audience.run(retries=1)
    await stage.asked.get()
    stage.refusal = None

    attempt = await stage.launched()
    await attempt.end()

    assert attempt.key.token == 2
    assert (await audience.seen(run_id, STATE_TYPE_COMPLETED)).retries_used == 1


async def test_the_output_of_all_attempts_follows_one_another(audience: Audience, stage: Stage) -> None:
    run_id = await audience.run(retries=1)
    first = await stage.launched()
    await first.write("first: 1", "first: 2")
    await first.end(Ending(Outcome.FAILED, "exit code 1", 1))

    second = await stage.launched()
    await second.write("second: 1")
    await second.end()

    await audience.seen(run_id, STATE_TYPE_COMPLETED)
    await audience.said(run_id, "output", ["first: 1", "first: 2", "second: 1"])


async def test_a_cancelled_command_is_stopped_with_its_grace(audience: Audience, stage: Stage) -> None:
    run_id = await audience.run(job_variables={"grace_seconds": 7})
    attempt = await stage.launched()
    await audience.seen(run_id, STATE_TYPE_RUNNING)

    await audience.cancel(run_id, reason="Too dear.")

    assert await attempt.stops.get() == 7
    assert (await audience.seen(run_id, STATE_TYPE_CANCELLED)).state.message == "Too dear."


async def test_an_entrypoints_process_that_ended_well_has_reported_its_end(audience: Audience, stage: Stage) -> None:
    run_id = await audience.run(ENTRYPOINT)
    attempt = await stage.launched()
    await audience.adopt(attempt)
    await audience.report(attempt, STATE_TYPE_RUNNING, sequence=1)

    await audience.report(attempt, STATE_TYPE_COMPLETED, sequence=2)
    await attempt.end()

    await attempt.forgotten.wait()
    run = await audience.get(run_id)
    assert run.state.type == STATE_TYPE_COMPLETED
    assert attempt.stops.empty()


@pytest.mark.parametrize("ending", [COMPLETED, KILLED, Ending(Outcome.FAILED, "exit code 1", 1)])
async def test_an_entrypoints_process_that_is_gone_without_a_word_crashes_the_run(
    audience: Audience, stage: Stage, ending: Ending
) -> None:
    run_id = await audience.run(ENTRYPOINT)
    attempt = await stage.launched()
    await audience.adopt(attempt)
    await audience.report(attempt, STATE_TYPE_RUNNING, sequence=1)

    await attempt.end(ending)

    run = await audience.seen(run_id, STATE_TYPE_CRASHED)
    assert ending.message in run.state.message


async def test_an_entrypoints_process_may_end_by_itself_when_its_run_is_cancelled(
    audience: Audience, stage: Stage
) -> None:
    run_id = await audience.run(ENTRYPOINT)
    attempt = await stage.launched()
    await audience.adopt(attempt)
    await audience.report(attempt, STATE_TYPE_RUNNING, sequence=1)

    await audience.cancel(run_id)
    await audience.report(attempt, STATE_TYPE_CANCELLED, sequence=2)
    await attempt.end()

    await attempt.forgotten.wait()
    assert (await audience.get(run_id)).state.type == STATE_TYPE_CANCELLED
    assert attempt.stops.empty()


async def test_a_run_without_anything_to_launch_fails_in_words(audience: Audience) -> None:
    request = CreateFlowRunRequest(flow_name="nothing", work_pool_name=audience.pool)
    run_id = (await audience.client.flow_runs.CreateFlowRun(request)).flow_run.flow_run_id

    run = await audience.seen(run_id, STATE_TYPE_FAILED)

    assert "neither an entrypoint nor a command" in run.state.message
