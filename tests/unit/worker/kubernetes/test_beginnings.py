"""How a Job begins, and what may keep it from beginning."""

import asyncio
import base64
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from orch_worker.launchers.base import AttemptKey, LauncherError, LaunchError, Outcome, PlaceUnavailableError
from orch_worker.launchers.kubernetes.launcher import KubernetesLauncher
from tests.unit.worker.kubernetes.api import rights_of_workers
from tests.unit.worker.kubernetes.cluster import NAMESPACE, Cluster
from tests.unit.worker.kubernetes.stage import MovableClock, launcher_at, make_job, pending, started
from tests.unit.worker.kubernetes.store import StoreError


async def test_the_key_comes_by_a_secret_that_goes_with_the_job(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    run = await started(cluster, launcher, make_job(parameters='{"day": 3}', environment={"ORCH_PARAMETERS": "{}"}))

    secret = cluster.store.get("secrets", NAMESPACE, run.job)
    assert base64.b64decode(secret["data"]["ORCH_API_KEY"]) == b"s3cret"
    (owner,) = secret["metadata"]["ownerReferences"]
    assert owner["uid"] == run.job_manifest["metadata"]["uid"]
    assert "s3cret" not in json.dumps(run.job_manifest)


async def test_the_pod_is_not_made_before_the_secret(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    def refuse_secrets(request: object) -> None:
        if "/secrets" in str(getattr(request, "url", "")):
            raise StoreError(403, "Forbidden", "secrets is forbidden")

    cluster.api.refuse = refuse_secrets
    with pytest.raises(LaunchError, match="does not let the worker start Jobs"):
        await launcher.launch(make_job())

    assert cluster.names("pods") == []


async def test_the_same_attempt_is_one_job(cluster: Cluster, launcher: KubernetesLauncher, tmp_path: Path) -> None:
    job = make_job()
    run, same = await asyncio.gather(started(cluster, launcher, job), launcher.launch(job))
    assert run.attempt is same

    # One that knows nothing of it.
    async with launcher_at(cluster, tmp_path / "new", worker="another") as other:
        again = await other.launch(job)

    assert again.place == same.place
    assert len(cluster.names("jobs")) == len(cluster.names("pods")) == 1


@pytest.mark.parametrize(
    ("reason", "message", "words"),
    [
        ("ImagePullBackOff", 'Back-off pulling image "x": not found', "cannot be pulled"),
        ("ErrImageNeverPull", "", "must not be pulled"),
        ("CreateContainerConfigError", 'secret "keys" not found', 'secret "keys" not found'),
        ("CreateContainerError", "no such device", "no such device"),
    ],
)
async def test_a_trouble_is_told_at_once_and_borne_for_a_while(
    cluster: Cluster, launcher: KubernetesLauncher, clock: MovableClock, reason: str, message: str, words: str
) -> None:
    said: list[str] = []
    run = await pending(cluster, launcher, make_job(said=said, pod_watch_timeout_seconds=90))

    cluster.wait_pod(run.pod, reason, message)
    await clock.asleep(90.0)
    (told,) = said
    assert words in told
    assert "given up if that lasts for 90 s" in told
    clock.move(90.0)

    with pytest.raises(LaunchError, match=re.escape(words)):
        await run.launching
    assert [cluster.names(kind) for kind in ("jobs", "pods", "secrets")] == [[], [], []]


async def test_no_node_has_room(cluster: Cluster, launcher: KubernetesLauncher, clock: MovableClock) -> None:
    said: list[str] = []
    run = await pending(cluster, launcher, make_job(said=said))
    waits = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}

    cluster.set_pod(run.pod, conditions=[{**waits, "message": "0/3 nodes are available: 3 Insufficient cpu."}])
    await clock.asleep(300.0)
    clock.move(299.0)
    cluster.set_pod(run.pod, conditions=[{**waits, "message": "0/4 nodes are available: 4 Insufficient cpu."}])
    cluster.run_pod(run.pod)  # A node has come.
    await run.launching
    clock.move(1000.0)
    cluster.end_pod(run.pod, 0)

    assert (await run.attempt.wait()).outcome == Outcome.COMPLETED
    assert ["3 Insufficient cpu" in sentence for sentence in said] == [True]


async def test_troubles_go_on_for_the_next_worker(
    cluster: Cluster, launcher: KubernetesLauncher, clock: MovableClock, tmp_path: Path
) -> None:
    run = await pending(cluster, launcher, make_job(pod_watch_timeout_seconds=90))
    await launcher.close()
    cluster.wait_pod(run.pod, "ImagePullBackOff", "not found")

    async with launcher_at(cluster, tmp_path, clock=clock) as successor:
        (found,) = await successor.find()
        await clock.asleep(90.0)
        clock.move(90.0)
        ending = await found.wait()

    assert (ending.outcome, "cannot be pulled" in ending.message) == (Outcome.LAUNCH_FAILED, True)


async def test_a_name_that_is_no_image_is_hopeless(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    run = await pending(cluster, launcher, make_job(image="UPPER case"))

    cluster.wait_pod(run.pod, "InvalidImageName")

    with pytest.raises(LaunchError, match="is no name of an image"):
        await run.launching


async def test_no_pod_is_made(cluster: Cluster, launcher: KubernetesLauncher, clock: MovableClock) -> None:
    cluster.makes_pods = False
    said: list[str] = []
    launching = asyncio.create_task(launcher.launch(make_job(said=said, pod_watch_timeout_seconds=90)))
    event = {"message": 'Error creating: pods "x" is forbidden: violates PodSecurity "restricted:latest"'}
    cluster.store.create("events", NAMESPACE, {"metadata": {"name": "one"}, **event})

    await clock.asleep(4.9)
    clock.move(5.0)
    await clock.asleep(80.0)
    assert "violates PodSecurity" in said[0]
    clock.move(90.0)

    with pytest.raises(LaunchError, match="violates PodSecurity"):
        await launching


async def test_the_cluster_refuses_the_job(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    def refuse(request: object) -> None:
        if getattr(request, "method", "") == "POST":
            raise StoreError(422, "Invalid", 'Job.batch "x" is invalid: spec.template.spec.volumes[0]: Required value')

    cluster.api.refuse = refuse
    with pytest.raises(LaunchError, match=r"spec\.template\.spec\.volumes\[0\]: Required value"):
        await launcher.launch(make_job())


def _quota_is_used_up(request: object) -> None:
    if getattr(request, "method", "") == "POST":
        raise StoreError(403, "Forbidden", "jobs is forbidden: exceeded quota: small, requested: count/jobs.batch=1")


async def test_a_run_waits_for_room_in_its_namespace(
    cluster: Cluster, launcher: KubernetesLauncher, clock: MovableClock
) -> None:
    told: list[str] = []
    cluster.api.refuse = _quota_is_used_up
    launching = asyncio.create_task(started(cluster, launcher, replace(make_job(), tell=told.append)))
    await clock.asleep(2.0)
    cluster.api.refuse = lambda _: None
    clock.move(2.0)

    run = await launching
    assert cluster.names("jobs") == [run.job]
    assert len(told) == 1
    assert "has no room for another Job; waiting for some" in told[0]
    assert "exceeded quota" in told[0]


async def test_a_run_that_finds_no_room_goes_back_alone(
    cluster: Cluster, launcher: KubernetesLauncher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orch_worker.launchers.kubernetes.starting._QUOTA_TRIES", 1)
    cluster.api.refuse = _quota_is_used_up
    with pytest.raises(PlaceUnavailableError, match="exceeded quota"):
        await launcher.launch(make_job())


async def test_a_run_that_waits_for_room_can_be_stopped(
    cluster: Cluster, launcher: KubernetesLauncher, clock: MovableClock
) -> None:
    cluster.api.refuse = _quota_is_used_up
    launching = asyncio.create_task(launcher.launch(make_job()))
    await clock.asleep(2.0)
    launching.cancel()
    await asyncio.sleep(0)
    clock.move(2.0)

    with pytest.raises(asyncio.CancelledError):
        await launching
    assert cluster.names("jobs") == []


async def test_what_is_not_ours_is_left_alone(cluster: Cluster, launcher: KubernetesLauncher, tmp_path: Path) -> None:
    job = make_job(key=AttemptKey("0198c0de-0000-7000-8000-000000000001", 7))
    async with launcher_at(cluster, tmp_path / "theirs", plane="plane-2") as theirs:
        await started(cluster, theirs, job)

    with pytest.raises(LaunchError, match="which is another one"):
        await launcher.launch(job)

    assert (await launcher.find(), await launcher.strays()) == ([], [])
    assert cluster.names("jobs") == ["orch-0198c0de-0000-7000-8000-000000000001-7"]


@pytest.mark.parametrize("stage", ["jobs", "secrets", "pods"])
async def test_a_launch_that_is_cancelled_leaves_nothing(
    cluster: Cluster, launcher: KubernetesLauncher, stage: str
) -> None:
    """While each of its objects is being made, and while its Pod waits."""
    made: list[str] = []
    cluster.store.listeners.append(lambda change: made.append(change.kind))
    launching = asyncio.create_task(launcher.launch(make_job()))
    await cluster.seen(stage, lambda _: True)
    launching.cancel()

    with pytest.raises(asyncio.CancelledError):
        await launching
    assert [cluster.names(kind) for kind in ("jobs", "pods", "secrets")] == [[], [], []]
    assert ("pods" in made) == (stage == "pods")


async def test_a_control_plane_on_the_workers_machine_cannot_be_reached(
    cluster: Cluster, launcher: KubernetesLauncher
) -> None:
    """Unless somebody says that it can: Pods may use their node's network."""
    local = {"ORCH_API_URL": "http://127.0.0.1:4201"}

    with pytest.raises(LaunchError, match="A pod cannot reach the control plane"):
        await launcher.launch(make_job(environment=local))

    await started(cluster, launcher, make_job(environment=local, env={"ORCH_API_URL": "http://127.0.0.1:4201"}))


async def test_rights_that_are_missing_are_named(cluster: Cluster, tmp_path: Path) -> None:
    def refuse(_: object) -> None:
        raise StoreError(403, "Forbidden", 'pods is forbidden: User "worker" cannot list resource "pods"')

    cluster.api.refuse = refuse
    with pytest.raises(LauncherError, match=r'cannot list resource "pods".*Role in docs/kubernetes_pools'):
        async with launcher_at(cluster, tmp_path):
            pass


async def test_workers_are_given_the_rights_that_they_use_and_no_others(
    cluster: Cluster, launcher: KubernetesLauncher, clock: MovableClock, tmp_path: Path
) -> None:
    """The emulated API server refuses what the manifests do not give."""
    job = make_job()
    run = await started(cluster, launcher, job)
    async with launcher_at(cluster, tmp_path / "knows nothing", worker="another") as other:
        await other.launch(job)
    await run.attempt.stop(grace_seconds=1)
    await run.attempt.forget()
    cluster.makes_pods = False
    waiting = asyncio.create_task(launcher.launch(make_job()))
    await clock.asleep(4.9)
    clock.move(5.0)
    await clock.asleep(100.0)
    waiting.cancel()

    assert cluster.api.used == rights_of_workers()
