"""How the life of a Job ends: each way has its outcome, and words that say what happened."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from orch_worker.launchers.base import Ending, Outcome
from orch_worker.launchers.kubernetes.launcher import KubernetesLauncher
from tests.unit.worker.kubernetes.cluster import NODE, Cluster, ScriptedKubelet
from tests.unit.worker.kubernetes.stage import MovableClock, Started, launcher_at, make_job, pending, started


async def ending_after(
    cluster: Cluster,
    launcher: KubernetesLauncher,
    happening: Callable[[Started], object],
    *,
    resources: object = None,
) -> Ending:
    """How a running command ends to which something happens."""
    run = await started(cluster, launcher, make_job("sleep", "60", resources=resources))
    happening(run)
    return await run.attempt.wait()


async def test_exit_code_0_is_completed(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    ending = await ending_after(cluster, launcher, lambda run: cluster.end_pod(run.pod, 0))

    assert ending == Ending(Outcome.COMPLETED, "It ended with exit code 0.", 0)


async def test_another_exit_code_is_failed(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    ending = await ending_after(cluster, launcher, lambda run: cluster.end_pod(run.pod, 3))

    assert (ending.outcome, ending.exit_code) == (Outcome.FAILED, 3)
    assert ending.message == "It ended with exit code 3."


async def test_a_signal_is_crashed(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    ending = await ending_after(cluster, launcher, lambda run: cluster.end_pod(run.pod, 139))

    assert ending.outcome == Outcome.CRASHED
    assert "SIGSEGV" in ending.message


async def test_a_result_comes_by_the_termination_message(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    ending = await ending_after(cluster, launcher, lambda run: cluster.end_pod(run.pod, 0, message='{"rows": 7}'))

    assert json.loads(ending.result or b"") == {"rows": 7}


async def test_a_result_that_was_cut_off_is_refused(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    cut_off = json.dumps("x" * 5000)[:4096]

    ending = await ending_after(cluster, launcher, lambda run: cluster.end_pod(run.pod, 0, message=cut_off))

    assert ending.outcome == Outcome.FAILED
    assert "more than 4 KiB" in ending.message


async def test_no_memory_left(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    ending = await ending_after(
        cluster,
        launcher,
        lambda run: cluster.end_pod(run.pod, 137, reason="OOMKilled"),
        resources={"limits": {"memory": "64Mi"}},
    )

    assert ending.outcome == Outcome.CRASHED
    assert "OOMKilled" in ending.message
    assert "64Mi" in ending.message


async def test_no_such_program(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    message = 'exec: "slep": executable file not found in $PATH'

    ending = await ending_after(
        cluster, launcher, lambda run: cluster.end_pod(run.pod, 128, reason="StartError", message=message)
    )

    assert ending.outcome == Outcome.LAUNCH_FAILED
    assert message in ending.message


async def test_evicted_for_want_of_room(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    message = "The node was low on resource: ephemeral-storage."

    ending = await ending_after(
        cluster,
        launcher,
        lambda run: cluster.set_pod(run.pod, phase="Failed", reason="Evicted", message=message),
    )

    assert ending.outcome == Outcome.CRASHED
    assert "evicted" in ending.message
    assert "low on resource: ephemeral-storage" in ending.message


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("PreemptionByScheduler", "preempted"),
        ("EvictionByEvictionAPI", "evicted"),
        ("DeletionByTaintManager", "taken out of service"),
        ("DeletionByPodGC", "not part of the cluster any more"),
        ("SomethingNew", "disrupted"),
    ],
)
async def test_taken_away_by_the_cluster(
    cluster: Cluster, launcher: KubernetesLauncher, reason: str, word: str
) -> None:
    def disrupt(run: Started) -> None:
        cluster.disrupt_pod(run.pod, reason)
        cluster.delete("pods", "runs", run.pod, {})

    ending = await ending_after(cluster, launcher, disrupt)

    assert ending.outcome == Outcome.CRASHED
    assert word in ending.message
    assert "crash_restarts" in ending.message


async def test_a_node_that_is_lost_is_not_waited_for(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    assert isinstance(cluster.kubelet, ScriptedKubelet)
    cluster.kubelet.is_alive = False

    def lose(run: Started) -> None:
        cluster.set_pod(run.pod, conditions=[{"type": "Ready", "status": "False"}])
        cluster.disrupt_pod(run.pod, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint")
        cluster.delete("pods", "runs", run.pod, {})

    ending = await ending_after(cluster, launcher, lose)

    assert ending.outcome == Outcome.CRASHED
    assert f"node {NODE} was lost" in ending.message


async def test_a_node_that_never_confirms_is_waited_for_a_while(
    cluster: Cluster, launcher: KubernetesLauncher, clock: MovableClock
) -> None:
    assert isinstance(cluster.kubelet, ScriptedKubelet)
    cluster.kubelet.is_alive = False
    run = await started(cluster, launcher, make_job(grace_seconds=20))

    cluster.delete("pods", "runs", run.pod, {})
    await clock.asleep(30.0)
    assert not run.attempt.has_ended
    clock.move(30.0)

    ending = await run.attempt.wait()
    assert ending.outcome == Outcome.CRASHED
    assert f"Node {NODE} has not said within 30 s that it ended" in ending.message


async def test_the_pod_is_deleted_by_hand(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    ending = await ending_after(cluster, launcher, lambda run: cluster.delete("pods", "runs", run.pod, {}))

    assert ending.outcome == Outcome.CRASHED
    assert "Somebody has deleted its Pod" in ending.message


async def test_the_pod_is_deleted_by_force_while_it_says_that_it_runs(
    cluster: Cluster, launcher: KubernetesLauncher
) -> None:
    ending = await ending_after(cluster, launcher, lambda run: cluster.remove_pod(run.pod))

    assert ending.outcome == Outcome.CRASHED
    assert "Somebody has deleted its Pod" in ending.message


async def test_the_job_is_deleted_by_hand(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    ending = await ending_after(cluster, launcher, lambda run: cluster.delete("jobs", "runs", run.job, {}))

    assert ending.outcome == Outcome.CRASHED
    assert "Somebody has deleted its Job" in ending.message


async def test_a_pod_whose_job_alone_was_deleted_goes_on(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    run = await started(cluster, launcher, make_job())

    cluster.delete("jobs", "runs", run.job, {"propagationPolicy": "Orphan"})
    await run.attempt.change()
    assert not run.attempt.has_ended
    cluster.end_pod(run.pod, 0)

    assert (await run.attempt.wait()).outcome == Outcome.COMPLETED


async def test_longer_than_its_deadline(cluster: Cluster, launcher: KubernetesLauncher, clock: MovableClock) -> None:
    cluster.judges_jobs = False
    run = await started(cluster, launcher, make_job(job_deadline_seconds=60))

    cluster.delete("pods", "runs", run.pod, {})
    # The reason comes after the end.
    await clock.asleep(5.0)
    assert not run.attempt.has_ended
    cluster.fail_job(run.job, "DeadlineExceeded", "Job was active longer than specified deadline")

    ending = await run.attempt.wait()
    assert ending.outcome == Outcome.CRASHED
    assert "longer than 60 s" in ending.message
    assert "job_deadline_seconds" in ending.message


async def test_a_job_that_is_suspended_by_hand(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    def suspend(run: Started) -> None:
        cluster.store.change("jobs", "runs", run.job, lambda job: job["spec"].update(suspend=True))
        cluster.delete("pods", "runs", run.pod, {})

    ending = await ending_after(cluster, launcher, suspend)

    assert ending.outcome == Outcome.CRASHED
    assert "suspended" in ending.message


async def test_a_container_beside_it_does_not_keep_it(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    def end_run_only(run: Started) -> None:
        cluster.end_pod(run.pod, 0)
        cluster.set_pod(run.pod, phase="Running")

    assert (await ending_after(cluster, launcher, end_run_only)).outcome == Outcome.COMPLETED


async def test_pull_steps_that_fail_say_so(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    assert isinstance(cluster.kubelet, ScriptedKubelet)
    steps = json.dumps([{"git": {"url": "https://git.example/etl.git"}}])
    run = await started(cluster, launcher, make_job("python", "etl.py", pull_steps=steps))

    cluster.kubelet.write(run.pod, "2026-11-22T10:00:00.5Z", "git.example refuses the credentials.")
    cluster.end_pod(run.pod, 125)

    ending = await run.attempt.wait()
    assert (ending.outcome, ending.message) == (Outcome.LAUNCH_FAILED, "git.example refuses the credentials.")


async def test_the_image_has_no_orch(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    assert isinstance(cluster.kubelet, ScriptedKubelet)
    run = await started(cluster, launcher, make_job(entrypoint="etl.py:etl"))

    cluster.kubelet.write(run.pod, "2026-11-22T10:00:00.5Z", "/usr/bin/python: No module named orch")
    cluster.end_pod(run.pod, 1)

    assert "pip install orch" in (await run.attempt.wait()).message


async def test_stopped_with_grace(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    run = await started(cluster, launcher, make_job())

    await run.attempt.stop(grace_seconds=5)

    ending = await run.attempt.wait()
    assert (ending.outcome, ending.message) == (Outcome.CRASHED, "It ended when it was asked to (SIGTERM).")
    await cluster.gone("jobs", run.job)
    assert (cluster.names("pods"), cluster.names("secrets")) == ([], [])


async def test_stopped_while_its_pod_is_still_waiting(
    cluster: Cluster, launcher: KubernetesLauncher, tmp_path: Path
) -> None:
    run = await pending(cluster, launcher, make_job())
    async with launcher_at(cluster, tmp_path) as successor:
        (found,) = await successor.find()

        await found.stop(grace_seconds=5)

        assert (await found.wait()).outcome == Outcome.CRASHED
    assert (await (await run.launching).wait()).outcome == Outcome.CRASHED


async def test_a_shorter_grace_wins(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    assert isinstance(cluster.kubelet, ScriptedKubelet)
    cluster.kubelet.is_alive = False
    run = await started(cluster, launcher, make_job())

    patient = asyncio.create_task(run.attempt.stop(grace_seconds=600))
    await cluster.seen("pods", lambda pod: pod["metadata"].get("deletionGracePeriodSeconds") == 600)
    hasty = asyncio.create_task(run.attempt.stop(grace_seconds=0))
    await cluster.seen("pods", lambda pod: pod["metadata"].get("deletionGracePeriodSeconds") == 1)
    # The Job stays until its Pod's end was seen.
    await cluster.seen("jobs", lambda job: "deletionTimestamp" in job["metadata"])
    cluster.end_pod(run.pod, 137)

    await asyncio.gather(patient, hasty)
    assert "did not end in time" in (await run.attempt.wait()).message


async def test_forgotten_means_deleted(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    run = await started(cluster, launcher, make_job())
    cluster.end_pod(run.pod, 0)
    await run.attempt.wait()

    await run.attempt.forget()

    assert [cluster.names(kind) for kind in ("jobs", "pods", "secrets")] == [[], [], []]


async def test_forgotten_jobs_may_be_kept_to_be_looked_at(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    run = await started(cluster, launcher, make_job(finished_job_ttl=600))
    cluster.end_pod(run.pod, 0)
    await run.attempt.wait()

    await run.attempt.forget()

    assert cluster.names("jobs") == [run.job]
    assert run.job_manifest["spec"]["ttlSecondsAfterFinished"] == 600
    assert await launcher.strays() == []


async def test_jobs_in_which_something_else_runs_on_are_not_kept(
    cluster: Cluster, launcher: KubernetesLauncher
) -> None:
    run = await started(cluster, launcher, make_job(finished_job_ttl=600))
    cluster.end_pod(run.pod, 0)
    cluster.set_pod(run.pod, phase="Running")
    await run.attempt.wait()

    await run.attempt.forget()

    assert [cluster.names(kind) for kind in ("jobs", "pods")] == [[], []]
