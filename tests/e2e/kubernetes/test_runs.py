"""Runs through a real server, a real worker and the emulated cluster: what a Pod says is really run."""

import asyncio
import json
from pathlib import Path

from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_proto.v1.state_pb2 import (
    STATE_TYPE_CANCELLED,
    STATE_TYPE_COMPLETED,
    STATE_TYPE_CRASHED,
    STATE_TYPE_FAILED,
    STATE_TYPE_RUNNING,
)
from tests.e2e.kubernetes.conftest import Working
from tests.unit.worker.kubernetes.cluster import NAMESPACE, Cluster
from tests.unit.worker.stage import Audience

FLOW = """
from orch import flow, get_run_logger, task

@task
def extract(day: str) -> list[str]:
    get_run_logger().info("extracting %s", day)
    return [day, day]

@flow
def etl(day: str) -> int:
    return len(extract(day))
"""
ANSWERS = "trap 'echo asked; exit 7' TERM; echo ready; while :; do sleep 0.05; done"


def shell(script: str) -> LaunchSpec:
    """A deployment of a shell script."""
    return LaunchSpec(command=["sh", "-c", script])


async def test_a_flow_runs_as_a_job_and_reports_itself(
    audience: Audience, cluster: Cluster, working: Working, tmp_path: Path
) -> None:
    await asyncio.to_thread((tmp_path / "etl.py").write_text, FLOW)
    steps = json.dumps([{"step": "local", "path": str(tmp_path)}])
    async with working(tmp_path / "home"):
        run_id = await audience.run(
            LaunchSpec(entrypoint="etl.py:etl", pull_steps_json=steps), parameters={"day": "monday"}
        )

        run = await audience.seen(run_id, STATE_TYPE_COMPLETED)

        assert (run.attempt, run.result.data) == (1, b"2")
        await cluster.gone("jobs", f"orch-{run_id}-1")
    assert [cluster.names(kind) for kind in ("pods", "secrets")] == [[], []]


async def test_a_command_is_followed_through_its_workers_death(
    audience: Audience, cluster: Cluster, working: Working, token_file: Path, tmp_path: Path
) -> None:
    """The next worker of its name has another disk, and credentials that the cluster has changed."""
    gate = tmp_path / "gate"
    script = f"echo one; while [ ! -e {gate} ]; do sleep 0.05; done; echo two; printf '[1]' > $ORCH_RESULT_FILE"
    async with working(tmp_path / "first") as worker:
        run_id = await audience.run(shell(script))
        await audience.said(run_id, "output", ["one"])
        await worker.kill()
    cluster.api.token = "another token"
    await asyncio.to_thread(token_file.write_text, "another token")

    async with working(tmp_path / "second"):
        await asyncio.to_thread(gate.touch)
        run = await audience.seen(run_id, STATE_TYPE_COMPLETED)

        assert (run.attempt, run.result.data) == (1, b"[1]")
        await audience.said(run_id, "output", ["one", "two"])


async def test_cancelled_deleted_and_failed_each_end_in_their_state(
    audience: Audience, cluster: Cluster, working: Working, tmp_path: Path
) -> None:
    async with working(tmp_path / "home"):
        cancelled, deleted = [await audience.run(shell(ANSWERS)) for _ in range(2)]
        failed = await audience.run(shell("echo no; exit 3"))
        for run_id in (cancelled, deleted):
            await audience.seen(run_id, STATE_TYPE_RUNNING)
            await audience.said(run_id, "output", ["ready"])

        await audience.cancel(cancelled)
        pod = await cluster.pod_of(f"orch-{deleted}-1")
        cluster.delete("pods", NAMESPACE, pod, {})

        await audience.seen(cancelled, STATE_TYPE_CANCELLED)
        run = await audience.seen(deleted, STATE_TYPE_CRASHED)
        assert "Somebody has deleted its Pod" in run.state.message
        run = await audience.seen(failed, STATE_TYPE_FAILED)
        assert run.state.failure.type == "ExitCode3"
        await audience.said(cancelled, "output", ["ready", "asked"])
        await audience.said(failed, "output", ["no"])
        for run_id in (cancelled, deleted, failed):
            await cluster.gone("jobs", f"orch-{run_id}-1")
    assert [cluster.names(kind) for kind in ("pods", "secrets")] == [[], []]
