"""What goes on when the API server is away, forgets, or the worker is another one."""

import asyncio
from pathlib import Path

import pytest

from orch_worker.launchers.base import LauncherUnavailableError, Outcome
from orch_worker.launchers.kubernetes.launcher import KubernetesLauncher
from tests.unit.worker.kubernetes.cluster import NAMESPACE, Cluster
from tests.unit.worker.kubernetes.stage import MovableClock, launcher_at, make_job, pending, started
from tests.unit.worker.kubernetes.store import StoreError

AWAY_SECONDS = 30.0


async def test_the_api_server_away_for_30_s_ends_nothing(
    cluster: Cluster, launcher: KubernetesLauncher, clock: MovableClock
) -> None:
    goes_on = await started(cluster, launcher, make_job())
    ends_meanwhile = await started(cluster, launcher, make_job())

    await cluster.api.leave()
    cluster.end_pod(ends_meanwhile.pod, 3)
    async with clock.running():
        await clock.reached(clock.now() + AWAY_SECONDS)
        assert [each.attempt.has_ended for each in (goes_on, ends_meanwhile)] == [False, False]

        await cluster.api.open()
        assert (await ends_meanwhile.attempt.wait()).exit_code == 3
        assert not goes_on.attempt.has_ended
        cluster.end_pod(goes_on.pod, 0)
        assert (await goes_on.attempt.wait()).outcome == Outcome.COMPLETED


async def test_a_broken_connection_is_taken_up_where_it_broke(
    cluster: Cluster, launcher: KubernetesLauncher, clock: MovableClock
) -> None:
    run = await started(cluster, launcher, make_job())
    heard = int(cluster.store.get("pods", NAMESPACE, run.pod)["metadata"]["resourceVersion"])

    await cluster.api.leave()
    cluster.end_pod(run.pod, 3)
    await cluster.api.open()
    async with clock.running():
        assert (await run.attempt.wait()).exit_code == 3

    assert cluster.api.watched_since["pods"] == heard
    assert cluster.api.asked("LIST", "pods") == 1


async def test_the_watch_that_is_back_first_does_not_judge_alone(
    cluster: Cluster, launcher: KubernetesLauncher, clock: MovableClock
) -> None:
    """The Job says that it has failed; how is known by the Pod."""
    run = await started(cluster, launcher, make_job())
    pods_are_away = True

    def refuse(request: object) -> None:
        if pods_are_away and "/pods" in str(getattr(request, "url", "")):
            raise StoreError(503, "ServiceUnavailable", "not yet")

    await cluster.api.leave()
    cluster.end_pod(run.pod, 3)
    cluster.api.refuse = refuse
    await cluster.api.open()
    async with clock.running():
        await clock.reached(clock.now() + AWAY_SECONDS)
        assert not run.attempt.has_ended
        pods_are_away = False
        assert (await run.attempt.wait()).exit_code == 3


async def test_a_trouble_is_not_given_up_while_nobody_can_see_whether_it_is_over(
    cluster: Cluster, launcher: KubernetesLauncher, clock: MovableClock
) -> None:
    run = await pending(cluster, launcher, make_job(pod_watch_timeout_seconds=10))
    cluster.wait_pod(run.pod, "ImagePullBackOff", "registry.example is away")
    await clock.asleep(10.0)

    await cluster.api.leave()
    cluster.run_pod(run.pod)
    async with clock.running():
        await clock.reached(clock.now() + AWAY_SECONDS)
        await cluster.api.open()
        await run.launching

    assert cluster.names("pods") == [run.pod]


async def test_what_is_stopped_while_the_api_server_is_away_is_stopped_afterwards(
    cluster: Cluster, launcher: KubernetesLauncher, clock: MovableClock
) -> None:
    run = await started(cluster, launcher, make_job())
    await cluster.api.leave()

    async with clock.running():
        stopping = asyncio.create_task(run.attempt.stop(grace_seconds=5))
        await clock.reached(clock.now() + AWAY_SECONDS)
        assert not stopping.done()
        await cluster.api.open()
        await stopping

    assert (await run.attempt.wait()).exit_code == 143


