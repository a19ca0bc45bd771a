"""Runs that a worker was granted and this process adopts; and names that runs get after they have begun."""

from pathlib import Path

import pytest

from orch.errors import LeaseLostError
from orch.recording.records import Grant, Verdict
from orch.states import Running
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.policy_pb2 import RecoveryPolicy
from orch_proto.v1.state_pb2 import State, StateType
from tests.unit.sdk.recording.fake_plane import FakePlane, failed
from tests.unit.sdk.recording.moved_time import run_in_moved_time
from tests.unit.sdk.recording.scene import playing


def granted(**fields: object) -> FlowRun:
    """A run as the control plane has it when its lease is adopted."""
    run = FlowRun(
        flow_run_id="run-lynx",
        name="nightly-7",
        flow_name="etl",
        flow_version="3f2a",
        tags=["deployed"],
        parameters_json='{"day": 1}',
        deployment_id="deployment-1",
        deployment_name="nightly",
        deployment_version=4,
        parent_flow_run_id="run-above",
        attempt=1,
        recovery_policy=RecoveryPolicy(durable=True, crash_restarts=2, exclusive=True),
        state=State(type=StateType.STATE_TYPE_PENDING),
    )
    run.scheduled_time.FromNanoseconds(5_000_000_000)
    run.MergeFrom(FlowRun(**fields))  # type: ignore[arg-type]
    return run


def test_an_adopted_run_knows_what_the_control_plane_knows(tmp_path: Path) -> None:
    plane = FakePlane()
    plane.granted = granted()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            run = scene.run("lynx", adopted_token=7)
            assert await scene.begun(run)

            assert (run.name, run.flow_version, run.tags, run.token) == ("nightly-7", "3f2a", ("deployed",), 7)
            assert (run.durable, run.crash_restarts, run.exclusive) == (True, 2, True)
            assert run.attempt == 1, "the one that begins now is the second"
            assert run.grant == Grant(
                flow_run_id="run-lynx",
                parameters_json='{"day": 1}',
                deployment_id="deployment-1",
                deployment_name="nightly",
                deployment_version=4,
                parent_flow_run_id="run-above",
                scheduled_ns=5_000_000_000,
            )

    run_in_moved_time(script)


def test_a_scheduled_run_was_to_start_when_its_schedule_says(tmp_path: Path) -> None:
    plane = FakePlane()
    plane.granted = granted()
    plane.granted.nominal_time.FromNanoseconds(3_000_000_000)

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            run = scene.run("lynx", adopted_token=7)
            assert await scene.begun(run)
            assert run.grant is not None
            assert run.grant.scheduled_ns == 3_000_000_000

    run_in_moved_time(script)


def test_reports_of_an_adopted_run_count_from_far_above_its_workers(tmp_path: Path) -> None:
    plane = FakePlane()
    plane.granted = granted()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            run = scene.run("lynx", adopted_token=7)
            scene.state(run, Running())
            scene.end(run)
            assert await scene.flushed()

    run_in_moved_time(script)

    assert plane.runs["run-lynx"].states[-2:] == ["Running", "Completed"]
    assert plane.runs["run-lynx"].sequence == 1_000_002


def test_a_cancel_that_came_first_is_heard(tmp_path: Path) -> None:
    plane = FakePlane()
    plane.granted = granted(state=State(type=StateType.STATE_TYPE_CANCELLING, message="Enough."))

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            run = scene.run("lynx", adopted_token=7)
            run.on_verdict = None
            assert await scene.begun(run)
            assert run.heard == [(Verdict.CANCEL, "Enough.")]

    run_in_moved_time(script)


@pytest.mark.parametrize("reason", ["ALREADY_ADOPTED", "LEASE_LOST", "RUN_ENDED"])
def test_a_run_that_cannot_be_adopted_does_not_begin(tmp_path: Path, reason: str) -> None:
    plane = FakePlane()
    plane.refusals["adopt_lease"] = lambda _: failed("FAILED_PRECONDITION", "It is not yours.", reason=reason)

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            run = scene.run("lynx", adopted_token=7)
            with pytest.raises(LeaseLostError, match="It is not yours"):
                await scene.begun(run)
            scene.end(run)
            assert await scene.flushed()

    run_in_moved_time(script)

    assert plane.calls == []


def test_a_name_that_a_run_gets_after_it_has_begun_is_told(tmp_path: Path) -> None:
    plane = FakePlane()
    plane.granted = granted()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            adopted, started = scene.run("lynx", adopted_token=7), scene.run("puma")
            assert await scene.begun(adopted)
            assert await scene.begun(started)
            adopted.name, started.name = "etl-of-monday", "etl-of-sunday"
            for run in (adopted, started):
                scene.state(run, Running())
                scene.end(run)
            assert await scene.flushed()

    run_in_moved_time(script)

    assert {run_id: run.start.name for run_id, run in plane.runs.items()} == {
        "run-lynx": "etl-of-monday",
        "run-puma": "etl-of-sunday",
    }
    assert sum(entry.startswith("name ") for entry in plane.journal) == 2


def test_a_name_that_is_there_in_time_takes_no_call_of_its_own(tmp_path: Path) -> None:
    plane = FakePlane()

    async def script() -> None:
        async with playing(plane, tmp_path) as scene:
            run = scene.run("lynx")
            run.name = "etl-of-monday"
            scene.state(run, Running())
            scene.end(run)
            assert await scene.flushed()

    run_in_moved_time(script)

    assert plane.runs["run-lynx"].start.name == "etl-of-monday"
    assert "update_flow_run" not in plane.calls