async def test_a_launch_without_an_api_server_gives_the_run_back(
    cluster: Cluster, launcher: KubernetesLauncher, clock: MovableClock
) -> None:
    await cluster.api.leave()

    async with clock.running():
        with pytest.raises(LauncherUnavailableError, match="does not answer"):
            await launcher.launch(make_job())


async def test_a_launch_outlasts_a_short_absence(
    cluster: Cluster, launcher: KubernetesLauncher, clock: MovableClock
) -> None:
    await cluster.api.leave()

    launching = asyncio.create_task(started(cluster, launcher, make_job()))
    # The two watches, and the launch.
    await clock.asleep(0.25, sleepers=3)
    await cluster.api.open()
    async with clock.running():
        await launching

    assert len(cluster.names("jobs")) == 1


async def test_a_worker_that_starts_waits_for_the_api_server(
    cluster: Cluster, clock: MovableClock, tmp_path: Path
) -> None:
    await cluster.api.leave()
    opened: list[int] = []

    async def start() -> None:
        async with launcher_at(cluster, tmp_path, clock=clock):
            opened.append(1)

    starting = asyncio.create_task(start())
    async with clock.running():
        await clock.reached(clock.now() + AWAY_SECONDS)
        assert not opened
        await cluster.api.open()
        await starting

    assert opened


async def test_410_gone_is_listed_again(cluster: Cluster, launcher: KubernetesLauncher, clock: MovableClock) -> None:
    """What happened while the history was lost is found out: ended, deleted, and going on."""
    ended, deleted, goes_on = [await started(cluster, launcher, make_job()) for _ in range(3)]

    await cluster.api.leave()
    cluster.end_pod(ended.pod, 3)
    cluster.delete("jobs", NAMESPACE, deleted.job, {})
    cluster.store.forget_history()
    await cluster.api.open()
    async with clock.running():
        assert (await ended.attempt.wait()).exit_code == 3
        assert "deleted" in (await deleted.attempt.wait()).message

    assert not goes_on.attempt.has_ended
    assert cluster.api.asked("LIST", "pods") == 2


async def test_a_version_that_the_server_does_not_reach_is_forgotten(
    cluster: Cluster, launcher: KubernetesLauncher, clock: MovableClock
) -> None:
    """A server that was restored from a backup is behind what its clients have seen."""
    run = await started(cluster, launcher, make_job())
    listed = False

    def refuse(request: object) -> None:
        nonlocal listed
        url = str(getattr(request, "url", ""))
        listed = listed or ("/pods" in url and "watch" not in url)
        if "/pods" in url and "watch" in url and not listed:
            raise StoreError(504, "Timeout", "Too large resource version")

    cluster.api.refuse = refuse
    await cluster.api.leave()
    cluster.end_pod(run.pod, 3)
    await cluster.api.open()

    async with clock.running():
        assert (await run.attempt.wait()).exit_code == 3


async def test_a_worker_takes_up_what_it_had_launched(cluster: Cluster, tmp_path: Path) -> None:
    """A worker of the same name, also one whose disk is new: in Kubernetes, it is another pod."""
    async with launcher_at(cluster, tmp_path / "first") as launcher:
        alive = await started(cluster, launcher, make_job())
        ended = await started(cluster, launcher, make_job())
    cluster.end_pod(ended.pod, 0, message='{"rows": 7}')

    async with launcher_at(cluster, tmp_path / "second") as launcher:
        found = {attempt.key: attempt for attempt in await launcher.find()}

        assert set(found) == {alive.attempt.key, ended.attempt.key}
        assert {(attempt.memo, attempt.place) for attempt in found.values()} == {
            ("a memo", alive.attempt.place),
            ("a memo", ended.attempt.place),
        }
        ending = await found[ended.attempt.key].wait()
        assert (ending.outcome, ending.result) == (Outcome.COMPLETED, b'{"rows": 7}')
        cluster.end_pod(alive.pod, 4)
        assert (await found[alive.attempt.key].wait()).exit_code == 4


async def test_what_had_not_begun_is_removed(cluster: Cluster, tmp_path: Path) -> None:
    """A worker that was killed between its Job and its Job's Secret."""
    async with launcher_at(cluster, tmp_path) as launcher:
        run = await started(cluster, launcher, make_job())
    cluster.remove_pod(run.pod)
    cluster.store.change("jobs", NAMESPACE, run.job, lambda job: (job["spec"].update(suspend=True), job.pop("status")))

    async with launcher_at(cluster, tmp_path) as launcher:
        assert await launcher.find() == []

    assert cluster.names("jobs") == []


async def test_jobs_in_other_namespaces_are_remembered(cluster: Cluster, tmp_path: Path) -> None:
    async with launcher_at(cluster, tmp_path) as launcher:
        launching = asyncio.create_task(launcher.launch(make_job(namespace="elsewhere")))
        await cluster.seen("secrets", lambda secret: secret["metadata"]["namespace"] == "elsewhere", "elsewhere")
        await cluster.seen("jobs", lambda job: job["spec"]["suspend"] is False, "elsewhere")
    launching.cancel()

    async with launcher_at(cluster, tmp_path) as launcher:
        (found,) = await launcher.find()
    assert found.place.startswith("job elsewhere/")


async def test_strays_are_other_workers_jobs(cluster: Cluster, launcher: KubernetesLauncher, tmp_path: Path) -> None:
    own = await started(cluster, launcher, make_job())
    async with launcher_at(cluster, tmp_path / "gone", worker="gone") as other:
        theirs = await started(cluster, other, make_job())

    (stray,) = await launcher.strays()
    assert (stray.key, stray.place, stray.memo) == (theirs.attempt.key, theirs.attempt.place, "a memo")
    assert [again.key for again in await launcher.strays()] == [stray.key]
    await stray.stop(grace_seconds=5)
    await stray.forget()

    assert cluster.names("jobs") == [own.job]
    assert await launcher.strays() == []


async def test_troubles_of_strays_are_their_own_workers_business(
    cluster: Cluster, launcher: KubernetesLauncher, clock: MovableClock, tmp_path: Path
) -> None:
    async with launcher_at(cluster, tmp_path / "other", worker="other") as other:
        theirs = await pending(cluster, other, make_job(pod_watch_timeout_seconds=5))
        cluster.wait_pod(theirs.pod, "ImagePullBackOff")
        (stray,) = await launcher.strays()
        cluster.set_pod(theirs.pod, reason="changed")
        await stray.change()
        clock.move(100.0)
        theirs.launching.cancel()

    assert [again.key for again in await launcher.strays()] == [stray.key]
    assert not stray.has_ended


async def test_100_jobs_at_once_are_seen_by_one_watch(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    jobs = [make_job() for _ in range(100)]

    runs = await asyncio.gather(*(started(cluster, launcher, job) for job in jobs))
    for run in runs:
        cluster.end_pod(run.pod, 0)
    endings = await asyncio.gather(*(run.attempt.wait() for run in runs))

    assert {ending.outcome for ending in endings} == {Outcome.COMPLETED}
    assert {kind: cluster.api.asked("WATCH", kind) for kind in ("jobs", "pods")} == {"jobs": 1, "pods": 1}
    assert {kind: cluster.api.asked("LIST", kind) for kind in ("jobs", "pods")} == {"jobs": 1, "pods": 1}
    assert (cluster.api.asked("FETCH", "jobs"), cluster.api.asked("FETCH", "pods")) == (0, 0)


async def test_a_token_that_ran_out_is_asked_for_anew(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    cluster.api.token = "a newer one"

    run = await started(cluster, launcher, make_job())

    assert cluster.names("jobs") == [run.job]
